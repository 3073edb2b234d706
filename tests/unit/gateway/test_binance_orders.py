"""What orders read as in the Binance dialect: statuses, tags, numbers, generated names."""

import pytest

from gateway.binance.errors import DialectError
from gateway.binance.numbers import is_zero, new_client_id, units
from gateway.binance.refusals import LOT_SIZE
from gateway.binance.tags import NOTHING, Kept, kept_in, tag_of
from gateway.binance.views.orders import execution_id
from gateway.binance.words import TYPES, canceled_status, expiry_reason
from protocol.units import TAG_PATTERN, OrderType, Reason

TOLD = {
    Reason.REQUESTED: ("CANCELED", None),
    Reason.CANCEL_AFTER: ("CANCELED", None),
    Reason.OCO_CANCELED: ("CANCELED", None),
    Reason.NO_LIQUIDITY: ("EXPIRED", "INSUFFICIENT_LIQUIDITY"),
    Reason.PRICE_BAND: ("EXPIRED", "INSUFFICIENT_LIQUIDITY"),
    Reason.SLIPPAGE: ("EXPIRED", "INSUFFICIENT_LIQUIDITY"),
    Reason.IOC_REMAINDER: ("EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED"),
    Reason.FOK_UNFILLABLE: ("EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED"),
    Reason.OCO: ("EXPIRED", "OCO_TRIGGER"),
    Reason.OCO_TRIGGERED: ("EXPIRED", "OCO_TRIGGER"),
    Reason.EXPIRED: ("EXPIRED", "EXCHANGE_CANCELED"),
    Reason.BOOK_REPLACED: ("EXPIRED", "EXCHANGE_CANCELED"),
    Reason.ACCOUNT_SUSPENDED: ("EXPIRED", "EXCHANGE_CANCELED"),
    Reason.POST_ONLY_WOULD_CROSS: ("EXPIRED", "REJECTED"),
    Reason.INSUFFICIENT_BALANCE: ("EXPIRED", "REJECTED"),
    Reason.PRICE_OUTSIDE_BAND: ("EXPIRED", "REJECTED"),
    Reason.SELF_TRADE: ("EXPIRED_IN_MATCH", None),
}


@pytest.mark.parametrize("reason", TOLD)
def test_why_an_order_was_canceled(reason: Reason) -> None:
    assert (canceled_status(reason), expiry_reason(reason)) == TOLD[reason]


def test_every_native_type_has_a_word() -> None:
    assert TYPES.keys() == set(OrderType)


@pytest.mark.parametrize(
    "kept", [Kept(), Kept(0), Kept(None, 1_000_000), Kept(2**63 - 1, 2**63 - 1, profit=True), Kept(profit=True)]
)
def test_a_tag_keeps_what_it_is_given(kept: Kept) -> None:
    tag = tag_of(kept)
    assert kept_in(tag) == kept
    assert tag is None or TAG_PATTERN.fullmatch(tag)


@pytest.mark.parametrize("tag", [None, "grid-7", "bn:", "bn:1:2:x", "bn:1:2:p:"])
def test_a_tag_of_the_native_api_keeps_nothing(tag: str | None) -> None:
    assert kept_in(tag) == NOTHING


def test_decimals_in_units() -> None:
    assert [units(text, 2, LOT_SIZE) for text in ("1", "1.5", "0.01", "01.2300", "0")] == [100, 150, 1, 123, 0]
    assert units("7", 0, LOT_SIZE) == 7
    for text in ("0.001", "1.239"):
        with pytest.raises(DialectError, match="Filter failure: LOT_SIZE"):
            units(text, 2, LOT_SIZE)
    with pytest.raises(DialectError, match="Filter failure: LOT_SIZE"):
        units("1.01", 2, LOT_SIZE, 100)
    assert [is_zero(text) for text in ("0", "0.00", "00", "0.01", "10")] == [True, True, True, False, False]


def test_generated_names() -> None:
    names = {new_client_id() for _ in range(1000)}
    assert len(names) == 1000
    assert all(len(name) == 22 and name.isalnum() and name[0].islower() for name in names)


def test_the_id_of_a_change_rises_with_the_command_and_then_with_the_place() -> None:
    ids = [execution_id(1, 0), execution_id(1, 1), execution_id(1, 2**20 - 1), execution_id(2, 0)]
    assert ids == sorted(set(ids))

"""What an order may ask for beyond its type, price and quantity: from the request to the command, and from the order to
the answer."""

import json
from typing import Any

import pytest
from msgspec import structs

from gateway.http.responses import encode
from gateway.native.enum_words import ORDER_TYPES
from gateway.native.json.translate import fill, order
from gateway.native.problems import ProblemError
from protocol.commands import OrderTerms, PlaceOrder
from protocol.events import OrderState, Trade
from protocol.order_types import TERMS as TERM_ROWS
from protocol.units import OrderStatus, OrderType, Reason, SelfTradePrevention, Side, TimeInForce
from tests.order_matrix import BODY, TAKES
from tests.unit.gateway.fakes import BTC, TIMESTAMP, TIMESTAMP_TEXT
from tests.unit.gateway.order_bodies import read

NOON = 1_795_348_800 * 10**9
"""2026-11-22T12:00:00Z"""

NEEDED = {
    order_type.name.lower(): {name: BODY[name] for name in row.needed - {"quantity"}}
    for order_type, row in TAKES.items()
}
"""What each type needs beside the fields of every order."""

UNSENT = object()

WITHOUT_TERMS = [order_type for order_type in NEEDED if not order_type.startswith("trailing_stop")]


def command(order_type: str, **fields: Any) -> PlaceOrder:
    """The command that a request makes; a field that is UNSENT is not in it."""
    asked = {
        "symbol": "BTC-USDT",
        "order_type": order_type,
        "side": "buy",
        "quantity": "0.5",
        **NEEDED[order_type],
        **fields,
    }
    body = {name: value for name, value in asked.items() if value is not UNSENT}
    return read(body)


def refusal(order_type: str, **fields: Any) -> tuple[int, str, str]:
    with pytest.raises(ProblemError) as caught:
        command(order_type, **fields)
    return caught.value.status, caught.value.code, caught.value.field


def test_every_type_is_tried() -> None:
    assert set(NEEDED) == set(ORDER_TYPES)


@pytest.mark.parametrize("order_type", WITHOUT_TERMS)
def test_an_order_without_terms_has_none(order_type: str) -> None:
    assert command(order_type).terms is None


@pytest.mark.parametrize("order_type", WITHOUT_TERMS)
def test_terms_that_ask_for_nothing_are_none(order_type: str) -> None:
    nothing = {**dict.fromkeys(TERM_ROWS), "post_only": False, "self_trade_prevention": "none", "time_in_force": "gtc"}
    assert command(order_type, **nothing) == command(order_type)


TERMS: list[tuple[str, dict[str, Any], OrderTerms]] = [
    ("limit", {"post_only": True}, OrderTerms(post_only=True)),
    ("ioc", {"self_trade_prevention": "decrement"}, OrderTerms(self_trade_prevention=SelfTradePrevention.DECREMENT)),
    ("limit", {"expire_time": "2026-11-22T12:00:00Z"}, OrderTerms(expire_time=NOON)),
    ("limit", {"expire_time": "2026-11-22T14:00:00.000000001+02:00"}, OrderTerms(expire_time=NOON + 1)),
    ("limit", {"display_quantity": "0.10001"}, OrderTerms(display_quantity=10_001)),
    ("market", {"quantity": UNSENT, "quote_quantity": "25.1234567"}, OrderTerms(quote_quantity=251_234_567)),
    ("market", {"quantity": None, "quote_quantity": 0.0000001}, OrderTerms(quote_quantity=1)),
    ("market", {"quantity": UNSENT, "quote_quantity": "922337203685.4775807"}, OrderTerms(quote_quantity=2**63 - 1)),
    ("trailing_stop", {"trailing_bps": 1}, OrderTerms(trailing_bps=1)),
    ("market", {"max_slippage_bps": 1}, OrderTerms(max_slippage_bps=1)),
    ("take_profit", {"max_slippage_bps": 9_999}, OrderTerms(max_slippage_bps=9_999)),
    ("stop_market", {"reject_if_triggered": True}, OrderTerms(reject_if_triggered=True)),
    ("stop_limit", {"time_in_force": "ioc"}, OrderTerms(time_in_force=TimeInForce.IOC)),
    ("take_profit_limit", {"display_quantity": "0.1"}, OrderTerms(display_quantity=10_000)),
    (
        "trailing_stop_limit",
        {"time_in_force": "fok", "tag": "grid-7"},
        OrderTerms(trailing_bps=100, time_in_force=TimeInForce.FOK, tag="grid-7"),
    ),
    ("market", {"tag": "!" + "~" * 63}, OrderTerms(tag="!" + "~" * 63)),
    (
        "trailing_stop",
        {"trailing_bps": 9_999, "activation_price": "0.01"},
        OrderTerms(trailing_bps=9_999, activation_price=1),
    ),
    ("trailing_stop", {"trailing_bps": None, "trailing_amount": "10.05"}, OrderTerms(trailing_amount=1_005)),
    (
        "limit",
        {
            "post_only": True,
            "expire_time": "2026-11-22T12:00:00Z",
            "display_quantity": "0.1",
            "self_trade_prevention": "cancel_oldest",
        },
        OrderTerms(True, SelfTradePrevention.CANCEL_OLDEST, NOON, 10_000),
    ),
]


@pytest.mark.parametrize(("order_type", "fields", "terms"), TERMS, ids=[str(number) for number in range(len(TERMS))])
def test_terms_are_read_exactly(order_type: str, fields: dict[str, Any], terms: OrderTerms) -> None:
    assert command(order_type, **fields).terms == terms


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_every_mode_of_self_trade_prevention_has_its_word(mode: SelfTradePrevention) -> None:
    terms = command("limit", self_trade_prevention=mode.name.lower()).terms
    assert terms == (None if mode is SelfTradePrevention.NONE else OrderTerms(self_trade_prevention=mode))


def test_a_quote_quantity_stands_in_the_quantitys_place() -> None:
    assert command("market", quantity=UNSENT, quote_quantity="25").quantity == 0


BAD: list[tuple[str, dict[str, Any], tuple[int, str, str]]] = [
    ("limit", {"post_only": "true"}, (422, "invalid_value", "post_only")),
    ("limit", {"post_only": 1}, (422, "invalid_value", "post_only")),
    ("limit", {"self_trade_prevention": "cancel_maker"}, (422, "invalid_value", "self_trade_prevention")),
    ("limit", {"self_trade_prevention": ""}, (422, "invalid_value", "self_trade_prevention")),
    ("limit", {"self_trade_prevention": True}, (422, "invalid_value", "self_trade_prevention")),
    ("limit", {"expire_time": "tomorrow"}, (422, "invalid_value", "expire_time")),
    ("limit", {"expire_time": ""}, (422, "invalid_value", "expire_time")),
    ("limit", {"expire_time": 1_795_348_800}, (422, "invalid_value", "expire_time")),
    ("limit", {"expire_time": "2026-11-22T12:00:00"}, (422, "invalid_value", "expire_time")),
    ("limit", {"expire_time": "2300-01-01T00:00:00Z"}, (422, "invalid_value", "expire_time")),
    ("limit", {"expire_time": "1970-01-01T00:00:00Z"}, (422, "expire_time_past", "expire_time")),
    ("limit", {"expire_time": "1914-06-28T10:50:00+01:00"}, (422, "expire_time_past", "expire_time")),
    ("limit", {"display_quantity": "0"}, (422, "invalid_value", "display_quantity")),
    ("limit", {"display_quantity": True}, (422, "invalid_value", "display_quantity")),
    ("limit", {"display_quantity": "0.000001"}, (422, "display_quantity_off_lot", "display_quantity")),
    ("limit", {"display_quantity": "1e20"}, (422, "display_quantity_too_large", "display_quantity")),
    ("market", {"quantity": UNSENT, "quote_quantity": "0"}, (422, "invalid_value", "quote_quantity")),
    ("market", {"quantity": UNSENT, "quote_quantity": "-5"}, (422, "invalid_value", "quote_quantity")),
    ("market", {"quantity": UNSENT, "quote_quantity": "0.00000001"}, (422, "invalid_value", "quote_quantity")),
    (
        "market",
        {"quantity": UNSENT, "quote_quantity": "922337203685.4775808"},
        (422, "invalid_value", "quote_quantity"),
    ),
    ("market", {"quantity": UNSENT, "quote_quantity": None}, (422, "quantity_required", "quantity")),
    ("market", {"quantity": None}, (422, "quantity_required", "quantity")),
    ("limit", {"quantity": UNSENT, "post_only": True}, (422, "quantity_required", "quantity")),
    ("limit", {"quantity": UNSENT, "quote_quantity": "25"}, (422, "quote_quantity_not_allowed", "quote_quantity")),
    ("trailing_stop", {"trailing_bps": None, "activation_price": "1"}, (422, "trailing_required", "trailing_bps")),
    ("market", {"max_slippage_bps": 0}, (422, "invalid_value", "max_slippage_bps")),
    ("stop_market", {"max_slippage_bps": 10_000}, (422, "invalid_value", "max_slippage_bps")),
    ("limit", {"max_slippage_bps": 1}, (422, "max_slippage_bps_not_allowed", "max_slippage_bps")),
    ("limit", {"reject_if_triggered": True}, (422, "reject_if_triggered_not_allowed", "reject_if_triggered")),
    ("ioc", {"time_in_force": "ioc"}, (422, "time_in_force_not_allowed", "time_in_force")),
    ("stop_limit", {"time_in_force": "day"}, (422, "invalid_value", "time_in_force")),
    ("stop_limit", {"time_in_force": "ioc", "post_only": True}, (422, "time_in_force_not_allowed", "time_in_force")),
    ("market", {"tag": ""}, (422, "invalid_tag", "tag")),
    ("market", {"tag": "x" * 65}, (422, "invalid_tag", "tag")),
    ("market", {"tag": "a b"}, (422, "invalid_tag", "tag")),
    ("market", {"tag": 7}, (422, "invalid_value", "tag")),
    ("trailing_stop", {"trailing_bps": 0}, (422, "invalid_value", "trailing_bps")),
    ("trailing_stop", {"trailing_bps": 10_000}, (422, "invalid_value", "trailing_bps")),
    ("trailing_stop", {"trailing_bps": -1}, (422, "invalid_value", "trailing_bps")),
    ("trailing_stop", {"trailing_bps": "100"}, (422, "invalid_value", "trailing_bps")),
    ("trailing_stop", {"trailing_bps": 1.5}, (422, "invalid_value", "trailing_bps")),
    ("trailing_stop", {"trailing_bps": UNSENT, "trailing_amount": "0"}, (422, "invalid_value", "trailing_amount")),
    (
        "trailing_stop",
        {"trailing_bps": UNSENT, "trailing_amount": "0.001"},
        (422, "trailing_amount_off_tick", "trailing_amount"),
    ),
    (
        "trailing_stop",
        {"trailing_bps": UNSENT, "trailing_amount": "1e30"},
        (422, "trailing_amount_too_large", "trailing_amount"),
    ),
    ("trailing_stop", {"activation_price": "0.001"}, (422, "activation_price_off_tick", "activation_price")),
    ("trailing_stop", {"activation_price": "1e30"}, (422, "activation_price_too_large", "activation_price")),
    ("market", {"trailing_bps": 0}, (422, "trailing_bps_not_allowed", "trailing_bps")),
    # Two faults: the field that is not taken is told before the value that is bad.
    ("market", {"price": "0"}, (422, "price_not_allowed", "price")),
    ("market", {"price": "abc", "quantity": "-1"}, (422, "price_not_allowed", "price")),
    ("limit", {"price": UNSENT, "quantity": "-1"}, (422, "price_required", "price")),
    ("limit", {"trigger_price": ""}, (422, "trigger_price_not_allowed", "trigger_price")),
    ("fok", {"expire_time": "soon"}, (422, "expire_time_not_allowed", "expire_time")),
    ("stop_market", {"display_quantity": "1e30"}, (422, "display_quantity_not_allowed", "display_quantity")),
]


@pytest.mark.parametrize(
    ("order_type", "fields", "expected"), BAD, ids=[f"{number}-{case[2][1]}" for number, case in enumerate(BAD)]
)
def test_a_bad_term_is_named(order_type: str, fields: dict[str, Any], expected: tuple[int, str, str]) -> None:
    assert refusal(order_type, **fields) == expected


PLAIN = OrderState(
    4, None, "alice", "BTC-USDT", Side.SELL, OrderType.LIMIT, 6_000_000, None, OrderStatus.OPEN, True,
    100_000, 0, 100_000, 0, None, 9, TIMESTAMP, [],
)  # fmt: skip


def told(**fields: Any) -> dict[str, Any]:
    """What the answer for an order with these fields says beyond that for a plain one, or differently."""
    plain, view = (json.loads(encode(order(state, BTC))) for state in (PLAIN, structs.replace(PLAIN, **fields)))
    return {name: value for name, value in view.items() if name not in plain or plain[name] != value}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"prevented_quantity": 25_000}, {"prevented_quantity": "0.25"}),
        ({"oco_id": 4}, {"oco_id": "4"}),
        ({"terms": OrderTerms()}, {}),
        ({"terms": OrderTerms(post_only=True)}, {"post_only": True}),
        ({"terms": OrderTerms(expire_time=NOON)}, {"expire_time": "2026-11-22T12:00:00.000Z"}),
        ({"terms": OrderTerms(expire_time=NOON + 1)}, {"expire_time": "2026-11-22T12:00:00.000000001Z"}),
        ({"terms": OrderTerms(display_quantity=10_000)}, {"display_quantity": "0.1"}),
        (
            {"terms": OrderTerms(quote_quantity=250_000_001), "unspent": 1},
            {"quote_quantity": "25.0000001", "unspent_quote_quantity": "0.0000001"},
        ),
        (
            {"terms": OrderTerms(quote_quantity=10**7), "unspent": 0},
            {"quote_quantity": "1", "unspent_quote_quantity": "0"},
        ),
        (
            {"terms": OrderTerms(trailing_bps=50, activation_price=6_100_000)},
            {"trailing_bps": 50, "activation_price": "61000"},
        ),
        (
            {"terms": OrderTerms(max_slippage_bps=50)},
            {"max_slippage_bps": 50},
        ),
        (
            {"terms": OrderTerms(reject_if_triggered=True, time_in_force=TimeInForce.IOC, tag="grid-7")},
            {"reject_if_triggered": True, "time_in_force": "ioc", "tag": "grid-7"},
        ),
        ({"terms": OrderTerms(trailing_amount=1_050), "oco_id": 3}, {"trailing_amount": "10.5", "oco_id": "3"}),
    ],
)
def test_an_order_tells_its_terms_and_only_those_that_it_has(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert told(**fields) == expected


@pytest.mark.parametrize("mode", SelfTradePrevention)
def test_self_trade_prevention_is_told_where_there_is_any(mode: SelfTradePrevention) -> None:
    expected = {} if mode is SelfTradePrevention.NONE else {"self_trade_prevention": mode.name.lower()}
    assert told(terms=OrderTerms(self_trade_prevention=mode)) == expected


@pytest.mark.parametrize(
    "reason", [Reason.SELF_TRADE, Reason.EXPIRED, Reason.OCO, Reason.CANCEL_AFTER, Reason.QUOTE_QUANTITY_TOO_SMALL]
)
def test_the_new_reasons_have_their_words(reason: Reason) -> None:
    assert told(reason=reason) == {"reason": reason.name.lower()}


TRADE = Trade("BTC-USDT", 5, 6_000_050, 30_001, Side.SELL, 3, 4, 10, 20, 9, TIMESTAMP)


@pytest.mark.parametrize(
    ("aggressor", "maker", "expected"),
    [
        (Side.SELL, True, {"order_id": "3", "side": "buy", "fee": "18.000750005", "liquidity": "maker"}),
        (Side.SELL, False, {"order_id": "4", "side": "sell", "fee": "36.00150001", "liquidity": "taker"}),
        (Side.BUY, True, {"order_id": "3", "side": "sell", "fee": "18.000750005", "liquidity": "maker"}),
        (Side.BUY, False, {"order_id": "4", "side": "buy", "fee": "36.00150001", "liquidity": "taker"}),
    ],
)
def test_a_fill_is_told_from_its_accounts_side(aggressor: Side, *, maker: bool, expected: dict[str, str]) -> None:
    view = json.loads(encode(fill(structs.replace(TRADE, aggressor_side=aggressor), BTC, maker=maker)))
    assert view == {
        "timestamp": TIMESTAMP_TEXT,
        "sequence": 9,
        "symbol": "BTC-USDT",
        "trade_id": "5",
        "price": "60000.5",
        "quantity": "0.30001",
        **expected,
    }

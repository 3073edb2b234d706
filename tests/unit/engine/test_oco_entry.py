"""New OCOs: what is refused, what is rejected, what is known already.

The sides are those of Binance's OCO: a seller's limit above the last trade, its stop below.
"""

import pytest
from msgspec.structs import replace

from protocol.commands import PlaceOco
from protocol.events import CommandRefused, InstrumentSet
from protocol.units import InstrumentStatus, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    Row,
    account_set,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_all,
    canceled,
    change,
    duplicated,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    refused,
    rejected,
    stop_market,
    suspend,
    time_of,
    trade,
)
from tests.unit.engine.oco_legs import SELLER, legs

pytestmark = both_engines


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (oco(SELL, 5, 100, at=95), refused(Refusal.PRICE_ON_WRONG_SIDE, "price")),
        (oco(SELL, 5, 99, at=95), refused(Refusal.PRICE_ON_WRONG_SIDE, "price")),
        (oco(SELL, 5, 105, at=100), refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")),
        (oco(SELL, 5, 105, at=101), refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")),
        (oco(SELL, 5, 95, at=105), refused(Refusal.PRICE_ON_WRONG_SIDE, "price")),
        (oco(BUY, 5, 100, at=105), refused(Refusal.PRICE_ON_WRONG_SIDE, "price")),
        (oco(BUY, 5, 95, at=100), refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, "stop_trigger_price")),
        (oco(BUY, 5, 105, at=95), refused(Refusal.PRICE_ON_WRONG_SIDE, "price")),
        (oco(SELL, 5, 105, at=95, symbol="GOLD-USD"), refused(Refusal.NO_LAST_TRADE, "stop_trigger_price")),
    ],
)
def test_prices_must_be_on_their_sides_of_the_last_trade(
    engine: MakeEngine, order: PlaceOco, refusal: CommandRefused
) -> None:
    play(engine, *opening_trade(100), (order, [refusal]), (limit(BUY, 1, 1), [placed(3)]))


STRICT = replace(COIN, tick_size=5, lot_size=10, min_quantity=20, max_quantity=1_000, max_price=500, min_notional=1_900)


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (oco(SELL, 20, 105, at=95, account="a b"), refused(Refusal.INVALID_NAME, "account")),
        (oco(SELL, 20, 105, at=95, client_order_id="a b"), refused(Refusal.INVALID_NAME, "client_order_id")),
        (oco(SELL, 20, 105, at=95, client_order_id="x" * 60), refused(Refusal.INVALID_NAME, "client_order_id")),
        (oco(SELL, 20, 105, at=95, symbol="NONE-USD"), refused(Refusal.UNKNOWN_SYMBOL)),
        (oco(SELL, 25, 105, at=95), refused(Refusal.QUANTITY_OFF_LOT)),
        (oco(SELL, 10, 105, at=95), refused(Refusal.QUANTITY_TOO_SMALL)),
        (oco(SELL, 1_010, 105, at=95), refused(Refusal.QUANTITY_TOO_LARGE)),
        (oco(SELL, 20, 104, at=95), refused(Refusal.PRICE_OFF_TICK)),
        (oco(SELL, 20, 505, at=95), refused(Refusal.PRICE_TOO_LARGE)),
        (oco(BUY, 20, 90, at=105), refused(Refusal.BELOW_MIN_NOTIONAL)),
        (oco(SELL, 20, 105, at=94), refused(Refusal.TRIGGER_PRICE_OFF_TICK, "stop_trigger_price")),
        (oco(BUY, 20, 95, at=505), refused(Refusal.TRIGGER_PRICE_TOO_LARGE, "stop_trigger_price")),
        (oco(SELL, 20, 105, at=95, stop_price=94), refused(Refusal.PRICE_OFF_TICK, "stop_price")),
        (oco(BUY, 20, 95, at=105, stop_price=505), refused(Refusal.PRICE_TOO_LARGE, "stop_price")),
        (oco(SELL, 20, 105, at=95, stop_price=90), refused(Refusal.BELOW_MIN_NOTIONAL, "stop_price")),
        (oco(SELL, 20, 105, at=95, expire_time=time_of(5)), refused(Refusal.EXPIRE_TIME_PAST)),
        (oco(SELL, 20, 100, at=95, expire_time=time_of(5)), refused(Refusal.EXPIRE_TIME_PAST)),
        (oco(SELL, 20, 104, at=94, stop_price=90), refused(Refusal.PRICE_OFF_TICK)),
    ],
)
def test_checks_come_in_their_order_and_name_the_fields_of_the_stop_leg(
    engine: MakeEngine, order: PlaceOco, refusal: CommandRefused
) -> None:
    play(
        engine,
        (limit(SELL, 20, 100), [placed(1)]),
        (market(BUY, 20), [placed(2), trade(1, BUY, 20, 100, maker=1, taker=2)]),
        (cancel_all(), []),
        (order, [refusal]),
        (
            oco(SELL, 20, 105, at=95, stop_price=95, client_order_id="x" * 59, expire_time=time_of(9)),
            [placed(3), placed(4)],
        ),
        instruments=(STRICT,),
    )


@pytest.mark.parametrize(
    ("first", "order", "reason"),
    [
        ((cancel_all(), []), replace(SELLER, deadline=time_of(1)), Reason.TOO_LATE),
        (
            (
                change(COIN, InstrumentStatus.CANCEL_ONLY),
                [InstrumentSet(replace(COIN, status=InstrumentStatus.CANCEL_ONLY))],
            ),
            SELLER,
            Reason.INSTRUMENT_CANCEL_ONLY,
        ),
        (
            (change(COIN, InstrumentStatus.HALTED), [InstrumentSet(replace(COIN, status=InstrumentStatus.HALTED))]),
            SELLER,
            Reason.INSTRUMENT_HALTED,
        ),
        ((suspend("ann"), [account_set("ann", suspended=True)]), SELLER, Reason.ACCOUNT_SUSPENDED),
    ],
)
def test_both_are_rejected(engine: MakeEngine, first: Row, order: PlaceOco, reason: Reason) -> None:
    """They keep their ids and their client_order_ids."""
    named = replace(order, client_order_id="one")
    play(
        engine,
        *opening_trade(100),
        first,
        (named, [rejected(3, reason), rejected(4, reason)]),
        (named, [duplicated(3), duplicated(4)]),
        (cancel(account="ann", client_order_id="one:stop"), [refused(Refusal.ORDER_NOT_OPEN)]),
    )


def test_legs_bear_the_client_order_id(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(replace(SELLER, client_order_id="one")),
        (amend(account="ann", client_order_id="one:stop", at=96), [amended(4, 5, None, 96)]),
        (cancel(account="ann", client_order_id="one"), [canceled(3, 5), canceled(4, 5, Reason.OCO)]),
    )


def test_same_oco_again(engine: MakeEngine) -> None:
    """Whatever became of it, and whatever else of the last trade."""
    named = replace(SELLER, client_order_id="one")
    conflict = refused(Refusal.CLIENT_ORDER_ID_CONFLICT)
    play(
        engine,
        *legs(named),
        (named, [duplicated(3), duplicated(4)]),
        (replace(named, deadline=1), [duplicated(3), duplicated(4)]),
        (market(BUY, 5), [placed(5), trade(2, BUY, 5, 105, maker=3, taker=5), canceled(4, 5, Reason.OCO)]),
        (named, [duplicated(3), duplicated(4)]),
        (replace(named, quantity=4), [conflict]),
        (replace(named, stop_price=95), [conflict]),
        (replace(named, expire_time=time_of(99)), [conflict]),
        (replace(named, client_order_id="one:stop"), [conflict]),
        (limit(SELL, 5, 105, account="ann", client_order_id="one"), [conflict]),
        (stop_market(SELL, 5, at=95, account="ann", client_order_id="one:stop"), [conflict]),
        (limit(SELL, 5, 105, account="bob", client_order_id="one"), [placed(6)]),
    )


def test_id_of_the_stop_leg_is_taken(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 1, account="ann", client_order_id="one:stop"), [placed(3)]),
        (replace(SELLER, client_order_id="one"), [refused(Refusal.CLIENT_ORDER_ID_CONFLICT)]),
        (replace(SELLER, client_order_id="two"), [placed(4), placed(5)]),
    )

"""Two orders of which one ends the other. The sides are those of Binance's OCO: a seller's limit above the last trade,
its stop below.

In all tables 1 and 2 are the orders of the opening trade, at 100; 3 is the limit leg and 4 the stop leg.
"""

import pytest
from msgspec.structs import replace

from protocol.commands import AmendOrder, Command, PlaceOco
from protocol.events import CommandRefused, Event, InstrumentSet
from protocol.units import InstrumentStatus, Reason, Refusal
from tests.tape import (
    BUY,
    COIN,
    SELL,
    MakeEngine,
    Row,
    account_set,
    advance_time,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_after,
    cancel_all,
    canceled,
    change,
    duplicated,
    fok,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    reduced,
    refused,
    rejected,
    stop_market,
    suspend,
    time_of,
    trade,
    triggered,
)

pytestmark = both_engines

SELLER = oco(SELL, 5, 105, at=95, account="ann")


def legs(order: PlaceOco = SELLER) -> tuple[Row, Row, Row]:
    return (*opening_trade(100), (order, [placed(3), placed(4)]))


# One leg ends the other.


def test_filled_limit_leg_cancels_the_stop_leg(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(),
        (market(BUY, 5), [placed(5), trade(2, BUY, 5, 105, maker=3, taker=5), canceled(4, 5, Reason.OCO)]),
    )


def test_partly_filled_limit_leg_reduces_the_stop_leg_each_time(engine: MakeEngine) -> None:
    """The last fill cancels what is left of it."""
    play(
        engine,
        *legs(),
        (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), reduced(4, 2)]),
        (market(BUY, 1), [placed(6), trade(3, BUY, 1, 105, maker=3, taker=6), reduced(4, 1)]),
        (market(BUY, 2), [placed(7), trade(4, BUY, 2, 105, maker=3, taker=7), canceled(4, 2, Reason.OCO)]),
    )


def test_stop_leg_that_fires_cancels_the_limit_leg_at_once(engine: MakeEngine) -> None:
    """Before it runs, and before any other order that the same trade fires."""
    play(
        engine,
        *legs(),
        (stop_market(SELL, 1, at=94), [placed(5)]),
        (limit(BUY, 1, 94), [placed(6)]),
        (limit(BUY, 9, 93), [placed(7)]),
        (
            market(SELL, 1),
            [
                placed(8),
                trade(2, SELL, 1, 94, maker=6, taker=8),
                triggered(4),
                canceled(3, 5, Reason.OCO),
                triggered(5),
                trade(3, SELL, 5, 93, maker=7, taker=4),
                trade(4, SELL, 1, 93, maker=7, taker=5),
            ],
        ),
    )


def test_stop_leg_fires_with_what_the_limit_leg_has_left(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(oco(SELL, 5, 105, at=95, stop_price=90, account="ann")),
        (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), reduced(4, 2)]),
        (limit(BUY, 9, 92), [placed(6)]),
        (
            market(SELL, 1),
            [
                placed(7),
                trade(3, SELL, 1, 92, maker=6, taker=7),
                triggered(4),
                canceled(3, 3, Reason.OCO),
                trade(4, SELL, 3, 92, maker=6, taker=4),
            ],
        ),
    )


def test_fired_leg_is_an_order_of_its_own(engine: MakeEngine) -> None:
    """A stop limit leg that rests can be amended and canceled like any other."""
    play(
        engine,
        *legs(oco(SELL, 5, 105, at=95, stop_price=98, account="ann")),
        (limit(BUY, 1, 95), [placed(5)]),
        (
            market(SELL, 1),
            [placed(6), trade(2, SELL, 1, 95, maker=5, taker=6), triggered(4), canceled(3, 5, Reason.OCO)],
        ),
        (amend(4, quantity=9, price=90), [amended(4, 9, 90, 95)]),
        (cancel(4), [canceled(4, 9)]),
    )


def test_buyer(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(oco(BUY, 5, 95, at=105, account="ann")),
        (market(SELL, 2), [placed(5), trade(2, SELL, 2, 95, maker=3, taker=5), reduced(4, 2)]),
        (limit(SELL, 1, 105), [placed(6)]),
        (limit(SELL, 9, 106), [placed(7)]),
        (
            market(BUY, 1),
            [
                placed(8),
                trade(3, BUY, 1, 105, maker=6, taker=8),
                triggered(4),
                canceled(3, 3, Reason.OCO),
                trade(4, BUY, 3, 106, maker=7, taker=4),
            ],
        ),
    )


def test_limit_leg_that_takes(engine: MakeEngine) -> None:
    """Each of its trades reduces the other leg, one event after its trade; filled, it cancels it."""
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 1, 107), [placed(3)]),
        (limit(BUY, 1, 106), [placed(4)]),
        (
            oco(SELL, 3, 105, at=95),
            [
                placed(5),
                placed(6),
                trade(2, SELL, 1, 107, maker=3, taker=5),
                reduced(6, 1),
                trade(3, SELL, 1, 106, maker=4, taker=5),
                reduced(6, 1),
            ],
        ),
        (market(BUY, 1), [placed(7), trade(4, BUY, 1, 105, maker=5, taker=7), canceled(6, 1, Reason.OCO)]),
        (limit(BUY, 3, 107), [placed(8)]),
        (
            oco(SELL, 3, 106, at=95),
            [placed(9), placed(10), trade(5, SELL, 3, 107, maker=8, taker=9), canceled(10, 3, Reason.OCO)],
        ),
    )


def test_both_orders_of_a_trade_are_legs(engine: MakeEngine) -> None:
    """The maker's other leg is reduced first."""
    play(
        engine,
        *legs(),
        (amend(3, price=104), [amended(3, 5, 104)]),
        (limit(SELL, 1, 103), [placed(5)]),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 103, maker=5, taker=6)]),
        (oco(BUY, 5, 99, at=110, account="bob"), [placed(7), placed(8)]),
        (amend(7, quantity=4), [amended(7, 4, 99), amended(8, 4, None, 110)]),
        (
            amend(7, price=104),
            [amended(7, 4, 104), trade(3, BUY, 4, 104, maker=3, taker=7), reduced(4, 4), canceled(8, 4, Reason.OCO)],
        ),
    )


def test_events_of_a_trade_come_in_their_order(engine: MakeEngine) -> None:
    """First what the trade fires, with what that ends, then the other leg of the one that traded."""
    play(
        engine,
        *legs(),
        (oco(BUY, 2, 95, at=105, account="bob"), [placed(5), placed(6)]),
        (
            market(BUY, 1),
            [
                placed(7),
                trade(2, BUY, 1, 105, maker=3, taker=7),
                triggered(6),
                canceled(5, 2, Reason.OCO),
                reduced(4, 1),
                trade(3, BUY, 2, 105, maker=3, taker=6),
                reduced(4, 2),
            ],
        ),
    )


def test_sweep_goes_on_without_a_limit_leg_that_it_has_ended(engine: MakeEngine) -> None:
    """Its first trade, far below the last one, fires the stop leg."""
    play(
        engine,
        *legs(),
        (limit(SELL, 2, 90), [placed(5)]),
        (limit(SELL, 2, 106), [placed(6)]),
        (
            market(BUY, 3),
            [
                placed(7),
                trade(2, BUY, 2, 90, maker=5, taker=7),
                triggered(4),
                canceled(3, 5, Reason.OCO),
                trade(3, BUY, 1, 106, maker=6, taker=7),
                canceled(4, 5, Reason.NO_LIQUIDITY),
            ],
        ),
    )


def test_fok_does_not_count_a_limit_leg_that_its_own_trade_would_end(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(),
        (limit(SELL, 2, 90), [placed(5)]),
        (fok(BUY, 3, 106), [placed(6), canceled(6, 3, Reason.FOK_UNFILLABLE)]),
        (
            fok(BUY, 2, 106),
            [
                placed(7),
                trade(2, BUY, 2, 90, maker=5, taker=7),
                triggered(4),
                canceled(3, 5, Reason.OCO),
                canceled(4, 5, Reason.NO_LIQUIDITY),
            ],
        ),
    )


@pytest.mark.parametrize(
    ("command", "events"),
    [
        (cancel(3), [canceled(3, 5), canceled(4, 5, Reason.OCO)]),
        (cancel(4), [canceled(4, 5), canceled(3, 5, Reason.OCO)]),
        (cancel_all("ann"), [canceled(3, 5), canceled(4, 5, Reason.OCO)]),
        (
            suspend("ann"),
            [canceled(3, 5, Reason.ACCOUNT_SUSPENDED), canceled(4, 5, Reason.OCO), account_set("ann", suspended=True)],
        ),
    ],
)
def test_cancel_of_one_cancels_the_other(engine: MakeEngine, command: Command, events: list[Event]) -> None:
    """The one that is named, or comes first, bears the reason."""
    play(engine, *legs(), (command, events))


def test_expiry_of_both(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(oco(SELL, 5, 105, at=95, stop_price=94, expire_time=time_of(6))),
        (advance_time(), []),
        (advance_time(), [canceled(3, 5, Reason.EXPIRED), canceled(4, 5, Reason.OCO)]),
    )


def test_cancel_on_silence_of_both(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(),
        (cancel_after(1, "ann"), [account_set("ann", cancel_at=time_of(6) + 1)]),
        (advance_time(), [canceled(3, 5, Reason.CANCEL_AFTER), canceled(4, 5, Reason.OCO), account_set("ann")]),
    )


# Amends.


@pytest.mark.parametrize(
    ("amends", "events", "limit_quantity"),
    [
        (amend(3, quantity=7), [amended(3, 7, 105), amended(4, 7, None, 95)], 7),
        (amend(4, quantity=7), [amended(4, 7, None, 95), amended(3, 7, 105)], 7),
        (amend(3, quantity=2), [amended(3, 2, 105), amended(4, 2, None, 95)], 2),
        (amend(4, quantity=2), [amended(4, 2, None, 95), amended(3, 2, 105)], 2),
        (amend(3, quantity=5), [amended(3, 5, 105)], 5),
        (amend(3, price=104), [amended(3, 5, 104)], 5),
        (amend(4, at=96), [amended(4, 5, None, 96)], 5),
        (amend(4, at=96, quantity=6), [amended(4, 6, None, 96), amended(3, 6, 105)], 6),
    ],
)
def test_quantity_is_amended_in_both(
    engine: MakeEngine, amends: AmendOrder, events: list[Event], limit_quantity: int
) -> None:
    """As it is of both orders of an OCO at Binance (faqs/order_amend_keep_priority.md); all else is the named leg's
    own."""
    play(
        engine,
        *legs(),
        (amends, events),
        (cancel(3), [canceled(3, limit_quantity), canceled(4, limit_quantity, Reason.OCO)]),
    )


@pytest.mark.parametrize(
    ("amends", "events", "remaining"),
    [
        (amend(3, quantity=7), [amended(3, 7, 105), amended(4, 5, None, 95)], 5),
        (amend(4, quantity=7), [amended(4, 7, None, 95), amended(3, 9, 105)], 7),
        (amend(4, quantity=2), [amended(4, 2, None, 95), amended(3, 4, 105)], 2),
        (amend(3, quantity=3), [amended(3, 3, 105), amended(4, 1, None, 95)], 1),
        (amend(3, quantity=2), [refused(Refusal.QUANTITY_BELOW_FILLED)], 3),
    ],
)
def test_quantity_of_a_leg_that_has_traded(
    engine: MakeEngine, amends: AmendOrder, events: list[Event], remaining: int
) -> None:
    """2 of 5 are filled: the limit leg's quantity counts them, the stop leg's does not."""
    play(
        engine,
        *legs(),
        (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), reduced(4, 2)]),
        (amends, events),
        (cancel(4), [canceled(4, remaining), canceled(3, remaining, Reason.OCO)]),
    )


@pytest.mark.parametrize(
    ("amends", "events", "first"),
    [
        (amend(4, quantity=6), [amended(4, 6, None, 95), amended(3, 6, 105)], 5),
        (amend(3, quantity=6), [amended(3, 6, 105), amended(4, 6, None, 95)], 5),
        (amend(4, quantity=4), [amended(4, 4, None, 95), amended(3, 4, 105)], 3),
        (amend(4, at=94), [amended(4, 5, None, 94)], 3),
    ],
)
def test_limit_leg_loses_its_place_where_its_quantity_grows(
    engine: MakeEngine, amends: AmendOrder, events: list[Event], first: int
) -> None:
    left = [reduced(4, 1)] if first == 3 else []
    play(
        engine,
        *legs(),
        (limit(SELL, 9, 105), [placed(5)]),
        (amends, events),
        (market(BUY, 1), [placed(6), trade(2, BUY, 1, 105, maker=first, taker=6), *left]),
    )


def test_amended_limit_leg_that_matches(engine: MakeEngine) -> None:
    """Below the last trade too, but not to the stop leg's trigger or beyond."""
    play(
        engine,
        *legs(),
        (limit(BUY, 2, 97), [placed(5)]),
        (limit(BUY, 1, 96), [placed(6)]),
        (amend(3, price=95), [refused(Refusal.PRICE_ON_WRONG_SIDE)]),
        (amend(3, price=94), [refused(Refusal.PRICE_ON_WRONG_SIDE)]),
        (amend(4, at=105), [refused(Refusal.TRIGGER_PRICE_ON_WRONG_SIDE)]),
        (
            amend(3, price=96, quantity=4),
            [
                amended(3, 4, 96),
                amended(4, 4, None, 95),
                trade(2, SELL, 2, 97, maker=5, taker=3),
                reduced(4, 2),
                trade(3, SELL, 1, 96, maker=6, taker=3),
                reduced(4, 1),
            ],
        ),
        (market(BUY, 1), [placed(7), trade(4, BUY, 1, 96, maker=3, taker=7), canceled(4, 1, Reason.OCO)]),
    )


def test_amended_stop_leg_fires_where_the_last_trade_meets_it(engine: MakeEngine) -> None:
    play(
        engine,
        *legs(),
        (
            amend(4, at=100, quantity=6),
            [
                amended(4, 6, None, 100),
                amended(3, 6, 105),
                triggered(4),
                canceled(3, 6, Reason.OCO),
                canceled(4, 6, Reason.NO_LIQUIDITY),
            ],
        ),
    )


# New ones: what is refused, what is rejected, what is known already.


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

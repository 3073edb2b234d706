"""Two orders of which one ends the other.

In all tables 1 and 2 are the orders of the opening trade, at 100; 3 is the limit leg and 4 the stop leg.
"""

import pytest

from protocol.commands import Command
from protocol.events import Event
from protocol.units import Reason
from tests.mirror import View, both_sides
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    account_set,
    advance_time,
    amend,
    amended,
    both_engines,
    cancel,
    cancel_after,
    cancel_all,
    canceled,
    fok,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    reduced,
    stop_market,
    suspend,
    time_of,
    trade,
    triggered,
)
from tests.unit.engine.oco_legs import legs

pytestmark = both_engines


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


@both_sides
def test_limit_leg_that_has_traded_and_a_stop_leg_that_fires(engine: MakeEngine, view: View) -> None:
    tape = view(
        [
            *legs(),
            (market(BUY, 2), [placed(5), trade(2, BUY, 2, 105, maker=3, taker=5), reduced(4, 2)]),
            (limit(BUY, 1, 95), [placed(6)]),
            (limit(BUY, 9, 94), [placed(7)]),
            (
                market(SELL, 1),
                [
                    placed(8),
                    trade(3, SELL, 1, 95, maker=6, taker=8),
                    triggered(4),
                    canceled(3, 3, Reason.OCO),
                    trade(4, SELL, 3, 94, maker=7, taker=4),
                ],
            ),
        ]
    )
    play(engine, *tape)


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

"""Amends of an OCO's legs.

In all tables 1 and 2 are the orders of the opening trade, at 100; 3 is the limit leg and 4 the stop leg.
"""

import pytest

from protocol.commands import AmendOrder
from protocol.events import Event
from protocol.units import Reason, Refusal
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    limit,
    market,
    placed,
    play,
    reduced,
    refused,
    trade,
    triggered,
)
from tests.unit.engine.oco_legs import legs

pytestmark = both_engines


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

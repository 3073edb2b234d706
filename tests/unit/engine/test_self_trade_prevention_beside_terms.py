"""Self-trade prevention where it meets icebergs, OCOs, triggers and amends."""

import pytest

from protocol.events import Event
from protocol.units import Reason, SelfTradePrevention
from tests.tape import (
    BUY,
    SELL,
    MakeEngine,
    amend,
    amended,
    both_engines,
    cancel,
    canceled,
    decremented,
    ioc,
    limit,
    market,
    oco,
    opening_trade,
    placed,
    play,
    reduced,
    stop_limit,
    stop_market,
    trade,
    triggered,
)
from tests.unit.engine.prevention_modes import BOTH, DECREMENT, NEWEST, OLDEST, SELF_TRADE

pytestmark = both_engines


@pytest.mark.parametrize(
    ("mode", "events"),
    [
        (NEWEST, [canceled(2, 4, SELF_TRADE)]),
        (OLDEST, [canceled(1, 9, SELF_TRADE)]),
        (BOTH, [canceled(1, 9, SELF_TRADE), canceled(2, 4, SELF_TRADE)]),
        (DECREMENT, [decremented(1, 4), canceled(2, 0, SELF_TRADE)]),
    ],
)
def test_it_acts_on_all_that_remains_of_an_iceberg(
    engine: MakeEngine, mode: SelfTradePrevention, events: list[Event]
) -> None:
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=2), [placed(1)]),
        (limit(BUY, 4, 100, self_trade_prevention=mode), [placed(2), *events]),
    )


@pytest.mark.parametrize(("prevented", "first"), [(1, 2), (4, 2), (8, 1)])
def test_decremented_iceberg_keeps_its_place_and_shows_no_more_than_remains(
    engine: MakeEngine, prevented: int, first: int
) -> None:
    play(
        engine,
        (limit(SELL, 9, 100, display_quantity=2), [placed(1)]),
        (limit(SELL, 9, 100, account="other"), [placed(2)]),
        (
            ioc(BUY, prevented, 100, self_trade_prevention=DECREMENT),
            [placed(3), decremented(1, prevented), canceled(3, 0, SELF_TRADE)],
        ),
        (
            market(BUY, 3, account="third"),
            [placed(4), trade(1, BUY, first, 100, maker=1, taker=4), trade(2, BUY, 3 - first, 100, maker=2, taker=4)],
        ),
    )


@pytest.mark.parametrize(
    ("mode", "events"),
    [
        (NEWEST, [canceled(5, 2, SELF_TRADE)]),
        (OLDEST, [canceled(3, 5, SELF_TRADE), canceled(4, 5, Reason.OCO)]),
        (BOTH, [canceled(3, 5, SELF_TRADE), canceled(4, 5, Reason.OCO), canceled(5, 2, SELF_TRADE)]),
        (DECREMENT, [decremented(3, 2), reduced(4, 2), canceled(5, 0, SELF_TRADE)]),
    ],
)
def test_what_it_does_to_a_leg_it_does_to_the_other(
    engine: MakeEngine, mode: SelfTradePrevention, events: list[Event]
) -> None:
    play(
        engine,
        *opening_trade(100),
        (oco(SELL, 5, 105, at=95), [placed(3), placed(4)]),
        (limit(BUY, 2, 105, self_trade_prevention=mode), [placed(5), *events]),
    )


def test_leg_that_takes_ends_by_its_own_mode(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 2, 106), [placed(3)]),
        (
            oco(SELL, 5, 105, at=95, self_trade_prevention=NEWEST),
            [placed(4), placed(5), canceled(4, 5, SELF_TRADE), canceled(5, 5, Reason.OCO)],
        ),
    )


def test_leg_that_is_decremented_as_a_taker_reduces_the_other_and_rests(engine: MakeEngine) -> None:
    play(
        engine,
        *opening_trade(100),
        (limit(BUY, 2, 106), [placed(3)]),
        (
            oco(SELL, 5, 105, at=95, self_trade_prevention=DECREMENT),
            [placed(4), placed(5), canceled(3, 0, SELF_TRADE), decremented(4, 2), reduced(5, 2)],
        ),
        (cancel(5), [canceled(5, 3), canceled(4, 3, Reason.OCO)]),
    )


def test_amended_order_is_a_taker_with_its_own_mode(engine: MakeEngine) -> None:
    play(
        engine,
        (limit(SELL, 5, 100), [placed(1)]),
        (limit(BUY, 3, 90, self_trade_prevention=OLDEST), [placed(2)]),
        (amend(2, price=100), [amended(2, 3, 100), canceled(1, 5, SELF_TRADE)]),
        (cancel(2), [canceled(2, 3)]),
    )


def test_fired_order_is_a_taker_with_its_own_mode_in_the_middle_of_a_cascade(engine: MakeEngine) -> None:
    """Order 3 ends two own orders and trades between them; order 4, which it fires, finds nothing left and rests."""
    play(
        engine,
        *opening_trade(100),
        (stop_market(BUY, 2, at=101, self_trade_prevention=OLDEST), [placed(3)]),
        (stop_limit(BUY, 2, 103, at=102), [placed(4)]),
        (limit(SELL, 1, 101, account="other"), [placed(5)]),
        (limit(SELL, 9, 101, display_quantity=1), [placed(6)]),
        (limit(SELL, 1, 102, account="other"), [placed(7)]),
        (limit(SELL, 3, 103), [placed(8)]),
        (
            market(BUY, 1, account="third"),
            [
                placed(9),
                trade(2, BUY, 1, 101, maker=5, taker=9),
                triggered(3),
                canceled(6, 9, SELF_TRADE),
                trade(3, BUY, 1, 102, maker=7, taker=3),
                triggered(4),
                canceled(8, 3, SELF_TRADE),
                canceled(3, 1, Reason.NO_LIQUIDITY),
            ],
        ),
        (cancel(4), [canceled(4, 2)]),
    )


def test_prevented_quantity_counts_as_gone_for_an_amend(engine: MakeEngine) -> None:
    """Of 9, 2 are filled and 3 prevented: the new quantity must be more than 5, and 7 leaves 2."""
    play(
        engine,
        (limit(SELL, 9, 100), [placed(1)]),
        (market(BUY, 2, account="other"), [placed(2), trade(1, BUY, 2, 100, maker=1, taker=2)]),
        (ioc(BUY, 3, 100, self_trade_prevention=DECREMENT), [placed(3), decremented(1, 3), canceled(3, 0, SELF_TRADE)]),
        (amend(1, quantity=7), [amended(1, 7, 100)]),
        (
            market(BUY, 3, account="other"),
            [placed(4), trade(2, BUY, 2, 100, maker=1, taker=4), canceled(4, 1, Reason.NO_LIQUIDITY)],
        ),
    )

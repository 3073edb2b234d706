"""Zero intelligence: its rates are what it says. And the scripted tape."""

import pytest

from matching_exchange.sim.agents import Amend, Buy, Cancel, ScriptedTape, Sell, ZeroIntelligence
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.simulation import START
from protocol.units import OrderStatus, OrderType, Side
from tests.sim_market import Deep, Rows, run


def test_orders_come_at_their_rates() -> None:
    mine = ZeroIntelligence("100", limit_every=SECOND, market_every=4 * SECOND)
    record = run(4_000, ("mine", mine))
    rows = Rows(record, "mine").rows
    limits = [row for row in rows if row["type"] == OrderType.LIMIT]
    markets = [row for row in rows if row["type"] == OrderType.MARKET]
    # Three standard deviations of a Poisson count.
    assert abs(len(limits) - 4_000) < 190
    assert abs(len(markets) - 1_000) < 95
    for kind in (limits, markets):
        buys = sum(row["side"] == Side.BUY for row in kind)
        assert abs(buys / len(kind) - 0.5) < 0.05
    assert record.counts["trades"] > 500


def test_orders_live_as_long_as_they_should() -> None:
    mine = ZeroIntelligence("100", limit_every=SECOND, market_every=0, lifetime=50 * SECOND)
    rows = Rows(run(4_000, ("mine", mine)), "mine").rows
    lives = [row["done_at"] - row["arrived_at"] for row in rows if row["status"] == OrderStatus.CANCELED]
    assert len(lives) > 3_500
    assert 45 * SECOND < sum(lives) / len(lives) < 55 * SECOND
    live = [row for row in rows if row["status"] == OrderStatus.OPEN]
    assert 25 < len(live) < 80


def test_limit_orders_stay_within_reach_and_never_cross() -> None:
    mine = ZeroIntelligence("100", market_every=0, reach=10)
    record = run(600, ("deep", Deep("99.90", "100.10")), ("mine", mine))
    prices = {side: [row["price"] for row in Rows(record, "mine").rows if row["side"] == side] for side in Side}
    assert record.counts["trades"] == 0
    assert min(prices[Side.BUY]) >= 99_80
    assert max(prices[Side.SELL]) <= 100_20


def test_a_tape_does_what_it_says_when_it_says() -> None:
    called: list[int] = []
    tape = ScriptedTape(
        [
            (3 * SECOND, Amend("mine", price="99.50")),
            (1 * SECOND, Buy("2", "99", name="mine")),
            (2 * SECOND, Sell("1", "101")),
            (2 * SECOND, Buy("1")),
            (4 * SECOND, Cancel("mine")),
            (5 * SECOND, Sell("3", "102")),
            (6 * SECOND, lambda market: called.append(market.now)),
            (7 * SECOND, Cancel()),
        ]
    )
    rows = Rows(run(10, ("tape", tape)), "tape").rows
    assert [(row["sent_at"] - START) // SECOND for row in rows] == [1, 2, 2, 5]
    assert [row["price"] for row in rows] == [99_50, 101_00, 0, 102_00]
    assert [row["filled"] for row in rows] == [0, 100, 100, 0]
    assert [row["status"] for row in rows] == [
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
    ]
    assert [(row["done_at"] - START) // SECOND for row in rows] == [4, 2, 2, 7]
    assert called == [START + 6 * SECOND]
    assert tape.orders["mine"].quantity == 2


def test_a_tape_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match="no order before has the name 'x'"):
        ScriptedTape([(1, Cancel("x")), (2, Buy("1", name="x"))])
    with pytest.raises(ValueError, match="two orders have the name 'x'"):
        ScriptedTape([(1, Sell("1", name="x")), (2, Buy("1", name="x"))])
    with pytest.raises(ValueError, match="a time takes an int of at least 0, not -1"):
        ScriptedTape([(-1, Cancel())])

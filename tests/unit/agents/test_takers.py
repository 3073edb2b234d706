"""Agents that take, each alone in a small market."""

from collections import Counter
from itertools import pairwise

import pytest

from matching_exchange.sim.agents import Large, Momentum, Noise, Trader, Value, Witness, World
from matching_exchange.sim.agents.world import Motion
from matching_exchange.sim.durations import MILLISECOND, MINUTE, SECOND
from matching_exchange.sim.market import Market
from matching_exchange.sim.strategy import Strategy
from protocol.units import OrderStatus, OrderType, Side
from tests.sim_market import COIN, Deep, Rows, run, still_world


class Ramp(Strategy):
    """Trades with itself at prices that rise or fall by a cent a second, within quotes that move along."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._price = 100_00

    def on_start(self, market: Market) -> None:
        market.wake_in(0)

    def on_wakeup(self, market: Market) -> None:
        market.wake_in(SECOND)
        market.cancel_all()
        self._price += self._step
        symbol, price = market.symbol, self._price
        market.place(symbol, Side.SELL, 1, price)
        market.place(symbol, Side.BUY, 1, price)
        market.place(symbol, Side.BUY, 10_000_00, price - 1)
        market.place(symbol, Side.SELL, 10_000_00, price + 1)


@pytest.mark.parametrize(("price", "side"), [("90", Side.BUY), ("110", Side.SELL)])
def test_a_value_trader_takes_towards_the_value_alone(price: str, side: Side) -> None:
    deep = Deep(price, str(int(price) + 1))
    record = run(300, ("deep", deep), ("mine", Value(still_world(), quantity="1")))
    rows = Rows(record, "mine").rows
    assert len(rows) > 100
    assert {row["side"] for row in rows} == {side}
    # Up to the value, and never beyond it.
    assert {row["price"] for row in rows} == {100_00}
    assert {row["type"] for row in rows} == {OrderType.IOC}


def test_a_value_trader_leaves_a_fair_market_alone() -> None:
    record = run(300, ("deep", Deep()), ("mine", Value(still_world(), gap_bps=2)))
    assert Rows(record, "mine").rows == []


def test_a_value_trader_that_sees_badly_takes_in_a_fair_market() -> None:
    record = run(300, ("deep", Deep()), ("mine", Value(still_world(), gap_bps=2, noise_bps=10)))
    assert {row["side"] for row in Rows(record, "mine").rows} == {Side.BUY, Side.SELL}


@pytest.mark.parametrize("step", [1, -1])
def test_momentum_goes_with_the_trend_within_bounds(step: int) -> None:
    mine = Momentum(quantity="1", max_position="20")
    record = run(900, ("ramp", Ramp(step)), ("mine", mine))
    rows = Rows(record, "mine", "fills").rows
    assert {row["side"] for row in rows} == {Side.BUY if step > 0 else Side.SELL}
    held = sum(row["quantity"] for row in rows)
    assert 20_00 <= held <= 20_00 + 1_70


def test_momentum_without_a_trend_does_nothing() -> None:
    record = run(900, ("ramp", Ramp(0)), ("mine", Momentum()))
    assert Rows(record, "mine").rows == []


def test_momentum_leaves_stops_that_wait_and_bounds_their_number() -> None:
    mine = Momentum(stops_every=5 * SECOND, max_stops=6)
    record = run(900, ("ramp", Ramp(0)), ("mine", mine))
    rows = Rows(record, "mine").rows
    assert {row["type"] for row in rows} == {OrderType.STOP_MARKET, OrderType.TAKE_PROFIT}
    assert len(rows) > 100
    assert len([row for row in rows if not row["done_at"]]) == 6


def test_noise_trades_both_ways_soon_and_bounds_what_it_leaves() -> None:
    mine = Noise(quantity="1", largest="100", first_after=500 * MILLISECOND, max_left=10)
    record = run(1_800, ("deep", Deep()), ("mine", mine))
    rows = Rows(record, "mine").rows
    takes = [row for row in rows if row["type"] != OrderType.LIMIT]
    assert takes[0]["sent_at"] - record.start <= 500 * MILLISECOND
    assert {row["side"] for row in takes} == {Side.BUY, Side.SELL}
    # About one each 1.8 seconds; most are small, a few are very much larger.
    assert 850 < len(takes) < 1_150
    sizes = sorted(row["quantity"] for row in takes)
    assert sizes[-1] > 15 * sizes[len(sizes) // 2]
    live = [row for row in rows if row["type"] == OrderType.LIMIT and row["status"] == OrderStatus.OPEN]
    assert 0 < len(live) <= 10


def test_noise_mostly_keeps_its_side() -> None:
    def changes(again: int) -> float:
        record = run(1_800, ("deep", Deep()), ("mine", Noise(again=again, leave_every=0)))
        sides = [row["side"] for row in Rows(record, "mine").rows]
        return sum(a != b for a, b in pairwise(sides)) / len(sides)

    assert changes(90) < 0.15
    assert 0.4 < changes(50) < 0.6


def test_large_orders_come_at_once_and_in_parts_of_one_side() -> None:
    mine = Large(quantity="1", every=60 * SECOND, parts=(6, 30))
    record = run(7_200, ("deep", Deep(quantity="1000000")), ("mine", mine))
    rows = Rows(record, "mine").rows
    at_once = [row for row in rows if row["quantity"] >= 3_00]
    parts = [row for row in rows if row["quantity"] < 3_00]
    assert len(at_once) > 15
    assert len(parts) > 200
    near = [(a["side"], b["side"]) for a, b in pairwise(parts) if b["sent_at"] - a["sent_at"] < 2 * SECOND]
    assert len(near) > 200
    assert sum(a != b for a, b in near) * 20 < len(near)


def test_a_livelier_world_brings_more_orders() -> None:
    def orders(pace: int) -> Counter[str]:
        phase = Motion().opening.__class__(pace, 10**6)
        world = World([(COIN, "100")], "1", Motion(opening=phase, phases=(phase,), moods=(1_000,), bursts=False))
        agents: dict[str, Trader] = {
            "noise": Noise(world=world),
            "large": Large(world=world, every=20 * SECOND),
            "value": Value(world, gap_bps=0, noise_bps=50),
        }
        record = run(1_800, ("deep", Deep(quantity="1000000")), *agents.items())
        return Counter({name: len(Rows(record, name).rows) for name in agents})

    thin, calm, busy = (orders(pace) for pace in (300, 1_000, 4_000))
    for name in thin:
        assert thin[name] < calm[name] < busy[name]


def test_a_witness_tells_the_world_of_trades_and_sends_nothing() -> None:
    phase = Motion().opening.__class__(1_000, 10**6)
    world = World([(COIN, "100")], "1", Motion(opening=phase, phases=(phase,), moods=(1_000,)))
    noise = Noise(every=100 * MILLISECOND)
    record = run(60, ("deep", Deep()), ("noise", noise), ("witness", Witness(world)))
    assert world.pace("COIN-USD", record.end) > 1_100
    assert Rows(record, "witness").rows == []


def test_the_same_seed_gives_the_same_orders() -> None:
    def digest(seed: str) -> str:
        agents = {"noise": Noise(), "large": Large(every=MINUTE), "value": Value(still_world(), noise_bps=20)}
        return run(600, ("deep", Deep()), *agents.items(), seed=seed).digest

    assert digest("1") == digest("1")
    assert digest("1") != digest("2")

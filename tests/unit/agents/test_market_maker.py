"""The market maker: where it quotes, and what it holds."""

import pytest

from matching_exchange.sim.agents import MarketMaker, Motion, World
from matching_exchange.sim.agents.world import USUAL
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.simulation import START, Simulation
from protocol.units import OrderStatus, Side
from tests.sim_market import COIN, VALUE, Deep, Rows, Taker, run, still_world


def best(record: Record, agent: str = "maker") -> tuple[int, int]:
    """Its best bid and ask among its first quotes."""
    first = [row for row in Rows(record, agent).rows if row["sent_at"] == START]
    bids = [row["price"] for row in first if row["side"] == Side.BUY]
    asks = [row["price"] for row in first if row["side"] == Side.SELL]
    return max(bids), min(asks)


def last_quotes(record: Record) -> tuple[int, int]:
    return record.quotes["bid"][-1], record.quotes["ask"][-1]


@pytest.mark.parametrize("levels", [1, 3, 10])
def test_it_quotes_its_levels_on_both_sides_around_the_value(levels: int) -> None:
    record = run(0, ("maker", MarketMaker(levels=levels, world=still_world(), half_spread_bps=5)))
    quotes = Rows(record, "maker").rows
    assert len(quotes) == 2 * levels
    assert len({row["price"] for row in quotes}) == 2 * levels
    assert best(record) == (VALUE - 5, VALUE + 5)


def test_without_a_world_it_begins_at_its_price_and_follows_the_book() -> None:
    assert best(run(0, ("maker", MarketMaker(price="100", half_spread_bps=20, levels=1)))) == (99_80, 100_20)
    maker = MarketMaker(price="100", half_spread_bps=20, levels=1)
    # Another maker quotes within its spread.
    record = run(60, ("maker", maker), ("near", Deep("100.15", "100.19", "10000", 5 * SECOND)))
    bid, ask = sorted(row["price"] for row in Rows(record, "maker").rows if row["status"] == OrderStatus.OPEN)
    assert (bid, ask) == pytest.approx((99_97, 100_37), abs=7)


def test_it_quotes_nothing_while_it_knows_no_price() -> None:
    record = run(60, ("maker", MarketMaker()))
    assert Rows(record, "maker").rows == []


@pytest.mark.parametrize(("side", "moves"), [(Side.BUY, 1), (Side.SELL, -1)])
def test_it_leans_against_what_it_holds(side: Side, moves: int) -> None:
    """Who buys from it moves its quotes up, until it wants to buy back."""
    maker = MarketMaker(world=still_world(), skew_bps=2, most_skew_bps=50, impact_bps=0)
    record = run(60, ("maker", maker), ("taker", Taker("2", 10 * SECOND, (side,))))
    bid, ask = last_quotes(record)
    assert ((bid + ask) // 2 - VALUE) * moves > 5


def test_what_it_holds_is_bounded() -> None:
    maker = MarketMaker(2, world=still_world(), max_position=20, levels=3)
    record = run(600, ("maker", maker), ("taker", Taker("5", SECOND, (Side.BUY,))))
    sold = sum(row["quantity"] for row in Rows(record, "maker", "fills").rows)
    # It is full, and no more than what stood in the book then has traded beyond.
    assert 20_00 <= sold <= 20_00 + 3 * 2_00 * 3
    assert record.quotes["ask"][-1] == 0
    assert record.quotes["bid"][-1] > 0


@pytest.mark.parametrize("amends", [True, False])
def test_it_follows_the_value(*, amends: bool) -> None:
    drift = Motion(common=0, own=0, news=0, own_news=0, trend=0, drift=100_000, back=10**9)
    world = World([(COIN, "100")], "1", drift)
    maker = MarketMaker(world=world, levels=3, half_spread_bps=5, amends=amends)
    record = run(100, ("maker", maker))
    # A thousand steps of a ten-thousandth: it is 110 now.
    bid, ask = last_quotes(record)
    assert bid < 110_00 < ask + 20
    assert ask - bid < 80
    placed = len(Rows(record, "maker").rows)
    assert placed == 6 if amends else placed > 100
    assert record.counts["trades"] == 0


def test_its_spread_is_wider_while_the_market_is_thin_or_fast() -> None:
    drift = Motion(common=0, own=0, news=0, own_news=0, trend=0, drift=200_000, back=10**9)
    fast = MarketMaker(world=World([(COIN, "100")], "1", drift))
    calm = MarketMaker(world=still_world())
    run(30, ("fast", fast), ("calm", calm))
    assert calm.half_spread(USUAL) < calm.half_spread(USUAL // 4)
    assert calm.half_spread(USUAL) < fast.half_spread(USUAL)


def test_it_withdraws_while_the_market_is_too_fast() -> None:
    drift = Motion(common=0, own=0, news=0, own_news=0, trend=0, drift=500_000, back=10**9)
    maker = MarketMaker(world=World([(COIN, "100")], "1", drift), half_spread_bps=3, withdraw_bps=5)
    record = run(60, ("maker", maker))
    assert max(record.quotes["bid"][:5]) > 99_90
    assert last_quotes(record) == (0, 0)


def test_it_takes_trades_for_news() -> None:
    quotes = {}
    for side in (Side.BUY, Side.SELL):
        maker = MarketMaker(world=still_world(), impact_bps=3, skew_bps=0, follow=1_000 * SECOND)
        record = run(30, ("maker", maker), ("taker", Taker("2", 10 * SECOND, (side,))))
        quotes[side] = last_quotes(record)
    assert quotes[Side.BUY][0] > quotes[Side.SELL][0] + 10


def test_it_replaces_what_is_nearly_used_up() -> None:
    maker = MarketMaker(10, world=still_world(), levels=1, skew_bps=0, impact_bps=0)
    record = run(60, ("maker", maker), ("taker", Taker("1", SECOND)))
    ended = [row for row in Rows(record, "maker").rows if row["status"] == OrderStatus.CANCELED]
    assert len(ended) > 4
    assert all(row["filled"] >= row["quantity"] * 6 // 10 for row in ended)


def test_a_float_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="half_spread_bps takes a Decimal, a text or a whole number"):
        MarketMaker(half_spread_bps=0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="levels takes an int of at least 1, not 0"):
        MarketMaker(levels=0)
    simulation = Simulation([COIN])
    simulation.add(MarketMaker("0.001"))
    with pytest.raises(ValueError, match="quantity takes at most 2 decimals"):
        simulation.run_record(SECOND)

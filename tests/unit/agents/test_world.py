"""What the agents share: sizes, values that move together, the pace of the market."""

from itertools import pairwise

import pytest
from msgspec import structs

from matching_exchange.sim.agents import Motion, Phase, World
from matching_exchange.sim.agents.amounts import Sizes
from matching_exchange.sim.agents.world import BUSY, STEP, THIN, USUAL, Burst, Pace, Values
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.scenarios.cast import quote_step, unit_of
from protocol.units import Side
from tests.agents_market import BTC, ETH, SOL
from tests.moments import correlation, deviation

BASES = {"BTC-USDT": 60_000_00, "ETH-USDT": 3_000_00, "SOL-USDT": 150_000_00}


def test_sizes_are_those_that_the_instrument_takes() -> None:
    coarse = structs.replace(BTC, tick_size=50, lot_size=1_000, min_quantity=2_000, max_quantity=100_000)
    sizes = Sizes(coarse)
    assert (sizes.behind(Side.BUY, 59_999_99), sizes.behind(Side.SELL, 60_000_01)) == (59_999_50, 60_000_50)
    assert sizes.near(60_000_77) == 60_000_50
    assert (sizes.behind(Side.BUY, 3), sizes.behind(Side.SELL, 10**12)) == (50, 10**9)
    assert (sizes.lots(1_999), sizes.lots(5_500), sizes.lots(10**9)) == (0, 5_000, 100_000)
    assert (sizes.order(1), sizes.order(10**9)) == (2_000, 100_000)


def test_quoted_prices_have_coarser_steps_where_the_tick_is_fine() -> None:
    assert [quote_step(BTC, price) for price in (60_000_00, 3_000_00, 150_00)] == [100, 1, 1]
    sizes = Sizes(BTC, 100)
    assert (sizes.behind(Side.BUY, 60_000_99), sizes.behind(Side.SELL, 60_000_01)) == (60_000_00, 60_001_00)


def test_a_unit_is_worth_the_same_in_each_instrument() -> None:
    for instrument, price in ((BTC, 60_000_00), (ETH, 3_000_00), (SOL, 150_00)):
        value = unit_of(instrument, price) * price / 10**instrument.value_decimals
        assert 2_990 < value <= 3_000


def test_values_move_together_a_little_and_stay_near_their_bases() -> None:
    values = Values(BASES, Chance("1-values"))
    samples: dict[str, list[int]] = {symbol: [] for symbol in BASES}
    for step in range(36_000):
        values.step(USUAL)
        if step % 100 == 0:
            for symbol in BASES:
                samples[symbol].append(values.of(symbol))
    moves = {symbol: [after - before for before, after in pairwise(at)] for symbol, at in samples.items()}
    symbols = list(BASES)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert 0.2 < correlation(moves[symbols[one]], moves[symbols[other]]) < 0.85
    for symbol, base in BASES.items():
        assert all(abs(value - base) * 10 < base for value in samples[symbol])
        assert max(samples[symbol]) - min(samples[symbol]) > base // 400


def test_values_are_drawn_back() -> None:
    far = {symbol: base * 109 // 100 for symbol, base in BASES.items()}
    values = Values(BASES, Chance("1-values"), far)
    assert {symbol: values.of(symbol) for symbol in BASES} == far
    for _ in range(150_000):
        values.step(USUAL)
    for symbol, base in BASES.items():
        assert abs(values.of(symbol) - base) * 20 < base


def test_a_busy_market_moves_more() -> None:
    def spread(pace: int) -> float:
        values = Values(BASES, Chance("1-values"))
        at = []
        for _ in range(5_000):
            values.step(pace)
            at.append(values.of("BTC-USDT"))
        return deviation([after - before for before, after in pairwise(at)])

    assert spread(THIN.pace) < spread(USUAL) < spread(BUSY.pace)


def test_the_pace_has_thin_and_busy_times_and_wakes_with_news() -> None:
    pace = Pace(Chance("1-pace"))
    paces = []
    for _ in range(36_000):
        pace.step()
        paces.append(pace.now)
    assert min(paces) < THIN.pace * 2
    assert max(paces) > BUSY.pace * 9 // 10
    pace.wake()
    for _ in range(20):
        pace.step()
    assert pace.now > USUAL


def test_a_burst_grows_with_trades_and_fades() -> None:
    burst = Burst()
    burst.traded(10, 10)
    small = burst.now
    burst.traded(10_000, 10)
    large = burst.now
    assert 0 < small < large
    for _ in range(600):
        burst.step()
    assert burst.now < small


def test_a_world_is_the_same_for_everyone_who_asks() -> None:
    one, other = (World([(BTC, "60000"), (ETH, 3_000)], "1") for _ in range(2))
    assert one.value("BTC-USDT", 0) == 60_000_00
    for second in range(600):
        one.value("BTC-USDT", second * SECOND)
    other.value("ETH-USDT", 0)
    assert [world.value("BTC-USDT", 600 * SECOND) for world in (one, other)] == [
        one.value("BTC-USDT", 600 * SECOND)
    ] * 2
    assert [world.pace("ETH-USDT", 600 * SECOND) for world in (one, other)] == [one.pace("ETH-USDT", 600 * SECOND)] * 2
    assert one.value("BTC-USDT", 600 * SECOND) != 60_000_00
    with pytest.raises(ValueError, match="the world has BTC-USDT, ETH-USDT, not SOL-USDT"):
        one.value("SOL-USDT", 600 * SECOND)


def test_a_drift_is_what_it_says() -> None:
    motion = Motion(common=0, own=0, news=0, own_news=0, trend=0, drift=100_000, back=10**9)
    world = World([(BTC, "60000")], "1", motion)
    world.value("BTC-USDT", 0)
    assert world.value("BTC-USDT", 1_000 * STEP) == pytest.approx(66_000_00, rel=1e-3)


def test_a_fixed_opening_lasts_exactly_its_time() -> None:
    pace = Pace(Chance("1"), Motion(opening=Phase(6_000, 60), opening_fixed=True, phases=(Phase(1_000, 60),)))
    paces = []
    for _ in range(1_200):
        pace.step()
        paces.append(pace.now)
    assert min(paces[:599]) > 4_000
    assert max(paces[800:]) < 1_700


def test_news_moves_values_at_once() -> None:
    def largest(news: int) -> int:
        values = Values(
            {"BTC-USDT": 60_000_00}, Chance("1"), motion=Motion(common=0, own=0, own_news=0, trend=0, news=news)
        )
        at = []
        for _ in range(10_000):
            values.step(USUAL)
            at.append(values.of("BTC-USDT"))
        return max(abs(after - before) for before, after in pairwise(at))

    assert largest(0) == 0
    assert 60_000_00 * 5 // 10_000 <= largest(1_000) <= 60_000_00 * 26 // 10_000

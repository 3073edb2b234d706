"""What the agents share: chance, sizes, values that move together, the pace of the market."""

from itertools import pairwise

from msgspec import structs

from matching_exchange.agents.chance import MILLION, Chance
from matching_exchange.agents.pace import BUSY, THIN, Burst, Pace
from matching_exchange.agents.seen import USUAL
from matching_exchange.agents.sizes import Sizes
from matching_exchange.agents.values import Values
from protocol.units import Side
from tests.agents_market import BTC, ETH, SOL
from tests.moments import correlation, deviation

BASES = {"BTC-USDT": 60_000_00, "ETH-USDT": 3_000_00, "SOL-USDT": 150_000_00}


def test_chance_is_what_it_says() -> None:
    chance = Chance("1")
    assert 2_300 < sum(chance.happens(MILLION // 4) for _ in range(10_000)) < 2_700
    assert not any(chance.happens(0) for _ in range(100))
    assert all(chance.happens(MILLION) for _ in range(100))
    draws = [chance.bell(8_000) for _ in range(10_000)]
    assert abs(sum(draws)) < 300 * 10_000
    assert 7_700 < deviation(draws) < 8_300
    heavy = sorted(chance.heavy(100, 9_000) for _ in range(10_000))
    assert heavy[-1] == 9_000
    assert 100 < heavy[5_000] < 200
    assert {chance.side() for _ in range(100)} == {Side.BUY, Side.SELL}


def test_chance_is_the_same_on_every_machine() -> None:
    """Python keeps these draws from version to version, as do integers."""
    chance = Chance("1-BTC-USDT-demo-noise")
    assert [chance.between(1, 1_000_000) for _ in range(3)] == [546_002, 977_609, 305_866]
    assert [chance.bell(8_000) for _ in range(3)] == [13_000, -12_000, -10_000]


def test_sizes_are_those_that_the_instrument_takes() -> None:
    coarse = structs.replace(BTC, tick_size=50, lot_size=1_000, min_quantity=2_000, max_quantity=100_000)
    sizes = Sizes(coarse, 60_000_00)
    assert (sizes.down(59_999_99), sizes.up(60_000_01), sizes.near(60_000_77)) == (59_999_50, 60_000_50, 60_000_50)
    assert (sizes.down(3), sizes.up(10**12)) == (50, 10**9)
    assert {sizes.quantity(share) % 1_000 for share in range(1, 90_000, 7)} == {0}
    assert (sizes.quantity(1), sizes.quantity(10**6)) == (2_000, 100_000)


def test_a_unit_is_worth_the_same_in_each_instrument() -> None:
    for instrument, price in ((BTC, 60_000_00), (ETH, 3_000_00), (SOL, 150_00)):
        value = Sizes(instrument, price).unit * price / 10**instrument.value_decimals
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
    for _ in range(300_000):
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

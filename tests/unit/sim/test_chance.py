"""Integer chance: what its distributions are, and that they are the same everywhere."""

import math
from decimal import Decimal

import pytest

from matching_exchange import sim
from matching_exchange.sim.logarithms import ONE, exp2, minus_log2

DRAWS = 20_000


@pytest.mark.parametrize("value", [1, 2, 3, 1_000, 2**40 - 1, 2**40])
def test_a_logarithm_is_that_of_a_float(value: int) -> None:
    assert minus_log2(value, 40) / ONE == pytest.approx(40 - math.log2(value), abs=3e-6)


@pytest.mark.parametrize("power", [-20.0, -1.5, -0.001, 0.0, 0.3, 1.0, 7.77])
def test_a_power_is_that_of_a_float(power: float) -> None:
    units = round(power * ONE)
    assert exp2(units) / ONE == pytest.approx(2**power, rel=2e-6, abs=2 / ONE)


def test_exponential_waits_have_their_mean_and_forget() -> None:
    chance = sim.Chance("waits")
    waits = [chance.exponential(1_000_000) for _ in range(DRAWS)]
    assert sum(waits) / DRAWS == pytest.approx(1_000_000, rel=0.03)
    beyond = [wait - 1_000_000 for wait in waits if wait > 1_000_000]
    assert len(beyond) / DRAWS == pytest.approx(math.exp(-1), abs=0.015)
    assert sum(beyond) / len(beyond) == pytest.approx(1_000_000, rel=0.05)


def test_log_normal_numbers_have_their_median_and_their_deviation() -> None:
    chance = sim.Chance("normal")
    logs = sorted(math.log(chance.log_normal(1_000_000, 500)) for _ in range(DRAWS))
    middle = logs[DRAWS // 2]
    assert middle == pytest.approx(math.log(1_000_000), abs=0.04)
    spread = math.sqrt(sum((each - middle) ** 2 for each in logs) / DRAWS)
    assert spread == pytest.approx(0.5, abs=0.02)


def test_the_same_seed_draws_the_same_everywhere() -> None:
    """The numbers stand here: another machine or another Python that draws others would give other reports."""
    chance = sim.Chance("seed")
    items = list(range(8))
    chance.shuffle(items)
    drawn = [
        chance.between(1, 1_000_000),
        chance.exponential(1_000_000),
        chance.log_normal(1_000_000, 800),
        chance.bell(1_000),
        chance.heavy(100, 10_000),
        chance.choice(1_000),
        int(chance.side()),
        *items,
    ]
    assert drawn == EXPECTED


EXPECTED = [755_826, 117_195, 1_105_171, -375, 228, 199, 2, 3, 6, 5, 4, 7, 1, 0, 2]


def test_a_shuffle_keeps_all() -> None:
    items = list(range(100))
    sim.Chance("x").shuffle(items)
    assert sorted(items) == list(range(100)) != items


@pytest.mark.parametrize(
    "delay",
    [
        sim.Constant(5),
        sim.Uniform(3, 9),
        sim.Exponential(100, 1_000),
        sim.LogNormal(100, 1_000, 1_500),
        sim.Empirical([4, 4, 90]),
    ],
)
def test_no_delay_is_longer_than_it_says(delay: sim.Constant) -> None:
    chance = sim.Chance("delay")
    drawn = [delay.draw(chance) for _ in range(2_000)]
    assert 0 <= min(drawn) <= max(drawn) <= delay.most
    if delay.constant is not None:
        assert set(drawn) == {delay.constant}
    else:
        assert len(set(drawn)) > 1


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: sim.Constant(-1), "Constant: delay takes nanoseconds from 0 to 3600000000000, not -1"),
        (
            lambda: sim.Constant(Decimal("1.5")),  # type: ignore[arg-type]
            "Constant: delay takes nanoseconds from 0 to 3600000000000, not Decimal('1.5')",
        ),
        (lambda: sim.Uniform(5, 4), "Uniform: high takes at least low (5), not 4"),
        (lambda: sim.Exponential(0, -4), "Exponential: mean takes nanoseconds"),
        (lambda: sim.LogNormal(0, 1, 6_000), "LogNormal: deviation takes thousandths from 0 to 5000, not 6000"),
        (lambda: sim.Empirical([]), "Empirical: samples takes at least one delay"),
        (lambda: sim.Empirical([1, -2]), "Empirical: samples takes nanoseconds"),
    ],
)
def test_a_delay_that_cannot_be_is_named(make: object, told: str) -> None:
    with pytest.raises(sim.LatencyError) as caught:
        make()  # type: ignore[operator]
    assert str(caught.value).startswith(told)


def test_durations_are_whole_nanoseconds() -> None:
    assert (sim.us(2), sim.ms(2), sim.seconds(2), sim.minutes(2), sim.hours(2)) == (
        2_000,
        2_000_000,
        2_000_000_000,
        120_000_000_000,
        7_200_000_000_000,
    )
    with pytest.raises(TypeError, match=r"a duration takes a whole number, not 0.5: write ms\(500\)"):
        sim.seconds(0.5)  # type: ignore[arg-type]

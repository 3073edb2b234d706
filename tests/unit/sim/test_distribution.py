"""How figures spread over runs, against numbers by hand."""

import pytest

from matching_exchange.sim.sweeps.distribution import distribution_of, student


def test_mean_interval_and_quantiles() -> None:
    found = distribution_of([4.0, 1.0, 3.0, 2.0, 10.0])
    assert found is not None
    assert (found.runs, found.mean, found.median, found.minimum, found.maximum) == (5, 4.0, 3.0, 1.0, 10.0)
    assert (found.q25, found.q75) == (2.0, 4.0)
    assert found.q05 == pytest.approx(1.2)
    assert found.q95 == pytest.approx(8.8)
    # The standard deviation is the root of 12.5; the point of Student's distribution for 4 is 2.7764.
    assert found.high == pytest.approx(4 + 2.7764 * 12.5**0.5 / 5**0.5)
    assert found.low == pytest.approx(4 - 2.7764 * 12.5**0.5 / 5**0.5)


def test_one_run_has_no_interval_and_none_has_nothing() -> None:
    found = distribution_of([7.0])
    assert found is not None
    assert (found.mean, found.low, found.high, found.q05, found.q95) == (7.0, None, None, 7.0, 7.0)
    assert distribution_of([]) is None


@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.7062), (30, 2.0423), (39, 2.0423), (40, 2.0211), (99, 2.0003), (500, 1.9799)]
)
def test_the_interval_is_never_too_narrow(freedom: int, point: float) -> None:
    assert student(freedom) == point

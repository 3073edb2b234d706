"""Stamps over a wall clock that steps: they never go back, never stand still, and durations are those of the monotonic
clock."""

import random

import pytest

from matcher.serving.clock import STEP, STEP_GRACE, Clock
from protocol.matcher_clock import MatcherClock

SECOND = 1_000_000_000
HOUR = 3_600 * SECOND
START = 1_700_000_000 * SECOND


class Hands:
    """A wall clock that can be set, and a monotonic one that cannot."""

    def __init__(self) -> None:
        self.elapsed = 5 * SECOND
        self.offset = START

    def wall(self) -> int:
        return self.elapsed + self.offset

    def monotonic(self) -> int:
        return self.elapsed

    def clock(self, last: int = 0) -> Clock:
        return Clock(last, self.wall, self.monotonic)


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_stamps_are_the_wall_clocks_time(hands: Hands) -> None:
    clock = hands.clock()
    for _ in range(5):
        hands.elapsed += SECOND
        assert clock.stamp() == clock.told == hands.wall()
    assert clock.gained == 0
    assert not clock.stepping


@pytest.mark.parametrize("step", [SECOND // 2, 2 * SECOND, 20 * SECOND, HOUR, 10_000 * HOUR])
def test_after_a_step_back_stamps_creep_until_the_wall_clock_has_caught_up(hands: Hands, step: int) -> None:
    clock = hands.clock()
    before = clock.stamp()
    hands.offset -= step
    hands.elapsed += 10 * SECOND
    assert clock.stamp() == clock.told == max(before + 10 * SECOND * 99 // 100, hands.wall())
    hands.elapsed += 100 * step
    assert clock.stamp() == hands.wall()


def test_many_small_steps_back_do_not_add_up(hands: Hands) -> None:
    """The clock is drawn back by a millisecond again and again, and forth again."""
    clock = hands.clock()
    ahead = 0
    for _ in range(10_000):
        hands.elapsed += SECOND // 100
        hands.offset -= SECOND // 1_000
        clock.stamp()
        hands.offset += SECOND // 1_000
        ahead = max(ahead, clock.stamp() - hands.wall())
    assert ahead <= SECOND // 1_000


def test_a_step_ahead_is_told_at_once_and_followed_after_the_grace(hands: Hands) -> None:
    clock = hands.clock()
    before = clock.stamp()
    hands.offset += HOUR
    hands.elapsed += 10
    assert clock.stamp() == before + 10
    assert clock.told == hands.wall()
    assert clock.stepping
    hands.elapsed += STEP_GRACE - 1
    assert clock.stamp() == before + 10 + STEP_GRACE - 1
    hands.elapsed += 1
    assert clock.stamp() == clock.told == hands.wall()
    assert not clock.stepping


def test_a_small_difference_is_followed_at_once(hands: Hands) -> None:
    clock = hands.clock()
    hands.offset += STEP
    assert clock.stamp() == hands.wall()


def test_a_step_ahead_that_is_taken_back_in_its_grace_leaves_nothing(hands: Hands) -> None:
    clock = hands.clock()
    hands.offset += HOUR
    hands.elapsed += SECOND // 10
    clock.stamp()
    hands.offset -= HOUR
    hands.elapsed += SECOND // 10
    assert clock.stamp() == clock.told == hands.wall()
    hands.offset += HOUR
    hands.elapsed += SECOND // 10
    assert clock.stamp() == hands.wall() - HOUR, "its grace begins anew"


@pytest.mark.parametrize("ahead", [1, SECOND, 10_000 * HOUR])
def test_after_a_start_behind_the_journal_stamps_go_on_from_its_last(hands: Hands, ahead: int) -> None:
    last = hands.wall() + ahead
    clock = hands.clock(last)
    hands.elapsed += 100
    assert clock.stamp() == max(last + 99, hands.wall())


def test_what_stamps_gain_on_a_stopwatch_is_told(hands: Hands) -> None:
    clock = hands.clock()
    clock.stamp()
    clock.settle()
    hands.offset += HOUR
    for _ in range(2):
        hands.elapsed += STEP_GRACE
        clock.stamp()
    assert clock.gained == HOUR
    clock.settle()
    assert clock.gained == 0
    hands.offset -= 2 * HOUR
    hands.elapsed += 100 * SECOND
    clock.stamp()
    assert clock.gained == -SECOND


def test_stamps_never_go_back_and_stay_near_a_clock_that_does_anything(hands: Hands) -> None:
    clock = hands.clock()
    dice = random.Random(5)
    last = clock.stamp()
    for _ in range(20_000):
        hands.elapsed += dice.randint(200, SECOND)
        if dice.random() < 0.05:
            hands.offset += dice.choice((-1, 1)) * dice.choice((SECOND // 1_000, SECOND, HOUR))
        elapsed = hands.elapsed
        stamp = clock.stamp()
        assert stamp > last
        assert clock.told >= stamp
        last = stamp
        assert hands.elapsed == elapsed


def test_a_gateway_carries_the_matchers_time_on_by_its_own_stopwatch(hands: Hands) -> None:
    clock = MatcherClock(hands.wall, hands.monotonic)
    assert clock.now() == hands.wall(), "before the first pulse"
    clock.hear(START * 2)
    hands.elapsed += 150
    hands.offset -= HOUR
    assert clock.now() == START * 2 + 150
    assert clock.difference() == clock.now() - hands.wall()


def test_a_late_pulse_does_not_take_the_matchers_time_back(hands: Hands) -> None:
    clock = MatcherClock(hands.wall, hands.monotonic)
    clock.hear(START)
    hands.elapsed += SECOND
    clock.hear(START + SECOND // 10)
    assert START + SECOND * 97 // 100 <= clock.now() <= START + SECOND
    for second in range(2, 200):
        hands.elapsed += SECOND
        clock.hear(START + second * SECOND * 99 // 100)
    assert clock.now() == START + 199 * SECOND * 99 // 100, "the matcher's stamps creep, and it follows"


def test_a_pulse_of_an_older_matcher_tells_no_time(hands: Hands) -> None:
    clock = MatcherClock(hands.wall, hands.monotonic)
    clock.hear(0)
    assert clock.now() == hands.wall()

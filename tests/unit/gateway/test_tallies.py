"""Counts by windows of the clock: exact, bounded, and one for all workers."""

import multiprocessing

from gateway.http.rates import Holder
from gateway.http.tallies import SECOND, SLOTS, Tallies, Tally

WEIGHT = (Tally.WEIGHT_MINUTE, Holder.ADDRESS)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_020 * SECOND

    def __call__(self) -> int:
        return self.now


def test_a_window_begins_with_the_minute() -> None:
    clock = Clock()
    clock.now = 1_000_000_019 * SECOND
    tallies = Tallies(clock=clock)
    assert (1_000_000_020 % 60, tallies.rest(Tally.WEIGHT_MINUTE)) == (0, 1)
    assert tallies.of(*WEIGHT, "a").add(20) == 20
    assert tallies.of(*WEIGHT, "a").add() == 21
    clock.now += SECOND
    assert tallies.of(*WEIGHT, "a").value() == 0
    assert tallies.rest(Tally.WEIGHT_MINUTE) == 60
    assert tallies.of(*WEIGHT, "a").add(5) == 5


def test_names_and_kinds_count_apart() -> None:
    tallies = Tallies(clock=Clock())
    tallies.of(*WEIGHT, "a").add(3)
    tallies.of(Tally.ORDERS_DAY, Holder.KEY, "a").add(4)
    assert tallies.of(*WEIGHT, "a").value() == 3
    assert tallies.of(*WEIGHT, "b").value() == 0
    assert tallies.of(Tally.ORDERS_DAY, Holder.KEY, "a").value() == 4
    assert tallies.of(Tally.ORDERS_10_SECONDS, Holder.KEY, "a").value() == 0


def test_a_count_never_falls_below_zero() -> None:
    tallies = Tallies(clock=Clock())
    tallies.of(*WEIGHT, "a").add(2)
    assert tallies.of(*WEIGHT, "a").add(-5) == 0


def test_the_oldest_window_gives_way() -> None:
    clock = Clock()
    tallies = Tallies(clock=clock, groups=1)
    tallies.of(*WEIGHT, "old").add(9)
    clock.now += 60 * SECOND
    names = [f"n{number}" for number in range(SLOTS)]
    for name in names:
        tallies.of(*WEIGHT, name).add(2)
    assert [tallies.of(*WEIGHT, name).value() for name in names] == [2] * SLOTS
    assert tallies.of(*WEIGHT, "old").value() == 0


def _add(tallies: Tallies) -> None:
    for _ in range(100):
        tallies.of(*WEIGHT, "a").add()


def test_all_workers_count_in_one_table() -> None:
    context = multiprocessing.get_context("spawn")
    tallies = Tallies(shared=True, clock=Clock())
    workers = [context.Process(target=_add, args=(tallies,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert tallies.of(*WEIGHT, "a").value() == 200
    tallies.close()


def test_a_name_is_held_for_the_length_of_the_window_from_then_on() -> None:
    clock = Clock()
    clock.now += 50 * SECOND
    tallies = Tallies(clock=clock)
    banned, other = (tallies.of(Tally.BAN, Holder.ADDRESS, name) for name in ("a", "b"))
    assert banned.held_until() is None
    end = banned.hold()
    assert end == clock.now // SECOND + 120
    assert banned.held_until() == end
    assert other.held_until() is None
    clock.now += 119 * SECOND
    assert banned.held_until() == end
    clock.now += SECOND
    assert banned.held_until() is None

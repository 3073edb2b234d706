"""Token buckets: exact, bounded, and one for all workers."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from gateway.http.rates import SLOTS, Holder, Kind, Rates, Wait
from gateway.rate import SECOND, Rate, read_rate

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

REQUESTS = (Kind.REQUESTS, Holder.ADDRESS)


class Clock:
    def __init__(self) -> None:
        self.now = 5 * SECOND

    def __call__(self) -> int:
        return self.now


@contextmanager
def rates(rate: Rate, clock: Clock, groups: int = 64) -> Iterator[Rates]:
    found = Rates({REQUESTS: rate, (Kind.ORDERS, Holder.ADDRESS): rate}, shared=False, clock=clock, groups=groups)
    try:
        yield found
    finally:
        found.close()


def test_a_rate_is_read_as_it_is_told() -> None:
    assert read_rate("") is None
    assert read_rate("100/1") == Rate(100, 1, 100)
    assert read_rate("600/60:20") == Rate(600, 60, 20)
    assert str(Rate(600, 60, 20)) == "600 in 60 s, 20 at once"


def test_the_burst_comes_at_once_and_the_rest_at_the_rate() -> None:
    clock = Clock()
    with rates(Rate(10, 1, 3), clock) as found:
        assert [found.take(*REQUESTS, "a") for _ in range(4)] == [None, None, None, Wait(1)]
        clock.now += SECOND // 10 - 1
        assert found.take(*REQUESTS, "a") == Wait(1)
        clock.now += 1
        assert [found.take(*REQUESTS, "a") for _ in range(2)] == [None, Wait(1)]


def test_the_wait_is_in_whole_seconds_and_long_enough() -> None:
    clock = Clock()
    with rates(Rate(1, 60, 2), clock) as found:
        assert found.take(*REQUESTS, "a", 2) is None
        clock.now += SECOND // 2
        wait = found.take(*REQUESTS, "a")
        assert wait == Wait(60)
        clock.now += wait.seconds * SECOND
        assert found.take(*REQUESTS, "a") is None


def test_what_costs_more_than_the_burst_is_never_taken_and_takes_nothing() -> None:
    clock = Clock()
    with rates(Rate(10, 1, 3), clock) as found:
        assert found.take(*REQUESTS, "a", 4) is not None
        assert found.take(*REQUESTS, "a", 3) is None


def test_names_kinds_and_holders_have_buckets_of_their_own() -> None:
    clock = Clock()
    with rates(Rate(1, 1, 1), clock) as found:
        assert found.take(*REQUESTS, "a") is None
        assert found.take(*REQUESTS, "b") is None
        assert found.take(Kind.ORDERS, Holder.ADDRESS, "a") is None
        assert [found.take(Kind.REQUESTS, Holder.KEY, "a") for _ in range(5)] == [None] * 5
        assert found.take(*REQUESTS, "a") == Wait(1)


def test_a_full_table_forgets_no_bucket_that_is_not_full() -> None:
    clock = Clock()
    with rates(Rate(1, 10, 2), clock, groups=1) as found:
        names = [str(number) for number in range(SLOTS)]
        for name in names:
            assert found.take(*REQUESTS, name, 2) is None
            clock.now += SECOND
        # The first bucket is full again in 20 s from its time: 12 s from now.
        assert found.take(*REQUESTS, "late") == Wait(12)
        assert found.take(*REQUESTS, names[1]) == Wait(3)
        clock.now += 12 * SECOND
        assert found.take(*REQUESTS, "late", 2) is None
        assert found.take(*REQUESTS, "later", 2) == Wait(1)


@given(
    st.builds(Rate, st.integers(1, 50), st.integers(1, 3), st.integers(1, 20)),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 4)), max_size=80),
)
def test_no_window_holds_more_than_the_rate_and_the_burst(rate: Rate, calls: list[tuple[int, int]]) -> None:
    clock = Clock()
    taken: list[tuple[int, int]] = []
    with rates(rate, clock) as found:
        for pause, cost in calls:
            clock.now += pause
            if found.take(*REQUESTS, "a", cost) is None:
                taken.append((clock.now, cost))
    for first, (begin, _) in enumerate(taken):
        total = 0
        for end, cost in taken[first:]:
            total += cost
            # total <= count * window / seconds + burst, in whole numbers.
            assert (total - rate.burst) * rate.seconds * SECOND <= rate.count * (end - begin)


@given(st.builds(Rate, st.integers(1, 50), st.integers(1, 3), st.integers(1, 20)), st.integers(1, 60))
def test_who_waits_as_told_is_served(rate: Rate, before: int) -> None:
    clock = Clock()
    with rates(rate, clock) as found:
        for _ in range(before):
            found.take(*REQUESTS, "a")
        wait = found.take(*REQUESTS, "a")
        if wait is not None:
            clock.now += wait.seconds * SECOND
            assert found.take(*REQUESTS, "a") is None


def flood(found: Rates, calls: int, taken: "Queue[int]") -> None:
    taken.put(sum(found.take(*REQUESTS, "a") is None for _ in range(calls)))


def test_several_processes_never_take_more_than_one_would() -> None:
    """The rate gives nothing back while the test runs: what is taken is the burst, whoever takes it."""
    spawn = multiprocessing.get_context("spawn")
    found = Rates({REQUESTS: Rate(1, 86_400, 5000)}, shared=True)
    taken: Queue[int] = spawn.Queue()
    workers = [spawn.Process(target=flood, args=(found, 4000, taken)) for _ in range(2)]
    try:
        for worker in workers:
            worker.start()
        assert sum(taken.get(timeout=60) for _ in workers) == 5000
    finally:
        for worker in workers:
            worker.join()
        taken.close()
        taken.join_thread()
        found.close()


def hold(found: Rates, held: "Queue[int]") -> None:
    found._memory.lock(0, 1 << 20)
    held.put(1)
    multiprocessing.Event().wait()


def test_a_killed_worker_leaves_nothing_locked() -> None:
    spawn = multiprocessing.get_context("spawn")
    found = Rates({REQUESTS: Rate(1, 1, 1)}, shared=True)
    held: Queue[int] = spawn.Queue()
    worker = spawn.Process(target=hold, args=(found, held))
    worker.start()
    assert held.get(timeout=60)
    assert not found._memory.try_lock(0, 1)
    worker.kill()
    worker.join()
    try:
        assert found.take(*REQUESTS, "a") is None
    finally:
        held.close()
        held.join_thread()
        found.close()

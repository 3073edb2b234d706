"""What an address has open, over all workers and over their deaths."""

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from gateway.http.places import ROWS, Open, Places

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

STREAMS = Open.STREAMS


@pytest.fixture
def places() -> Places:
    found = Places(1, groups=1)
    assert found.join()
    return found


def test_an_address_has_so_many_places_and_no_more(places: Places) -> None:
    first, second = (places.take(STREAMS, "a", 2) for _ in range(2))
    assert first is not None
    assert second is not None
    assert places.take(STREAMS, "a", 2) is None
    assert places.take(STREAMS, "b", 2) is not None
    assert places.take(Open.CONNECTIONS, "a", 2) is not None
    first.free()
    first.free()
    assert places.take(STREAMS, "a", 2) is not None
    assert places.take(STREAMS, "a", 2) is None


def test_addresses_beyond_the_table_are_not_counted_and_take_no_row(places: Places) -> None:
    taken = [places.take(STREAMS, str(number), 1) for number in range(ROWS)]
    for _ in range(3):
        beyond = places.take(STREAMS, "late", 1)
        assert beyond is not None
        beyond.free()
    assert places.take(STREAMS, "0", 1) is None
    assert taken[3] is not None
    taken[3].free()
    assert places.take(STREAMS, "late", 1) is not None
    assert places.take(STREAMS, "late", 1) is None


def worker(found: Places, count: int, answers: "Queue[int]") -> None:
    """Join, take as many of 10 places as it gets, up to `count`, and stay."""
    assert found.join()
    taken = [found.take(STREAMS, "a", 10) for _ in range(count)]
    answers.put(sum(place is not None for place in taken))
    multiprocessing.Event().wait()


def test_workers_count_together_and_a_killed_one_counts_no_more() -> None:
    spawn = multiprocessing.get_context("spawn")
    found = Places(2, groups=4)
    answers: Queue[int] = spawn.Queue()
    running = []

    def start(count: int) -> int:
        process = spawn.Process(target=worker, args=(found, count, answers))
        process.start()
        running.append(process)
        return answers.get(timeout=60)

    try:
        assert start(7) == 7
        assert start(7) == 3
        running[0].kill()
        running[0].join()
        # It takes the column of the killed worker, and begins with zeros.
        assert start(9) == 7
        running[1].kill()
        running[1].join()
        assert start(9) == 3
    finally:
        for process in running:
            process.kill()
            process.join()
        answers.close()
        answers.join_thread()
        found.close()


def one_too_many(found: Places, answers: "Queue[int]") -> None:
    joined = found.join()
    free = found.take(STREAMS, "a", 1) is not None and found.take(STREAMS, "a", 1) is not None
    answers.put(joined * 10 + free)
    if joined:
        multiprocessing.Event().wait()


def test_a_worker_without_a_column_serves_and_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.http.places.SPARE_COLUMNS", -1)
    spawn = multiprocessing.get_context("spawn")
    found = Places(2, groups=1)
    answers: Queue[int] = spawn.Queue()
    running = [spawn.Process(target=one_too_many, args=(found, answers)) for _ in range(2)]
    try:
        for process in running:
            process.start()
        assert sorted(answers.get(timeout=60) for _ in running) == [1, 10]
    finally:
        for process in running:
            process.kill()
            process.join()
        answers.close()
        answers.join_thread()
        found.close()

"""What other threads have finished wakes the owner's poller, and so does a time that has come."""

from collections.abc import Iterator
from select import select
from threading import Thread

import pytest

from matcher.etcd.waker import Waker
from matcher.replication import timings
from tests.exchange import PATIENCE

FAR = 3_600_000_000_000


@pytest.fixture
def waker() -> Iterator[Waker]:
    waker = Waker()
    yield waker
    waker.close()


def readable(waker: Waker, patience: float = 0) -> bool:
    return bool(select([waker.descriptor], [], [], patience)[0])


def test_what_threads_put_is_carried_out_by_the_owner_in_order(waker: Waker) -> None:
    carried_out: list[int] = []
    threads = [
        Thread(target=waker.put, args=(lambda number=number: carried_out.append(number),)) for number in range(9)
    ]
    for thread in threads:
        thread.start()
        thread.join()
    assert readable(waker)
    assert waker.backlog == 9
    assert carried_out == []
    for call in waker.take():
        call()
    assert carried_out == list(range(9))
    assert not readable(waker)
    assert waker.take() == []


def test_a_time_wakes_once_it_has_come(waker: Waker) -> None:
    waker.wake_at(timings.now() + FAR)
    assert not readable(waker)
    waker.wake_at(timings.now() - 1)
    assert readable(waker, PATIENCE)
    waker.take()
    assert not readable(waker)
    waker.wake_at(timings.now() + 20_000_000)
    assert readable(waker, PATIENCE)


def test_a_time_can_be_taken_back(waker: Waker) -> None:
    waker.wake_at(timings.now() - 1)
    assert readable(waker, PATIENCE)
    waker.wake_at(None)
    waker.take()
    assert not readable(waker)


def test_the_owner_can_wake_itself(waker: Waker) -> None:
    waker.wake()
    assert readable(waker)
    waker.wait(PATIENCE)
    assert waker.take() == []
    assert not readable(waker)


def test_what_comes_after_the_end_is_dropped() -> None:
    waker = Waker()
    waker.close()
    waker.close()
    waker.put(lambda: None)
    waker.wake()
    assert waker.backlog == 0

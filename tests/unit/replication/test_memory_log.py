"""The log in memory keeps what `ReplicatedLog` promises: tests of leaders and standbys rest on it."""

from collections.abc import Iterator
from select import select

import pytest

from matcher.replication.timings import TRY
from matcher.storage.log import (
    FencedError,
    Follower,
    HeadAnswer,
    Kind,
    LogAwayError,
    Record,
    ReplicatedLog,
    RewoundError,
    TrimmedError,
)
from tests.replicated_log import FakeClock, NodeLog, SharedLog


def beat(sequence: int, node: int = 0) -> Record:
    return Record(sequence, 100 + sequence, [], Kind.BEAT, 7, node)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


@pytest.fixture
def log(shared: SharedLog, clock: FakeClock) -> Iterator[NodeLog]:
    log = NodeLog(shared, clock)
    log.begin(0, 0)
    yield log
    log.close()


def readable(descriptor: int | None) -> bool:
    assert descriptor is not None
    return bool(select([descriptor], [], [], 0)[0])


def test_it_is_a_replicated_log(log: NodeLog) -> None:
    as_log: ReplicatedLog = log
    follower: Follower = log.follow(0)
    assert (as_log.head(), follower.take(), as_log.appended(), as_log.head_answer()) == (0, [], None, None)


def test_an_append_is_told_once_and_followed(log: NodeLog, clock: FakeClock) -> None:
    follower = log.follow(0)
    assert not readable(log.descriptor)
    log.begin_append(0, beat(1))
    assert readable(log.descriptor)
    appended = log.appended()
    assert appended is not None
    assert (appended.position, appended.begun) == (1, clock.now)
    assert log.appended() is None
    assert not readable(log.descriptor)
    assert readable(follower.descriptor)
    (logged,) = follower.take()
    assert (logged.position, logged.crc, logged.record) == (1, appended.crc, beat(1))
    assert not readable(follower.descriptor)
    assert follower.take() == []


def test_who_does_not_know_the_end_is_fenced(log: NodeLog, shared: SharedLog) -> None:
    shared.put(beat(1, node=1))
    log.begin_append(0, beat(1))
    with pytest.raises(FencedError):
        log.appended()
    assert [record.node for record in shared.records()] == [1]


def test_an_append_waits_while_the_log_is_away(log: NodeLog, shared: SharedLog, clock: FakeClock) -> None:
    follower = log.follow(0)
    log.away = True
    log.begin_append(0, beat(1))
    log.ask_head()
    clock.forward(TRY)
    assert (log.appended(), log.waiting, shared.head, follower.take()) == (None, TRY, 0, [])
    assert log.head_answer() == HeadAnswer(None, clock.now - TRY, clock.now)
    with pytest.raises(LogAwayError):
        log.head()
    log.away = False
    assert shared.head == 1
    appended = log.appended()
    assert appended is not None
    assert appended.begun == clock.now - TRY
    assert [logged.position for logged in follower.take()] == [1]


def test_an_answer_that_is_lost_leaves_the_record(log: NodeLog, shared: SharedLog) -> None:
    log.deaf = True
    log.begin_append(0, beat(1))
    assert (log.appended(), readable(log.descriptor), shared.head) == (None, False, 1)
    log.deaf = False
    assert log.appended() is not None


def test_the_end_is_told(log: NodeLog, shared: SharedLog, clock: FakeClock) -> None:
    shared.put(beat(1))
    log.ask_head()
    assert readable(log.descriptor)
    assert log.head_answer() == HeadAnswer(1, clock.now, clock.now)
    assert log.head_answer() is None


def test_what_is_trimmed_is_gone(log: NodeLog, shared: SharedLog) -> None:
    for sequence in range(1, 5):
        shared.put(beat(sequence))
    log.trim(2)
    with pytest.raises(TrimmedError):
        list(log.read(1))
    assert [logged.position for logged in log.read(2)] == [3, 4]
    with pytest.raises(TrimmedError):
        log.follow(1).take()
    assert log.holds(3, shared.crcs[3])
    assert not log.holds(3, shared.crcs[4])
    with pytest.raises(RewoundError):
        log.follow(4, crc=1)


def test_a_follower_may_fall_silent(log: NodeLog, shared: SharedLog) -> None:
    follower = log.follow(0)
    follower.silent = True
    shared.put(beat(1))
    assert (follower.take(), readable(follower.descriptor)) == ([], False)
    follower.silent = False
    assert readable(follower.descriptor)
    assert len(follower.take()) == 1

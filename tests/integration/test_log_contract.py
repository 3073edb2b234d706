"""What every log promises, whatever it lies in."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from select import select

import pytest

from matcher.etcd.log import EtcdLog
from matcher.storage.log import Appended, FencedError, Kind, Record, ReplicatedLog, RewoundError
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import PATIENCE
from tests.log_kinds import EtcdKind, LocalKind, LogKind, MemoryKind, append, record, take
from tests.replicated_log import NodeLog

_names = count(1)


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


@pytest.fixture(params=["local", "memory", "etcd"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogKind]:
    with ExitStack() as opened:
        if request.param == "local":
            yield LocalKind(tmp_path, opened)
        elif request.param == "memory":
            yield MemoryKind(opened)
        else:
            cluster: EtcdCluster = request.getfixturevalue("etcd")
            yield EtcdKind(cluster.addresses, f"log-{next(_names)}", opened)


def test_a_new_log_is_empty(kind: LogKind) -> None:
    log = kind.writer()
    assert log.head() == 0
    assert list(log.read(0)) == []
    reader = kind.reader()
    assert (reader.id, reader.head(), list(reader.read(0))) == ("", 0, [])


def test_what_is_appended_is_read_again_in_order(kind: LogKind) -> None:
    log = kind.writer()
    assert append(log, 1, 2, 3) == [1, 2, 3]
    for reader in (log, kind.reader()):
        assert reader.head() == 3
        read = list(reader.read(0))
        assert [logged.position for logged in read] == [1, 2, 3]
        assert [logged.record for logged in read] == [record(1), record(2), record(3)]
        assert len({logged.crc for logged in read}) == 3
        assert list(reader.read(1)) == read[1:]
        assert list(reader.read(3)) == []


def test_a_log_goes_on_where_it_ended_and_keeps_its_name(kind: LogKind) -> None:
    first = kind.writer()
    append(first, 1)
    name = first.id
    assert name
    again = kind.writer()
    assert append(again, 2) == [2]
    assert again.id == kind.reader().id == name
    assert [logged.record for logged in kind.reader().read(0)] == [record(1), record(2)]


def test_a_log_knows_which_record_it_holds(kind: LogKind) -> None:
    log = kind.writer()
    append(log, 1, 2)
    first, second = log.read(0)
    reader = kind.reader()
    assert reader.holds(1, first.crc)
    assert reader.holds(2, second.crc)
    assert not reader.holds(2, first.crc)
    assert not reader.holds(3, second.crc)


def test_a_follower_hands_on_each_record_once_as_it_is_committed(kind: LogKind) -> None:
    log = kind.writer()
    append(log, 1, 2)
    follower = kind.reader().follow(0)
    assert [logged.position for logged in take(follower, 2)] == [1, 2]
    assert follower.take() == []
    append(log, 3)
    assert [logged.record for logged in take(follower, 1)] == [record(3)]
    append(log, *range(4, 60))
    assert [logged.position for logged in take(follower, 56)] == list(range(4, 60))
    assert follower.take() == []
    follower.close()


def test_a_follower_begins_behind_the_record_that_was_read(kind: LogKind) -> None:
    log = kind.writer()
    append(log, 1, 2, 3)
    read = list(log.read(0))
    follower = kind.reader().follow(2, read[1].crc)
    assert take(follower, 1) == read[2:]
    follower.close()


def test_a_follower_of_another_record_is_told(kind: LogKind) -> None:
    log = kind.writer()
    append(log, 1, 2, 3)
    read = list(log.read(0))
    with pytest.raises(RewoundError), closing(kind.reader().follow(2, read[0].crc)) as follower:
        take(follower, 1)


def test_a_follower_behind_the_end_of_the_log_is_told(kind: LogKind) -> None:
    append(kind.writer(), 1, 2)
    with pytest.raises(RewoundError), closing(kind.reader().follow(5)) as follower:
        take(follower, 1)


def test_a_trimmed_log_holds_what_comes_behind(kind: LogKind) -> None:
    log = kind.writer()
    append(log, *range(1, 301))
    last = list(log.read(299))
    log.trim(290)
    kind.trimmed(log)
    reader = kind.reader()
    assert [logged.position for logged in reader.read(290)] == list(range(291, 301))
    assert reader.holds(300, last[0].crc)
    follower = reader.follow(290)
    assert len(take(follower, 10)) == 10
    assert append(log, 301) == [301]
    assert take(follower, 1)[0].record == record(301)
    follower.close()


# Of logs with several who would write

replicated = pytest.mark.parametrize("kind", ["memory", "etcd"], indirect=True)


def writer_of(kind: LogKind) -> ReplicatedLog:
    log = kind.writer()
    assert isinstance(log, NodeLog | EtcdLog)
    return log


def outcome_of(log: ReplicatedLog) -> Appended:
    while (appended := log.appended()) is None:
        assert select([log.descriptor], [], [], PATIENCE)[0]
    return appended


@replicated
def test_an_outcome_is_told_once(kind: LogKind) -> None:
    log = writer_of(kind)
    assert (log.appended(), log.head_answer(), log.waiting) == (None, None, 0)
    log.begin_append(0, record(1))
    appended = outcome_of(log)
    (logged,) = kind.reader().read(0)
    assert (appended.position, appended.crc) == (logged.position, logged.crc) == (1, logged.crc)
    assert log.appended() is None
    log.begin_append(1, record(2))
    assert outcome_of(log).begun >= appended.begun


@replicated
def test_who_believes_that_the_log_ends_elsewhere_is_fenced(kind: LogKind) -> None:
    """Each record that is refused leaves the log as it is. Who reads on may append again."""
    first, second = writer_of(kind), writer_of(kind)
    second.begin_append(0, record(1))
    crc = outcome_of(second).crc
    first.begin_append(0, Record(1, 5, []))
    with pytest.raises(FencedError):
        outcome_of(first)
    assert first.appended() is None
    assert [logged.record for logged in kind.reader().read(0)] == [record(1)]
    first.begin(1, crc)
    first.begin_append(1, record(2))
    outcome_of(first)
    second.begin_append(1, Record(2, 5, []))
    with pytest.raises(FencedError):
        outcome_of(second)
    assert [logged.record for logged in kind.reader().read(0)] == [record(1), record(2)]


@replicated
def test_the_end_of_the_log_is_told_once(kind: LogKind) -> None:
    log = writer_of(kind)
    append(log, 1, 2)
    log.ask_head()
    log.ask_head()
    while (answer := log.head_answer()) is None:
        assert select([log.descriptor], [], [], PATIENCE)[0]
    assert answer.position == 2
    assert answer.asked <= answer.answered
    assert log.head_answer() is None


@replicated
def test_what_a_record_says_of_its_leader_is_kept(kind: LogKind) -> None:
    log = writer_of(kind)
    written = Record(1, 9, [b"a", b""], Kind.POISON, 2**63, 31, 2**32 - 1)
    log.append(0, written, 0)
    assert [logged.record for logged in kind.reader().read(0)] == [written]

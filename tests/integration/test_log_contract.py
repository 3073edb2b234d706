"""What every log promises, whatever it lies in."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path

import pytest

from matcher.storage.log import RewoundError
from tests.etcd import EtcdCluster, running_etcd
from tests.log_kinds import EtcdKind, LocalKind, LogKind, append, record, take

_names = count(1)


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


@pytest.fixture(params=["local", "etcd"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogKind]:
    with ExitStack() as opened:
        if request.param == "local":
            yield LocalKind(tmp_path, opened)
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
    with closing(kind.reader().follow(2, read[0].crc)) as follower, pytest.raises(RewoundError):
        take(follower, 1)


def test_a_follower_behind_the_end_of_the_log_is_told(kind: LogKind) -> None:
    append(kind.writer(), 1, 2)
    with closing(kind.reader().follow(5)) as follower, pytest.raises(RewoundError):
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

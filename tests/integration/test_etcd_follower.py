"""A follower of a log in etcd trusts no watch: what one leaves out, repeats or keeps to itself is read elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from typing import Any

import pytest

from matcher.etcd.log import EtcdLog
from matcher.storage.log import Record, RewoundError, TrimmedError
from tests.etcd import EtcdCluster, running_etcd
from tests.etcd_proxy import EtcdProxy
from tests.log_kinds import EtcdKind, append, carry_out, record, take

_names = count(1)

Spoil = Callable[[Any], list[Any]]


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def proxies(etcd: EtcdCluster, opened: ExitStack) -> list[EtcdProxy]:
    """Two doors to one server, for those who follow."""
    made = [EtcdProxy(etcd.addresses[0]) for _ in range(2)]
    for proxy in made:
        opened.callback(proxy.close)
    return made


@pytest.fixture
def name() -> str:
    return f"followed-{next(_names)}"


@pytest.fixture
def log(etcd: EtcdCluster, name: str, opened: ExitStack) -> EtcdLog:
    """What is followed, past the proxies."""
    return EtcdKind(etcd.addresses, name, opened).writer()


@pytest.fixture
def kind(proxies: list[EtcdProxy], name: str, opened: ExitStack) -> EtcdKind:
    return EtcdKind([proxy.address for proxy in proxies], name, opened)


def silent(answer: Any) -> list[Any]:
    return []


def with_holes(answer: Any) -> list[Any]:
    """Every third record is left out."""
    kept = [event for event in answer.events if event.kv.version and int(event.kv.key[-20:]) % 3]
    del answer.events[:]
    answer.events.extend(kept)
    return [answer]


def going_back() -> Spoil:
    """Each answer comes behind all that came before it, and all of them again."""
    before: list[Any] = []

    def spoil(answer: Any) -> list[Any]:
        before.append(answer)
        return [*before, *reversed(before)]

    return spoil


def ending(answer: Any) -> list[Any]:
    answer.canceled = bool(answer.events)
    return [answer]


@pytest.mark.parametrize("spoil", [silent, with_holes, going_back(), ending])
def test_a_watch_that_is_not_right_costs_no_record(
    log: EtcdLog, kind: EtcdKind, proxies: list[EtcdProxy], spoil: Spoil
) -> None:
    for proxy in proxies:
        proxy.spoil = spoil
    append(log, 1, 2)
    with closing(kind.reader().follow(0)) as follower:
        assert [logged.position for logged in take(follower, 2)] == [1, 2]
        for number in range(3, 9):
            append(log, number)
            assert [logged.record for logged in take(follower, 1)] == [record(number)]
        append(log, *range(9, 40))
        assert [logged.position for logged in take(follower, 31)] == list(range(9, 40))
        assert follower.take() == []


def test_a_silent_watch_is_opened_anew_elsewhere(log: EtcdLog, kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    append(log, 1)
    with closing(kind.reader().follow(0)) as follower:
        take(follower, 1)
        append(log, 2)
        take(follower, 1)
        first = next(proxy for proxy in proxies if proxy.watches)
        first.spoil = silent
        other = proxies[1 - proxies.index(first)]
        number = 3
        while not other.watches:
            append(log, number)
            assert take(follower, 1)[0].position == number
            number += 1
        append(log, number)
        assert take(follower, 1)[0].position == number


def test_a_server_that_is_away_costs_no_record(log: EtcdLog, kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    append(log, 1)
    with closing(kind.reader().follow(0)) as follower:
        take(follower, 1)
        for number in range(2, 8):
            proxies[number % 2].cut()
            append(log, number)
            assert take(follower, 1)[0].position == number
            proxies[number % 2].start()


def test_a_follower_far_behind_reads_all(log: EtcdLog, kind: EtcdKind) -> None:
    for number in range(1, 11):
        log.append(number - 1, Record(number, number, [bytes(700_000)]), number)
    for number in range(11, 1_200):
        log.append(number - 1, record(number), number)
    with closing(kind.reader().follow(0)) as follower:
        taken = take(follower, 1_199)
        assert [logged.position for logged in taken] == list(range(1, 1_200))
        assert follower.bytes == log.written
        assert [logged.position for logged in kind.reader().read(5)] == list(range(6, 1_200))


def test_what_was_trimmed_is_told(log: EtcdLog, kind: EtcdKind) -> None:
    append(log, *range(1, 451))
    crc = next(log.read(4)).crc
    log.trim(430)
    carry_out(log, lambda: not log.trims)
    reader = kind.reader()
    with closing(reader.follow(5)) as follower, pytest.raises(TrimmedError, match="begins at 430"):
        take(follower, 1)
    with pytest.raises(TrimmedError):
        next(reader.read(5))
    with pytest.raises(TrimmedError):
        reader.holds(5, crc)
    assert reader.holds(430, next(reader.read(429)).crc)
    append(log, 451)
    log.trim(451)
    carry_out(log, lambda: not log.trims)
    assert [logged.position for logged in reader.read(450)] == [451]


def test_a_slow_follower_is_not_stopped_by_a_trim_behind_it(log: EtcdLog, kind: EtcdKind) -> None:
    append(log, *range(1, 301))
    with closing(kind.reader().follow(200)) as follower:
        log.trim(150)
        carry_out(log, lambda: not log.trims)
        append(log, 301)
        assert [logged.position for logged in take(follower, 101)] == list(range(201, 302))


def test_a_log_that_was_lost_or_set_back_is_told(opened: ExitStack) -> None:
    with running_etcd() as cluster, opened:
        kind = EtcdKind(cluster.addresses, "lost", opened)
        first = kind.writer()
        append(first, 1, 2, 3)
        kind.reader()
        with closing(kind.reader().follow(0)) as follower:
            take(follower, 3)
            cluster.stop()
            cluster.wipe()
            cluster.start()
            with pytest.raises(RewoundError, match=r"another one than before|ends at position 0"):
                take(follower, 1)
        # Another log of the same name that has come further.
        again = kind.writer()
        for number in range(1, 6):
            again.append(number - 1, Record(number, 7, []), number)
        with closing(kind.reader().follow(3, next(first.read(2)).crc ^ 1)) as follower, pytest.raises(RewoundError):
            take(follower, 1)

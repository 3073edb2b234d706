"""A log in etcd whose calls are lost, delayed and doubled: an append happens once, and only where the log ends."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from random import Random
from select import select

import pytest

from matcher.etcd.log import MAX_RECORD_BYTES, EtcdLog
from matcher.replication import timings
from matcher.replication.timings import TRY
from matcher.storage.log import FencedError, HeadAnswer, LogAwayError, LogFailedError, Record
from tests.etcd import EtcdCluster, running_etcd
from tests.etcd_proxy import EtcdProxy, Fault
from tests.log_kinds import EtcdKind, append, carry_out, caught_up, record

SECOND = 1_000_000_000

_names = count(1)


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
    """Two doors to one server."""
    made = [EtcdProxy(etcd.addresses[0]) for _ in range(2)]
    for proxy in made:
        opened.callback(proxy.close)
    return made


@pytest.fixture
def kind(proxies: list[EtcdProxy], opened: ExitStack) -> EtcdKind:
    return EtcdKind([proxy.address for proxy in proxies], f"faults-{next(_names)}", opened)


def contents(kind: EtcdKind) -> list[Record]:
    return [logged.record for logged in kind.reader().read(0)]


def outcome(log: EtcdLog, expected: int, of: Record) -> bool:
    """Whether the record was taken; else the log is fenced."""
    log.begin_append(expected, of)
    try:
        while log.appended() is None:
            select([log.descriptor], [], [], 1)
    except FencedError:
        return False
    return True


@pytest.mark.parametrize("fault", Fault)
def test_a_record_is_appended_once(kind: EtcdKind, proxies: list[EtcdProxy], fault: Fault) -> None:
    log = kind.writer()
    append(log, 1)
    for proxy in proxies:
        proxy.faults.append(fault)
    assert append(log, 2) == [2]
    for proxy in proxies:
        proxy.faults.clear()
    assert append(log, 3) == [3]
    assert contents(kind) == [record(1), record(2), record(3)]


@pytest.mark.parametrize("fault", Fault)
def test_an_append_is_fenced_where_another_record_stands(
    kind: EtcdKind, proxies: list[EtcdProxy], fault: Fault
) -> None:
    first, second = kind.writer(), kind.writer()
    append(second, 1)
    for proxy in proxies:
        proxy.faults.append(fault)
    assert not outcome(first, 0, Record(1, 5, []))
    assert contents(kind) == [record(1)]


def test_writers_that_race_through_faults_lose_and_double_nothing(
    etcd: EtcdCluster, kind: EtcdKind, proxies: list[EtcdProxy], opened: ExitStack
) -> None:
    random = Random(17)
    for proxy in proxies:
        faults = [*Fault, *[Fault.NONE] * 12]
        random.shuffle(faults)
        proxy.faults.extend(faults)
    writers = [kind.writer_at(0, 0), kind.writer_at(0, 0)]
    past = EtcdKind(etcd.addresses, kind.address.name, opened)
    positions, taken, number = [0, 0], [], 0
    while all(proxy.faults for proxy in proxies):
        number += 1
        which = random.randrange(2)
        log, own = writers[which], Record(positions[which] + 1, number, [])
        if outcome(log, positions[which], own):
            positions[which] += 1
            taken.append(own)
        else:
            assert positions[which] < len(taken), "somebody else has appended"
            last = list(past.reader().read(0))[-1]
            log.begin(last.position, last.crc)
            positions[which] = last.position
    assert contents(past) == taken
    assert len(taken) > 8


def test_an_append_goes_on_while_connections_are_cut(kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    log = kind.writer()
    for number in range(1, 7):
        proxies[number % 2].cut()
        assert append(log, number) == [number]
        proxies[number % 2].start()
    assert contents(kind) == [record(number) for number in range(1, 7)]


def test_an_append_waits_until_the_log_is_back(kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    log = kind.writer()
    for proxy in proxies:
        proxy.cut()
    log.begin_append(0, record(1))
    assert log.appended() is None
    assert log.waiting > 0
    proxies[1].start()
    carry_out(log, lambda: log.records == 1)
    assert log.waiting == 0
    proxies[0].start()
    assert contents(kind) == [record(1)]


def test_an_append_goes_on_before_a_silent_server_is_given_up(
    kind: EtcdKind, proxies: list[EtcdProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = kind.writer()
    append(log, 1)
    monkeypatch.setattr(timings, "GIVEN_UP", 600 * SECOND)
    for number in (2, 3):
        proxies[number - 2].dead = True
        assert append(log, number) == [number]
        proxies[number - 2].dead = False
    assert contents(kind) == [record(1), record(2), record(3)]


def test_an_append_begins_at_the_server_that_has_answered(
    kind: EtcdKind, proxies: list[EtcdProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at the one to which the append before it went on in vain."""
    monkeypatch.setattr("matcher.etcd.servers.EVERY", 600 * SECOND)
    log = kind.writer()
    carry_out(log, lambda: log.size is not None)
    monkeypatch.setattr(timings, "GIVEN_UP", 600 * SECOND)
    late_after = timings.LATE
    monkeypatch.setattr(timings, "LATE", 600 * SECOND)
    append(log, 1)
    counts = [proxy.transactions for proxy in proxies]
    append(log, 2)
    late, other = proxies if proxies[0].transactions > counts[0] else reversed(proxies)
    other.dead = True
    late.gate.clear()
    # It goes on once.
    monkeypatch.setattr(timings, "LATE", late_after)
    log.begin_append(2, record(3))
    monkeypatch.setattr(timings, "LATE", 600 * SECOND)
    before = other.transactions
    carry_out(log, lambda: other.transactions > before)
    late.gate.set()
    carry_out(log, lambda: log.records == 3)
    other.dead = False
    before = other.transactions
    assert append(log, 4) == [4]
    assert other.transactions == before


def test_who_waits_for_an_append_is_told_that_the_log_is_away(kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    log = kind.writer()
    for proxy in proxies:
        proxy.dead = True
    with pytest.raises(LogAwayError, match="does not answer"):
        log.append(0, record(1), 1, patience=SECOND // 2)


def test_a_leader_that_slept_through_a_trim_is_fenced(kind: EtcdKind) -> None:
    """The key of its record is absent again. The version of the head is not."""
    sleeper, log = kind.writer(), kind.writer()
    append(sleeper, 1)
    caught_up(log)
    append(log, *range(2, 12))
    log.trim(11)
    kind.trimmed(log)
    assert not outcome(sleeper, 1, Record(2, 5, []))
    assert log.head() == 11


def test_a_record_that_is_too_large_is_refused(kind: EtcdKind) -> None:
    log = kind.writer()
    with pytest.raises(LogFailedError, match=f"at most {MAX_RECORD_BYTES} bytes"):
        log.begin_append(0, Record(1, 1, [bytes(MAX_RECORD_BYTES)]))
    log.begin_append(0, Record(1, 1, [bytes(MAX_RECORD_BYTES - 1_000)]))
    carry_out(log, lambda: log.records == 1)
    assert len(contents(kind)[0].entries[0]) == MAX_RECORD_BYTES - 1_000


@pytest.mark.parametrize("version", ["3.4.22", "3.5.1"])
def test_a_server_that_may_lose_what_it_has_taken_is_refused(
    kind: EtcdKind, proxies: list[EtcdProxy], version: str
) -> None:
    proxies[1].version = version
    with pytest.raises(LogFailedError, match=f"{proxies[1].address}: etcd {version}: takes 3.4.23 or later") as told:
        kind.writer()
    assert len(str(told.value).splitlines()) == 1


def answer_of(log: EtcdLog) -> HeadAnswer:
    log.ask_head()
    while (answer := log.head_answer()) is None:
        select([log.descriptor], [], [], 1)
    return answer


def test_the_first_server_that_answers_tells_the_end_of_the_log(kind: EtcdKind, proxies: list[EtcdProxy]) -> None:
    log = kind.writer()
    assert answer_of(log).position == 0
    append(log, 1, 2)
    proxies[0].dead = True
    answer = answer_of(log)
    assert answer.position == 2
    assert 0 < answer.asked <= answer.answered
    proxies[1].dead = True
    answer = answer_of(log)
    assert answer.position is None
    assert answer.answered - answer.asked > TRY // 2
    assert log.head_answer() is None


def test_a_head_answer_and_an_outcome_are_both_told(kind: EtcdKind) -> None:
    log = kind.writer()
    log.ask_head()
    log.begin_append(0, record(1))
    appended = answer = None
    while appended is None or answer is None:
        assert select([log.descriptor], [], [], 20)[0]
        appended = appended or log.appended()
        answer = answer or log.head_answer()
    assert appended.position == 1
    assert answer.position in {0, 1}


def test_a_log_says_how_much_its_servers_hold(kind: EtcdKind) -> None:
    log = kind.writer()
    carry_out(log, lambda: log.size is not None)
    assert log.size is not None
    assert log.size > 0

"""A log in etcd over the ends of its servers, beside forked children."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count, islice
from select import select
from time import monotonic

import pytest

from matcher.etcd.log import EtcdLog
from matcher.replication import timings
from matcher.serving.forked import Forked
from tests.etcd import EtcdCluster, running_etcd
from tests.etcd_proxy import EtcdProxy
from tests.exchange import PATIENCE
from tests.log_kinds import EtcdKind, append, record, take

CHILDREN = 60


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd(3) as cluster:
        yield cluster


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def work_of_a_child() -> str:
    return "".join(hashlib.sha256(bytes(number)).hexdigest() for number in range(2_000))[-64:]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_children_end_well_beside_open_connections(etcd: EtcdCluster, opened: ExitStack) -> None:
    """Snapshots and digests are made in forked children, while calls are under way."""
    kind = EtcdKind(etcd.addresses, "forks", opened)
    log = kind.writer()
    expected = work_of_a_child()
    results = []
    with closing(log.follow(0)) as follower:
        for number in range(1, CHILDREN + 1):
            log.begin_append(number - 1, record(number))
            log.ask_head()
            child = Forked(work_of_a_child)
            while log.appended() is None:
                assert select([log.descriptor], [], [], PATIENCE)[0]
            assert select([child.descriptor], [], [], PATIENCE)[0], "the child has not ended"
            results.append(child.result())
        assert [logged.position for logged in take(follower, CHILDREN)] == list(range(1, CHILDREN + 1))
    assert results == [expected] * CHILDREN


def test_appends_go_to_the_server_that_leads(
    etcd: EtcdCluster, opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = etcd.leader()
    # The first one is tried first.
    proxies = [EtcdProxy(address) for address in etcd.addresses[leader + 1 :] + etcd.addresses[: leader + 1]]
    for proxy in proxies:
        opened.callback(proxy.close)
    log = EtcdKind([proxy.address for proxy in proxies], "led", opened).writer()
    numbers = count(1)
    until = monotonic() + PATIENCE
    while not proxies[-1].transactions:
        append(log, next(numbers))
        assert monotonic() < until, "no append has gone to the leader"
    # A slow machine does not make them go on to another one.
    monkeypatch.setattr(timings, "GIVEN_UP", 600_000_000_000)
    monkeypatch.setattr(timings, "LATE", 600_000_000_000)
    before = [proxy.transactions for proxy in proxies]
    append(log, *islice(numbers, 5))
    assert [proxy.transactions for proxy in proxies] == [*before[:2], before[2] + 5]


@pytest.mark.parametrize("end", ["kill", "pause"])
def test_a_log_survives_its_leader(etcd: EtcdCluster, opened: ExitStack, end: str) -> None:
    kind = EtcdKind(etcd.addresses, f"survives-{end}", opened)
    log = kind.writer()
    append(log, 1, 2)
    with closing(kind.reader().follow(0)) as follower:
        take(follower, 2)
        leader = etcd.leader()
        if end == "kill":
            etcd.kill(leader)
        else:
            etcd.pause(leader)
        log.append(2, record(3), 3, patience=30_000_000_000)
        append(log, 4, 5)
        assert [logged.record for logged in take(follower, 3)] == [record(3), record(4), record(5)]
        if end == "kill":
            etcd.start(leader)
        else:
            etcd.resume(leader)
        etcd.wait()
        append(log, 6)
        assert take(follower, 1)[0].record == record(6)
    assert [logged.record for logged in kind.reader().read(0)] == [record(number) for number in range(1, 7)]


def test_without_a_majority_nothing_is_taken(etcd: EtcdCluster, opened: ExitStack) -> None:
    kind = EtcdKind(etcd.addresses, "majority", opened)
    log = kind.writer()
    append(log, 1)
    etcd.pause(0)
    etcd.pause(1)
    try:
        log.begin_append(1, record(2))
        log.ask_head()
        assert answer_of(log) is None
        assert log.appended() is None
    finally:
        etcd.resume(0)
        etcd.resume(1)
    while log.appended() is None:
        assert select([log.descriptor], [], [], PATIENCE)[0]
    assert [logged.record for logged in kind.reader().read(0)] == [record(1), record(2)]


def answer_of(log: EtcdLog) -> int | None:
    while (answer := log.head_answer()) is None:
        assert select([log.descriptor], [], [], PATIENCE)[0]
    return answer.position

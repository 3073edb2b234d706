"""`python -m matcher.adopt` with servers of etcd: what an operator does when a log is lost, or begins."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.core.digest import digest
from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_reader
from matcher.node.fetching import SnapshotFetcher
from protocol.curve import ClientKeys, new_keys
from tests.cluster_nodes import NodeProcess, free_bases, killed_in_the_end
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import wait_until
from tests.unit.matcher.life import Life


@pytest.fixture(scope="module")
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


def adopt(*arguments: str | Path, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MATCHER_")}
    return subprocess.run(
        [sys.executable, "-m", "matcher.adopt", *map(str, arguments)],
        env={**environment, "MATCHER_DATA_DIR": str(data)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert (done.returncode, done.stderr) == (0, "")
    return dict(line.split() for line in done.stdout.splitlines())


def test_a_state_moves_into_a_log_on_to_another_and_back(tmp_path: Path, etcd: EtcdCluster) -> None:
    life = Life(tmp_path / "local")
    life.trade(12)
    life.journal.close()
    expected = {"sequence": str(life.state.sequence), "digest": digest(life.state.registry)}

    first = told(adopt("--log", etcd.url("one"), "--from-data-dir", tmp_path / "local", data=tmp_path / "node"))
    assert {name: first[name] for name in expected} == expected
    reader = open_reader(parse_address(etcd.url("one")), Credentials())
    assert (reader.id, reader.head()) == (first["log"], int(first["position"]))
    reader.close()

    again = adopt("--log", etcd.url("one"), data=tmp_path / "node")
    assert (again.returncode, again.stdout) == (1, "")
    assert "/one has begun already: takes the name of a new one" in again.stderr

    second = told(adopt("--log", etcd.url("two"), data=tmp_path / "node"))
    assert {name: second[name] for name in expected} == expected
    assert second["log"] != first["log"]
    assert told(adopt(data=tmp_path / "node")) == second

    back = told(adopt("--to-data-dir", tmp_path / "back", data=tmp_path / "node"))
    assert {name: back[name] for name in expected} == expected
    taken = adopt("--to-data-dir", tmp_path / "back", data=tmp_path / "node")
    assert taken.returncode == 1
    assert "holds a state already" in taken.stderr


def test_nodes_with_curve_fetch_from_each_other_and_nobody_else_does(tmp_path: Path, etcd: EtcdCluster) -> None:
    life = Life(tmp_path / "local")
    life.trade(5)
    life.journal.close()
    (public, secret), (bot, bot_secret) = new_keys(), new_keys()
    environment = {"MATCHER_CURVE_SECRET": secret, "MATCHER_CURVE_ALLOWED": bot}
    peers, log = free_bases(2), etcd.url("closed")
    nodes = [
        NodeProcess(tmp_path / name, number, log, peers, environment=environment)
        for number, name in enumerate(("first", "second"))
    ]
    log_id = told(adopt("--log", log, "--from-data-dir", tmp_path / "local", data=nodes[0].data))["log"]
    with killed_in_the_end(nodes):
        for node in nodes:
            node.start()
        wait_until(lambda: nodes[1].records("snapshot fetched"), "a node that has fetched the state")
        # What lets a bot in elsewhere does not let it in here: a snapshot has the ids of all sessions.
        stranger = ClientKeys(public, bot_secret)
        fetcher = SnapshotFetcher([nodes[0].endpoints.snapshots], stranger, tmp_path / "stolen")
        assert list(fetcher.fetch(log_id, lambda _: True, 0)) == []
        for node in nodes:
            node.stop()


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (("--from-data-dir", "x"), 2, "--log: takes etcd://"),
        (("--to-data-dir", "x", "--log", "etcd://a:1/x"), 2, "--to-data-dir: takes neither --log"),
        (("--log", "etcd://a/x"), 2, "--log: 'etcd://a/x': takes etcd://"),
        ((), 1, "there is no data directory"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: tuple[str, ...], status: int, line: str, tmp_path: Path) -> None:
    done = adopt(*arguments, data=tmp_path / "none")
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"adopt: {line}")
    assert done.stderr.count("\n") == 1

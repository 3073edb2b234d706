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
from tests.etcd import EtcdCluster, running_etcd
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

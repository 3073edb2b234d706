"""`scripts/cluster`: one command starts it, a killed leader is replaced and comes back, and nothing is lost by an end of
all."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.etcd import missing
from tests.exchange import PATIENCE, ROOT, Json, clean_environment, wait_until
from tests.scripts import Script, call, running

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(240)]

CLUSTER = [sys.executable, "-m", "matching_exchange.tools.cluster", "--ports", "free"]


class Cluster:
    """A cluster that was started in this directory."""

    def __init__(self, script: Script) -> None:
        self.script = script
        wait_until(lambda: "Ctrl-C closes it." in script.text() or script.process.poll() is not None, "the cluster")
        found = re.search(r"health +(http://\S+)/health", script.text())
        assert found is not None, script.text()
        self.url = found[1]

    def group(self) -> Json:
        """What /health tells of the group; empty while it is not well."""
        health = call(f"{self.url}/health")
        if health is None:
            return {}
        [group] = health["groups"]
        assert isinstance(group, dict)
        return group

    def is_whole(self) -> bool:
        group = self.group()
        return bool(group) and sorted(node["role"] for node in group["nodes"]) == ["leader", "standby", "standby"]

    def place(self, name: str) -> Json:
        order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}
        answer = httpx.post(
            f"{self.url}/orders", json={**order, "client_order_id": name}, timeout=PATIENCE, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        placed: Json = answer.json()
        return placed

    def status_of(self, name: str) -> str:
        return str(httpx.get(f"{self.url}/orders/client:{name}", timeout=PATIENCE, trust_env=False).json()["status"])


def pid_of(directory: Path, node: int) -> int:
    """The process of that node."""
    wanted = f"MATCHER_DATA_DIR={directory / f'matcher-{node}'}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                return int(entry.name)
        except OSError:
            continue
    raise AssertionError(f"node {node} does not run")


def is_well(pid: int) -> bool:
    """What a health check says of the matcher, leader or standby, with its settings."""
    variables = (Path("/proc") / str(pid) / "environ").read_bytes().decode().split("\0")
    own = dict(line.split("=", 1) for line in variables if line.startswith("MATCHER_"))
    command = [sys.executable, "-m", "matcher", "--check"]
    return subprocess.run(command, env=clean_environment(own), timeout=PATIENCE).returncode == 0


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cluster"


@pytest.fixture
def cluster(tmp_path: Path, directory: Path) -> Iterator[Cluster]:
    environment = clean_environment({"PYTHONPATH": str(ROOT)})
    with running([*CLUSTER, "--data-dir", str(directory)], tmp_path, environment) as script:
        cluster = Cluster(script)
        wait_until(cluster.is_whole, "a leader and two standbys")
        yield cluster


def test_a_killed_leader_is_replaced_and_comes_back_as_a_standby(cluster: Cluster, directory: Path) -> None:
    before = cluster.place("before")
    leader = cluster.group()["leader"]
    assert before["status"] == "open"
    for node in range(3):
        assert is_well(pid_of(directory, node)), f"node {node}"

    os.kill(pid_of(directory, leader), signal.SIGKILL)
    wait_until(lambda: cluster.group().get("leader") not in (None, leader), "another leader")
    assert cluster.status_of("before") == "open"
    assert int(cluster.place("after")["sequence"]) > int(before["sequence"])
    wait_until(cluster.is_whole, "a leader and two standbys")
    assert f"cluster: matcher {leader} has ended by signal 9: it starts again in 0.5 s" in cluster.script.text()
    wait_until(lambda: cluster.script.text().count(" leads.") == 2, "a line")

    assert cluster.script.interrupt() == 0
    assert cluster.script.text().endswith("The cluster is closed.\n")
    (directory / "again").mkdir()
    command, environment = [*CLUSTER[:-2], "--data-dir", str(directory)], clean_environment({"PYTHONPATH": str(ROOT)})
    with running(command, directory / "again", environment) as script:
        again = Cluster(script)
        assert again.url == cluster.url, "a directory keeps its ports"
        assert (again.status_of("before"), again.status_of("after")) == ("open", "open")

"""Nodes with servers of etcd: a leader that is killed, paused, stopped or told to hand over is replaced."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from matcher.node.process import EXIT_FENCED
from protocol.commands import PlaceOrder
from protocol.units import OrderType, Side
from tests.cluster_nodes import NodeProcess, digest_of, leader_of, place, running_nodes
from tests.etcd import running_etcd
from tests.exchange import PATIENCE, clean_environment, wait_until

REFUSED = "another node leads: nothing more is answered"
ORDER = PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NodeProcess]]:
    directory = tmp_path_factory.mktemp("nodes")
    with running_etcd(3) as etcd, running_nodes(directory, etcd.url("takeovers"), 3) as running:
        yield running


@pytest.fixture
def nodes(started: list[NodeProcess]) -> list[NodeProcess]:
    """All three run."""
    restart([node for node in started if node.process is None])
    return started


def restart(nodes: list[NodeProcess]) -> None:
    """Start them, and wait until they follow the log."""

    def starts() -> list[int]:
        return [len(node.records("matcher started")) if node.log.exists() else 0 for node in nodes]

    before = starts()
    for node in nodes:
        node.start()
    wait_until(lambda: starts() == [each + 1 for each in before], "nodes that follow")


def others_than(leader: NodeProcess, nodes: list[NodeProcess]) -> list[NodeProcess]:
    return [node for node in nodes if node is not leader]


def test_killed_leader_is_replaced_and_nothing_is_lost(nodes: list[NodeProcess]) -> None:
    leader = leader_of(nodes)
    with leader.client() as client:
        place(client, 20)
        expected = digest_of(client)
    leader.kill()
    with leader_of(others_than(leader, nodes)).client() as client:
        assert digest_of(client) == expected
        place(client, 1)
        assert digest_of(client) != expected


def test_paused_leader_is_refused_by_the_log_with_commands_that_it_has_applied(nodes: list[NodeProcess]) -> None:
    applied = 0
    for _ in range(3):
        leader = leader_of(nodes)
        with leader.client() as client:
            with leader.paused():
                # They reach its socket, and it takes them when it wakes.
                client.send([ORDER] * 20)
                following = leader_of(others_than(leader, nodes))
                with following.client() as other:
                    place(other, 1)
                    expected = digest_of(other)
            assert leader.ends() == EXIT_FENCED
        applied = leader.records(REFUSED)[-1]["applied"]
        with following.client() as other:
            assert digest_of(other) == expected
        restart([leader])
        # A leader that is paused while it appends a beat holds none.
        if applied:
            break
    assert applied == len([ORDER] * 20)


def test_handover_lets_the_named_node_lead(nodes: list[NodeProcess]) -> None:
    leader = leader_of(nodes)
    with leader.client() as client:
        place(client, 3)
        expected = digest_of(client)
    number = nodes.index(others_than(leader, nodes)[-1])
    peers = ",".join(node.endpoints.commands.removeprefix("tcp://") for node in nodes)
    done = subprocess.run(
        [sys.executable, "-m", "matcher.handover", str(number)],
        env=clean_environment({"MATCHER_PEERS": peers}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"node {number} leads\n", "")
    leader.wait_for_end()
    assert leader_of(nodes) is nodes[number]
    with nodes[number].client() as client:
        assert digest_of(client) == expected


def test_stopped_leader_ends_cleanly_and_is_replaced(nodes: list[NodeProcess]) -> None:
    leader = leader_of(nodes)
    with leader.client() as client:
        place(client, 3)
        expected = digest_of(client)
    leader.stop(signal.SIGTERM)
    with leader_of(others_than(leader, nodes)).client() as client:
        assert digest_of(client) == expected


def test_all_stopped_and_started_go_on(nodes: list[NodeProcess]) -> None:
    leader = leader_of(nodes)
    with leader.client() as client:
        place(client, 3)
        expected = digest_of(client)
    for node in nodes:
        node.kill()
    restart(nodes)
    with leader_of(nodes).client() as client:
        assert digest_of(client) == expected

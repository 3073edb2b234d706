"""Nodes with servers of etcd: what comes back after trims, and what happens to a log that is lost."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_reader
from matcher.storage.log import TrimmedError
from tests.cluster_nodes import NodeProcess, digest_of, free_bases, leader_of, place
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import wait_until


@pytest.fixture
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


def started(tmp_path: Path, log: str, count: int, *flags: str) -> list[NodeProcess]:
    peers = free_bases(count)
    nodes = [NodeProcess(tmp_path / f"node{number}", number, log, peers, *flags) for number in range(count)]
    for node in nodes:
        node.start()
    return nodes


def test_a_node_that_was_away_over_trims_comes_back_by_a_fetched_snapshot(tmp_path: Path, etcd: EtcdCluster) -> None:
    log = etcd.url("away")
    nodes = started(tmp_path, log, 3, "--snapshot-every=25")
    first = leader_of(nodes)
    with first.client() as client:
        place(client, 5)
    first.stop()
    others = [node for node in nodes if node is not first]
    leader = leader_of(others)
    reader = open_reader(parse_address(log), Credentials())

    def trimmed() -> bool:
        with leader.client() as client:
            place(client, 26)
        try:
            next(iter(reader.read(0)))
        except TrimmedError:
            return True
        return False

    wait_until(trimmed, "a log without its beginning")
    reader.close()
    first.start()
    wait_until(lambda: first.records("snapshot fetched"), "a node that fetches a snapshot")
    with leader.client() as client:
        place(client, 26)
        expected = digest_of(client)
    for node in (*others, first):
        node.stop()
    assert {node.adopt()["digest"] for node in nodes} == {expected}


def test_a_log_that_is_lost_or_rolled_back_is_refused_and_adopt_brings_it_back(
    tmp_path: Path, etcd: EtcdCluster
) -> None:
    nodes = started(tmp_path, etcd.url("one"), 2)
    with leader_of(nodes).client() as client:
        place(client, 20)
    etcd.stop()
    [server] = etcd.members
    backup = tmp_path / "backup"
    shutil.copytree(server.directory, backup)
    etcd.start()
    with leader_of(nodes).client() as client:
        place(client, 20)
        expected = digest_of(client)

    for turn, name in enumerate(("two", "three")):
        etcd.kill()
        etcd.wipe()
        if turn == 0:
            shutil.copytree(backup, server.directory)
        etcd.start()
        assert {node.ends() for node in nodes} == {1}
        for node in nodes:
            assert "matcher.adopt --log NEW" in node.refused()
        states = [node.adopt() for node in nodes]
        assert expected in {state["digest"] for state in states}
        furthest = max(nodes, key=lambda node: int(node.adopt()["position"]))
        assert furthest.adopt("--log", etcd.url(name))["digest"] == expected
        [other] = [node for node in nodes if node is not furthest]
        shutil.rmtree(other.data)
        for node in nodes:
            node.follow(etcd.url(name))
            node.start()
        wait_until(partial(other.records, "snapshot fetched"), "the state of the other node")
        with leader_of(nodes).client() as client:
            assert digest_of(client) == expected
            place(client, 3)
            expected = digest_of(client)
    for node in nodes:
        node.stop()
    assert {node.adopt()["digest"] for node in nodes} == {expected}

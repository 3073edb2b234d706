"""Nodes with servers of etcd: the log is trimmed, and a node that was away meanwhile comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_reader
from matcher.storage.log import TrimmedError
from tests.cluster_nodes import digest_of, leader_of, place, running_nodes
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import wait_until


@pytest.fixture
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


def test_a_node_that_was_away_over_trims_comes_back_by_a_fetched_snapshot(tmp_path: Path, etcd: EtcdCluster) -> None:
    log = etcd.url("away")
    with running_nodes(tmp_path, log, 3, "--snapshot-every=25") as nodes:
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

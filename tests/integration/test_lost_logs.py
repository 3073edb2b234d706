"""A log that has lost what was answered: no node goes on with it, and adopt begins another one with their state."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.cluster_nodes import digest_of, leader_of, place, running_nodes
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import wait_until


@pytest.fixture
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


def test_a_log_that_is_lost_or_rolled_back_is_refused_and_adopt_brings_it_back(
    tmp_path: Path, etcd: EtcdCluster
) -> None:
    with running_nodes(tmp_path, etcd.url("one"), 2) as nodes:
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
            furthest, other = nodes if int(states[0]["position"]) >= int(states[1]["position"]) else nodes[::-1]
            assert furthest.adopt("--log", etcd.url(name))["digest"] == expected
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

"""The history follows a log in etcd, over restarts and trims; one that begins late begins with a node's snapshot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_reader
from matcher.storage.log import TrimmedError
from protocol.client import CommandClient
from protocol.queries import DigestQuery
from tests.cluster_nodes import leader_of, place, running_nodes
from tests.etcd import EtcdCluster, running_etcd
from tests.exchange import wait_until
from tests.history_process import HistoryProcess


@pytest.fixture
def etcd() -> Iterator[EtcdCluster]:
    with running_etcd() as cluster:
        yield cluster


def sequence_of(client: CommandClient) -> int:
    return client.query(DigestQuery()).sequence


def test_the_tables_go_on_over_restarts_and_trims(tmp_path: Path, etcd: EtcdCluster) -> None:
    log = etcd.url("one")
    with running_nodes(tmp_path, log, 1, "--snapshot-every=40") as nodes:
        leader = leader_of(nodes)
        flags = [argument for argument in leader.arguments if argument.startswith(("--log=", "--peers="))]
        histories = []
        for name in ("early", "late"):
            directory = tmp_path / name
            directory.mkdir()
            histories.append(HistoryProcess(directory, directory / "data", *flags))
        early, late = histories
        reader = open_reader(parse_address(log), Credentials())
        with leader.client() as client:
            place(client, 10)
            early.start()
            early.wait_until_at(sequence_of(client))
            place(client, 50)
            early.wait_until_at(sequence_of(client))
            early.stop()

            def trimmed() -> bool:
                place(client, 9)
                try:
                    next(iter(reader.read(0)))
                except TrimmedError:
                    return True
                return False

            wait_until(trimmed, "a log without its beginning")
            early.start()
            early.wait_until_at(sequence_of(client))
            late.start()
            wait_until(lambda: late.place() > 0, "tables that have begun")
            place(client, 30)
            for history in histories:
                history.wait_until_at(sequence_of(client))
        reader.close()
        for history in histories:
            history.stop()
        whole, part = (history.rows() for history in histories)
        assert early.records("the journal behind the tables is gone: they get a hole") == []
        [began] = late.records("tables begin with a snapshot: what was before it is not in them")
        assert 0 < began["sequence"] < whole["trades"][-1][3]
        for table in ("trades", "fills"):
            assert whole[table][-5:] == part[table][-5:]
            assert len(whole[table]) > len(part[table])
        numbers = [row[1] for row in whole["trades"] if row[0] == "BTC-USDT"]
        assert numbers == list(range(1, len(numbers) + 1))
        for history in histories:
            history.close()

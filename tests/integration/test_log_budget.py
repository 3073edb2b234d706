"""A log in etcd stays within its budget, whatever goes through it."""

from pathlib import Path

from matcher.etcd.address import Credentials, parse_address
from matcher.etcd.opening import open_reader
from matcher.log_config import MIN_BUDGET
from matcher.replication.log_size import record_bytes
from matcher.storage.log import LogReader, Position, TrimmedError
from protocol.codec import encode
from protocol.commands import PlaceOrder
from protocol.units import OrderType, Side
from tests.cluster_nodes import NodeProcess, leader_of, running_nodes
from tests.etcd import running_etcd


def held_by(reader: LogReader, node: NodeProcess) -> tuple[Position, int]:
    """Up to where the node has trimmed the log, and the bytes behind. A trim may come between the two: it is told soon."""
    while True:
        trims = node.records("log trimmed")
        trimmed = trims[-1]["upto"] if trims else 0
        try:
            return trimmed, sum(record_bytes(logged.record) for logged in reader.read(trimmed))
        except TrimmedError:
            continue


def test_a_log_with_a_small_budget_stays_within_it(tmp_path: Path) -> None:
    with running_etcd() as etcd, running_nodes(tmp_path, etcd.url("small"), 1, f"--log-budget={MIN_BUDGET}") as [node]:
        reader = open_reader(parse_address(etcd.url("small")), Credentials())
        orders = [PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 5_000_000 + n) for n in range(256)]
        leader_of([node])
        appended = trimmed = 0
        with node.client() as client:
            while appended < 2 * MIN_BUDGET:
                client.send(orders)
                for _ in orders:
                    client.receive()
                trimmed, held = held_by(reader, node)
                assert held < MIN_BUDGET
                appended += 256 * len(encode(orders[0]))
        assert len(node.records("log trimmed")) > 1
        assert trimmed > 0
        reader.close()
        node.stop()

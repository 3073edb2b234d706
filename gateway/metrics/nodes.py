"""What one worker tells of the nodes of replicated logs, and of shards. Without these, there are no samples."""

import time
from collections.abc import Sequence
from typing import Final

from gateway.link.group import Group
from matching_exchange.metrics.families import NANOSECONDS, Labels, gauges
from protocol.metrics import Family

GROUP: Final = ("worker", "shard")
NODE: Final = (*GROUP, "place")


def node_families(groups: Sequence[Group], worker: str) -> list[Family]:
    """`worker` is its number."""
    now = time.monotonic()
    epochs: dict[Labels, int] = {}
    warnings: dict[Labels, int] = {}
    heard: dict[Labels, int] = {}
    records: dict[Labels, int] = {}
    times: dict[Labels, int] = {}
    for group in groups:
        if not group.is_replicated and not group.name:
            continue
        labels = worker, group.name
        epochs[labels] = group.leadership.epoch
        warnings[labels] = len(group.warnings(now))
        for node in group.nodes:
            place = (*labels, str(node.place))
            heard[place] = int(group.role(node, now) != "away")
            if node.lag is not None:
                records[place], times[place] = node.lag
    return [
        gauges("exchange_gateway_leader_epoch", "The epoch of the leader that the worker hears.", GROUP, epochs),
        gauges("exchange_gateway_node_warnings", "What /health warns of.", GROUP, warnings),
        gauges("exchange_gateway_node_up", "Whether the worker hears the node.", NODE, heard),
        gauges("exchange_gateway_node_lag_records", "Records that the node is behind the leader.", NODE, records),
        gauges(
            "exchange_gateway_node_lag_seconds", "Time that the node is behind the leader.", NODE, times, NANOSECONDS
        ),
    ]

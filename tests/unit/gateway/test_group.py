"""What is known of the nodes of a replicated log, and what /health and the metrics tell of it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.link.errors import MatcherUnavailableError
from gateway.link.group import AWAY_SECONDS, Group
from gateway.metrics.nodes import node_families
from protocol.commands import VERSION, StatusQuery
from protocol.events import MatcherStatus, NodePulse, NodeRole, Pulse
from tests.unit.gateway.fakes import CONFIG, Gateway

EPOCH = 1_800_000_000_000_000_000
MILLISECOND = 1_000_000
LOG = "etcd://10.0.0.1:2379,10.0.0.2:2379/exchange"


def told(node: int, role: NodeRole = NodeRole.STANDBY, position: int = 100, **more: Any) -> NodePulse:
    values = {
        "version": VERSION,
        "node": node,
        "role": role,
        "epoch": EPOCH,
        "position": position,
        "sequence": 10 * position,
        "timestamp": position * 50 * MILLISECOND,
        "waiting": 0,
        "snapshot_position": 0,
        "snapshot_digest": "",
        "log_id": "x",
        "log": LOG,
        "warnings": [],
    }
    return NodePulse(**{**values, **more})


def heard(now: float) -> Group:
    """Three nodes: the second leads, the third was never heard."""
    group = Group(("10.0.0.1:5555", "10.0.0.2:5555", "10.0.0.3:5555"))
    group.leadership.hear(1, Pulse(VERSION, EPOCH, "x", 0), now)
    group.hear(1, told(7, NodeRole.LEADER, position=103), now)
    group.hear(0, told(2), now)
    return group


def test_lags_and_roles() -> None:
    group = heard(50.0)
    assert [group.role(node, 51.0) for node in group.nodes] == ["standby", "leader", "away"]
    assert [node.lag for node in group.nodes] == [(3, 150 * MILLISECOND), None, None]
    assert group.warnings(50.5) == ["The matcher at place 3 is away."]
    assert group.log == "etcd:exchange"
    # A standby may know a record before the leader has told of it.
    group.hear(0, told(2, position=104), 50.6)
    assert group.nodes[0].lag == (0, 0)


def test_a_node_that_says_nothing_is_away() -> None:
    group = heard(50.0)
    later = 50.0 + AWAY_SECONDS
    assert [group.role(node, later) for node in group.nodes] == ["away"] * 3
    assert group.warnings(later) == [
        "No node leads.",
        "Node 2 is away.",
        "Node 7 is away.",
        "The matcher at place 3 is away.",
    ]


def test_a_former_leader_is_replaced() -> None:
    group = heard(50.0)
    group.leadership.hear(0, Pulse(VERSION, EPOCH + 1, "x", 0), 50.5)
    group.hear(0, told(2, NodeRole.LEADER, epoch=EPOCH + 1), 50.5)
    assert [group.role(node, 51.0) for node in group.nodes] == ["leader", "replaced", "away"]
    # It is restarted.
    group.hear(1, told(7, position=99), 51.0)
    assert group.role(group.nodes[1], 51.0) == "standby"
    assert group.nodes[1].lag == (1, 50 * MILLISECOND)


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (
            lambda group: [
                group.hear(0, told(2, snapshot_position=90, snapshot_digest="aa"), 50.2),
                group.hear(1, told(7, NodeRole.LEADER, snapshot_position=90, snapshot_digest="bb"), 50.2),
                # The leader has a newer one by now.
                group.hear(1, told(7, NodeRole.LEADER, snapshot_position=95, snapshot_digest="cc"), 50.3),
            ],
            "Node 2 and Node 7 have different digests at position 90.",
        ),
        (lambda group: [group.hear(0, told(2, log_id="y"), 50.2)], "Node 2 and Node 7 have different logs."),
        (lambda group: [group.hear(0, told(7), 50.2)], "The matchers at places 1 and 2 have the same number 7."),
        (lambda group: [group.hear(0, told(2, warnings=["The clock differs."]), 50.2)], "Node 2: The clock differs."),
        (
            lambda group: [group.hear(1, told(7, NodeRole.LEADER, waiting=2_000_000_000), 50.2)],
            "The leader cannot write to the log.",
        ),
    ],
)
def test_what_an_operator_should_look_at(change: Callable[[Group], object], warning: str) -> None:
    group = heard(50.0)
    assert warning not in group.warnings(50.1)
    change(group)
    assert warning in group.warnings(50.4)


def test_equal_digests_are_no_warning() -> None:
    group = heard(50.0)
    group.hear(0, told(2, snapshot_position=90, snapshot_digest="aa"), 50.2)
    group.hear(1, told(7, NodeRole.LEADER, snapshot_position=90, snapshot_digest="aa"), 50.2)
    assert group.warnings(50.3) == ["The matcher at place 3 is away."]


def test_health_tells_of_the_nodes() -> None:
    with Gateway(CONFIG, heard(time.monotonic())) as gateway:
        gateway.broker.results[StatusQuery] = MatcherStatus(1, "always", 0, 0, 0)
        answer = gateway.request("GET", "/health")
    assert answer.status == 200
    nothing = dict.fromkeys(("node", "epoch", "position", "sequence", "lag", "lag_ms", "snapshot_position"))
    known = {"epoch": str(EPOCH), "snapshot_position": 0}
    assert answer.json["groups"] == [
        {
            "log": "etcd:exchange",
            "leader": 7,
            "epoch": str(EPOCH),
            "position": 103,
            "nodes": [
                {**known, "place": 1, "node": 2, "role": "standby", "position": 100, "sequence": 1_000, "lag": 3, "lag_ms": 150},
                {**known, "place": 2, "node": 7, "role": "leader", "position": 103, "sequence": 1_030, "lag": None, "lag_ms": None},
                {**nothing, "place": 3, "role": "away"},
            ],
            "warnings": ["The matcher at place 3 is away."],
        }
    ]  # fmt: skip
    assert "10.0.0" not in answer.body.decode(), "addresses are no client's business"


def test_health_tells_of_the_nodes_while_none_leads() -> None:
    with Gateway(CONFIG, heard(time.monotonic() - 60)) as gateway:
        gateway.broker.results[StatusQuery] = MatcherUnavailableError("")
        answer = gateway.request("GET", "/health")
    assert answer.status == 503
    (group,) = answer.json["groups"]
    assert (group["leader"], group["position"], group["epoch"]) == (None, None, str(EPOCH))
    assert group["warnings"][0] == "No node leads."


@pytest.mark.parametrize("groups", [(), (Group(("10.0.0.1:5555",)),)])
def test_without_a_replicated_log_health_says_nothing_of_nodes(groups: tuple[Group, ...]) -> None:
    with Gateway(CONFIG, *groups) as gateway:
        gateway.broker.results[StatusQuery] = MatcherStatus(1, "always", 0, 0, 0)
        good = gateway.request("GET", "/health")
        gateway.broker.results[StatusQuery] = MatcherUnavailableError("")
        bad = gateway.request("GET", "/health")
    assert (good.status, bad.status) == (200, 503)
    assert "groups" not in good.json
    assert set(bad.json) == {"status", "detail", "auth"}


def test_metrics_of_the_nodes() -> None:
    families = {family.name: dict(family.values) for family in node_families([heard(time.monotonic())], "0")}
    assert families == {
        "exchange_gateway_leader_epoch": {("0", ""): EPOCH},
        "exchange_gateway_node_warnings": {("0", ""): 1},
        "exchange_gateway_node_up": {("0", "", "1"): 1, ("0", "", "2"): 1, ("0", "", "3"): 0},
        "exchange_gateway_node_lag_records": {("0", "", "1"): 3},
        "exchange_gateway_node_lag_seconds": {("0", "", "1"): 150 * MILLISECOND},
    }
    assert all(not family.values for family in node_families([], "0"))


def test_a_shard_is_told_of_and_one_with_another_map_is_warned_of() -> None:
    now = time.monotonic()
    group = Group(("10.0.0.1:5555",), "majors", "hash")
    alone = told(0, NodeRole.LEADER, log="local", shards_hash="hash")
    group.leadership.hear(0, Pulse(VERSION, EPOCH, "x", 1), now)
    group.hear(0, alone, now)
    assert group.warnings(now) == []
    assert not group.is_replicated
    families = {family.name: dict(family.values) for family in node_families([group], "0")}
    assert families["exchange_gateway_node_up"] == {("0", "majors", "1"): 1}
    assert families["exchange_gateway_node_warnings"] == {("0", "majors"): 0}
    for other in ("another", ""):
        group.hear(0, replace(alone, shards_hash=other), now)
        assert group.warnings(now) == ["Node 0 goes by another map of shards than this gateway."]
    group.hear(0, alone, now)
    assert group.warnings(now) == []

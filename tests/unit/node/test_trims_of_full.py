"""A log that became full while other nodes were away goes on once one is back."""

from pathlib import Path

import pytest

from matcher.node.checkpoints import STUCK_EVERY
from matcher.replication.trims import ALIVE, FIRST_AFTER
from tests.node_life import FollowingNode, Writer, serving
from tests.replicated_log import SharedLog

BUDGET = 20_000
NOW = 100 * FIRST_AFTER


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


def filled(path: Path, shared: SharedLog) -> tuple[Writer, FollowingNode]:
    """A leader whose log is full: nobody else was there."""
    writer = Writer(shared)
    leader = FollowingNode(path, shared, budget=BUDGET)
    leader.checkpoints.lead(0)
    while not leader.checkpoints.full:
        writer.trade()
        leader.catch_up()
        if leader.checkpoints.is_due(NOW):
            writer.checkpoint(leader.checkpoints.entries())
            leader.catch_up()
    return writer, leader


def test_a_replaced_node_frees_a_full_log(tmp_path: Path, shared: SharedLog) -> None:
    writer, leader = filled(tmp_path / "leader", shared)
    assert not leader.checkpoints.is_due(NOW), "nobody else is there to take a snapshot"
    now = NOW
    with serving(leader.directory.snapshots) as endpoint:
        other = FollowingNode(tmp_path / "other", shared, [endpoint], budget=BUDGET)
    other.catch_up()
    for _ in range(3):
        leader.checkpoints.heard([other.pulse(1)], now)
        leader.checkpoints.trim(now)
        if leader.checkpoints.is_due(now):
            writer.checkpoint(leader.checkpoints.entries())
            leader.catch_up()
            other.catch_up()
            assert not leader.checkpoints.is_due(now), "one after the other"
        now += STUCK_EVERY
    assert shared.trimmed
    assert not leader.checkpoints.full
    assert not leader.checkpoints.is_due(now)
    leader.close()
    other.close()


def test_a_full_log_takes_no_checkpoints_for_nobody(tmp_path: Path, shared: SharedLog) -> None:
    _, leader = filled(tmp_path / "leader", shared)
    other = FollowingNode(tmp_path / "other", shared, budget=BUDGET)
    leader.checkpoints.heard([other.pulse(1)], NOW)
    assert not leader.checkpoints.is_due(NOW + ALIVE + 1)
    assert leader.checkpoints.is_due(NOW)
    leader.close()
    other.close()


def test_who_does_not_lead_says_nothing_of_the_size(tmp_path: Path, shared: SharedLog) -> None:
    """It does not know of the last trims."""
    _, leader = filled(tmp_path / "leader", shared)
    other = FollowingNode(tmp_path / "other", shared, budget=BUDGET)
    other.catch_up()
    assert "commands are refused" in leader.checkpoints.warnings()[0]
    assert other.checkpoints.warnings() == []
    leader.close()
    other.close()

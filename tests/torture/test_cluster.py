"""A cluster whose leader is killed, paused, and killed with the log's leader: nothing that was answered is lost, doubled
or answered from the past, and nobody who was replaced goes on.

A soak is `scripts/torture --cluster`, with partitions too.
"""

import os
import secrets
from pathlib import Path

import pytest

from matcher.replication import timings
from matching_exchange.tools.torture.cluster.run import ClusterPlan, torture_cluster
from matching_exchange.tools.torture.run import Plan
from tests.etcd import missing

SEED = int(os.environ.get("TORTURE_SEED", secrets.randbelow(10**9)))

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(180)]


def test_nothing_that_was_answered_is_lost_when_leaders_change(tmp_path: Path) -> None:
    plan = Plan(5, SEED, clients=4, snapshot_every=200, calm=0.2, pause=0.01)
    wanted = ClusterPlan(("kill", "pause", "both", "pause", "kill"), plan, pauses=(2.0, 2.5))
    report = torture_cluster(wanted, tmp_path, lambda kills, answered: None)
    assert [promise for promise in report.promises if promise.broken] == [], f"TORTURE_SEED={SEED}"
    assert report.strikes == 5
    assert report.takeovers is not None and report.takeovers.count == 5
    assert report.refused >= 2, "each woken leader is refused by the log"
    assert report.held_commands > 0, "none of them held a command that it had applied"
    assert report.ended == []
    # Clients wait and need not send again. Nobody leads sooner than a lease after the last record.
    assert report.silences is not None and report.silences.count == 5
    assert report.silences.median >= timings.LEASE // timings.MILLISECOND, "no strike has hit anybody"
    assert report.queries > 0 and report.trades > 0
    assert len(set(report.digests.values())) == 1, f"TORTURE_SEED={SEED}"

"""The protocol of leaders and standbys keeps its promises in runs with faults of all kinds, and the simulation finds
what breaks them."""

import subprocess
import sys

import pytest

from matching_exchange.tools.simulate_replication.__main__ import main
from matching_exchange.tools.simulate_replication.audit import STALE
from matching_exchange.tools.simulate_replication.planted import Planted
from matching_exchange.tools.simulate_replication.run import Run, run
from matching_exchange.tools.simulate_replication.seen import Seen
from matching_exchange.tools.simulate_replication.weather import calm
from tests.exchange import PATIENCE, ROOT

SEEDS = range(200)
"""`scripts/simulate_replication` runs more."""

WITHIN = 100
"""Seeds within which a planted fault is found."""

FOUND = {
    Planted.NO_FENCING: "stands behind epoch",
    Planted.RECORD_KEY: "were committed before",
    Planted.NO_LEASE: STALE,
    Planted.LEASE_FROM_ANSWER: STALE,
    Planted.LEASE_AFTER_HANDOVER: STALE,
    Planted.READ_OLD_CLOCK: STALE,
    Planted.READ_AHEAD: "which is not committed so",
    Planted.ANSWER_AHEAD: "was answered and is not in the log",
    Planted.RECEIVED_OLD_CLOCK: STALE,
    Planted.REFUSED_IS_FENCED: "by its own record",
    Planted.UNKNOWN_IS_NOT_TAKEN: "is in the log twice",
    Planted.SAME_EPOCH: STALE,
}


def describe(broken: Run) -> str:
    return f"seed {broken.seed}: {broken.violation}\n" + "\n".join(broken.trace)


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What happened in runs that kept every promise."""
    total = Seen()
    for seed in SEEDS:
        done = run(seed)
        assert done.violation is None, describe(done)
        total.add(done.seen)
    return total


def test_every_promise_is_kept(seen: Seen) -> None:
    assert seen.runs == len(SEEDS)
    assert seen.answers > 20 * len(SEEDS)
    assert seen.reads > 20 * len(SEEDS)


@pytest.mark.parametrize(
    "count",
    [
        "elections_refused", "leaders_fenced", "fenced_with_commands", "handed_over", "tries_again",
        "found_by_looking", "late_requests", "doubled_messages", "stalls", "restarts", "snapshots_fetched", "trims",
        "holes", "reads_held", "heads_failed",
    ],
)  # fmt: skip
def test_what_is_to_be_lived_through_has_happened(seen: Seen, count: str) -> None:
    assert getattr(seen, count) > 0


@pytest.mark.parametrize("seed", range(8))
def test_without_faults_there_is_one_election(seed: int) -> None:
    done = run(seed, weather=calm())
    assert done.violation is None, describe(done)
    assert (done.seen.elections, done.seen.leaders_fenced, done.seen.heads_failed) == (1, 0, 0)


def test_a_seed_is_a_run() -> None:
    first, again, other = run(5), run(5), run(6)
    assert (first.digest, first.trace, first.seen) == (again.digest, again.trace, again.seen)
    assert first.digest != other.digest


def test_a_seed_is_a_run_in_another_process_too() -> None:
    program = "from matching_exchange.tools.simulate_replication.run import run; print(run(5).digest)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert int(done.stdout) == run(5).digest


@pytest.mark.parametrize("planted", Planted)
def test_a_planted_fault_is_found(planted: Planted) -> None:
    found = next((done for seed in range(WITHIN) if (done := run(seed, planted)).violation is not None), None)
    assert found is not None
    assert found.violation is not None
    assert FOUND[planted] in found.violation
    assert found.violation in found.trace[-1]


def test_the_program_tells_what_it_has_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "3", "--first", "7"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "3 runs, every promise was kept"
    assert {"simulated hours", "elections", "leaders fenced", "longest recovery"} <= {
        line[:42].strip() for line in printed
    }


def test_the_program_names_the_seed_that_breaks_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plant", "read_ahead", "--seeds", "50"]) == 1
    first, *trace = capsys.readouterr().out.splitlines()
    broken = next(done for seed in range(50) if (done := run(seed, Planted.READ_AHEAD)).violation is not None)
    assert first == f"seed {broken.seed}: {broken.violation}"
    assert trace == broken.trace[-len(trace) :]
    assert len(trace) > 1

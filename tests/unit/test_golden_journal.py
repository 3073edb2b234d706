"""A journal of the first version replays to the digests that it had then: in this process, with any hash seed, on any Python.

How it was made: tests/make_golden_journal.py. Interpreters of other versions are looked for on the PATH and in OTHER_PYTHONS (paths with
colons between); those that lack msgspec, or cannot run, are left out by name.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from matcher.digest import digest
from matcher.engine import Engine
from matcher.journal import Journal
from matcher.state import Caused, Reply, State
from protocol.commands import Command, PlaceOrder
from protocol.events import Event
from protocol.units import OrderType

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "golden"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "digests.json").read_text())
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

REPLAY = """
import sys
from pathlib import Path
from matcher.digest import digest
from matcher.engine import Engine
from matcher.journal import Journal
from matcher.state import State
state = State(Engine())
for record in Journal(Path(sys.argv[1])).records():
    state.replay(record)
print(state.sequence, state.time, digest(state.engine))
"""

LAST = f"{EXPECTED['sequence']} {EXPECTED['time']} {EXPECTED['digests'][str(EXPECTED['sequence'])]}"


LATER_COMMANDS = {"PlaceOco", "SetAccountStatus", "CancelAfter", "AdvanceTime", "WatchAccount"}
LATER_EVENTS = {"OrderReduced", "OrderDecremented", "TriggerMoved", "AccountSet", "AccountWatched"}
LATER_ORDER_TYPES = {OrderType.TAKE_PROFIT_LIMIT, OrderType.TRAILING_STOP}
"""What came after the first version."""

ALL_COMMANDS = {kind.__name__ for kind in get_args(Command)} - LATER_COMMANDS


class Watched(State):
    """Notes the digests at the sequences for which one is known, and what the journal holds."""

    def __init__(self) -> None:
        super().__init__(Engine())
        self.digests: dict[str, str] = {}
        self.commands: set[str] = set()
        self.order_types: set[OrderType] = set()
        self.outcomes: set[str] = set()

    def apply(self, session: int, number: int, commands: Sequence[Command], time: int) -> tuple[Reply, list[Caused]]:
        reply, every = super().apply(session, number, commands, time)
        for caused in every:
            self.commands.add(type(caused.command).__name__)
            if isinstance(caused.command, PlaceOrder):
                self.order_types.add(caused.command.order_type)
            self.outcomes |= {type(event).__name__ for event in caused.events}
        if str(self.sequence) in EXPECTED["digests"]:
            self.digests[str(self.sequence)] = digest(self.engine)
        return reply, every


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A copy: who reads a journal may cut it off where it is torn."""
    return Path(shutil.copytree(GOLDEN / "journal", tmp_path / "journal"))


def test_it_replays_to_its_digests(journal: Path) -> None:
    state = Watched()
    for record in Journal(journal).records():
        state.replay(record)
    assert (state.sequence, state.time) == (EXPECTED["sequence"], EXPECTED["time"])
    assert state.digests == EXPECTED["digests"]
    assert state.commands == ALL_COMMANDS
    assert state.order_types == set(OrderType) - LATER_ORDER_TYPES
    assert state.outcomes == {event.__name__ for event in get_args(Event)} - LATER_EVENTS
    assert len(list(journal.iterdir())) > 1, "segments"
    assert any(kept for _, _, kept in state.sessions.known())


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_it_replays_to_its_digest_with_any_hash_seed(journal: Path, hash_seed: str) -> None:
    assert replay(sys.executable, journal, hash_seed) == LAST


@pytest.mark.parametrize("version", VERSIONS)
def test_it_replays_to_its_digest_on_another_python(journal: Path, version: str) -> None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip(f"Python {version} is the one that runs the tests")
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} with msgspec")
    assert replay(python, journal, "3") == LAST


def replay(python: str, journal: Path, hash_seed: str) -> str:
    """The last sequence, time and digest as a process of that interpreter finds them."""
    return run(python, REPLAY, str(journal), PYTHONHASHSEED=hash_seed).stdout.strip()


def find_python(version: str) -> str | None:
    """An interpreter of that version that has what the matcher's core needs."""
    named = [path for path in os.environ.get("OTHER_PYTHONS", "").split(":") if path]
    for python in (*named, shutil.which(f"python{version}")):
        probe = f"import sys, msgspec; sys.exit(sys.version_info[:2] != ({version.replace('.', ', ')}))"
        if python is not None and run(python, probe, check=False).returncode == 0:
            return python
    return None


def run(python: str, program: str, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    process = subprocess.run(
        [python, "-c", program, *arguments], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60
    )
    assert not check or process.returncode == 0, process.stderr
    return process

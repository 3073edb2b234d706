"""Journals of earlier versions replay to the digests that they had then: in this process, with any hash seed, on any
Python.

How they were made: tests/oracle/make_golden_journal.py. Interpreters of other versions are looked for on the PATH and in
OTHER_PYTHONS (paths with colons between); those that lack msgspec, or cannot run, are left out by name.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import asdict

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.state import Caused, State
from matcher.storage.journal import Journal
from protocol.commands import OrderTerms, OwnCommand, PlaceOrder
from protocol.events import Event, OrderCanceled, OrderPlaced, OrderRejected
from protocol.units import OrderType, Reason, SelfTradePrevention

ROOT = Path(__file__).parents[3]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

REPLAY = """
import sys
from pathlib import Path
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.storage.journal import Journal
from matcher.state import State
state = State(Engine())
for record in Journal(Path(sys.argv[1])).records():
    state.replay(record)
print(state.sequence, state.time, digest(state.registry))
"""


class Golden:
    """A journal, the digests that it had at some sequences, and the last of them with its sequence and time, as REPLAY
    prints it."""

    def __init__(self, name: str) -> None:
        directory = ROOT / "tests" / "data" / name
        self.journal = directory / "journal"
        self.expected: dict[str, Any] = json.loads((directory / "digests.json").read_text())
        sequence, time, digests = (self.expected[field] for field in ("sequence", "time", "digests"))
        self.last = f"{sequence} {time} {digests[str(sequence)]}"


FIRST = Golden("golden")
ORDER_MANAGEMENT = Golden("golden_order_management")
LIMITS = Golden("golden_limits")
REBUILD = Golden("golden_rebuild")
COMPILED = Golden("golden_compiled")
PROTECTION = Golden("golden_protection")
MONEY = Golden("golden_money")
COMMANDS = Golden("golden_commands")
TERMS = Golden("golden_terms")
SHARDS = Golden("golden_shards")

ALL = {
    "first": FIRST,
    "order_management": ORDER_MANAGEMENT,
    "limits": LIMITS,
    "rebuild": REBUILD,
    "compiled": COMPILED,
    "protection": PROTECTION,
    "money": MONEY,
    "commands": COMMANDS,
    "terms": TERMS,
    "shards": SHARDS,
}

each = pytest.mark.parametrize("golden", ALL.values(), ids=ALL.keys())


class Watched:
    """A state, the digests at the sequences for which one is known, and what the journal holds."""

    def __init__(self, golden: Golden) -> None:
        self.state = State(Engine())
        self._golden = golden
        self.digests: dict[str, str] = {}
        self.commands: set[str] = set()
        self.order_types: set[OrderType] = set()
        self.outcomes: set[str] = set()
        self.reasons: set[Reason] = set()
        self.terms: set[tuple[str, Any]] = set()

    def note(self, _reply: Reply, every: list[Caused]) -> None:
        for caused in every:
            self.commands.add(type(caused.command).__name__)
            if isinstance(caused.command, PlaceOrder) and isinstance(caused.events[0], OrderPlaced):
                self.order_types.add(caused.command.order_type)
                self.terms |= asked_terms(caused.command.terms or OrderTerms())
            self.outcomes |= {type(event).__name__ for event in caused.events}
            self.reasons |= {
                event.reason for event in caused.events if isinstance(event, OrderRejected | OrderCanceled)
            }
        if str(self.state.sequence) in self._golden.expected["digests"]:
            self.digests[str(self.state.sequence)] = digest(self.state.registry)


def asked_terms(terms: OrderTerms) -> set[tuple[str, Any]]:
    """The fields that are not as their defaults; of self_trade_prevention, with its mode."""
    default = asdict(OrderTerms())
    modes = (SelfTradePrevention,)
    return {
        (name, value if isinstance(value, modes) else True)
        for name, value in asdict(terms).items()
        if value != default[name]
    }


def replay(golden: Golden, directory: Path) -> Watched:
    """The state after the whole journal: after a copy of it, as who reads a journal may cut it off where it is torn."""
    watched = Watched(golden)
    for record in Journal(copy_of(golden, directory)).records():
        watched.state.replay(record, watched.note)
    return watched


def copy_of(golden: Golden, directory: Path) -> Path:
    return Path(shutil.copytree(golden.journal, directory / "journal"))


@each
def test_it_replays_to_its_digests(golden: Golden, tmp_path: Path) -> None:
    watched = replay(golden, tmp_path)
    state = watched.state
    assert (state.sequence, state.time) == (golden.expected["sequence"], golden.expected["time"])
    assert watched.digests == golden.expected["digests"]
    assert len(list(golden.journal.iterdir())) > 1, "segments"
    assert any(kept for _, _, kept in state.sessions.known())


def test_together_they_hold_everything(tmp_path: Path) -> None:
    replays = [replay(golden, tmp_path / name) for name, golden in ALL.items()]
    commands = {kind.__name__ for kind in get_args(OwnCommand)}
    assert set.union(*(state.commands for state in replays)) == commands
    events = {event.__name__ for event in get_args(Event)}
    assert set.union(*(state.outcomes for state in replays)) == events
    assert set.union(*(state.order_types for state in replays)) == set(OrderType)
    assert set.union(*(state.reasons for state in replays)) == set(Reason)
    terms = {(name, True) for name in OrderTerms.__struct_fields__ if name != "self_trade_prevention"}
    modes = {("self_trade_prevention", mode) for mode in SelfTradePrevention if mode is not SelfTradePrevention.NONE}
    assert set.union(*(state.terms for state in replays)) == terms | modes


@each
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_it_replays_to_its_digest_with_any_hash_seed(golden: Golden, tmp_path: Path, hash_seed: str) -> None:
    assert replay_in(sys.executable, copy_of(golden, tmp_path), hash_seed) == golden.last


@each
@pytest.mark.parametrize("version", VERSIONS)
def test_it_replays_to_its_digest_on_another_python(golden: Golden, tmp_path: Path, version: str) -> None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip(f"Python {version} is the one that runs the tests")
    python = find_python(version)
    if python is None:
        pytest.skip(f"no Python {version} with msgspec")
    assert replay_in(python, copy_of(golden, tmp_path), "3") == golden.last


def replay_in(python: str, journal: Path, hash_seed: str) -> str:
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


def run(
    python: str, program: str, *arguments: str, check: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    process = subprocess.run(
        [python, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not check or process.returncode == 0, process.stderr
    return process

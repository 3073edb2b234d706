"""The compiled core and its sources say the same: events, answers, market data, digests, bytes on disk."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.compiled import ALWAYS, AUTO, NEVER, VARIABLE, why_interpreted
from matcher.storage.journal_format import HEADER_BYTES
from tests.exchange import PATIENCE, ROOT, Json

pytestmark = pytest.mark.skipif(bool(why_interpreted(AUTO)), reason=f"no compiled core: {why_interpreted(AUTO)}")

CORES = {"compiled": ALWAYS, "interpreted": NEVER}
GOLDEN = sorted(path.parent.name for path in (ROOT / "tests" / "data").glob("*/journal"))
SEEDS = ("101", "102", "103")


def run(wanted: str, module: str, *arguments: str) -> str:
    """What the module prints with that core."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, VARIABLE: wanted},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def told_by(core: str, journal: Path, directory: Path) -> Json:
    """What a matcher with that core tells of a copy of the journal."""
    copy = directory / core
    shutil.copytree(journal, copy / "journal")
    told: Json = json.loads(run(CORES[core], "tests.unit.matcher.told", str(copy / "journal"), str(copy)))
    assert told.pop("core") == core
    return told


@pytest.mark.parametrize("name", GOLDEN)
def test_both_tell_the_same_of_a_golden_journal(name: str, tmp_path: Path) -> None:
    journal = ROOT / "tests" / "data" / name / "journal"
    compiled, interpreted = (told_by(core, journal, tmp_path) for core in CORES)
    assert compiled == interpreted
    assert min(compiled["count"].values()) > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_both_write_the_same_journal_and_tell_the_same_of_it(seed: str, tmp_path: Path) -> None:
    """Of random commands of all kinds, to books that they save and load."""
    for core, wanted in CORES.items():
        run(wanted, "tests.oracle.make_golden_journal", str(tmp_path / seed / core), seed)
    written = [contents(tmp_path / seed / core) for core in CORES]
    assert written[0] == written[1]
    assert len(written[0]) > 2
    journal = tmp_path / seed / "compiled" / "journal"
    compiled, interpreted = (told_by(core, journal, tmp_path) for core in CORES)
    assert compiled == interpreted


def contents(directory: Path) -> dict[str, bytes]:
    """The files by name; those of a journal without their headers, which name each journal anew."""
    found = {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    return {name: data[HEADER_BYTES:] if name.startswith("journal/") else data for name, data in found.items()}

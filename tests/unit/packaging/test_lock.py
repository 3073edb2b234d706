"""The exact versions for checkouts, tests and containers: what pyproject.toml asks for, and nothing that could change."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.exchange import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
REQUIREMENTS = ROOT / "requirements"

WANTED = {
    "run": PROJECT["dependencies"],
    "bench": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["bench"],
    "test": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"],
    "compile": PROJECT["dependencies"] + PYPROJECT["build-system"]["requires"],
    "build": ["setuptools"],
}
"""What each file locks."""


def locked(name: str) -> dict[str, list[Requirement]]:
    """The requirements of a file by package: more than one where the version depends on the system."""
    found: dict[str, list[Requirement]] = {}
    text = (REQUIREMENTS / f"{name}.txt").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip().startswith("#"):
            requirement = Requirement(line.partition("--hash")[0])
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def test_every_file_is_one_that_the_script_writes() -> None:
    assert {path.name for path in REQUIREMENTS.iterdir()} == {f"{name}.txt" for name in WANTED}
    for path in REQUIREMENTS.iterdir():
        assert path.read_text().splitlines()[1] == "#    scripts/lock"


@pytest.mark.parametrize("name", WANTED)
def test_each_version_is_exact_and_has_hashes(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9-]+(\[[a-z,-]+\])?==\S+( ; .*?)?(\s+--hash=sha256:[0-9a-f]{64})+", line), line


@pytest.mark.parametrize("name", WANTED)
def test_what_is_asked_for_is_locked_within_its_bounds(name: str) -> None:
    """Run scripts/lock where this fails."""
    versions = locked(name)
    for wanted in map(Requirement, WANTED[name]):
        for requirement in versions[canonicalize_name(wanted.name)]:
            [pin] = requirement.specifier
            assert wanted.specifier.contains(pin.version, prereleases=True), f"{wanted} is locked as {requirement}"


@pytest.mark.parametrize(
    ("part", "whole"), [("run", "bench"), ("bench", "test"), ("compile", "test"), ("build", "compile")]
)
def test_parts_hold_the_same_versions_as_the_whole(part: str, whole: str) -> None:
    """So that an environment for tests is one for running."""
    versions = {name: {str(found.specifier) for found in requirements} for name, requirements in locked(whole).items()}
    for name, requirements in locked(part).items():
        assert {str(found.specifier) for found in requirements} <= versions[name]


def test_what_compiles_a_wheel_compiles_a_checkout() -> None:
    wheel, checkout = PYPROJECT["build-system"]["requires"], PROJECT["optional-dependencies"]["compile"]
    assert set(checkout) <= set(wheel) <= {*checkout, *PROJECT["dependencies"]}


@pytest.mark.parametrize("name", ["run", "compile"])
def test_the_container_is_made_from_the_lock(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"COPY requirements/{name}.txt " in dockerfile
    assert dockerfile.count("pip --python") == dockerfile.count("--require-hashes") == 2
    assert f"!requirements/{name}.txt" in (ROOT / ".dockerignore").read_text().splitlines()


def test_a_checkout_is_made_again_when_the_lock_changes(tmp_path: Path) -> None:
    """What is installed is compared with the lock before every start."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "requirements").mkdir()
    bin_directory = tmp_path / ".venv" / "bin"
    bin_directory.mkdir(parents=True)
    python = bin_directory / "python"
    python.write_text('#!/bin/sh\necho "$@" >>"$(dirname "$0")/calls"\n')
    python.chmod(0o755)
    (tmp_path / "scripts" / "_environment").write_text((ROOT / "scripts" / "_environment").read_text())
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "setup.py").touch()
    for name in WANTED:
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")

    def installs(wanted: str) -> bool:
        """Whether a door that needs so much installs anything."""
        calls = bin_directory / "calls"
        calls.unlink(missing_ok=True)
        script = f'set -euo pipefail; source "{tmp_path}/scripts/_environment"; install {wanted}'
        subprocess.run(["bash", "-c", script], check=True, capture_output=True)
        return calls.exists() and f"requirements/{wanted}.txt" in calls.read_text()

    assert installs("bench")
    assert [installs("run"), installs("bench")] == [False, False]
    assert installs("test")
    assert [installs("run"), installs("bench"), installs("test")] == [False, False, False]
    (tmp_path / "requirements" / "run.txt").write_text("run==2\n")
    assert installs("run")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert [installs("test"), installs("run")] == [True, False]

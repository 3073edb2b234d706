"""The scripts as doors: --help and --version are answered by a bare checkout, and are those of the programs behind
them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from matching_exchange.process.version import VERSION
from matching_exchange.tools.help import MODULES, path_of, text_of
from tests.exchange import PATIENCE, ROOT, clean_environment

SCRIPTS = sorted(path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.name != "_environment")


@pytest.fixture(scope="module")
def bare_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the scripts find in a checkout in which nothing was installed."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    shutil.copytree(ROOT / "matching_exchange", checkout / "matching_exchange")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    return checkout


@pytest.fixture
def without_python(tmp_path: Path) -> dict[str, str]:
    """An environment in which no Python is found, so that nothing can be installed."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "env", "cat", "sed", "uname", "dirname", "cmp", "mktemp", "rm"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return {"PATH": str(tools)}


def call(checkout: Path, environment: dict[str, str], script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(checkout / "scripts" / script), *arguments]
    return subprocess.run(
        command, cwd=checkout.parent, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("--unknown", "x", "--help")])
def test_help_needs_no_installation(
    bare_checkout: Path, without_python: dict[str, str], script: str, arguments: tuple[str, ...]
) -> None:
    done = call(bare_checkout, without_python, script, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (path_of(script).read_text() if script in MODULES else done.stdout)
    assert len(done.stdout) > 50
    assert not (bare_checkout / ".venv").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_version_needs_no_installation(bare_checkout: Path, without_python: dict[str, str], script: str) -> None:
    done = call(bare_checkout, without_python, script, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{script} {VERSION}\n", "")
    assert not (bare_checkout / ".venv").exists()


def test_anything_else_needs_python(bare_checkout: Path, without_python: dict[str, str]) -> None:
    done = call(bare_checkout, without_python, "run", "--demo")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "run: Python 3.11 or newer is needed, and none was found (set PYTHON to its path)\n"


def test_every_door_leads_somewhere() -> None:
    assert set(SCRIPTS) == {*MODULES, "lint", "lock", "pictures", "test"}


@pytest.mark.parametrize("script", MODULES)
def test_help_is_that_of_the_program(script: str) -> None:
    """But for line breaks, which are not the same in every version of Python."""
    assert path_of(script).read_text().split() == text_of(script).split(), (
        "run `.venv/bin/python -m matching_exchange.tools.help`"
    )


@pytest.mark.parametrize("script", MODULES)
def test_version_is_that_of_the_program(script: str) -> None:
    command = [sys.executable, "-m", MODULES[script], "--version"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{script} {VERSION}\n", "")


@pytest.mark.parametrize("system", ["MINGW64_NT-10.0", "MSYS_NT-10.0", "CYGWIN_NT-10.0"])
def test_a_shell_on_windows_is_told_what_to_use(
    bare_checkout: Path, without_python: dict[str, str], system: str
) -> None:
    uname = Path(without_python["PATH"]) / "uname"
    uname.unlink()
    uname.write_text(f"#!/bin/sh\necho {system}\n")
    uname.chmod(0o755)
    done = call(bare_checkout, without_python, "run")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "run: runs on Linux and macOS: on Windows, use WSL or containers (docker compose up)\n"

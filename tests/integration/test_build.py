"""scripts/build: what it builds, what it refuses, and what a build that fails or is ended leaves."""

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.compiled import AUTO, SUFFIX, why_interpreted
from matching_exchange.tools.build import what_hinders
from tests.checkout import COMPILER_THAT_FAILS, COMPILER_THAT_HANGS, FEW_MODULES, Checkout, make_few_modules_hot
from tests.children import alive
from tests.exchange import PATIENCE, wait_until

BUILD = [sys.executable, "-m", "matching_exchange.tools.build"]

BUILD_PATIENCE = 240
"""How many seconds a build may take."""

_hindrance = what_hinders(AUTO, {})
needs_compiler = pytest.mark.skipif(bool(_hindrance), reason=f"the core cannot be compiled here: {_hindrance}")
needs_binaries = pytest.mark.skipif(bool(why_interpreted(AUTO)), reason=f"no compiled core: {why_interpreted(AUTO)}")
needs_headers = pytest.mark.skipif("headers" in _hindrance, reason=f"the core cannot be compiled here: {_hindrance}")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def build(checkout: Checkout, *arguments: str, **environment: str) -> tuple[int, str, list[str]]:
    """The exit status, the output, and the lines of errors."""
    done = subprocess.run(
        [*BUILD, *arguments],
        cwd=checkout.work,
        env=checkout.environment(**environment),
        capture_output=True,
        text=True,
        timeout=BUILD_PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


NO_COMPILER = "no C compiler was found (no-compiler)"


def test_without_a_compiler_it_says_so(checkout: Checkout) -> None:
    assert build(checkout, CC="no-compiler") == (1, "", [f"build: {NO_COMPILER}"])
    assert build(checkout, "--gently", CC="no-compiler") == (1, "", [f"build: {NO_COMPILER}"])


def test_where_possible_it_does_without_a_compiler(checkout: Checkout) -> None:
    told = [f"The core is not compiled: {NO_COMPILER}."]
    assert build(checkout, "--where-possible", CC="no-compiler") == (0, "", told)


def test_always_does_not_do_without(checkout: Checkout) -> None:
    told = [f"build: {NO_COMPILER}"]
    assert build(checkout, "--where-possible", CC="no-compiler", EXCHANGE_COMPILE="always") == (1, "", told)


def test_never_builds_nothing(checkout: Checkout) -> None:
    why = "EXCHANGE_COMPILE=never wants the sources to run"
    assert build(checkout, EXCHANGE_COMPILE="never") == (1, "", [f"build: {why}"])
    told = [f"The core is not compiled: {why}."]
    assert build(checkout, "--where-possible", EXCHANGE_COMPILE="never") == (0, "", told)
    assert not (checkout.root / "build").exists()


@pytest.mark.parametrize("value", ["", "Auto", "yes"])
def test_bad_value_is_told(checkout: Checkout, value: str) -> None:
    line = f"build: EXCHANGE_COMPILE: {value!r}: takes auto, always or never"
    assert build(checkout, "--where-possible", EXCHANGE_COMPILE=value) == (2, "", [line])


def test_an_installed_package_is_not_built(checkout: Checkout) -> None:
    (checkout.root / "setup.py").unlink()
    assert build(checkout) == (1, "", ["build: this is no checkout: pip compiles it where it installs it"])


@needs_compiler
def test_report_shows_the_hot_modules_and_builds_nothing(checkout: Checkout) -> None:
    make_few_modules_hot(checkout.root)
    before = checkout.built()
    assert build(checkout, "--report", "report.html") == (0, "", [])
    assert "matcher/core/levels.py" in (checkout.work / "report.html").read_text()
    assert checkout.built() == before


@needs_compiler
def test_a_checkout_that_cannot_be_written_is_named(checkout: Checkout) -> None:
    (checkout.root / "build").touch()
    line = f"build: {checkout.root / 'build'} cannot be used: File exists"
    assert build(checkout) == (1, "", [line])


@needs_binaries
@needs_compiler
def test_what_is_fresh_is_not_built_again(checkout: Checkout) -> None:
    before = checkout.built()
    assert build(checkout) == (0, "The core is compiled.\n", [])
    assert build(checkout, "--gently") == (0, "", [])
    assert checkout.built() == before


@needs_binaries
@needs_compiler
def test_it_waits_for_another_build_and_takes_what_that_has_made(checkout: Checkout) -> None:
    manifest = checkout.manifest.read_text()
    checkout.manifest.unlink()
    (checkout.root / "build").mkdir()
    errors = checkout.work / "errors"
    with (checkout.root / "build" / "lock").open("w") as lock, errors.open("wb") as file:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(BUILD, cwd=checkout.work, env=checkout.environment(), stderr=file) as waiting:
            wait_until(lambda: "waiting" in errors.read_text(), "a build that waits")
            checkout.manifest.write_text(manifest)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.wait(PATIENCE) == 0
    assert errors.read_text() == "another build is under way: waiting for it ...\n"


@needs_headers
def test_a_compiler_that_fails_leaves_what_there_was(checkout: Checkout) -> None:
    checkout.make_stale()
    before = checkout.built()
    status, output, errors = build(checkout, **checkout.compiler(COMPILER_THAT_FAILS))
    assert (status, output) == (1, "")
    assert errors[:2] == [
        "compiling the core, which takes a minute or more ...",
        "build: the core was not compiled:",
    ]
    assert errors[-1] == "setup: EXCHANGE_COMPILE=always: no C compiler with Python's headers was found"
    assert checkout.built() == before
    assert [path.name for path in (checkout.root / "build").iterdir()] == ["lock"]


@needs_compiler
@pytest.mark.timeout(BUILD_PATIENCE)
def test_a_source_that_is_wrong_leaves_what_there_was(checkout: Checkout) -> None:
    make_few_modules_hot(checkout.root)
    with (checkout.root / "matcher" / "core" / "levels.py").open("a") as source:
        source.write("\nWRONG: int = 'text'\n")
    before = checkout.built()
    status, output, errors = build(checkout)
    assert (status, output) == (1, "")
    assert any("levels.py" in line and "Incompatible types" in line for line in errors)
    assert checkout.built() == before


@needs_headers
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_ended_leaves_no_compiler_and_no_files(checkout: Checkout, number: signal.Signals) -> None:
    checkout.make_stale()
    before = checkout.built()
    environment = checkout.environment(**checkout.compiler(COMPILER_THAT_HANGS))
    with subprocess.Popen(BUILD, cwd=checkout.work, env=environment, stderr=subprocess.PIPE) as building:
        wait_until(lambda: checkout.hanging.exists() and checkout.hanging.read_text().endswith("\n"), "a compiler")
        building.send_signal(number)
        _, errors = building.communicate(timeout=PATIENCE)
    assert building.returncode == 128 + number
    assert errors == b"compiling the core, which takes a minute or more ...\n"
    compiler = int(checkout.hanging.read_text())
    wait_until(lambda: not alive(compiler), "the end of the compiler")
    assert checkout.built() == before
    assert [path.name for path in (checkout.root / "build").iterdir()] == ["lock"]


@needs_compiler
@pytest.mark.timeout(BUILD_PATIENCE)
def test_what_is_built_anew_replaces_what_was_stale(checkout: Checkout) -> None:
    make_few_modules_hot(checkout.root)
    (checkout.root / "build" / "core-left").mkdir(parents=True)
    # What is built is looked at, and not how fast it is.
    status, output, _ = build(checkout, MYPYC_OPT_LEVEL="0")
    assert status == 0
    assert output.startswith("The core was compiled in ")
    program = "import matcher.core.levels; print(matcher.CORE.kind, matcher.CORE.reason, matcher.core.levels.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=checkout.environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == f"compiled  {(checkout.root / FEW_MODULES[0]).with_suffix(SUFFIX)}\n"
    assert [path.name for path in (checkout.root / "build").iterdir()] == ["lock"]

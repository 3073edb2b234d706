"""scripts/run and the core: which one runs, what is built beside, and which lines say so."""

import fcntl
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matcher.compiled import AUTO, why_interpreted
from matching_exchange.tools.build import what_hinders
from matching_exchange.tools.processes import free_ports
from tests.checkout import COMPILER_THAT_FAILS, COMPILER_THAT_HANGS, Checkout
from tests.children import alive
from tests.exchange import PATIENCE, wait_until
from tests.scripts import Script, call, own_endpoints, running

RUN = [sys.executable, "-m", "matching_exchange.tools.run"]

BEGUN = "The core runs interpreted. It is being compiled beside, for the next start."
DONE = "The core is compiled: the next start runs it."
FAILED = "run: the core was not compiled (scripts/build says why)"

_hindrance = what_hinders(AUTO, {})
needs_binaries = pytest.mark.skipif(bool(why_interpreted(AUTO)), reason=f"no compiled core: {why_interpreted(AUTO)}")
needs_headers = pytest.mark.skipif("headers" in _hindrance, reason=f"the core cannot be compiled here: {_hindrance}")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@contextmanager
def exchange(checkout: Checkout, *arguments: str, **environment: str) -> Iterator[tuple[Script, str]]:
    """A run that is open, and the core that its health tells."""
    [port] = free_ports(1)
    variables = checkout.environment(**own_endpoints(), **environment)
    with running([*RUN, f"--port={port}", *arguments], checkout.work, variables) as script:
        wait_until(lambda: "Ctrl-C" in script.text() or script.process.poll() is not None, "the banner")
        health = call(f"http://127.0.0.1:{port}/health")
        assert health, script.text()
        yield script, health["core"]


def lines_about_the_core(script: Script) -> list[str]:
    return [line for line in script.text().splitlines() if "core" in line and not line.startswith("{")]


def run_in_vain(checkout: Checkout, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*RUN, f"--port={free_ports(1)[0]}"],
        cwd=checkout.work,
        env=checkout.environment(**own_endpoints(), **environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout + done.stderr


def hanging_compiler(checkout: Checkout) -> int:
    """The process id of a compiler that hangs."""
    wait_until(lambda: checkout.hanging.exists() and checkout.hanging.read_text().endswith("\n"), "a compiler")
    return int(checkout.hanging.read_text())


@needs_binaries
@pytest.mark.parametrize("wanted", ["auto", "always"])
def test_a_fresh_build_runs_without_a_word(checkout: Checkout, wanted: str) -> None:
    with exchange(checkout, EXCHANGE_COMPILE=wanted) as (script, core):
        assert script.interrupt() == 0
    assert core == "compiled"
    assert lines_about_the_core(script) == []
    assert not (checkout.root / "build").exists()


@needs_headers
def test_a_stale_core_is_compiled_beside_and_the_build_ends_with_the_exchange(checkout: Checkout) -> None:
    checkout.make_stale()
    before = checkout.built()
    with exchange(checkout, **checkout.compiler(COMPILER_THAT_HANGS)) as (script, core):
        compiler = hanging_compiler(checkout)
        assert script.interrupt() == 0
    assert core == "interpreted"
    assert lines_about_the_core(script) == [BEGUN]
    wait_until(lambda: not alive(compiler), "the end of the compiler")
    assert checkout.built() == before
    assert [path.name for path in (checkout.root / "build").iterdir()] == ["lock"]


@needs_headers
def test_a_killed_run_takes_the_build_with_it(checkout: Checkout) -> None:
    checkout.make_stale()
    with exchange(checkout, **checkout.compiler(COMPILER_THAT_HANGS)) as (script, _):
        compiler = hanging_compiler(checkout)
        script.process.send_signal(signal.SIGKILL)
        script.process.wait(PATIENCE)
        wait_until(lambda: not alive(compiler), "the end of the compiler")


@needs_headers
def test_a_build_that_fails_is_one_line_and_the_exchange_goes_on(checkout: Checkout) -> None:
    checkout.make_stale()
    with exchange(checkout, **checkout.compiler(COMPILER_THAT_FAILS)) as (script, _):
        wait_until(lambda: FAILED in script.text(), "the end of the build")
        assert script.process.poll() is None
        assert script.interrupt() == 0
    assert lines_about_the_core(script) == [BEGUN, FAILED]


@needs_binaries
@needs_headers
def test_the_end_of_the_build_is_told_and_the_next_start_is_compiled(checkout: Checkout) -> None:
    """The build waits for another one, which a test does more quickly."""
    manifest = checkout.manifest.read_text()
    checkout.manifest.unlink()
    (checkout.root / "build").mkdir()
    with (checkout.root / "build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with exchange(checkout) as (script, core):
            checkout.manifest.write_text(manifest)
            fcntl.flock(lock, fcntl.LOCK_UN)
            wait_until(lambda: DONE in script.text(), "the end of the build")
            assert script.interrupt() == 0
    assert core == "interpreted"
    assert lines_about_the_core(script) == [BEGUN, DONE]
    script.output.unlink()
    with exchange(checkout) as (script, core):
        assert script.interrupt() == 0
    assert core == "compiled"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"CC": "no-compiler"}, "no C compiler was found (no-compiler)"),
        ({"EXCHANGE_COMPILE": "never"}, "EXCHANGE_COMPILE=never wants the sources to run"),
    ],
)
def test_where_nothing_is_built_only_verbose_says_so(checkout: Checkout, environment: dict[str, str], why: str) -> None:
    checkout.make_stale()
    with exchange(checkout, **environment) as (script, core):
        assert script.interrupt() == 0
    assert core == "interpreted"
    assert lines_about_the_core(script) == []
    script.output.unlink()
    with exchange(checkout, "-v", **environment) as (script, core):
        assert script.interrupt() == 0
    assert lines_about_the_core(script) == [f"The core runs interpreted: {why}."]
    assert '"event": "the core runs interpreted"' in script.text()


def test_always_does_not_run_without_a_compiled_core(checkout: Checkout) -> None:
    checkout.manifest.unlink(missing_ok=True)
    why = "EXCHANGE_COMPILE=always: nothing is built (scripts/build does)"
    status, told = run_in_vain(checkout, EXCHANGE_COMPILE="always", CC="no-compiler")
    assert (status, told) == (1, f"run: {why}: no C compiler was found (no-compiler)\n")
    done = subprocess.run(
        [sys.executable, "-m", "matcher"],
        cwd=checkout.work,
        env=checkout.environment(**own_endpoints(), EXCHANGE_COMPILE="always"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"matcher: {why}\n")
    assert list(checkout.work.iterdir()) == []


@needs_headers
def test_always_waits_for_the_build_and_ends_where_it_fails(checkout: Checkout) -> None:
    checkout.make_stale()
    status, told = run_in_vain(checkout, EXCHANGE_COMPILE="always", **checkout.compiler(COMPILER_THAT_FAILS))
    assert status == 1
    assert told.startswith("compiling the core, which takes a minute or more ...\nbuild: the core was not compiled:\n")


@pytest.mark.parametrize("program", ["matcher", "matching_exchange.tools.run"])
def test_bad_value_is_told_by_every_program(checkout: Checkout, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", program],
        cwd=checkout.work,
        env=checkout.environment(**own_endpoints(), EXCHANGE_COMPILE="fast"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    name = program.rpartition(".")[2]
    line = f"{name}: EXCHANGE_COMPILE: 'fast': takes auto, always or never\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)
    assert list(checkout.work.iterdir()) == []

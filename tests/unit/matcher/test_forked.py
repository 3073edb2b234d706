"""Work in a forked child: what comes back of it, what it holds, and how it ends."""

import gc
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from matcher.serving import forked
from matcher.serving.forked import Forked
from tests.exchange import PATIENCE, ROOT, clean_environment

PARENT = """
import sys, time
from matcher.serving.forked import Forked

def work():
    print("at work", flush=True)
    {work}

child = Forked(work)
time.sleep({patience})
"""

FAILING = """
from pathlib import Path
from matcher.serving.forked import Forked
from matching_exchange.process.logs import configure_logs

configure_logs()
print(Forked(Path("/no/such/file").read_text).result())
"""


def wait_for(child: Forked) -> None:
    """Wait until the child says that it has gone."""
    poll = select.poll()
    poll.register(child.descriptor, select.POLLIN)
    assert poll.poll(PATIENCE * 1000), "the child has not ended"


def outcome(work: Callable[[], str]) -> str | None:
    child = Forked(work)
    wait_for(child)
    return child.result()


def test_what_the_work_returns_comes_back() -> None:
    assert outcome(lambda: "42") == "42"


def test_a_child_collects_no_garbage_and_its_parent_does() -> None:
    assert gc.isenabled()
    assert outcome(lambda: str(gc.isenabled())) == "False"
    assert gc.isenabled()


def test_work_that_fails_gives_nothing() -> None:
    def fail() -> str:
        raise ValueError("no")

    assert outcome(fail) is None


def test_a_file_that_fails_is_told_in_one_line() -> None:
    command = [sys.executable, "-c", FAILING]
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "None\n")
    [line] = done.stderr.splitlines()
    assert json.loads(line)["error"] == "[Errno 2] No such file or directory: '/no/such/file'"


def test_a_killed_child_gives_nothing() -> None:
    def die() -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return "never"

    assert outcome(die) is None


def test_a_long_result_comes_whole() -> None:
    """Longer than a pipe holds."""
    assert outcome(lambda: "x" * 1_000_000) == "x" * 1_000_000


def test_a_result_beyond_the_bound_fails() -> None:
    assert outcome(lambda: "x" * (forked.MAX_RESULT_BYTES + 1)) is None


def test_a_child_is_killed_at_its_work() -> None:
    def wait() -> str:
        signal.pause()
        return "never"

    child = Forked(wait)
    assert not select.select([child.descriptor], [], [], 0)[0]
    child.kill()
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, os.WNOHANG)


@pytest.mark.parametrize("listed", [True, False])
def test_a_child_holds_nothing_of_its_parents(monkeypatch: pytest.MonkeyPatch, *, listed: bool) -> None:
    """Also where the system does not list what is open."""
    if not listed:
        monkeypatch.setattr(forked, "Path", lambda _: Path("/no/such/directory"))
    reading, writing = os.pipe()
    high = os.dup2(reading, 500, inheritable=False)
    try:

        def look() -> str:
            return " ".join(str(descriptor) for descriptor in range(3, 600) if is_open(descriptor))

        found = outcome(look)
    finally:
        for descriptor in (reading, writing, high):
            os.close(descriptor)
    assert found is not None
    assert len(found.split()) == 2, "its end of the line and the file of the result"
    assert str(high) not in found.split()


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("work", ["while True: pass", "time.sleep(PATIENCE)"])
def test_a_child_ends_with_its_parent(work: str) -> None:
    """A child that computes, and one that waits. Both hold the standard output, which ends when both have gone."""
    code = PARENT.format(work=work.replace("PATIENCE", str(PATIENCE)), patience=PATIENCE)
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"at work\n"
        parent.kill()
        parent.wait(PATIENCE)
        assert select.select([parent.stdout], [], [], PATIENCE)[0], "the child goes on"
        assert parent.stdout.read() == b""


def test_no_log_of_work_that_goes_well() -> None:
    with capture_logs() as logs:
        outcome(lambda: "")
    assert logs == []


def test_a_result_of_bytes_is_read_from_its_file() -> None:
    child = Forked(lambda: b"\xff" * 100)
    result = child.open_result()
    assert result is not None
    with result:
        assert (result.read(10), result.read()) == (b"\xff" * 10, b"\xff" * 90)


def test_a_result_beyond_its_own_bound_fails() -> None:
    assert Forked(lambda: b"12345", most=5).result() == "12345"
    assert Forked(lambda: b"123456", most=5).open_result() is None

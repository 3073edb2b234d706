"""Programs started as from a terminal of their own, and what tests of them ask of the exchanges that they start."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from matching_exchange.tools.processes import free_bases, free_ports
from tests.exchange import PATIENCE, Json


class Script:
    """A program in a session of its own, as if it had a terminal of its own."""

    def __init__(self, command: list[str], directory: Path, environment: Mapping[str, str]) -> None:
        self.output = directory / "output.txt"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text()

    def interrupt(self) -> int:
        """Press Ctrl-C, which reaches all processes of the terminal; the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)


@contextmanager
def running(command: list[str], directory: Path, environment: Mapping[str, str]) -> Iterator[Script]:
    script = Script(command, directory, environment)
    try:
        yield script
    finally:
        if script.process.poll() is None:
            script.process.terminate()
            script.process.wait(PATIENCE)


def free_base() -> int:
    """The first of four ports in a row on which nobody listens."""
    [base] = free_bases(1, 4)
    return base


def own_endpoints() -> dict[str, str]:
    """Variables that keep a whole exchange apart from all others on this machine."""
    names = ("MATCHER_COMMANDS", "MATCHER_MARKET_DATA", "MATCHER_REPORTS")
    return {name: f"tcp://127.0.0.1:{port}" for name, port in zip(names, free_ports(3), strict=True)}


def call(url: str) -> Json | None:
    """The answer to a call; None where there is none yet."""
    # The authorities for TLS are not read: that takes the processor longer than the call.
    try:
        response = httpx.get(url, timeout=PATIENCE, trust_env=False, verify=False)
    except httpx.TransportError:
        return None
    body: Json = response.json()
    return body if response.status_code == 200 else None


def is_lively(url: str, symbol: str) -> bool:
    """Whether both sides of the book have ten levels and there were trades."""
    depth, trades = call(f"{url}/depth?symbol={symbol}"), call(f"{url}/trades?symbol={symbol}")
    return bool(depth and trades and len(depth["bids"]) == len(depth["asks"]) == 10 and trades["trades"])


def is_free(directory: Path) -> bool:
    """Whether no matcher holds the data directory, which one that was stopped early has not made."""
    if not (directory / "lock").exists():
        return True
    with (directory / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def assert_gone(url: str, directory: Path) -> None:
    """Nothing of an exchange is left running."""
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health", trust_env=False, verify=False)
    assert is_free(directory)

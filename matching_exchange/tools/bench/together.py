"""Processes that measure at the same time: all begin together, once each is ready."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from matching_exchange.tools.bench.cluster_child import Found
from matching_exchange.tools.bench.measure import BenchError

MODULE: Final = "matching_exchange.tools.bench.cluster_child"


class Children:
    """A context manager: inside, one child runs for each list of arguments; after it, none does."""

    def __init__(self, each: Sequence[Sequence[str]]) -> None:
        self._children = [
            subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", MODULE, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for arguments in each
        ]

    def __enter__(self) -> "Children":
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
            child.communicate()

    def begin(self) -> None:
        """Wait until each says that it is ready, and tell all to begin."""
        for child in self._children:
            assert child.stdout is not None, "it is a pipe"
            child.stdout.readline()
        for child in self._children:
            assert child.stdin is not None, "it is a pipe"
            child.stdin.write(b"\n")
            child.stdin.flush()

    def results(self) -> list[Found]:
        """Wait for what they find. BenchError if one fails."""
        return [_result(child) for child in self._children]


def measure_together(each: Sequence[Sequence[str]], *, wait: bool = True) -> list[Found]:
    """What one child for each list of arguments finds. `wait`: they begin once each is ready. BenchError if one
    fails."""
    with Children(each) as children:
        if wait:
            children.begin()
        return children.results()


def _result(child: "subprocess.Popen[bytes]") -> Found:
    out, err = child.communicate()
    if child.returncode != 0:
        raise BenchError(f"{MODULE} ended with status {child.returncode}:\n{err.decode(errors='replace')}")
    return msgspec.json.decode(out, type=Found)

"""Processes that measure at the same time: all begin together, once each is ready."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from matching_exchange.tools.bench.cluster_child import Found
from matching_exchange.tools.bench.measure import BenchError

MODULE: Final = "matching_exchange.tools.bench.cluster_child"


def measure_together(each: Sequence[Sequence[str]], *, wait: bool = True) -> list[Found]:
    """Run one child for each list of arguments. `wait`: each says when it is ready, and is told to begin. Raises
    BenchError if one fails."""
    children = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", MODULE, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for arguments in each
    ]
    try:
        if wait:
            for child in children:
                assert child.stdout is not None, "it is a pipe"
                child.stdout.readline()
            for child in children:
                assert child.stdin is not None, "it is a pipe"
                child.stdin.write(b"\n")
                child.stdin.flush()
        return [_result(child) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()


def _result(child: "subprocess.Popen[bytes]") -> Found:
    out, err = child.communicate()
    if child.returncode != 0:
        raise BenchError(f"{MODULE} ended with status {child.returncode}:\n{err.decode(errors='replace')}")
    return msgspec.json.decode(out, type=Found)

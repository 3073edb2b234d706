"""Measurements that need a fresh process: nothing that was done before is in its memory."""

import subprocess
import sys
from typing import TypeVar

import msgspec

from matching_exchange.tools.bench.measure import BenchError

Found = TypeVar("Found")


def measure_in_child(module: str, arguments: list[str], found: type[Found]) -> Found:
    """Run `python -m <module>` and read the JSON that it prints. Raises BenchError if it fails."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BenchError(f"{module} ended with status {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return msgspec.json.decode(done.stdout, type=found)

"""Measurements that need a fresh process: nothing that was done before is in its memory."""

import os
import subprocess
import sys
from typing import TypeVar

import msgspec

from matcher import CORE
from matching_exchange.tools.bench.cores import SETTINGS, Measured
from matching_exchange.tools.bench.measure import BenchError

Found = TypeVar("Found", bound=Measured)


def measure_in_child(module: str, arguments: list[str], found: type[Found], core: str = CORE.kind) -> Found:
    """Run `python -m <module>` with that core and read the JSON that it prints. Raises BenchError if it fails, or ran
    the other core."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, **SETTINGS[core]}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BenchError(f"{module} ended with status {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    result = msgspec.json.decode(done.stdout, type=found)
    if result.core != core:
        raise BenchError(f"{module} ran the {result.core} core, not the {core} one")
    return result

"""python -m matching_exchange.tools.bench.recovered DIRECTORY: how long a data directory takes to be recovered, and to
what."""

import sys
import time
from pathlib import Path

import msgspec

from matcher.core.digest import digest
from matcher.storage.data_directory import DataDirectory
from matcher.storage.recovery import recover
from matching_exchange.process.logs import configure_logs
from matching_exchange.tools.bench.cores import Measured


class Recovered(Measured, frozen=True):
    """`sequence` is that of the last command."""

    sequence: int
    seconds: float
    digest: str


def measure(path: Path) -> Recovered:
    with DataDirectory(path) as directory:
        started = time.perf_counter()
        state = recover(directory).state
        seconds = time.perf_counter() - started
    return Recovered(state.sequence, seconds, digest(state.registry))


if __name__ == "__main__":
    configure_logs()
    print(msgspec.json.encode(measure(Path(sys.argv[1]))).decode())

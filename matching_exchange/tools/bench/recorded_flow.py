"""python -m matching_exchange.tools.bench.recorded_flow TAPE SECONDS: how quickly an engine carries out a tape, again
and again for so long, each time from nothing."""

import gc
import sys
from pathlib import Path

import msgspec

from matcher.engine import Engine
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.stopwatch import Stopwatch
from matching_exchange.tools.bench.tape import decode_chunk, read_tape


class Flow(Measured, frozen=True):
    """The commands that were timed, and their time."""

    operations: int
    seconds: float


def measure(path: Path, seconds: float) -> Flow:
    chunks = read_tape(path)
    # As in the matcher.
    gc.disable()
    operations, taken = 0, 0.0
    while taken < seconds:
        stopwatch = Stopwatch(Engine())
        for chunk in chunks:
            stopwatch.time_together(decode_chunk(chunk))
        operations += stopwatch.operations
        taken += stopwatch.seconds
    return Flow(operations, taken)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(Path(sys.argv[1]), float(sys.argv[2]))).decode())

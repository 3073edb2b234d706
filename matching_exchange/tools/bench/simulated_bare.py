"""python -m matching_exchange.tools.bench.simulated_bare TAPE: what a simulation's commands cost an engine alone."""

import gc
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from matcher.core.digest import digest
from matcher.engine import Engine
from matching_exchange.sim.kernel.venue import REMEMBERED_ORDERS
from matching_exchange.tools.bench.simulated_tape import ORDERS, Simulated, Stamped, read_simulated


def measure(chunks: Iterable[list[Stamped]]) -> Simulated:
    engine = Engine(REMEMBERED_ORDERS)
    apply = engine.apply
    # As in the matcher.
    gc.disable()
    sequence, orders, seconds = 0, 0, 0.0
    for chunk in chunks:
        started = time.process_time()
        for at, command in chunk:
            sequence += 1
            apply(sequence, at, command)
        seconds += time.process_time() - started
        orders += sum(type(command) in ORDERS for _, command in chunk)
    gc.enable()
    return Simulated(orders, seconds, digest(engine.registry))


if __name__ == "__main__":
    print(msgspec.json.encode(measure(read_simulated(Path(sys.argv[1])))).decode())

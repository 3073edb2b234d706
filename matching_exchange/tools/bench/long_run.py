"""python -m matching_exchange.tools.bench.long_run ORDERS STEP SEED: the memory of a process whose engine executes the
mix, each STEP orders.

As in the matcher, the cyclic collector is off: reference counting must free everything.
"""

import gc
import sys

import msgspec

from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.mix import Mix
from matching_exchange.tools.bench.system import resident_memory


class LongRun(Measured, frozen=True):
    """`resident` are the bytes after each step."""

    resident: list[int]


def measure(orders: int, step: int, seed: int) -> LongRun:
    gc.collect()
    gc.disable()
    mix = Mix(seed)
    found: list[int] = []
    for wanted in range(step, orders + 1, step):
        while mix.engine.registry.last_order_id < wanted:
            next(mix)
        found.append(resident_memory())
    return LongRun(found)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(*map(int, sys.argv[1:]))).decode())

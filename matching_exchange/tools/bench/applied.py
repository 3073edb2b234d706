"""python -m matching_exchange.tools.bench.applied ARGUMENTS: what a tape's commands cost an engine, and the memory of
its resting orders.

ARGUMENTS are Arguments as JSON. As in the matcher, the cyclic collector is off. Chunks take turns. One is timed as a
whole, for the throughput. The next is timed command by command, for the cost of each kind; two readings of the clock
are subtracted.
"""

import gc
import sys
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from matcher.core.digest import digest
from matcher.engine import Engine
from matching_exchange.tools.bench.bare_book import BareBook
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.distribution import Point
from matching_exchange.tools.bench.mix import fund, new_engine, symbols_of
from matching_exchange.tools.bench.other_engine import OtherStopwatch
from matching_exchange.tools.bench.stopwatch import WARM_UP, Kind, Stopwatch, clock_cost, run_chunks
from matching_exchange.tools.bench.system import resident_memory
from matching_exchange.tools.bench.tape import Shape, decode_chunk, read_tape, resting_orders

SubjectName = Literal["engine", "bare book", "other engine"]


class Arguments(Struct, frozen=True):
    """Only the engine begins with resting orders."""

    tape: str
    shape: Shape
    seed: int
    subject: SubjectName = "engine"


class Applied(Measured, frozen=True):
    """The cost of a tape's commands.

    digest: that of the engine; empty for other subjects.
    outcome: what others have counted.
    resident: the memory of the resting orders, in bytes.
    operations, seconds: commands that were timed together, and their time.
    kinds, points: commands that were timed one by one; the values of points are microseconds.
    clock: the nanoseconds of timing that were taken off each of these."""

    digest: str
    outcome: dict[str, int]
    resident: int
    operations: int
    seconds: float
    clock: float
    kinds: dict[str, Kind]
    points: list[Point]


def measure(arguments: Arguments) -> Applied:
    # As in the matcher.
    gc.freeze()
    gc.disable()
    if arguments.subject == "engine":
        engine = new_engine(symbols_of(arguments.shape.symbols))
        if arguments.shape.funded:
            fund(engine)
        resident = rest(engine, arguments)
        found = time_tape(arguments, Stopwatch(engine))
        return Applied(digest(engine.registry), {}, resident, *found)
    if arguments.subject == "bare book":
        book = BareBook()
        found = time_tape(arguments, Stopwatch(book))
        return Applied("", book.outcome(), 0, *found)
    other = OtherStopwatch()
    found = time_tape(arguments, other)
    return Applied("", other.outcome(), 0, *found)


def rest(engine: Engine, arguments: Arguments) -> int:
    """Place the orders that rest before the mix begins. Returns their memory."""
    before = resident_memory()
    for command in resting_orders(arguments.shape, arguments.seed):
        # Through its bytes: each order is made of objects of its own.
        engine.apply(1, 1, decode_chunk(msgspec.msgpack.encode([command]))[0])
    return resident_memory() - before


def time_tape(arguments: Arguments, stopwatch: Stopwatch) -> tuple[int, float, float, dict[str, Kind], list[Point]]:
    run_chunks(stopwatch, read_tape(Path(arguments.tape)), WARM_UP)
    clock = clock_cost()
    return stopwatch.operations, stopwatch.seconds, clock, stopwatch.kinds(clock), stopwatch.points(clock)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(msgspec.json.decode(sys.argv[1], type=Arguments))).decode())

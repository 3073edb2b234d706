"""python -m matching_exchange.tools.bench.applied ARGUMENTS: what a tape's commands cost an engine, and the memory of
its resting orders.

ARGUMENTS are Arguments as JSON. As in the matcher, the cyclic collector is off. Chunks take turns. One is timed as a
whole, for the throughput. The next is timed command by command, for the cost of each kind; two readings of the clock
are subtracted.
"""

import gc
import sys
import time
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from matcher.core.digest import digest
from matcher.engine import Engine
from matching_exchange.tools.bench.distribution import Point, points_of
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.mix import new_engine, symbols_of
from matching_exchange.tools.bench.system import resident_memory
from matching_exchange.tools.bench.tape import Shape, decode_chunk, read_tape, resting_orders
from protocol.commands import CancelOrder, Command, PlaceOrder
from protocol.events import CommandRefused
from protocol.units import OrderType

WARM_UP: Final = 8
"""Chunks that are not timed."""

CLOCK_READINGS: Final = 10_000

KINDS: Final = ("limit", "cancel", "market", "other")


class Arguments(Struct, frozen=True):
    tape: str
    shape: Shape
    seed: int


class Kind(Struct, frozen=True):
    """Commands of a kind: how many, and what one takes on average, in nanoseconds."""

    count: int
    mean: float


class Applied(Struct, frozen=True):
    """The cost of a tape's commands.

    resident: the memory of the resting orders, in bytes.
    operations, seconds: commands that were timed together, and their time.
    kinds, points: commands that were timed one by one; the values of points are microseconds.
    clock: the nanoseconds of timing that were taken off each of these."""

    digest: str
    resident: int
    operations: int
    seconds: float
    clock: float
    kinds: dict[str, Kind]
    points: list[Point]


class Stopwatch:
    """Carries commands out and times them. `engine` must take every one of them: a refusal is a BenchError."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.operations = 0
        self.seconds = 0.0
        self.times: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self._sequence = 0

    def warm_up(self, commands: list[Command]) -> None:
        for command in commands:
            self._sequence += 1
            events = self.engine.apply(self._sequence, self._sequence, command)
            if events and isinstance(events[0], CommandRefused):
                raise BenchError(f"{command} was refused: {events[0]}")

    def time_together(self, commands: list[Command]) -> None:
        apply, sequence = self.engine.apply, self._sequence
        started = time.perf_counter()
        for command in commands:
            sequence += 1
            apply(sequence, sequence, command)
        self.seconds += time.perf_counter() - started
        self._sequence = sequence
        self.operations += len(commands)

    def time_each(self, commands: list[Command]) -> None:
        apply, sequence, clock = self.engine.apply, self._sequence, time.perf_counter_ns
        times: list[int] = []
        for command in commands:
            sequence += 1
            started = clock()
            apply(sequence, sequence, command)
            times.append(clock() - started)
        self._sequence = sequence
        for command, taken in zip(commands, times, strict=True):
            self.times[kind_of(command)].append(taken)

    def kinds(self, clock: float) -> dict[str, Kind]:
        """Those that were timed one by one; `clock` is taken off each."""
        return {kind: Kind(len(times), sum(times) / len(times) - clock) for kind, times in self.times.items() if times}

    def points(self, clock: float) -> list[Point]:
        every = sorted(taken for times in self.times.values() for taken in times)
        return points_of([max(taken - clock, 1.0) for taken in every], 0.001)


def kind_of(command: Command) -> str:
    if type(command) is PlaceOrder and command.order_type in (OrderType.LIMIT, OrderType.MARKET):
        return "limit" if command.order_type is OrderType.LIMIT else "market"
    return "cancel" if type(command) is CancelOrder else "other"


def clock_cost() -> float:
    """What two readings of the clock, one after the other, are apart: nanoseconds."""
    clock = time.perf_counter_ns
    apart: list[int] = []
    for _ in range(CLOCK_READINGS):
        started = clock()
        apart.append(clock() - started)
    return median(apart)


def run_chunks(stopwatch: Stopwatch, chunks: list[bytes], warm_up: int) -> None:
    """Carry the chunks out, the first ones untimed, the others in turn together and one by one."""
    for number, chunk in enumerate(chunks):
        commands = decode_chunk(chunk)
        if number < warm_up:
            stopwatch.warm_up(commands)
        elif number % 2:
            stopwatch.time_together(commands)
        else:
            stopwatch.time_each(commands)


def measure(arguments: Arguments) -> Applied:
    # As in the matcher.
    gc.freeze()
    gc.disable()
    engine = new_engine(symbols_of(arguments.shape.symbols))
    before = resident_memory()
    for command in resting_orders(arguments.shape, arguments.seed):
        # Through its bytes: each order is made of objects of its own.
        engine.apply(1, 1, decode_chunk(msgspec.msgpack.encode([command]))[0])
    taken = resident_memory() - before
    stopwatch = Stopwatch(engine)
    run_chunks(stopwatch, read_tape(Path(arguments.tape)), WARM_UP)
    clock = clock_cost()
    found = stopwatch.operations, stopwatch.seconds, clock, stopwatch.kinds(clock), stopwatch.points(clock)
    return Applied(digest(engine.registry), taken, *found)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(msgspec.json.decode(sys.argv[1], type=Arguments))).decode())

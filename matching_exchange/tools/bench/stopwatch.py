"""Times the commands of a tape. Chunks take turns: one is timed as a whole, the next command by command."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any, Final, Protocol

from msgspec import Struct

from matching_exchange.tools.bench.distribution import Point, points_of
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.tape import decode_chunk
from protocol.commands import CancelOrder, Command, PlaceOrder
from protocol.events import CommandRefused
from protocol.units import OrderType

WARM_UP: Final = 8
"""Chunks that are not timed."""

CLOCK_READINGS: Final = 10_000

KINDS: Final = ("limit", "cancel", "market", "other")


class Kind(Struct, frozen=True):
    """Commands of a kind: how many, and what one takes on average, in nanoseconds."""

    count: int
    mean: float


class Subject(Protocol):
    """What carries commands out. A list that begins with a CommandRefused is a refusal."""

    def apply(self, sequence: int, time: int, command: Command) -> Any: ...


class Stopwatch:
    """Carries commands out and times them. The subject must take every one of them: a refusal is a BenchError."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.operations = 0
        self.seconds = 0.0
        self.times: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self._sequence = 0

    def warm_up(self, commands: list[Command]) -> None:
        for command in commands:
            self._sequence += 1
            events = self.subject.apply(self._sequence, self._sequence, command)
            if events and isinstance(events[0], CommandRefused):
                raise BenchError(f"{command} was refused: {events[0]}")

    def time_together(self, commands: list[Command]) -> None:
        apply, sequence = self.subject.apply, self._sequence
        started = time.perf_counter()
        for command in commands:
            sequence += 1
            apply(sequence, sequence, command)
        self.note_together(commands, time.perf_counter() - started)
        self._sequence = sequence

    def time_each(self, commands: list[Command]) -> None:
        apply, sequence, clock = self.subject.apply, self._sequence, time.perf_counter_ns
        times: list[int] = []
        for command in commands:
            sequence += 1
            started = clock()
            apply(sequence, sequence, command)
            times.append(clock() - started)
        self._sequence = sequence
        self.note_each(commands, times)

    def note_together(self, commands: Sequence[Command], seconds: float) -> None:
        self.seconds += seconds
        self.operations += len(commands)

    def note_each(self, commands: Sequence[Command], times: Sequence[int]) -> None:
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

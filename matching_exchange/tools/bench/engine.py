"""The speed of the engine alone, in process: the mix, a venue's recorded flow, a deep book. Also the memory of a
resting order."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from matcher.engine import Engine
from matching_exchange.tools.bench.applied import Applied, Arguments, Stopwatch
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.distribution import Distribution, Point, middle_of
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.tape import Shape, chunks_of, decode_chunk, write_tape
from matching_exchange.tools.replay.comparison import Comparison
from matching_exchange.tools.replay.driver import Driver
from matching_exchange.tools.replay.exchange import EngineExchange, ExchangeError, Subject
from matching_exchange.tools.replay.readers import read_recording
from matching_exchange.tools.replay.recording import RecordingError
from protocol.commands import Command
from protocol.events import Answer

LOOK_UP_SECONDS: Final = 0.5
"""Figures are scaled to a machine on which ten million look-ups take this many seconds."""

PER_SECOND: Final = 1_000_000
"""Commands prepared for each second of a round."""

QUICK_COMMANDS: Final = 20_000

MIX: Final = Shape(0, 0)
DEEP: Final = Shape(1_000_000, 10_000)
QUICK_DEEP: Final = Shape(10_000, 100)

TAILS: Final = (50.0, 99.0, 99.9)


class Tape(Struct, frozen=True):
    """A tape that was written, and the digest that must come of it."""

    arguments: Arguments
    digest: str


def engine(plan: Plan) -> Iterator[Row]:
    """The suite."""
    plan.tell("preparing the mix")
    mix = record(plan, "mix", MIX)
    deep_shape = QUICK_DEEP if plan.quick else DEEP
    plan.tell(f"preparing a book of {deep_shape.resting:,} orders")
    deep = record(plan, "deep", deep_shape)
    plan.tell("the mix, and on the deep book")
    mixed: list[Applied] = []
    deeply: list[Applied] = []
    mix_rates, deep_rates, look_ups = take_turns(
        plan.rounds,
        partial(operations_per_second, mix, mixed),
        partial(operations_per_second, deep, deeply),
        time_look_ups,
    )
    yield from mix_rows(plan, mixed, mix_rates, look_ups)
    yield from recorded_flow(plan)
    yield from deep_rows(plan, deep_shape, deeply, deep_rates, mix_rates)
    plan.distributions.append(Distribution("mix", middle_of([found.points for found in mixed])))
    plan.distributions.append(Distribution("deep book", middle_of([found.points for found in deeply])))


def mix_rows(plan: Plan, found: Sequence[Applied], rates: Sequence[float], look_ups: Sequence[float]) -> Iterator[Row]:
    yardstick = look_up_yardstick(look_ups)
    yield row("mix", spread(rates), "operations/s", yardstick)
    scaled = [rate * seconds / LOOK_UP_SECONDS for rate, seconds in zip(rates, look_ups, strict=True)]
    yield row(
        "mix, scaled to look-ups in 0.5 s",
        spread(scaled),
        "operations/s",
        yardstick,
        Target(1_000_000),
        quick=plan.quick,
    )
    for kind, name in (("limit", "limits"), ("cancel", "cancels"), ("market", "markets")):
        yield row(
            f"mix, {name}",
            spread([1e9 / each.kinds[kind].mean for each in found]),
            "operations/s",
            clock_yardstick(found),
        )
    yield from tails("mix", found)


def deep_rows(
    plan: Plan, shape: Shape, found: Sequence[Applied], rates: Sequence[float], mix_rates: Sequence[float]
) -> Iterator[Row]:
    name = f"deep book, {shape.resting:,} orders"
    yield row(name, spread(rates), "operations/s", Yardstick("mix", median(mix_rates), "operations/s"))
    yield row(f"{name}, to the mix", ratio(rates, mix_rates), "ratio", None, Target(0.35), quick=plan.quick)
    memory = spread([each.resident / shape.resting for each in found])
    yield row(
        "memory of a resting order, no client_order_id",
        memory,
        "bytes",
        None,
        Target(300, at_most=True),
        quick=plan.quick,
    )
    yield from tails("deep book", found)


def tails(name: str, found: Sequence[Applied]) -> Iterator[Row]:
    """The percentiles of one operation."""
    for percentile in TAILS:
        figure = spread([value_at(each.points, percentile) for each in found])
        yield row(f"{name}, one operation, p{percentile:g}", figure, "µs", clock_yardstick(found))


def value_at(points: Sequence[Point], percentile: float) -> float:
    """The value at the first point that is not below the percentile."""
    return next((point.value for point in points if point.percentile >= percentile), points[-1].value)


def record(plan: Plan, name: str, shape: Shape) -> Tape:
    """Prepare the tape of a round."""
    path = plan.directory / f"{name}.tape"
    written = write_tape(path, shape, plan.seed, QUICK_COMMANDS if plan.quick else int(plan.seconds * PER_SECOND))
    return Tape(Arguments(str(path), shape, plan.seed), written)


def apply_tape(tape: Tape) -> Applied:
    """Carry the tape out in a fresh process."""
    found = measure_in_child(
        "matching_exchange.tools.bench.applied", [msgspec.json.encode(tape.arguments).decode()], Applied
    )
    if found.digest != tape.digest:
        raise BenchError(f"the engine that was measured: {found.digest}, not {tape.digest}")
    return found


def operations_per_second(tape: Tape, found: list[Applied]) -> float:
    applied = apply_tape(tape)
    found.append(applied)
    return applied.operations / applied.seconds


class _Recorder(EngineExchange):
    """Keeps the commands that it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        self.commands.append(command)
        super().send(command, receive, subject)


def recorded_flow(plan: Plan) -> Iterator[Row]:
    """The flow of a venue, again and again for the seconds of a round, each time from an empty book."""
    name = "recorded flow of Bitstamp"
    if not plan.recording.is_file():
        plan.left_out.append(f"{name}: there is no file {plan.recording}")
        return
    plan.tell(name)
    chunks = commands_of(plan.recording)

    def recorded_per_second() -> float:
        operations, seconds = 0, 0.0
        while seconds < plan.seconds:
            stopwatch = Stopwatch(Engine())
            # As in the matcher.
            gc.disable()
            try:
                for chunk in chunks:
                    stopwatch.time_together(decode_chunk(chunk))
            finally:
                gc.enable()
            operations += stopwatch.operations
            seconds += stopwatch.seconds
        return operations / seconds

    rates, look_ups = take_turns(plan.rounds, recorded_per_second, time_look_ups)
    yield row(name, spread(rates), "operations/s", look_up_yardstick(look_ups))


def commands_of(path: Path) -> list[bytes]:
    """The commands of a recording, its instrument's first. Raises BenchError if there are none."""
    recorder = _Recorder()
    try:
        recording = read_recording([path])
        driver = Driver(recorder, recording, recording.symbol, "", Comparison(), time.monotonic)
        driver.prepare()
    except (RecordingError, ExchangeError) as error:
        raise BenchError(str(error)) from error
    driver.run(None, lambda _: None)
    return list(chunks_of(recorder.commands))


def look_up_yardstick(look_ups: Sequence[float]) -> Yardstick:
    return Yardstick("10 million look-ups", median(look_ups), "s")


def clock_yardstick(found: Sequence[Applied]) -> Yardstick:
    return Yardstick("the clock, taken off", median(each.clock for each in found), "ns")

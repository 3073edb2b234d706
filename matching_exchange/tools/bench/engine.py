"""The speed of the engine alone, with each core: the mix, a venue's recorded flow, a deep book. Also the memory of
orders. The mix is held against a bare book, and against an engine from elsewhere."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Final

import msgspec
from msgspec import Struct

from matcher import CORE
from matcher.compiled import COMPILED, INTERPRETED
from matching_exchange.tools.bench.applied import Applied, Arguments, SubjectName
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import cores_of
from matching_exchange.tools.bench.distribution import Distribution, Point, middle_of
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_named_turns
from matching_exchange.tools.bench.other_engine import NAME, why_missing
from matching_exchange.tools.bench.recorded import recorded_flow
from matching_exchange.tools.bench.remembered import Remembered
from matching_exchange.tools.bench.table import LOOK_UPS, Row, Target, Yardstick, look_up_yardstick, row
from matching_exchange.tools.bench.tape import Shape, Written, write_tape

LOOK_UP_SECONDS: Final = 0.5
"""Figures are scaled to a machine on which ten million look-ups take this many seconds."""

PER_SECOND: Final = 1_000_000
"""Commands prepared for each second of a round."""

QUICK_COMMANDS: Final = 20_000

MIX: Final = Shape(0, 0)
FUNDED: Final = Shape(0, 0, funded=True)
DEEP: Final = Shape(1_000_000, 10_000)
QUICK_DEEP: Final = Shape(10_000, 100)

CANCELED: Final = 300_000
QUICK_CANCELED: Final = 10_000

BARE_BOOK: Final = "bare book"

TARGETS: Final = {
    (BARE_BOOK, COMPILED): Target(0.5),
    (NAME, COMPILED): Target(1.4),
    (NAME, INTERPRETED): Target(1.0),
}
"""For the mix, by what it is held against and by core."""

TO: Final = {BARE_BOOK: "the bare book"}

TAILS: Final = (50.0, 99.0, 99.9)


Rates = Mapping[str, list[float]]
"""What was measured, round by round."""


class Tape(Struct, frozen=True):
    """A tape that was written, and what must come of it."""

    arguments: Arguments
    written: Written


def engine(plan: Plan) -> Iterator[Row]:
    """The suite."""
    cores = cores_of(plan)
    plan.tell("preparing the mix")
    mix = record(plan, "mix", MIX)
    funded = record(plan, "funded", FUNDED)
    shape = QUICK_DEEP if plan.quick else DEEP
    plan.tell(f"preparing a book of {shape.resting:,} orders")
    deep = record(plan, "deep", shape)
    plan.tell("the mix, and on the deep book")
    found: dict[str, list[Applied]] = defaultdict(list)
    # What is compared stands side by side: a machine that slows down for a while then slows all of it down.
    measurements: dict[str, Callable[[], float]] = {}
    for core in cores:
        measurements[f"mix, {core}"] = partial(operations_per_second, mix, core, found[f"mix, {core}"])
        measurements[f"funded, {core}"] = partial(operations_per_second, funded, core, found[f"funded, {core}"])
    others = yardsticks(plan)
    for name, subject in others.items():
        tape = Tape(msgspec.structs.replace(mix.arguments, subject=subject), mix.written)
        measurements[name] = partial(operations_per_second, tape, INTERPRETED, found[name])
    measurements[LOOK_UPS] = time_look_ups
    for core in cores:
        measurements[f"deep, {core}"] = partial(operations_per_second, deep, core, found[f"deep, {core}"])
    for core in cores:
        measurements[f"memory, {core}"] = partial(bytes_of_canceled, plan, core)
    rates = take_named_turns(plan.rounds, measurements)
    yield from mix_rows(plan, cores, found, rates)
    for core in cores:
        name = f"mix, 100 funded accounts, {core}"
        yield row(name, spread(rates[f"funded, {core}"]), "operations/s", look_up_yardstick(rates[LOOK_UPS]))
        longer = ratio(rates[f"mix, {core}"], rates[f"funded, {core}"])
        target = Target(1.25, at_most=True)
        yield row(f"{name}, time to the mix", longer, "ratio", None, target, quick=plan.quick)
    for name in others:
        yield from other_rows(plan, cores, name, found, rates)
    yield from recorded_flow(plan, cores)
    for core in cores:
        yield from deep_rows(plan, shape, core, found[f"deep, {core}"], rates)
    for core in cores:
        yield from memory_rows(plan, shape, core, found[f"deep, {core}"], rates[f"memory, {core}"])
    for core in cores:
        plan.distributions.append(distribution(f"mix, {core}", found[f"mix, {core}"]))
        plan.distributions.append(distribution(f"deep book, {core}", found[f"deep, {core}"]))


def yardsticks(plan: Plan) -> dict[str, SubjectName]:
    """What the mix is held against, by name."""
    found: dict[str, SubjectName] = {BARE_BOOK: "bare book"}
    if reason := why_missing():
        plan.left_out.append(f"{NAME}: {reason}")
    else:
        found[NAME] = "other engine"
    return found


def mix_rows(plan: Plan, cores: Sequence[str], found: Mapping[str, Sequence[Applied]], rates: Rates) -> Iterator[Row]:
    look_ups = rates[LOOK_UPS]
    yardstick = look_up_yardstick(look_ups)
    for core in cores:
        yield row(f"mix, {core}", spread(rates[f"mix, {core}"]), "operations/s", yardstick)
    if COMPILED in cores:
        gained = ratio(rates[f"mix, {COMPILED}"], rates[f"mix, {INTERPRETED}"])
        yield row("mix, compiled to interpreted", gained, "ratio", None, Target(1.7), quick=plan.quick)
    for core in cores:
        pairs = zip(rates[f"mix, {core}"], look_ups, strict=True)
        scaled = spread([rate * seconds / LOOK_UP_SECONDS for rate, seconds in pairs])
        name = f"mix, {core}, scaled to look-ups in 0.5 s"
        yield row(name, scaled, "operations/s", yardstick, Target(1_000_000), quick=plan.quick)
    for core in cores:
        applied = found[f"mix, {core}"]
        clock = clock_yardstick(applied)
        for kind, name in (("limit", "limits"), ("cancel", "cancels"), ("market", "markets")):
            each = spread([1e9 / one.kinds[kind].mean for one in applied])
            yield row(f"mix, {core}, {name}", each, "operations/s", clock)
        yield from tails(f"mix, {core}", applied)


def other_rows(
    plan: Plan, cores: Sequence[str], name: str, found: Mapping[str, Sequence[Applied]], rates: Rates
) -> Iterator[Row]:
    """A yardstick's own rows, and how the cores compare with it."""
    yield row(f"{name}, mix", spread(rates[name]), "operations/s", look_up_yardstick(rates[LOOK_UPS]))
    for core in cores:
        target = TARGETS.get((name, core))
        compared = ratio(rates[f"mix, {core}"], rates[name])
        yield row(f"mix, {core}, to {TO.get(name, name)}", compared, "ratio", None, target, quick=plan.quick)
    yield from tails(f"{name}, mix", found[name])


def deep_rows(plan: Plan, shape: Shape, core: str, found: Sequence[Applied], rates: Rates) -> Iterator[Row]:
    name = f"deep book, {shape.resting:,} orders, {core}"
    mixed, deeply = rates[f"mix, {core}"], rates[f"deep, {core}"]
    yield row(name, spread(deeply), "operations/s", Yardstick("mix", median(mixed), "operations/s"))
    yield row(f"{name}, to the mix", ratio(deeply, mixed), "ratio", None, Target(0.35), quick=plan.quick)
    yield from tails(f"deep book, {core}", found)


def memory_rows(
    plan: Plan, shape: Shape, core: str, found: Sequence[Applied], canceled: Sequence[float]
) -> Iterator[Row]:
    resting = spread([each.resident / shape.resting for each in found])
    target = Target(240 if core == COMPILED else 300, at_most=True)
    name = f"memory of a resting order, no client_order_id, {core}"
    yield row(name, resting, "bytes", None, target, quick=plan.quick)
    remembered = Target(250, at_most=True) if core == COMPILED else None
    name = f"memory of a canceled order that is remembered, {core}"
    yield row(name, spread(canceled), "bytes", None, remembered, quick=plan.quick)


def bytes_of_canceled(plan: Plan, core: str) -> float:
    """The memory of a remembered order that has rested until it was canceled."""
    count = QUICK_CANCELED if plan.quick else CANCELED
    arguments = ["withdrawn", str(count), str(plan.seed)]
    found = measure_in_child("matching_exchange.tools.bench.remembered", arguments, Remembered, core)
    return found.resident / found.orders


def distribution(name: str, found: Sequence[Applied]) -> Distribution:
    return Distribution(name, middle_of([each.points for each in found]))


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


def apply_tape(tape: Tape, core: str = CORE.kind) -> Applied:
    """Carry the tape out in a fresh process. Raises BenchError if something else comes of it than must."""
    arguments, written = tape.arguments, tape.written
    text = msgspec.json.encode(arguments).decode()
    found = measure_in_child("matching_exchange.tools.bench.applied", [text], Applied, core)
    if arguments.subject == "engine" and found.digest != written.digest:
        raise BenchError(f"the engine that was measured: {found.digest}, not {written.digest}")
    for name, count in found.outcome.items():
        if count != written.outcome[name]:
            raise BenchError(f"{name} of the {arguments.subject}: {count}, not {written.outcome[name]}")
    return found


def operations_per_second(tape: Tape, core: str, found: list[Applied]) -> float:
    applied = apply_tape(tape, core)
    found.append(applied)
    return applied.operations / applied.seconds


def clock_yardstick(found: Sequence[Applied]) -> Yardstick:
    return Yardstick("the clock, taken off", median(each.clock for each in found), "ns")

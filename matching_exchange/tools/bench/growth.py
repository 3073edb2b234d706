"""How the cost of an operation grows with the resting orders, and with the number of symbols.

Books have PER_LEVEL orders on a level, and at least LEAST_LEVELS a side. So the walk of the mix stays inside. More
symbols share the same number of orders: only the number of books grows.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from matching_exchange.tools.bench.applied import Applied
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.distribution import Distribution, middle_of
from matching_exchange.tools.bench.engine import Tape, apply_tape, clock_yardstick, record
from matching_exchange.tools.bench.long_run import LongRun
from matching_exchange.tools.bench.measure import Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.tape import Shape

PER_LEVEL: Final = 50
LEAST_LEVELS: Final = 100

RESTING: Final = (1_000, 10_000, 100_000, 1_000_000)
QUICK_RESTING: Final = (100, 1_000)

SYMBOLS: Final = (1, 10, 100)
QUICK_SYMBOLS: Final = (1, 10)

SPREAD_OVER_SYMBOLS: Final = 100_000
QUICK_SPREAD: Final = 1_000

LONG_RUN: Final = 10_000_000
STEP: Final = 2_000_000
"""After the first step the engine remembers as many done orders as it ever does."""

QUICK_LONG_RUN: Final = 10_000
QUICK_STEP: Final = 2_000

MEBIBYTE: Final = 2**20

KINDS: Final = (("limit", "limits"), ("cancel", "cancels"), ("market", "markets"))


def growth(plan: Plan) -> Iterator[Row]:
    """The suite."""
    sizes = QUICK_RESTING if plan.quick else RESTING
    together = QUICK_SPREAD if plan.quick else SPREAD_OVER_SYMBOLS
    by_size = {size: shape_of(size, 1) for size in sizes}
    by_symbols = {symbols: shape_of(together, symbols) for symbols in (QUICK_SYMBOLS if plan.quick else SYMBOLS)}
    shapes = list(dict.fromkeys([*by_size.values(), *by_symbols.values()]))
    tapes: list[Tape] = []
    for number, shape in enumerate(shapes):
        plan.tell(f"preparing a book of {shape.resting:,} orders, symbols: {shape.symbols}")
        tapes.append(record(plan, f"growth-{number}", shape))
    plan.tell("books in turn")
    found: dict[Shape, list[Applied]] = {shape: [] for shape in shapes}
    take_turns(
        plan.rounds, *(partial(mean_of_all, tape, found[shape]) for tape, shape in zip(tapes, shapes, strict=True))
    )
    yield from rows(plan, {size: found[shape] for size, shape in by_size.items()}, "resting orders", 3)
    what = f"symbols with {together:,} resting orders"
    yield from rows(plan, {symbols: found[shape] for symbols, shape in by_symbols.items()}, what, 1.3)
    yield from long_run(plan)
    for shape in shapes:
        name = f"{shape.resting:,} orders" + (f", {shape.symbols} symbols" if shape.symbols > 1 else "")
        plan.distributions.append(Distribution(name, middle_of([each.points for each in found[shape]])))


def long_run(plan: Plan) -> Iterator[Row]:
    """The memory of the mix, once as many done orders are remembered as ever are, and long after."""
    orders, step = (QUICK_LONG_RUN if plan.quick else LONG_RUN), (QUICK_STEP if plan.quick else STEP)
    plan.tell(f"{orders:,} orders, one after the other")
    found = measure_in_child(
        "matching_exchange.tools.bench.long_run", [str(orders), str(step), str(plan.seed)], LongRun
    ).resident
    first, last = found[0] / MEBIBYTE, found[-1] / MEBIBYTE
    yield row(f"memory of the mix after {orders:,} orders", spread([last]), "MiB")
    yardstick = Yardstick(f"after {step:,}", first, "MiB")
    yield row(
        "the same, to the memory before",
        spread([last / first]),
        "ratio",
        yardstick,
        Target(1.05, at_most=True),
        quick=plan.quick,
    )


def shape_of(resting: int, symbols: int) -> Shape:
    return Shape(resting, max(LEAST_LEVELS, resting // (2 * PER_LEVEL * symbols)), symbols)


def mean_of_all(tape: Tape, found: list[Applied]) -> float:
    found.append(apply_tape(tape))
    return found[-1].seconds / found[-1].operations


def rows(plan: Plan, found: Mapping[int, Sequence[Applied]], what: str, most: float) -> Iterator[Row]:
    """The cost of each kind of operation by size, and the ratio of the last cost to the first."""
    for kind, plural in KINDS:
        for number, applied in found.items():
            yield row(f"{plural}, {number:,} {what}", spread(means(applied, kind)), "ns", clock_yardstick(applied))
        first, *_, last = found
        grown = ratio(means(found[last], kind), means(found[first], kind))
        yardstick = Yardstick(f"{first:,}", spread(means(found[first], kind)).median, "ns")
        yield row(
            f"{plural}, {last:,} to {first:,} {what}",
            grown,
            "ratio",
            yardstick,
            Target(most, at_most=True),
            quick=plan.quick,
        )


def means(found: Sequence[Applied], kind: str) -> list[float]:
    return [each.kinds[kind].mean for each in found]

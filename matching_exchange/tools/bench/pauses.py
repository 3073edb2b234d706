"""The longest time that the engine takes for one command, with each core: nobody else is served meanwhile.

It is the processor time of the thread. By the clock, another process that takes the core counts too.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Final

from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import cores_of
from matching_exchange.tools.bench.measure import Plan, spread, take_named_turns
from matching_exchange.tools.bench.paused import ACCOUNTS, Paused
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row

OPERATIONS: Final = 10_000_000
NAMED: Final = 1_000_000
QUICK_OPERATIONS: Final = 20_000
QUICK_NAMED: Final = 5_000

MILLISECOND: Final = 1_000_000


def pauses(plan: Plan) -> Iterator[Row]:
    """The suite."""
    operations, orders = (QUICK_OPERATIONS, QUICK_NAMED) if plan.quick else (OPERATIONS, NAMED)
    plan.tell(f"{operations:,} operations, and {orders:,} named orders, one after the other")
    found: dict[tuple[str, str], list[Paused]] = defaultdict(list)
    cores = cores_of(plan)
    sizes = {"mix": operations, "named": orders}
    take_named_turns(
        plan.rounds,
        {
            (kind, core): partial(longest, kind, size, plan.seed, core, found[kind, core])
            for core in cores
            for kind, size in sizes.items()
        },
    )
    names = {
        "mix": f"longest of {operations:,} operations, {ACCOUNTS:,} accounts",
        "named": f"longest of one account with {orders:,} named orders",
    }
    for kind, name in names.items():
        for core in cores:
            every = found[kind, core]
            worst = max(every, key=lambda each: each.processor)
            beside = f"{worst.kind} {worst.number:,}; longest by the clock"
            wall = Yardstick(beside, median(each.wall / MILLISECOND for each in every), "ms")
            figure = spread([each.processor / MILLISECOND for each in every])
            yield row(f"{name}, {core}", figure, "ms", wall, Target(5, at_most=True), quick=plan.quick)


def longest(kind: str, count: int, seed: int, core: str, found: list[Paused]) -> float:
    arguments = [kind, str(count), str(seed)]
    found.append(measure_in_child("matching_exchange.tools.bench.paused", arguments, Paused, core))
    return found[-1].processor

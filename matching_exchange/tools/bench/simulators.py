"""The simulation beside the bare engine that carries out the same commands, and beside simulators from elsewhere.

An order is a command that reaches the matching engine: place, cancel, amend. Each round of each simulator is a process
of its own, timed by its processor time: all compute and never wait, so other processes of a machine disturb less. All
are told what seed to take; none keeps a log.
"""

import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matcher.compiled import INTERPRETED
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import cores_of
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_named_turns
from matching_exchange.tools.bench.other_simulators import NO_VERSION, SIMULATORS
from matching_exchange.tools.bench.simulated_tape import Simulated
from matching_exchange.tools.bench.table import LOOK_UPS, Row, Target, Yardstick, look_up_yardstick, row

ORDERS: Final = 20_000
QUICK_ORDERS: Final = 300

LONG: Final = 500_000
"""Commands of the four agents for each second of a round, beside the bare engine."""

QUICK_LONG: Final = 2_000

CHILD: Final = Path(__file__).with_name("other_simulators.py")

FOUR: Final = "four agents"
CROWD: Final = "crowd"
"""Like that of rmsc04."""

LONGER: Final = "four agents, longer"
BARE: Final = "bare engine"

TARGETS: Final = {"ABIDES": Target(3), BARE: Target(0.5)}
"""How many times as quick as that the simulation is to be. Ahead of any other."""

AHEAD: Final = Target(1)

INSTALL: Final = {
    "abides-markets": "docs/speed.md tells how to install it from github.com/jpmorganchase/abides-jpmc-public",
    "pams": "pip install pams",
    "market-wave": "pip install market-wave",
}
"""By distribution."""


class Other(Struct, frozen=True):
    """One round of a simulator from elsewhere, or its version alone."""

    version: str
    python: str
    orders: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = msgspec.field(default_factory=dict)


def simulators(plan: Plan) -> Iterator[Row]:
    """The suite."""
    cores = cores_of(plan)
    orders = QUICK_ORDERS if plan.quick else ORDERS
    long = QUICK_LONG if plan.quick else int(plan.seconds * LONG)
    others = find_others(plan)
    plan.tell("recording the commands of four agents")
    tape = plan.directory / "simulated.tape"
    recorded = simulate(plan, FOUR, long, INTERPRETED, tape)
    own: dict[str, list[Simulated]] = defaultdict(list)
    found: dict[str, list[Other]] = {name: [] for name in others}
    measurements: dict[str, Callable[[], float]] = {LOOK_UPS: time_look_ups}
    for core in cores:
        for name in (FOUR, CROWD):
            key = f"{name}, {core}"
            measurements[key] = partial(orders_per_second, plan, name, orders, core, own[key])
    for name in others:
        measurements[name] = partial(other_per_second, plan, name, orders, found[name])
    for core in cores:
        key = f"{LONGER}, {core}"
        measurements[key] = partial(orders_per_second, plan, FOUR, long, core, own[key])
        measurements[f"{BARE}, {core}"] = partial(bare_per_second, tape, recorded, core)
    plan.tell("simulators in turn")
    rates = take_named_turns(plan.rounds, measurements)
    for core in cores:
        for name in (FOUR, CROWD):
            key = f"{name}, {core}"
            yield row(key, spread(rates[key]), "orders/s", counted("place + cancel", own[key][0].orders))
    for name, version in others.items():
        each = found[name][0]
        yield row(f"{name}{version}", spread(rates[name]), "orders/s", counted(" + ".join(each.counts), each.orders))
        # What a user gets.
        core = cores[0]
        for mine in (FOUR, CROWD):
            compared = ratio(rates[f"{mine}, {core}"], rates[name])
            target = TARGETS.get(name, AHEAD)
            yield row(f"{mine}, {core}, to {name}", compared, "ratio", None, target, quick=plan.quick)
    for core in cores:
        key, bare = f"{LONGER}, {core}", f"{BARE}, {core}"
        for simulated in own[key]:
            check_same(simulated, recorded)
        yield row(key, spread(rates[key]), "orders/s", counted(" + ".join(recorded.counts), recorded.orders))
        yield row(f"{bare}, the same orders", spread(rates[bare]), "orders/s", look_up_yardstick(rates[LOOK_UPS]))
        compared = ratio(rates[key], rates[bare])
        yield row(f"{key}, to the {BARE}", compared, "ratio", None, TARGETS[BARE], quick=plan.quick)


def find_others(plan: Plan) -> dict[str, str]:
    """Those that the Python of the yardsticks has, with what is to be told of their versions. Says what is missing, and
    how it is installed."""
    found: dict[str, str] = {}
    missing: dict[str, None] = {}
    for name, (distribution, _) in SIMULATORS.items():
        if distribution in missing:
            continue
        told = ask(plan, [name])
        if told is None:
            missing[distribution] = None
            plan.left_out.append(f"{distribution}: not in the Python of --yardsticks ({INSTALL[distribution]})")
        else:
            version = "" if told.version == NO_VERSION else f" {told.version}"
            found[name] = f"{version}, Python {told.python}"
    return found


def ask(plan: Plan, arguments: Sequence[str]) -> Other | None:
    """What the child says; None if its Python has no such simulator. Raises BenchError if it fails."""
    # Isolated: neither the child's directory nor this project is where it imports from.
    command = [plan.yardsticks, "-I", str(CHILD), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    except OSError as error:
        raise BenchError(f"--yardsticks: {plan.yardsticks} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace")
        raise BenchError(f"{' '.join(arguments)} ended with status {done.returncode}:\n{text}")
    return msgspec.json.decode(done.stdout, type=Other | None)


def other_per_second(plan: Plan, name: str, orders: int, found: list[Other]) -> float:
    told = ask(plan, [name, str(orders), str(plan.seed)])
    if told is None or told.orders < orders:
        raise BenchError(f"{name}: {0 if told is None else told.orders} orders, not {orders}")
    if sum(told.counts.values()) != told.orders:
        raise BenchError(f"{name}: {told.orders} orders, but by kind {told.counts}")
    found.append(told)
    return told.orders / told.seconds


def counted(kinds: str, orders: int) -> Yardstick:
    """What was counted, and how many of them in a round."""
    return Yardstick(f"counted {kinds}", orders, "orders")


def simulate(plan: Plan, name: str, orders: int, core: str, tape: Path | None = None) -> Simulated:
    """A simulation of about so many orders, in a process of its own. Writes its commands to the tape."""
    arguments = [name, str(orders), str(plan.seed), *([] if tape is None else [str(tape)])]
    return measure_in_child("matching_exchange.tools.bench.simulated", arguments, Simulated, core)


def orders_per_second(plan: Plan, name: str, orders: int, core: str, found: list[Simulated]) -> float:
    found.append(simulate(plan, name, orders, core))
    return found[-1].orders / found[-1].seconds


def bare_per_second(tape: Path, recorded: Simulated, core: str) -> float:
    """The recorded commands on an engine alone."""
    found = measure_in_child("matching_exchange.tools.bench.simulated_bare", [str(tape)], Simulated, core)
    check_same(found, recorded)
    return found.orders / found.seconds


def check_same(found: Simulated, recorded: Simulated) -> None:
    """Raises BenchError if it is not what was recorded: on another core, in another round, or on the engine alone."""
    if (found.orders, found.digest) != (recorded.orders, recorded.digest):
        wanted = f"{recorded.orders} orders and {recorded.digest}"
        raise BenchError(f"the same simulation gave {found.orders} orders and {found.digest}, not {wanted}")

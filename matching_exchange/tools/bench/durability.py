"""What durability costs: throughput with and without syncs, recovery, snapshots, and the memory of what is
remembered."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from matcher.compiled import COMPILED
from matcher.core.digest import digest
from matching_exchange.process.files import SYNC_NAME
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import cores_of
from matching_exchange.tools.bench.data import resting, write_journal, write_resting
from matching_exchange.tools.bench.exchange import MatcherProcess
from matching_exchange.tools.bench.machine import time_look_ups, time_sync
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_named_turns, take_turns
from matching_exchange.tools.bench.mix import Mix, first_commands
from matching_exchange.tools.bench.recovered import Recovered
from matching_exchange.tools.bench.remembered import Remembered
from matching_exchange.tools.bench.snapshots import load, pauses, snapshots_of
from matching_exchange.tools.bench.table import LOOK_UPS, Row, Target, Yardstick, look_up_yardstick, row
from matching_exchange.tools.bench.wire import Frame, Wire, frames
from protocol.commands import DigestQuery, StatusQuery
from protocol.events import Digest, MatcherStatus

TARGETS: Final = {64: 0.75, 256: 0.7, 1024: 0.7}
"""The least ratio of throughput with syncs to that without, by the orders that wait for their answers at once."""

FRAME: Final = 16
"""Commands sent together, as by a gateway whose clients send at the same time."""

JOURNALED_FRAME: Final = 64

FASTEST: Final = 250_000
"""Commands prepared for each second: more than any matcher answers."""


class Sizes(Struct, frozen=True):
    """How much is measured.

    replayed: commands to recover.
    resting: orders in the book.
    levels: levels of each side.
    snapshot_every: commands between two snapshots.
    rate: commands a second of the load.
    loaded: commands of the load.
    remembered: done orders."""

    replayed: int
    resting: int
    levels: int
    snapshot_every: int
    rate: int
    loaded: int
    remembered: int


FULL: Final = Sizes(1_000_000, 1_000_000, 10_000, 24_000, 2_000, 110_000, 300_000)
QUICK: Final = Sizes(10_000, 10_000, 100, 200, 1_000, 1_000, 10_000)


def durability(plan: Plan) -> Iterator[Row]:
    """The suite."""
    sizes = QUICK if plan.quick else FULL
    yield from throughput(plan)
    yield from replay(plan, sizes)
    yield from resting_orders(plan, sizes)
    yield from memory(plan, sizes)


def throughput(plan: Plan) -> Iterator[Row]:
    """Commands a second through the sockets, with every batch synced and with none."""
    plan.tell("preparing commands")
    prepared = list(frames(islice(Mix(plan.seed), int(plan.seconds * FASTEST)), FRAME))
    for under_way in TARGETS:
        plan.tell(f"throughput with {under_way} orders under way")
        busy: list[float] = []
        always, off, syncs = take_turns(
            plan.rounds,
            partial(commands_per_second, plan, prepared, under_way, "always", busy),
            partial(commands_per_second, plan, prepared, under_way, "off", busy),
            partial(time_sync, plan.directory),
        )
        name = f"throughput, {under_way:,} orders under way"
        sync = Yardstick(f"{SYNC_NAME} of 4 KiB", median(syncs), "ms")
        yield row(f"{name}, sync always", spread(always), "commands/s", sync)
        yield row(f"{name}, sync off", spread(off), "commands/s", Yardstick("sender busy", max(busy) * 100, "%"))
        target = Target(TARGETS[under_way])
        yield row(f"{name}, always to off", ratio(always, off), "ratio", sync, target, quick=plan.quick)


def commands_per_second(plan: Plan, prepared: Sequence[Frame], under_way: int, sync: str, busy: list[float]) -> float:
    """One round with a new matcher; under `always`, what it has answered must be there after a kill."""
    with scratch(plan, "throughput") as data:
        with MatcherProcess(data, f"--sync={sync}") as matcher, matcher.connect() as wire:
            wire.open()
            found = wire.run(iter(prepared), under_way, plan.seconds)
            wire.check()
            before = digest_of(wire)
        if sync == "always":
            expect(
                measure_in_child("matching_exchange.tools.bench.recovered", [str(data)], Recovered).digest,
                before,
                "the matcher that was killed",
            )
    busy.append(found.busy)
    return found.per_second


def replay(plan: Plan, sizes: Sizes) -> Iterator[Row]:
    """Commands a second that a start replays from a journal."""
    with scratch(plan, "replay") as data:
        plan.tell(f"writing a journal of {sizes.replayed:,} commands")
        mix = Mix(plan.seed)
        write_journal(data, islice(mix, sizes.replayed), JOURNALED_FRAME)
        before = digest(mix.engine.registry)
        own = len(first_commands())
        del mix
        plan.tell("replaying it")

        def replayed_per_second(core: str) -> float:
            found = measure_in_child("matching_exchange.tools.bench.recovered", [str(data)], Recovered, core)
            expect(found.digest, before, "the replayed journal")
            expect(found.sequence, sizes.replayed + own, "the last sequence of the replayed journal")
            return sizes.replayed / found.seconds

        measurements = {core: partial(replayed_per_second, core) for core in cores_of(plan)}
        rates = take_named_turns(plan.rounds, {**measurements, LOOK_UPS: time_look_ups})
    for core in measurements:
        name = f"replay of {sizes.replayed:,} commands, {core}"
        target = Target(400_000) if core == COMPILED else None
        yield row(name, spread(rates[core]), "commands/s", look_up_yardstick(rates[LOOK_UPS]), target, quick=plan.quick)


def resting_orders(plan: Plan, sizes: Sizes) -> Iterator[Row]:
    """How long a matcher with many resting orders takes to start, and how long its snapshots make orders wait."""
    with scratch(plan, "resting") as data:
        plan.tell(f"writing a snapshot of {sizes.resting:,} orders")
        engine = write_resting(data, sizes.resting, sizes.levels, plan.seed).engine
        before = digest(engine.registry)
        plan.tell("starting a matcher from it")
        times, look_ups = take_turns(plan.rounds, partial(time_start, data, sizes, before), time_look_ups)
        name = f"start with {sizes.resting:,} resting orders"
        yield row(name, spread(times), "s", look_up_yardstick(look_ups), Target(10, at_most=True), quick=plan.quick)

        plan.tell(f"snapshots under {sizes.rate:,} commands a second")
        live = {
            order_id: order.quantity
            for order_id, order in enumerate(islice(resting(plan.seed, sizes.levels), sizes.resting), 1)
        }
        mix = Mix(plan.seed, engine, live)
        commands = list(frames(islice(mix, sizes.loaded), 1))
        after = digest(mix.engine.registry)
        # The client's memory is not to weigh on the machine that is measured.
        del engine, live, mix
        with MatcherProcess(data, f"--snapshot-every={sizes.snapshot_every}") as matcher, matcher.connect() as wire:
            wire.open()
            waits = load(wire, commands, sizes.rate)
            wire.check()
            expect(digest_of(wire), after, "the matcher after the load")
            found, outside = pauses(snapshots_of(matcher), waits)
        if not found:
            raise BenchError("no snapshot began and ended under the load: its commands are too few for this machine")
    calm = median(outside)
    name = "snapshot"
    yardstick = Yardstick("longest wait outside", calm, "ms")
    yield row(f"{name} of {sizes.resting:,} orders: fork, as logged", spread([pause.logged for pause in found]), "ms")
    yield row(f"{name}: longest wait at the fork", spread([pause.fork for pause in found]), "ms", yardstick)
    yield row(
        f"{name}: longest wait while the child writes", spread([pause.writing for pause in found]), "ms", yardstick
    )
    yield row(f"{name}: longest wait at the child's end", spread([pause.end for pause in found]), "ms", yardstick)
    added = [max(0.0, pause.longest - calm) for pause in found]
    yield row(
        f"{name}: added to the longest wait", spread(added), "ms", yardstick, Target(20, at_most=True), quick=plan.quick
    )
    yield row(f"{name}: until it is written", spread([pause.seconds for pause in found]), "s")


def time_start(data: Path, sizes: Sizes, before: str) -> float:
    """Seconds from the start of a matcher to its first answer."""
    matcher = MatcherProcess(data)
    with matcher.connect() as wire:
        started = time.perf_counter()
        with matcher:
            status = wire.query(StatusQuery())
            seconds = time.perf_counter() - started
            assert isinstance(status, MatcherStatus), "it answers nothing else"
            expect(status.open_orders, sizes.resting, "the resting orders after the start")
            expect(digest_of(wire), before, "the matcher after the start")
    return seconds


def memory(plan: Plan, sizes: Sizes) -> Iterator[Row]:
    """Bytes for each done order that is remembered, and for its client_order_id."""
    plan.tell(f"memory of {sizes.remembered:,} done orders")

    def bytes_each(kind: str) -> float:
        found = measure_in_child(
            "matching_exchange.tools.bench.remembered", [kind, str(sizes.remembered), str(plan.seed)], Remembered
        )
        return found.resident / found.orders

    canceled, named, filled = take_turns(
        plan.rounds, *(partial(bytes_each, kind) for kind in ("canceled", "named", "filled"))
    )
    ids = [one - other for one, other in zip(named, canceled, strict=True)]
    yield row("memory of a client_order_id, 16 to 36 characters", spread(ids), "bytes")
    yield row("memory of a done order, canceled without a fill", spread(canceled), "bytes")
    yield row("memory of a done order, filled by one trade", spread(filled), "bytes")


@contextmanager
def scratch(plan: Plan, name: str) -> Iterator[Path]:
    """A data directory to be made, which is gone afterwards."""
    below = plan.directory / name
    below.mkdir()
    try:
        yield below / "data"
    finally:
        shutil.rmtree(below)


def digest_of(wire: Wire) -> str:
    found = wire.query(DigestQuery())
    if not isinstance(found, Digest):
        raise BenchError(f"the matcher gives no digest: {found}")
    return found.digest


def expect(found: str | int, wanted: str | int, what: str) -> None:
    if found != wanted:
        raise BenchError(f"{what}: {found}, not {wanted}")

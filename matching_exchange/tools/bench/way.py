"""The whole way of a command without sockets and journal, with each core, and where its time goes.

A frame is decoded, carried out and answered; the answers and the market data are encoded. Somebody wants all of it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from matcher.compiled import COMPILED, INTERPRETED
from matcher.core.digest import digest
from matching_exchange.tools.bench.carried import STAGES, WARM_UP, Carried
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import cores_of
from matching_exchange.tools.bench.data import SESSION
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_named_turns
from matching_exchange.tools.bench.mix import Mix
from matching_exchange.tools.bench.table import LOOK_UPS, Row, Yardstick, look_up_yardstick, row
from protocol.codec import encode
from protocol.commands import VERSION, Commands
from protocol.session import FRAME_COMMANDS

PER_SECOND: Final = 400_000
"""Commands for each second of a round."""


def way(plan: Plan) -> Iterator[Row]:
    """The suite."""
    cores = cores_of(plan)
    plan.tell("preparing frames")
    tape = plan.directory / "way.tape"
    expected = write_frames(tape, plan.seed, WARM_UP * FRAME_COMMANDS + int(plan.seconds * PER_SECOND))
    plan.tell("the whole way without sockets")
    found: dict[str, list[Carried]] = defaultdict(list)
    measurements = {core: partial(commands_per_second, tape, expected, core, found[core]) for core in cores}
    rates = take_named_turns(plan.rounds, {**measurements, LOOK_UPS: time_look_ups})
    for core in cores:
        yield row(f"the whole way, {core}", spread(rates[core]), "commands/s", look_up_yardstick(rates[LOOK_UPS]))
    if COMPILED in cores:
        yield row("the whole way, compiled to interpreted", ratio(rates[COMPILED], rates[INTERPRETED]), "ratio")
    for core in cores:
        whole = Yardstick("the whole way", median(1e9 / rate for rate in rates[core]), "ns")
        for stage in STAGES:
            yield row(f"{stage}, {core}", spread(nanoseconds(found[core], stage)), "ns a command", whole)


def write_frames(path: Path, seed: int, commands: int) -> str:
    """Write the frames of one session to a file. Returns the digest that must come of them."""
    mix = Mix(seed)
    frames: list[bytes] = []
    sent = 0
    while some := list(islice(mix, min(FRAME_COMMANDS, commands - sent))):
        # Every earlier answer has arrived.
        frames.append(encode(Commands(VERSION, SESSION, sent + 1, sent, some)))
        sent += len(some)
    path.write_bytes(encode(frames))
    return digest(mix.engine.registry)


def commands_per_second(tape: Path, expected: str, core: str, found: list[Carried]) -> float:
    """One round in a fresh process. Raises BenchError if something else comes of it than must."""
    carried = measure_in_child("matching_exchange.tools.bench.carried", [str(tape)], Carried, core)
    if carried.digest != expected:
        raise BenchError(f"the commands that were carried: {carried.digest}, not {expected}")
    found.append(carried)
    return carried.commands / sum(carried.stages.values()) * 1e9


def nanoseconds(found: Sequence[Carried], stage: str) -> list[float]:
    return [each.stages[stage] / each.commands for each in found]

"""A cluster: what the replicated log costs beside the local journal, how soon a standby leads, and what shards add.

All servers of the log, all matchers and the clients run on this one machine. The log's figures have their yardstick in
the same run: a plain file that takes the same bytes, synced as often.
"""

import os
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from matcher.storage.log import Kind, Record
from matching_exchange.process.files import SYNC_NAME, sync_file
from matching_exchange.tools.bench.cluster_group import Servers, answer_milliseconds, matchers, takeover_milliseconds
from matching_exchange.tools.bench.distribution import at_percentile
from matching_exchange.tools.bench.durability import FRAME, digest_of, expect, scratch
from matching_exchange.tools.bench.exchange import MatcherProcess
from matching_exchange.tools.bench.measure import BenchError, Plan, Spread, ratio, spread
from matching_exchange.tools.bench.mix import Mix
from matching_exchange.tools.bench.system import cores
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.together import measure_together
from matching_exchange.tools.bench.wire import Frame, Wire, frames
from matching_exchange.tools.cluster import etcd
from matching_exchange.tools.cluster.logs import log_at
from protocol.codec import encode
from protocol.commands import VERSION, Commands

BATCHES: Final = (1, 64, 256, 1_024)
"""Commands of a record."""

UNDER_WAY: Final = {64: 0.3, 256: 0.45, 1_024: 0.6}
"""The least ratio of replicated to local throughput on two cores that hold everything, by the orders under way."""

MANY_CORES: Final = 4
ON_MANY_CORES: Final = {64: 0.3, 256: 0.45, 1_024: 0.8}
"""The same on machines with as many cores or more."""

SMALL_BUDGET: Final = 20_000_000
"""Bytes. A snapshot is taken at each quarter of it. At full speed a smaller one is full before the nodes have written
the two snapshots that a trim takes: commands then wait for it."""

TRIMMED_SECONDS: Final = 30
"""How much longer a round lasts in which the log is trimmed."""

SHARDS: Final = (1, 2, 4)
WRITERS: Final = (1, 2, 4)

LEAST_SHARE: Final = 0.9
"""Of what spinning processes have of the cores in the same run, as many as there are shards."""


class Sizes(Struct, frozen=True):
    """How much is measured: appends and takeovers of a round, commands a second of the load."""

    appends: int
    takeovers: int
    rate: int


FULL: Final = Sizes(400, 4, 1_000)
QUICK: Final = Sizes(10, 1, 200)

FASTEST: Final = 250_000
"""Commands prepared for each second: more than any matcher answers while it syncs."""


def cluster(plan: Plan) -> Iterator[Row]:
    """The suite."""
    sizes = QUICK if plan.quick else FULL
    try:
        etcd.find(None)
    except etcd.NotInstalledError as error:
        plan.left_out.append(f"the replicated log: {error}")
    else:
        with Servers(plan.directory / "servers") as servers:
            yield from appends(plan, sizes, servers)
            yield from writers(plan, servers)
            yield from throughput(plan, sizes, servers)
            yield from trims(plan, servers)
            yield from takeovers(plan, sizes, servers)
    yield from shards(plan)


def appends(plan: Plan, sizes: Sizes, servers: Servers) -> Iterator[Row]:
    """Milliseconds until a record is at a majority, and those of a plain file with the same bytes."""
    mix = Mix(plan.seed)
    for count in BATCHES:
        plan.tell(f"appends of {count} commands")
        entry = encode(Commands(VERSION, 1, 1, 0, list(islice(mix, count))))
        rounds: list[tuple[float, float]] = []
        plain: list[float] = []
        for _ in range(plan.rounds):
            rounds.append(_halves(time_appends(servers.new_log(), entry, sizes.appends)))
            plain.append(median(time_plain(plan.directory / "plain", entry, sizes.appends)))
        yardstick = Yardstick(f"{SYNC_NAME} of {len(entry):,} bytes", median(plain), "ms")
        name = f"append of {count:,} command{'s' if count > 1 else ''}"
        yield row(f"{name}, p50", spread([half for half, _ in rounds]), "ms", yardstick)
        yield row(f"{name}, p99", spread([late for _, late in rounds]), "ms", yardstick)


def time_appends(setting: str, entry: bytes, count: int) -> list[float]:
    """Milliseconds of each append to a new log, ascending."""
    log = log_at(setting)
    log.begin(0, 0)
    found: list[float] = []
    try:
        for position in range(count):
            record = Record(1, position + 1, [entry], Kind.BATCH, 1)
            started = time.perf_counter()
            log.append(position, record, 1)
            found.append((time.perf_counter() - started) * 1_000)
    finally:
        log.close()
    return sorted(found)


def time_plain(path: Path, entry: bytes, count: int) -> list[float]:
    """Milliseconds to append the bytes to a plain file and sync it, ascending."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    found: list[float] = []
    try:
        for _ in range(count):
            started = time.perf_counter()
            os.write(descriptor, entry)
            sync_file(descriptor)
            found.append((time.perf_counter() - started) * 1_000)
    finally:
        os.close(descriptor)
        path.unlink()
    return sorted(found)


def writers(plan: Plan, servers: Servers) -> Iterator[Row]:
    """Appends a second of several logs in the same servers."""
    size = len(encode(list(islice(Mix(plan.seed), 64))))
    sums: dict[int, list[float]] = {count: [] for count in WRITERS}
    for _ in range(plan.rounds):
        for count in WRITERS:
            plan.tell(f"{count} writers of one etcd")
            children = [["write", servers.new_log(), str(plan.seconds), str(size)] for _ in range(count)]
            sums[count].append(sum(found.rate for found in measure_together(children)))
    for count in WRITERS:
        alone = Yardstick("one writer", median(sums[1]), "appends/s")
        name = f"one etcd, {count} writer{'s' if count > 1 else ''}, records of 64 commands"
        yield row(name, spread(sums[count]), "appends/s", alone if count > 1 else None)


class Round(Struct):
    """One round of a group of three matchers with a new log: commands a second by the orders under way, milliseconds
    that a standby is behind, commands a second that a new standby carries out; and the local journal's throughput."""

    replicated: dict[int, float]
    local: dict[int, float]
    lags: list[float]
    replayed: float


def throughput(plan: Plan, sizes: Sizes, servers: Servers) -> Iterator[Row]:
    """Commands a second by the replicated log and by the local journal, and what a standby makes of the log."""
    plan.tell("preparing commands")
    mix = Mix(plan.seed)
    single = list(frames(islice(mix, max(10, int(sizes.rate * plan.seconds))), 1))
    many = list(frames(islice(mix, int(plan.seconds * FASTEST * len(UNDER_WAY))), FRAME))
    rounds = [measure_round(plan, sizes, servers, single, many) for _ in range(plan.rounds)]
    targets = ON_MANY_CORES if cores() >= MANY_CORES else UNDER_WAY
    for under_way in UNDER_WAY:
        replicated = [each.replicated[under_way] for each in rounds]
        local = [each.local[under_way] for each in rounds]
        name = f"throughput, {under_way:,} orders under way"
        yield row(f"{name}, replicated", spread(replicated), "commands/s")
        yield row(f"{name}, local journal", spread(local), "commands/s")
        target = Target(targets[under_way])
        yield row(f"{name}, replicated to local", ratio(replicated, local), "ratio", None, target, quick=plan.quick)
    load = Yardstick("load", sizes.rate, "commands/s")
    late = spread([at_percentile(each.lags, 99) for each in rounds])
    yield row("lag of a standby, p50", spread([at_percentile(each.lags, 50) for each in rounds]), "ms", load)
    yield row("lag of a standby, p99", late, "ms", load, Target(50, at_most=True), quick=plan.quick)
    yield row("replay by a new standby", spread([each.replayed for each in rounds]), "commands/s")


def measure_round(plan: Plan, sizes: Sizes, servers: Servers, single: Sequence[Frame], many: Sequence[Frame]) -> Round:
    """What was answered must be what a replay of the log gives. `many` follow the frames of one command."""
    setting = servers.new_log()
    with matchers(plan.directory, setting) as group, group.connect() as wire:
        wire.open()
        plan.tell("lag of a standby")
        lags = group.lag_under_load(wire, single, sizes.rate)
        replicated = throughput_of(plan, wire, many)
        before = digest_of(wire)
    plan.tell("replaying the log")
    [replayed] = measure_together([["replay", setting]], wait=False)
    expect(replayed.digest, before, "the replayed log")
    with scratch(plan, "local") as data, MatcherProcess(data, "--sync=always") as matcher, matcher.connect() as wire:
        wire.open()
        wire.run(iter(single), min(UNDER_WAY))
        local = throughput_of(plan, wire, many)
    return Round(replicated, local, lags, replayed.rate)


def throughput_of(plan: Plan, wire: Wire, many: Sequence[Frame]) -> dict[int, float]:
    """Commands a second by the orders under way, one after the other."""
    rest = iter(many)
    found: dict[int, float] = {}
    for under_way in UNDER_WAY:
        plan.tell(f"throughput with {under_way} orders under way")
        found[under_way] = rate = wire.run(rest, under_way, plan.seconds).per_second
        if not rate:
            raise BenchError(f"no prepared command was left for {under_way} under way: FASTEST is too low")
    wire.check()
    return found


def trims(plan: Plan, servers: Servers) -> Iterator[Row]:
    """How long answers take at full speed while the log is trimmed again and again, for its budget is small."""
    halves: list[float] = []
    lates: list[float] = []
    count = 0
    seconds = plan.seconds * TRIMMED_SECONDS
    for _ in range(plan.rounds):
        plan.tell("answers while the log is trimmed")
        settings = {"MATCHER_LOG_BUDGET": str(SMALL_BUDGET)}
        endless = frames(Mix(plan.seed), FRAME)
        with (
            matchers(plan.directory, servers.new_log(), settings=settings) as group,
            group.connect() as wire,
        ):
            wire.open()
            found = answer_milliseconds(wire, endless, max(UNDER_WAY), seconds)
            wire.check()
            count += group.trims
        half, late = _halves(found)
        halves.append(half)
        lates.append(late)
    if not count and not plan.quick:
        raise BenchError("the log was never trimmed while answers were timed: TRIMMED_SECONDS is too low")
    trimmed = Yardstick("trims", count, "")
    name = f"answers while a log of {SMALL_BUDGET // 1_000_000} MB is trimmed"
    yield row(f"{name}, p50", spread(halves), "ms", trimmed)
    yield row(f"{name}, p99", spread(lates), "ms", trimmed)


def takeovers(plan: Plan, sizes: Sizes, servers: Servers) -> Iterator[Row]:
    """From the death of a leader to the first answer of the next."""
    plan.tell("takeovers")
    with matchers(plan.directory, servers.new_log(), workers=1) as group:
        found = sorted(takeover_milliseconds(group) for _ in range(plan.rounds * sizes.takeovers))
    for name, value in (("p50", at_percentile(found, 50)), ("p99", at_percentile(found, 99)), ("most", found[-1])):
        target = {"p50": Target(1_200, at_most=True), "p99": Target(2_000, at_most=True)}.get(name)
        count = Yardstick("takeovers", len(found), "")
        yield row(f"takeover, {name}", Spread(value, value, value), "ms", count, target, quick=plan.quick)


def shards(plan: Plan) -> Iterator[Row]:
    """Commands a second of several matchers side by side, each with a journal of its own and a client, and the rounds
    of as many spinning processes."""
    sums: dict[int, list[float]] = {count: [] for count in SHARDS}
    spins: dict[int, list[float]] = {count: [] for count in SHARDS}
    for _ in range(plan.rounds):
        for count in SHARDS:
            plan.tell(f"{count} shards")
            spun = measure_together([["spin", str(plan.seconds)]] * count, wait=False)
            spins[count].append(sum(found.rate for found in spun))
            sums[count].append(shards_per_second(plan, count))
    for count in SHARDS:
        name = f"{count} shard{'s' if count > 1 else ''}, local journals"
        yield row(name, spread(sums[count]), "commands/s")
        if count == 1:
            continue
        usable = min(count, max(1, cores() - 1))
        # How much of as many cores the spinners had: other processes take the rest.
        had = min(1.0, median(spins[count]) / median(spins[1]) / min(count, cores()))
        spinners = Yardstick(f"{count} spinners to one", median(spins[count]) / median(spins[1]), "")
        target = Target(round(LEAST_SHARE * usable * had, 2))
        yield row(f"{name}, to one", ratio(sums[count], sums[1]), "ratio", spinners, target, quick=plan.quick)


def shards_per_second(plan: Plan, count: int) -> float:
    with scratch(plan, "shards") as data:
        groups = [MatcherProcess(data.with_name(f"shard-{number}"), "--sync=always") for number in range(count)]
        try:
            for group in groups:
                group.process.start()
            children = [
                ["load", group.commands, group.reports, str(plan.seconds), "1024", str(plan.seed + number)]
                for number, group in enumerate(groups)
            ]
            return sum(found.rate for found in measure_together(children))
        finally:
            for group in groups:
                group.process.close()


def _halves(ascending: Sequence[float]) -> tuple[float, float]:
    return at_percentile(ascending, 50), at_percentile(ascending, 99)

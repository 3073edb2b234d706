"""Runs against a cluster, one for each kind of strike: the clients and the checks are those of the other torture."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Final

import msgspec
from msgspec import Struct

from gateway.native.json.times import parse_exact_time
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.state import Caused, State
from matcher.storage.log import Kind as RecordKind
from matcher.storage.log import Logged
from matching_exchange.tools.cluster.logs import reader_of
from matching_exchange.tools.torture.checks import Checks
from matching_exchange.tools.torture.clients import decode, orders_in
from matching_exchange.tools.torture.cluster.archive import Archive
from matching_exchange.tools.torture.cluster.exchange import ClusterExchange, machines
from matching_exchange.tools.torture.cluster.network import Network
from matching_exchange.tools.torture.cluster.report import STALE, TITLES, KindReport, Times, times
from matching_exchange.tools.torture.cluster.striker import PAUSE_SECONDS, Kind, Strike, Striker
from matching_exchange.tools.torture.cluster.witness import Known, Witness, stale
from matching_exchange.tools.torture.evidence import PLACES, Told
from matching_exchange.tools.torture.promises import CASES_TOLD, Promise
from matching_exchange.tools.torture.run import EVIDENCE_FILE, Plan, gather

MILLISECONDS: Final = 1_000


class ClusterPlan(Struct, frozen=True):
    """The size of a run, besides `Plan`.

    strikes: their kinds, in order. seconds: after this time no more begin. pauses: the shortest and the longest pause
    of a leader, in seconds."""

    strikes: tuple[Kind, ...]
    plan: Plan
    seconds: float = float("inf")
    pauses: tuple[float, float] = PAUSE_SECONDS


def torture_cluster(wanted: ClusterPlan, directory: Path, progress: Callable[[int, int], None]) -> KindReport:
    """Carry out the plan in the directory, in a network of its own for partitions. Errors as of `torture`."""
    if "partition" in wanted.strikes:
        with Network(machines()) as network:
            return _torture(wanted, directory, network, progress)
    return _torture(wanted, directory, None, progress)


def _torture(
    wanted: ClusterPlan, directory: Path, network: Network | None, progress: Callable[[int, int], None]
) -> KindReport:
    started = time.monotonic()
    plan = wanted.plan
    with ClusterExchange(directory, plan.workers, plan.snapshot_every, network) as exchange:
        until = started + wanted.seconds
        striker = Striker(exchange, wanted.strikes, plan.seed, plan.calm, wanted.pauses, until)
        archive = Archive(partial(reader_of, exchange.log))
        witness = Witness(exchange.sockets)
        stop, over = Event(), Event()
        with ThreadPoolExecutor(2) as threads:
            watching = [threads.submit(witness.run, stop), threads.submit(archive.run, over)]
            try:
                evidence = gather(plan, exchange, striker, progress)
                stop.set()
                watching[0].result()
                exchange.stop()
            finally:
                stop.set()
                over.set()
            watching[1].result()
    (directory / EVIDENCE_FILE).write_bytes(msgspec.json.encode(evidence))
    checks = Checks(evidence)
    state = replay(archive.records, checks)
    replayed = digest(state.engine.registry)
    found = takeovers(striker.strikes, archive.records, evidence.told)
    return KindReport(
        ", ".join(dict.fromkeys(TITLES[kind] for kind in wanted.strikes)),
        plan.seed,
        len(striker.strikes),
        round(time.monotonic() - started, 1),
        len(evidence.told),
        sum(1 for told in evidence.told if told.unknown or told.refused),
        checks.trades,
        len(archive.records),
        times([milliseconds for _, milliseconds in found]),
        times(silences(striker.strikes, evidence.told)),
        len(exchange.fenced),
        sum(1 for each in exchange.fenced if each.held),
        sum(each.held for each in exchange.fenced),
        exchange.ended,
        len(witness.seen),
        [
            *checks.promises(),
            _stale(witness, evidence.told),
            striker.not_refused,
            Promise("a node that computed otherwise", len(exchange.diverged), exchange.diverged[:CASES_TOLD]),
            _same_state(evidence.digest, replayed),
        ],
        {"live": evidence.digest, "replay of the log": replayed},
        _by_cut(found),
    )


def replay(records: Sequence[Logged], checks: Checks) -> State:
    """Carry out the log from its first record."""
    state = State(Engine())

    def observe(reply: Reply, every: list[Caused]) -> None:
        for caused, answer in zip(every, reply.answers, strict=True):
            checks.watch(state.engine, reply.timestamp, caused, answer)

    for logged in records:
        if logged.record.kind is RecordKind.BATCH:
            state.replay(logged.record, observe)
    return state


def placed(told: Sequence[Told]) -> Iterator[tuple[Told, int, int]]:
    """Of each first answer to a new order: its sequence and its time, in nanoseconds."""
    for each in told:
        if each.key.kind in PLACES and each.status == HTTPStatus.OK and not each.again:
            order = orders_in(each.key.kind, decode(each.body))[0]
            yield each, int(order["sequence"]), parse_exact_time(order["timestamp"], "timestamp")


def takeovers(strikes: Sequence[Strike], records: Sequence[Logged], told: Sequence[Told]) -> list[tuple[Strike, float]]:
    """Strikes after which another epoch began, with the milliseconds until the first answer to one of its orders."""
    answers = sorted((sequence, each.returned) for each, sequence, _ in placed(told))
    begun = _begun(records)
    found = []
    for strike, end in _spans(strikes):
        first = next((sequence for moment, sequence in begun if strike.wall < moment < end.wall), None)
        answered = [returned for sequence, returned in answers if first is not None and sequence >= first]
        if answered:
            found.append((strike, (min(answered) - strike.counts_from) * MILLISECONDS))
    return found


def _begun(records: Sequence[Logged]) -> list[tuple[int, int]]:
    """The time of each epoch's record, and the sequence of its first command."""
    begun: list[tuple[int, int]] = []
    waiting: int | None = None
    for logged in records:
        if logged.record.kind is RecordKind.EPOCH:
            waiting = logged.record.time
        elif logged.record.kind is RecordKind.BATCH and waiting is not None:
            begun.append((waiting, logged.record.sequence))
            waiting = None
    return begun


def _spans(strikes: Sequence[Strike]) -> list[tuple[Strike, Strike]]:
    """Each strike with the one behind it; the last with one that never comes."""
    never = Strike("kill", 0, 1 << 63, float("inf"))
    return list(pairwise([*strikes, never]))


def silences(strikes: Sequence[Strike], told: Sequence[Told]) -> list[float]:
    """For each strike, the longest time without an answer that ended after it and before the next one."""
    answered = sorted(each.returned for each in told)
    found = []
    for strike, end in _spans(strikes):
        gaps = [after - before for before, after in pairwise(answered) if strike.at < after < end.at]
        if gaps:
            found.append(max(gaps) * MILLISECONDS)
    return found


def _by_cut(found: Sequence[tuple[Strike, float]]) -> dict[str, Times]:
    """The takeovers by what was cut."""
    by_cut: dict[str, list[float]] = {}
    for strike, milliseconds in found:
        if strike.kind == "partition":
            by_cut.setdefault(strike.detail, []).append(milliseconds)
    summed = {cut: times(each) for cut, each in sorted(by_cut.items())}
    return {cut: each for cut, each in summed.items() if each is not None}


def _stale(witness: Witness, told: Sequence[Told]) -> Promise:
    known = [Known(each.returned, sequence, at) for each, sequence, at in placed(told)]
    faults = stale(witness.seen, known)
    return Promise(STALE, len(faults), faults[:CASES_TOLD])


def _same_state(live: str, replayed: str) -> Promise:
    promise = Promise("unequal states")
    if live != replayed:
        promise.breach(f"live: {live}, replay of the log: {replayed}")
    return promise

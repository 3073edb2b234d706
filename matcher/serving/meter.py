"""The matcher's metrics: gathers once a second what the others count, for gateways and for the port of its own."""

import os
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from msgspec import Struct

from matcher import CORE
from matcher.config import PREFIX, PROGRAM, Config
from matcher.serving.background import Background
from matcher.serving.book_snapshots import BookSnapshots
from matcher.serving.intake import Intake
from matcher.serving.outbox import Outbox
from matcher.serving.queries import count_open_orders
from matcher.serving.query_desk import QueryDesk
from matcher.serving.tally import Tally
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.readers import registrations
from matching_exchange.metrics.families import (
    NANOSECONDS,
    Labels,
    counter,
    counters,
    gauge,
    gauges,
    histogram,
    histograms,
)
from matching_exchange.metrics.own import own_families
from matching_exchange.metrics.server import MetricsServer, open_server
from matching_exchange.process.histogram import TIMES, Histogram
from protocol import topics
from protocol.codec import encode
from protocol.metrics import Family, ProcessMetrics
from protocol.units import Reason, Refusal

TELL_EVERY: Final = 1_000_000_000
LOOK_EVERY: Final = 10_000_000_000
"""In nanoseconds: how often the metrics are told, and how often the disk is looked at for them."""

log = structlog.get_logger("matcher")


class Work(Struct, frozen=True):
    """Those whose queues and times are told."""

    intake: Intake
    desk: QueryDesk
    outbox: Outbox
    background: Background
    snapshots: BookSnapshots


class Counted(Protocol):
    """What a log counts: the bytes and records that it has taken, and how long each sync took."""

    records: int
    sync_times: Histogram

    @property
    def written(self) -> int: ...


class Meter:
    """`report(topic, payload)` sends to gateways."""

    def __init__(
        self,
        config: Config,
        directory: DataDirectory,
        state: State,
        tally: Tally,
        journal: Counted,
        work: Work,
        report: Callable[[bytes, bytes], None],
    ) -> None:
        self._config = config
        self._directory = directory
        self._state = state
        self._tally = tally
        self._journal = journal
        self._work = work
        self._report = report
        self._tell_at = self._look_at = 0
        self._seen: list[Family] = []
        self._told: list[Family] = []
        self._server: MetricsServer | None = None

    def bind(self) -> None:
        """Open the port of its own, if there is one. Ends the process if that cannot be bound."""
        self._server = open_server(PROGRAM, PREFIX, self._config.metrics, lambda: self._told)

    @property
    def told(self) -> list[Family]:
        """What was told last. Nobody changes it any more."""
        return self._told

    def serve(self) -> None:
        if self._server is not None:
            self._server.serve()

    def keep_time(self, now: int) -> None:
        """Tell the metrics if that is due at this monotonic time."""
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_EVERY
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._seen = self._seen_on_disk()
        # The server's thread reads this list, which nobody changes any more.
        self._told = [*own_families(PROGRAM, CORE.kind), *self._counted(), *self._standing(), *self._seen]
        self._report(topics.METRICS, encode(ProcessMetrics(PROGRAM, time.time_ns(), self._told)))

    def _counted(self) -> list[Family]:
        tally, journal, work = self._tally, self._journal, self._work
        background = work.background
        return [
            counters("exchange_matcher_commands_total", "Commands carried out.", ("kind",), _kinds(tally)),
            counter("exchange_matcher_trades_total", "Trades.", tally.trades),
            counters(
                "exchange_matcher_rejects_total",
                "Orders that were rejected, and commands that were refused, by reason.",
                ("reason",),
                _reasons(tally),
            ),
            histogram(
                "exchange_matcher_turn_commands", "Commands of a turn: one batch.", tally.turn_commands, divisor=1
            ),
            histogram("exchange_matcher_apply_seconds", "Time that a turn's commands took.", tally.apply_times),
            histogram("exchange_matcher_sync_seconds", "Time that a sync of the journal took.", journal.sync_times),
            counter("exchange_matcher_journal_bytes_total", "Bytes written to the journal.", journal.written),
            counter("exchange_matcher_journal_records_total", "Records written to the journal.", journal.records),
            histogram(
                "exchange_matcher_snapshot_seconds", "Time from the fork to the file.", background.snapshot_times
            ),
            counter("exchange_matcher_snapshot_failures_total", "Snapshots that failed.", background.snapshot_failures),
            histograms(
                "exchange_matcher_fork_pause_seconds",
                "Time that a fork has held up the matcher.",
                ("of",),
                {("state",): background.fork_pauses, ("book",): work.snapshots.fork_pauses},
                TIMES,
            ),
            counter("exchange_matcher_session_gaps_total", "Frames before which others are missing.", work.intake.gaps),
            counter(
                "exchange_matcher_repeated_frames_total", "Frames without a new command.", work.intake.repeated_frames
            ),
            counter(
                "exchange_matcher_unknown_sessions_total", "Frames of unknown sessions.", work.intake.unknown_sessions
            ),
            counter("exchange_matcher_refused_frames_total", "Frames that cannot be read.", work.intake.refused_frames),
        ]

    def _standing(self) -> list[Family]:
        state, work = self._state, self._work
        registry, background = state.registry, work.background
        queues: dict[Labels, int] = {
            ("frames",): int(work.intake.waiting),
            ("queries",): work.desk.waiting,
            ("turns",): work.outbox.waiting,
            ("children",): background.waiting,
        }
        return [
            gauge("exchange_matcher_sequence", "Sequence of the last command.", state.sequence),
            gauges("exchange_matcher_queue_length", "What waits.", ("queue",), queues),
            gauge("exchange_matcher_sessions", "Sessions that are known.", len(state.sessions)),
            gauge("exchange_matcher_open_orders", "Orders that rest or wait.", count_open_orders(registry)),
            gauge("exchange_matcher_accounts", "Accounts that are known.", len(registry.accounts)),
            gauge("exchange_matcher_instruments", "Instruments.", len(registry.books)),
            gauge(
                "exchange_matcher_snapshot_timestamp_seconds",
                "When the newest snapshot was written, in seconds since 1970; 0 without one.",
                background.snapshot_written_at,
                NANOSECONDS,
            ),
            gauge(
                "exchange_matcher_snapshot_age_commands", "Commands since the last snapshot.", background.since_snapshot
            ),
            gauge(
                "exchange_matcher_snapshot_every_commands",
                "After how many commands a snapshot is begun.",
                self._config.snapshot_every,
            ),
        ]

    def _seen_on_disk(self) -> list[Family]:
        sequence, data = self._state.sequence, self._directory.path
        lag: dict[Labels, int] = {(reader.name,): max(0, sequence - reader.position) for reader in registrations(data)}
        seen = [
            gauges(
                "exchange_matcher_follower_lag_commands",
                "Commands that a follower of the journal had not read when it told last.",
                ("follower",),
                lag,
            )
        ]
        try:
            disk = os.statvfs(data)
        except OSError as error:
            log.warning("free room of the disk not known", error=str(error))
            return seen
        return [
            *seen,
            gauge("exchange_matcher_disk_size_bytes", "Size of the disk.", disk.f_blocks * disk.f_frsize),
            gauge("exchange_matcher_disk_free_bytes", "Free room on the disk.", disk.f_bavail * disk.f_frsize),
        ]


def _kinds(tally: Tally) -> dict[Labels, int]:
    others: dict[Labels, int] = {(kind.__name__,): count for kind, count in tally.others.items()}
    return {("PlaceOrder",): tally.placed, ("CancelOrder",): tally.canceled, **others}


def _reasons(tally: Tally) -> dict[Labels, int]:
    """Rejections and refusals share some names."""
    found: dict[Labels, int] = {}
    for name, count in (
        *((Reason(number).name, count) for number, count in tally.rejected.items()),
        *((Refusal(number).name, count) for number, count in tally.refused.items()),
    ):
        found[name.lower(),] = found.get((name.lower(),), 0) + count
    return found

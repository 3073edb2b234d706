"""The metrics of all processes on one page, whichever worker is asked."""

import asyncio
import time
from pathlib import Path
from typing import Final

import msgspec

from gateway.http.counting import HttpCounts
from gateway.link.matcher_link import MatcherLink
from gateway.metrics.slots import Slots
from gateway.metrics.worker import worker_families
from matching_exchange.metrics.exposition import exposition
from matching_exchange.metrics.families import gauge, merged
from matching_exchange.process.files import read_file
from matching_exchange.process.metrics_address import MAX_METRICS_BYTES
from protocol.metrics import Family, ProcessMetrics

TELL_SECONDS: Final = 1.0
"""How often a worker tells the others what it has counted."""

STALE: Final = 10_000_000_000
"""Nanoseconds. A history that has told nothing for so long does not run."""

_decode = msgspec.msgpack.Decoder(ProcessMetrics).decode


class Board:
    """One for each worker. `history` is the file in which the history tells its metrics; None where none is known."""

    def __init__(self, broker: MatcherLink, counts: HttpCounts, slots: Slots, history: Path | None) -> None:
        self._broker = broker
        self._counts = counts
        self._slots = slots
        self._history = history
        self._ticking: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Tell from now on, on this loop."""
        self._tell()
        self._ticking = asyncio.get_running_loop().call_later(TELL_SECONDS, self.start)

    def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()

    async def page(self) -> bytes:
        """The page, as Prometheus reads it."""
        self._tell()
        # It may be long, and a disk may be slow.
        return await asyncio.to_thread(self._page, self._broker.metrics)

    def _tell(self) -> None:
        self._slots.tell(worker_families(self._counts, self._broker, str(self._slots.own)))

    def _page(self, matcher: list[Family]) -> bytes:
        return exposition(merged([*self._slots.families(), *matcher, *self._of_history()]))

    def _of_history(self) -> list[Family]:
        if self._history is None:
            return []
        told: list[Family] = []
        try:
            metrics = _decode(read_file(self._history, MAX_METRICS_BYTES))
        except (OSError, msgspec.MsgspecError):
            # It has never run, or is of another version.
            metrics = None
        if metrics is not None and abs(time.time_ns() - metrics.timestamp) < STALE:
            told = metrics.families
        return [gauge("exchange_history_up", "Whether the history tells its metrics.", int(bool(told))), *told]

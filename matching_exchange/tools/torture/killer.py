"""Kills the exchange's processes at random moments and starts them again at once."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, Literal

from msgspec import Struct

from matching_exchange.tools.torture.exchange import Exchange

KillKind = Literal["matcher", "gateway", "both", "snapshot", "worker"]

WEIGHTS: Final[dict[KillKind, int]] = {"matcher": 8, "snapshot": 4, "gateway": 4, "both": 3, "worker": 2}
"""The weight of each kind of kill. The kinds: the matcher, the matcher during a snapshot, the gateway with its
workers, both, one worker."""

HASTE: Final = 0.2
"""This share of the kills comes before the exchange has recovered from the one before."""

HASTE_SECONDS: Final = 0.5
"""So soon, at the latest, does a hasty kill come."""

SNAPSHOT_SECONDS: Final = 3.0
"""The longest wait for a running snapshot."""

SNAPSHOT_LOOK_SECONDS: Final = 0.0005


class Kill(Struct):
    """`recovery` is the time from the kill to the next answer, in seconds; None if the next kill came first.
    `half_written` marks a kill that has cut through a snapshot."""

    kind: KillKind
    recovery: float | None = None
    half_written: bool = False


class Killer:
    """`calm` is the longest time, in seconds, that the exchange works between its recovery and the next kill."""

    def __init__(self, exchange: Exchange, seed: int, calm: float) -> None:
        self._exchange = exchange
        self._random = Random(f"{seed} kills")
        self._calm = calm
        self._half_written: set[Path] = set()
        self.kills: list[Kill] = []

    def run(self, count: int, progress: Callable[[int], None]) -> None:
        """Kill `count` times, and wait for the last recovery. Raises ExchangeError if a process does not come back."""
        self._exchange.wait_until_ready()
        for number in range(1, count + 1):
            time.sleep(self._random.uniform(0, self._calm))
            self._kill()
            progress(number)
            if number < count and self._random.random() < HASTE:
                time.sleep(self._random.uniform(0, HASTE_SECONDS))
                continue
            self._recover()

    def _recover(self) -> None:
        self._exchange.wait_until_ready()
        self.kills[-1].recovery = time.monotonic() - self._killed_at

    def _kill(self) -> None:
        exchange = self._exchange
        kind = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if kind == "snapshot" and not self._wait_for_snapshot():
            kind = "matcher"
        if kind == "worker" and not self._kill_worker():
            kind = "gateway"
        self._killed_at = time.monotonic()
        # Forked children of the matcher are not killed. They must end with it, and hold nothing that the next matcher
        # needs.
        if kind in ("matcher", "snapshot", "both"):
            exchange.matcher.kill(with_children=False)
        if kind in ("gateway", "both"):
            exchange.gateway.kill(with_children=True)
        half_written = set[Path]()
        if kind in ("matcher", "snapshot", "both"):
            half_written = set(exchange.unfinished_snapshots()) - self._half_written
            exchange.matcher.start()
        if kind in ("gateway", "both"):
            exchange.gateway.start()
        self.kills.append(Kill(kind, half_written=bool(half_written)))
        self._half_written |= half_written

    def _wait_for_snapshot(self) -> bool:
        """Wait until a snapshot is under way, if that comes soon."""
        deadline = time.monotonic() + SNAPSHOT_SECONDS
        while time.monotonic() < deadline:
            if set(self._exchange.unfinished_snapshots()) - self._half_written:
                return True
            _ = self._exchange.matcher.running
            time.sleep(SNAPSHOT_LOOK_SECONDS)
        return False

    def _kill_worker(self) -> bool:
        """Kill one of several workers; the gateway replaces it."""
        workers = self._exchange.gateway_workers()
        if not workers:
            return False
        os.kill(self._random.choice(workers), signal.SIGKILL)
        return True

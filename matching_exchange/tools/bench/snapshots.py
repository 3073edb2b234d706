"""How long a snapshot makes orders wait, under an even load. Latencies count from when each command was meant to be
sent.

A matcher that stands still makes all later commands wait, so none of them may be left out. Commands are sent at their
times, whether or not earlier ones are answered. A snapshot has three parts. First comes the fork. Then the child
writes. Then comes the turn in which the matcher notices its end.
"""

import gc
import time
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from matching_exchange.tools.bench.exchange import MatcherProcess
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.wire import PATIENCE, Frame, Wire

LOOK_EVERY: Final = 0.0003
"""The longest sleep of the client between two looks for answers, in seconds."""

PRECISION: Final = 0.001
"""How far, in seconds, the time in a log record may be from when it happened."""

Moment = Literal["fork", "writing", "end"]


class Wait(Struct, frozen=True):
    """A command's way: when it was meant to be sent and when it was answered, in seconds since 1970."""

    meant: float
    answered: float

    @property
    def milliseconds(self) -> float:
        return (self.answered - self.meant) * 1000


class Pause(Struct, frozen=True):
    """One snapshot: the longest wait in each of its moments, in milliseconds.

    logged: the milliseconds of the fork, by the matcher's log.
    seconds: how long the child took."""

    logged: float
    fork: float
    writing: float
    end: float
    seconds: float

    @property
    def longest(self) -> float:
        return max(self.fork, self.writing, self.end)


class Snapshot(Struct, frozen=True):
    """One snapshot.

    begun: the time after the fork.
    logged: the milliseconds of the fork, by the matcher's log.
    ended: the time after the matcher noticed the child's end."""

    begun: float
    logged: float
    ended: float

    @property
    def fork(self) -> float:
        """When the fork began."""
        return self.begun - self.logged / 1000 - PRECISION

    def moment_of(self, wait: Wait) -> Moment | None:
        """The first moment in which the command waited; None if it waited in none."""
        if wait.answered < self.fork:
            return None
        if wait.meant <= self.begun + PRECISION:
            return "fork"
        if wait.meant <= self.ended + PRECISION:
            return "writing" if wait.answered < self.ended - PRECISION else "end"
        return None


def load(wire: Wire, frames: Sequence[Frame], rate: int) -> list[Wait]:
    """Send the frames, each with one command, at `rate` a second. Returns how long each waited."""
    waits: list[Wait] = []
    since_1970 = time.time() - time.perf_counter()
    first = time.perf_counter()
    sent = 0
    # The client's own collector would stop it now and then, which would count as a wait.
    gc.disable()
    try:
        while len(waits) < len(frames):
            now = time.perf_counter()
            while sent < len(frames) and first + sent / rate <= now:
                wire.send(frames[sent])
                sent += 1
            came = wire.receive(0)
            now = time.perf_counter()
            numbers = range(len(waits), len(waits) + came)
            waits += [Wait(since_1970 + first + number / rate, since_1970 + now) for number in numbers]
            if now - (first + len(waits) / rate) > PATIENCE:
                raise BenchError(f"command {len(waits) + 1} was not answered within {PATIENCE:g} seconds")
            due = first + sent / rate - now if sent < len(frames) else LOOK_EVERY
            if due > 0:
                time.sleep(min(due, LOOK_EVERY))
    finally:
        gc.enable()
    return waits


def snapshots_of(matcher: MatcherProcess) -> list[Snapshot]:
    """Read the matcher's log about its snapshots. Raises BenchError if one failed. The last one may not have ended."""
    if failed := matcher.records("snapshot failed: the journal stays, the next one is tried later"):
        raise BenchError(f"{len(failed)} snapshots failed:\n{matcher.process.log_end()}")
    begun = matcher.records("snapshot begun")
    ends = [end for end, _ in matcher.records("snapshot written")]
    ends += [float("inf")] * (len(begun) - len(ends))
    return [
        Snapshot(at, float(record["pause_milliseconds"]), end) for (at, record), end in zip(begun, ends, strict=True)
    ]


def pauses(snapshots: Sequence[Snapshot], waits: Sequence[Wait]) -> tuple[list[Pause], list[float]]:
    """Each snapshot that began and ended under the load, and the longest wait, in milliseconds, before, between and
    after them."""
    moments: list[dict[Moment, float]] = [{"fork": 0.0, "writing": 0.0, "end": 0.0} for _ in snapshots]
    outside = [0.0] * (len(snapshots) + 1)
    for wait in waits:
        # If one snapshot ends just before the fork of the next, a wait counts for the first.
        for snapshot, longest in zip(snapshots, moments, strict=True):
            moment = snapshot.moment_of(wait)
            if moment is not None:
                longest[moment] = max(longest[moment], wait.milliseconds)
                break
        else:
            number = sum(snapshot.fork <= wait.answered for snapshot in snapshots)
            outside[number] = max(outside[number], wait.milliseconds)
    found = [
        Pause(snapshot.logged, longest["fork"], longest["writing"], longest["end"], snapshot.ended - snapshot.begun)
        for snapshot, longest in zip(snapshots, moments, strict=True)
        if snapshot.ended <= waits[-1].meant
    ]
    return found, [longest for longest in outside if longest]

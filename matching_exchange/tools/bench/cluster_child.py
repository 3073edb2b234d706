"""python -m matching_exchange.tools.bench.cluster_child WHAT ARGUMENT...: parts of the cluster's suite that need a
process of their own. Each prints what it found as JSON.

spin SECONDS: how often it goes round an empty loop.
load COMMANDS REPORTS SECONDS UNDER_WAY SEED: commands a second through a matcher's sockets.
write LOG SECONDS BYTES: appends a second of records of that size.
replay LOG: commands a second that a new standby carries out.
lag LOG SECONDS: milliseconds from a record's stamp until a standby has carried it out.
"""

import select
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import Final

import msgspec

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.log import Kind, Record
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.mix import Mix
from matching_exchange.tools.bench.wire import Wire, frames
from matching_exchange.tools.cluster.logs import log_at, reader_of

FRAME: Final = 16
"""Commands sent together."""

FASTEST: Final = 250_000
"""Commands prepared for each second: more than any matcher answers with a synced journal."""

NANOSECONDS: Final = 1_000_000_000


class Found(Measured, frozen=True):
    """rate: a second. digest, sequence: of the state that was replayed. lags: milliseconds, ascending."""

    rate: float
    sequence: int = 0
    digest: str = ""
    lags: tuple[float, ...] = ()


def spin(seconds: str) -> Found:
    count = 0
    started = time.perf_counter()
    end = started + float(seconds)
    while time.perf_counter() < end:
        for _ in range(1_000):
            pass
        count += 1
    return Found(count / (time.perf_counter() - started))


def load(commands: str, reports: str, seconds: str, under_way: str, seed: str) -> Found:
    prepared = frames(islice(Mix(int(seed)), int(float(seconds) * FASTEST)), FRAME)
    ready = list(prepared)
    with Wire(commands, reports) as wire:
        wire.open()
        # All begin together: the starter waits for this line, and answers it.
        print(flush=True)
        sys.stdin.readline()
        found = wire.run(iter(ready), int(under_way), float(seconds))
        wire.check()
    return Found(found.per_second)


def write(log: str, seconds: str, size: str) -> Found:
    writer = log_at(log)
    writer.begin(0, 0)
    payload = bytes(int(size))
    print(flush=True)
    sys.stdin.readline()
    position = 0
    started = time.perf_counter()
    end = started + float(seconds)
    while time.perf_counter() < end:
        position = writer.append(position, Record(1, position + 1, [payload], Kind.BATCH, 1), 1)
    rate = position / (time.perf_counter() - started)
    writer.close()
    return Found(rate)


def replay(log: str) -> Found:
    state = State(Engine())
    started = time.perf_counter()
    for logged in reader_of(log).read(0):
        carry_out(state, logged.record)
    return Found(state.sequence / (time.perf_counter() - started), state.sequence, digest(state.registry))


def lag(log: str, seconds: str) -> Found:
    state = State(Engine())
    reader = reader_of(log)
    follower = reader.follow(0)
    print(flush=True)
    sys.stdin.readline()
    begun = time.time_ns()
    lags: list[float] = []
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        select.select([follower.descriptor], [], [], 0.1)
        for logged in follower.take():
            carry_out(state, logged.record)
            if logged.record.kind is Kind.BATCH and logged.record.time >= begun:
                lags.append((time.time_ns() - logged.record.time) / 1_000_000)
    follower.close()
    return Found(len(lags) / float(seconds), state.sequence, digest(state.registry), tuple(sorted(lags)))


def carry_out(state: State, record: Record) -> None:
    if record.kind is Kind.BATCH:
        state.replay(record)


WHAT: Final[dict[str, Callable[..., Found]]] = {
    "spin": spin,
    "load": load,
    "write": write,
    "replay": replay,
    "lag": lag,
}

if __name__ == "__main__":
    print(msgspec.json.encode(WHAT[sys.argv[1]](*sys.argv[2:])).decode())

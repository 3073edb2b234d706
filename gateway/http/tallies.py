"""How much was counted in the present window of the clock: one table for all workers of a gateway.

Windows begin at whole multiples of their length since 1970 UTC. The table is bounded: where all slots that a name may
have are taken, the one of the oldest window gives way.
"""

import time
from collections.abc import Callable
from enum import Enum
from struct import Struct as Layout
from typing import Final

from gateway.http.rates import Digests, Holder
from gateway.http.shared_memory import SharedMemory

GROUPS: Final = 1 << 13
"""Groups of slots. A name has its slot in one of them."""

SLOTS: Final = 8
"""Slots of a group."""

SECOND: Final = 1_000_000_000

_SLOT: Final = Layout("<QQQ")
"""Digest of the name, the end of the window in seconds since 1970, and the count."""

SIZE: Final = SLOTS * _SLOT.size
"""Bytes of a group."""


class Tally(Enum):
    """What is counted, and the length of its window in seconds."""

    # That of Enum hashes the name, in Python.
    __hash__ = object.__hash__

    WEIGHT_MINUTE = 60
    ORDERS_10_SECONDS = 10
    ORDERS_DAY = 86_400

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds


class Tallies:
    """The counts of a gateway. `clock` tells nanoseconds since 1970."""

    def __init__(self, *, shared: bool = False, clock: Callable[[], int] = time.time_ns, groups: int = GROUPS) -> None:
        self._groups = groups
        self._clock = clock
        self._digests = Digests()
        self._memory = SharedMemory(groups * SIZE, shared=shared)

    def add(self, tally: Tally, holder: Holder, name: str, count: int = 1) -> int:
        """Count so many more, or fewer, and never less than none. Returns the count of this window then."""
        digest = self._digests.of(tally, holder, name)
        start = digest % self._groups * SIZE
        self._memory.lock(start, SIZE)
        try:
            end = self._end(tally)
            at, counted = self._find(start, digest, end)
            counted = max(0, counted + count)
            _SLOT.pack_into(self._memory.bytes, at, digest, end, counted)
            return counted
        finally:
            self._memory.unlock(start, SIZE)

    def count(self, tally: Tally, holder: Holder, name: str) -> int:
        """The count of this window."""
        digest = self._digests.of(tally, holder, name)
        return self._find(digest % self._groups * SIZE, digest, self._end(tally))[1]

    def rest(self, tally: Tally) -> int:
        """Whole seconds until the next window, at least one."""
        return max(1, self._end(tally) - self._clock() // SECOND)

    def _end(self, tally: Tally) -> int:
        now, length = self._clock() // SECOND, tally.seconds
        return now - now % length + length

    def _find(self, start: int, digest: int, end: int) -> tuple[int, int]:
        """Where the slot is that has the digest, or may have it, and its count."""
        oldest, oldest_end = start, 2**64
        memory, read = self._memory.bytes, _SLOT.unpack_from
        for at in range(start, start + SIZE, _SLOT.size):
            found, slot_end, counted = read(memory, at)
            if found == digest:
                return at, counted if slot_end == end else 0
            if slot_end < oldest_end:
                oldest, oldest_end = at, slot_end
        return oldest, 0

    def close(self) -> None:
        self._memory.close()

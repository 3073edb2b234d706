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


class Tally(Enum):
    """What is counted or held, and the length of its window in seconds."""

    WEIGHT_MINUTE = 60
    ORDERS_10_SECONDS = 10
    ORDERS_DAY = 86_400
    BAN = 120


class Tallies:
    """The counts of a gateway. `clock` tells nanoseconds since 1970."""

    def __init__(self, *, shared: bool = False, clock: Callable[[], int] = time.time_ns, groups: int = GROUPS) -> None:
        self._groups = groups
        self._clock = clock
        self._digests = Digests()
        self._memory = SharedMemory(groups * SLOTS * _SLOT.size, shared=shared)

    def add(self, tally: Tally, holder: Holder, name: str, count: int = 1) -> int:
        """Count so many more, or fewer, and never less than none. Returns the count of this window then."""
        digest = self._digests.of(tally, holder, name)
        size = SLOTS * _SLOT.size
        start = digest % self._groups * size
        self._memory.lock(start, size)
        try:
            end = self._end(tally)
            at, counted = self._find(start, digest, end)
            counted = max(0, counted + count)
            _SLOT.pack_into(self._memory.bytes, at, digest, end, counted)
            return counted
        finally:
            self._memory.unlock(start, size)

    def count(self, tally: Tally, holder: Holder, name: str) -> int:
        """The count of this window."""
        digest = self._digests.of(tally, holder, name)
        return self._find(digest % self._groups * SLOTS * _SLOT.size, digest, self._end(tally))[1]

    def hold(self, tally: Tally, holder: Holder, name: str) -> None:
        """Hold the name for as long as the tally's window is, from now on."""
        digest = self._digests.of(tally, holder, name)
        size = SLOTS * _SLOT.size
        start = digest % self._groups * size
        self._memory.lock(start, size)
        try:
            end = self._clock() // SECOND + tally.value
            at, _ = self._find(start, digest, end)
            _SLOT.pack_into(self._memory.bytes, at, digest, end, 1)
        finally:
            self._memory.unlock(start, size)

    def held_until(self, tally: Tally, holder: Holder, name: str) -> int | None:
        """The second since 1970 up to which the name is held; None for one that is not."""
        digest = self._digests.of(tally, holder, name)
        start = digest % self._groups * SLOTS * _SLOT.size
        at, _ = self._find(start, digest, 0)
        found, end, _ = _SLOT.unpack_from(self._memory.bytes, at)
        return end if found == digest and end > self._clock() // SECOND else None

    def rest(self, tally: Tally) -> int:
        """Whole seconds until the next window, at least one."""
        return max(1, self._end(tally) - self._clock() // SECOND)

    def _end(self, tally: Tally) -> int:
        seconds = self._clock() // SECOND
        return seconds - seconds % tally.value + tally.value

    def _find(self, start: int, digest: int, end: int) -> tuple[int, int]:
        """Where the slot is that has the digest, or may have it, and its count."""
        oldest, oldest_end = start, 2**64
        for at in range(start, start + SLOTS * _SLOT.size, _SLOT.size):
            found, slot_end, counted = _SLOT.unpack_from(self._memory.bytes, at)
            if found == digest:
                return at, counted if slot_end == end else 0
            if slot_end < oldest_end:
                oldest, oldest_end = at, slot_end
        return oldest, 0

    def close(self) -> None:
        self._memory.close()

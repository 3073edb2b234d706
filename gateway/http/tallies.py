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
    """What is counted or held, and the length of its window in seconds."""

    WEIGHT_MINUTE = 60
    ORDERS_10_SECONDS = 10
    ORDERS_DAY = 86_400
    BAN = 120


class Count:
    """What one holder has used in the present window of a tally."""

    __slots__ = ("_clock", "_digest", "_length", "_memory", "_start")

    def __init__(self, memory: SharedMemory, clock: Callable[[], int], digest: int, start: int, length: int) -> None:
        self._memory = memory
        self._clock = clock
        self._digest = digest
        self._start = start
        self._length = length

    def add(self, count: int = 1) -> int:
        """Count so many more, or fewer, and never less than none. Returns the count of this window then."""
        memory, start = self._memory, self._start
        memory.lock(start, SIZE)
        try:
            at, end, counted = self._find()
            counted = max(0, counted + count)
            _SLOT.pack_into(memory.bytes, at, self._digest, end, counted)
            return counted
        finally:
            memory.unlock(start, SIZE)

    def value(self) -> int:
        """The count of this window."""
        return self._find()[2]

    def hold(self) -> int:
        """Hold it for as long as the window is, from now on. Returns the second since 1970 at which that ends."""
        memory, start = self._memory, self._start
        memory.lock(start, SIZE)
        try:
            end = self._clock() // SECOND + self._length
            _SLOT.pack_into(memory.bytes, self._find()[0], self._digest, end, 1)
            return end
        finally:
            memory.unlock(start, SIZE)

    def held_until(self) -> int | None:
        """The second since 1970 up to which the holder is held; None where it is not."""
        found, end, _ = _SLOT.unpack_from(self._memory.bytes, self._find()[0])
        return end if found == self._digest and end > self._clock() // SECOND else None

    def _find(self) -> tuple[int, int, int]:
        """Where the slot is that has the digest, or may have it; the end of the window; and the count."""
        now = self._clock() // SECOND
        end = now - now % self._length + self._length
        start, digest, memory, read = self._start, self._digest, self._memory.bytes, _SLOT.unpack_from
        oldest, oldest_end = start, 2**64
        for at in range(start, start + SIZE, _SLOT.size):
            found, slot_end, counted = read(memory, at)
            if found == digest:
                return at, end, counted if slot_end == end else 0
            if slot_end < oldest_end:
                oldest, oldest_end = at, slot_end
        return oldest, end, 0


class Tallies:
    """The counts of a gateway. `clock` tells nanoseconds since 1970."""

    def __init__(self, *, shared: bool = False, clock: Callable[[], int] = time.time_ns, groups: int = GROUPS) -> None:
        self._groups = groups
        self._clock = clock
        self._digests = Digests()
        self._memory = SharedMemory(groups * SIZE, shared=shared)

    def of(self, tally: Tally, holder: Holder, name: str) -> Count:
        """The count of this name. Who counts often keeps it."""
        digest = self._digests.of(tally, holder, name)
        return Count(self._memory, self._clock, digest, digest % self._groups * SIZE, tally.value)

    def rest(self, tally: Tally) -> int:
        """Whole seconds until the next window, at least one."""
        now = self._clock() // SECOND
        return tally.value - now % tally.value

    def close(self) -> None:
        self._memory.close()

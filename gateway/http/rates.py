"""How often something may be done: token buckets by name, one table for all workers of a gateway.

A bucket is one number, the time at which it will be full again (the theoretical arrival time of GCRA). A full bucket
needs no room: its slot is free. The table is bounded. Where all slots that a name may have belong to buckets that are
not full, the name waits until the first of them is: no bucket is forgotten before.
"""

import os
import time
from collections.abc import Callable, Mapping
from enum import Enum
from hashlib import blake2b
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from gateway.http.shared_memory import SharedMemory
from gateway.rate import SECOND, Rate

GROUPS: Final = 1 << 14
"""Groups of slots. A name has its slot in one of them."""

SLOTS: Final = 8
"""Slots of a group."""

_GROUP: Final = Layout("<" + "QQ" * SLOTS)
_SLOT: Final = Layout("<QQ")
"""Digest of the name, and the time in nanoseconds at which the bucket is full."""


class Kind(Enum):
    """What is counted."""

    # That of Enum hashes the name, in Python.
    __hash__ = object.__hash__

    REQUESTS = "requests"
    ORDERS = "orders"
    CONNECTIONS = "connections"
    SUBSCRIPTIONS = "subscriptions"


class Holder(Enum):
    """Whose bucket it is."""

    __hash__ = object.__hash__

    ADDRESS = "address"
    KEY = "key"


class Wait(Struct, frozen=True):
    """Nothing was taken. In so many whole seconds, at least one, it may be."""

    seconds: int


REMEMBERED: Final = 4096
"""Names whose numbers need not be made again."""


class Digests:
    """Names as numbers of 64 bits, by a secret of the gateway: nobody can choose names that share a group."""

    def __init__(self) -> None:
        self._secret = os.urandom(16)
        self._known: dict[tuple[Enum, Enum, str], int] = {}

    def of(self, kind: Enum, holder: Enum, name: str) -> int:
        known = self._known.get((kind, holder, name))
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[kind, holder, name] = self._make(kind, holder, name)
        return known

    def _make(self, kind: Enum, holder: Enum, name: str) -> int:
        text = f"{kind.value} {holder.value} {name}".encode()
        return int.from_bytes(blake2b(text, digest_size=8, key=self._secret).digest(), "little")


class Rates:
    """The buckets of a gateway. What has no limit has no bucket. `clock` is one of all processes, in nanoseconds."""

    def __init__(
        self,
        limits: Mapping[tuple[Kind, Holder], Rate],
        *,
        shared: bool,
        clock: Callable[[], int] = time.monotonic_ns,
        groups: int = GROUPS,
    ) -> None:
        self.limits = dict(limits)
        self._groups = groups
        self._clock = clock
        self._digests = Digests()
        self._memory = SharedMemory(groups * _GROUP.size, shared=shared)

    def take(self, kind: Kind, holder: Holder, name: str, cost: int = 1) -> Wait | None:
        """Take so many tokens from the bucket of this name; None if it had them.

        A cost above the burst is never taken.
        """
        rate = self.limits.get((kind, holder))
        if rate is None:
            return None
        digest = self._digests.of(kind, holder, name)
        start = digest % self._groups * _GROUP.size
        self._memory.lock(start, _GROUP.size)
        try:
            # In here: another worker may have written a later time while this one waited.
            now = self._clock()
            return _wait(self._take(start, digest, now, cost * rate.interval, rate.burst * rate.interval))
        finally:
            self._memory.unlock(start, _GROUP.size)

    def _take(self, start: int, digest: int, now: int, cost: int, burst: int) -> int:
        """Nanoseconds to wait; zero if it was taken."""
        slots: tuple[int, ...] = _GROUP.unpack_from(self._memory.bytes, start)
        digests, times = slots[::2], slots[1::2]
        if digest in digests:
            slot = digests.index(digest)
            full = max(times[slot], now)
        else:
            slot = times.index(min(times))
            if times[slot] > now:
                return times[slot] - now
            full = now
        if full + cost > now + burst:
            return full + cost - now - burst
        _SLOT.pack_into(self._memory.bytes, start + slot * _SLOT.size, digest, full + cost)
        return 0

    def close(self) -> None:
        self._memory.close()


def _wait(nanoseconds: int) -> Wait | None:
    return Wait(-(-nanoseconds // SECOND)) if nanoseconds else None

"""What each worker of a gateway has counted, in memory that all of them share: whoever is asked can tell the sum.

A worker that takes the slot of one that has ended goes on with its counts, so no sum ever falls. Each slot has two
halves. A reader finds the whole one while its owner writes the other.
"""

import zlib
from struct import Struct as Layout
from typing import Final

import msgspec
import structlog

from gateway.http.places import SPARE_COLUMNS
from gateway.http.shared_memory import SharedMemory
from matching_exchange.metrics.families import counted, merged
from protocol.metrics import Family

HALF_BYTES: Final = 512 * 1024
"""The most that a worker tells: a few thousand samples. Memory that is not used costs nothing."""

TRIES: Final = 8
"""How often a slot is read that is being written each time."""

_SLOT: Final = Layout("<B")
"""Which half is whole."""

_HALF: Final = Layout("<II")
"""Length and CRC of its content."""

_SLOT_BYTES: Final = _SLOT.size + 2 * (_HALF.size + HALF_BYTES)

_decode = msgspec.msgpack.Decoder(list[Family]).decode
_encode = msgspec.msgpack.Encoder().encode

log = structlog.get_logger("gateway")


class Slots:
    """Those of a gateway. Each worker calls `join` before it tells anything."""

    def __init__(self, workers: int) -> None:
        self._count = 1 if workers == 1 else workers + SPARE_COLUMNS
        self._memory = SharedMemory(self._count * _SLOT_BYTES, shared=workers > 1)
        self._before: list[Family] = []
        self.own: int | None = None
        """The number of this worker's slot; None without one."""

    def join(self) -> None:
        """Take a slot that no living worker has. Without one, nobody hears what this worker counts."""
        for number in range(self._count):
            if self._memory.try_lock(self._memory.size + number, 1):
                self.own = number
                self._before = counted(self._read(number))
                return
        log.warning("too many workers: what this one counts is in no metric")

    def tell(self, families: list[Family]) -> None:
        """Put what this worker has counted in the place of what it told before."""
        if self.own is None:
            return
        content = _encode(merged([*self._before, *families]))
        if len(content) > HALF_BYTES:
            raise AssertionError(f"labels have few values, and their samples {len(content)} bytes")
        slot = self.own * _SLOT_BYTES
        other = 1 - int(_SLOT.unpack_from(self._memory.bytes, slot)[0])
        start = _start(slot, other)
        _HALF.pack_into(self._memory.bytes, start, len(content), zlib.crc32(content))
        self._memory.bytes[start + _HALF.size : start + _HALF.size + len(content)] = content
        _SLOT.pack_into(self._memory.bytes, slot, other)

    def families(self) -> list[Family]:
        """What all workers have told, summed."""
        return merged(family for number in range(self._count) for family in self._read(number))

    def _read(self, number: int) -> list[Family]:
        slot = number * _SLOT_BYTES
        for _ in range(TRIES):
            start = _start(slot, int(_SLOT.unpack_from(self._memory.bytes, slot)[0]))
            length, crc = _HALF.unpack_from(self._memory.bytes, start)
            if not length:
                return []
            content = self._memory.bytes[start + _HALF.size : start + _HALF.size + min(length, HALF_BYTES)]
            if zlib.crc32(content) == crc:
                return _decode(content)
        log.warning("what a worker counts could not be read", worker=number)
        return []

    def close(self) -> None:
        self._memory.close()


def _start(slot: int, half: int) -> int:
    return slot + _SLOT.size + half * (_HALF.size + HALF_BYTES)

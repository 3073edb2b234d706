"""How far a node has come in its log, in a small file: the position and the CRC of the last record.

It outlives the process, also one that is killed. A start sees by it that the log has lost what this node had carried
out, beyond what a snapshot shows. Two slots take turns, so one is whole at any time.
"""

import mmap
import os
from pathlib import Path
from typing import Final

from msgspec import Struct

from matcher.storage.data_directory import APPLIED
from matcher.storage.log import Position
from matching_exchange.process.files import named, open_private

_WORDS: Final = 3
"""Of a slot: position, CRC, and both in one as a check."""

_SLOTS: Final = 2
_BYTES: Final = 8 * _WORDS * _SLOTS
_SALT: Final = 0x5EED
"""A slot of zeros is none."""


class Place(Struct, frozen=True):
    """A record in a replicated log."""

    position: Position
    crc: int


class AppliedMark:
    """The writer's side. OSError if the file cannot be had."""

    def __init__(self, directory: Path) -> None:
        path = directory / APPLIED
        with named(path):
            descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
            try:
                # Written, not only made longer: a mapped page without room on the disk ends the process that fills it.
                content = os.pread(descriptor, _BYTES, 0)
                os.pwrite(descriptor, content.ljust(_BYTES, b"\0"), 0)
                self._map = mmap.mmap(descriptor, _BYTES)
            finally:
                os.close(descriptor)
        self._words = memoryview(self._map).cast("Q")
        self._slot = 0

    def note(self, position: Position, crc: int) -> None:
        """The record at this position is carried out, and committed."""
        words, first = self._words, self._slot
        words[first + 2] = 0
        words[first] = position
        words[first + 1] = crc
        words[first + 2] = position ^ crc ^ _SALT
        self._slot = _WORDS - first

    def forget(self) -> None:
        """Another log is followed from now on."""
        for index in range(_WORDS * _SLOTS):
            self._words[index] = 0

    def close(self) -> None:
        self._words.release()
        self._map.close()


def read_applied(directory: Path) -> Place | None:
    """The last record that was noted; None without one. OSError if the file cannot be read."""
    path = directory / APPLIED
    with named(path):
        try:
            descriptor = open_private(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            words = memoryview(os.pread(descriptor, _BYTES, 0).ljust(_BYTES, b"\0")).cast("Q")
        finally:
            os.close(descriptor)
    slots = [words[first : first + _WORDS] for first in range(0, _WORDS * _SLOTS, _WORDS)]
    whole = [Place(slot[0], slot[1]) for slot in slots if slot[2] == slot[0] ^ slot[1] ^ _SALT]
    return max(whole, key=lambda place: place.position, default=None)

"""How much an address has open: connections and streams, over all workers of a gateway.

Each worker counts in a column of its own, which it locks for its life. A killed worker cannot count down. Its column is
free then, and the next worker that takes it begins with zeros. The table is bounded. An address that finds no row in it
is not counted; so many addresses meet the bound of descriptors first.
"""

from collections.abc import Callable
from enum import Enum
from struct import Struct as Layout
from typing import Final

from gateway.http.rates import Digests, Holder
from gateway.http.shared_memory import SharedMemory

GROUPS: Final = 1 << 13
"""Groups of rows. An address has its row in one of them."""

ROWS: Final = 8
"""Rows of a group."""

SPARE_COLUMNS: Final = 4
"""Columns beyond one for each worker: while one is replaced, the old one and the new one run."""

_DIGEST: Final = Layout("<Q")
_COUNT: Final = Layout("<I")


class Open(Enum):
    """What is counted."""

    CONNECTIONS = "connections"
    STREAMS = "streams"


class Place:
    """What an address has taken, until `free` is called."""

    __slots__ = ("_free",)

    def __init__(self, free: Callable[[], None] | None) -> None:
        self._free = free

    def free(self) -> None:
        """Give it back. A second call does nothing."""
        if self._free is not None:
            self._free()
            self._free = None


class Places:
    """The counts of a gateway. Each worker calls `join` before it counts."""

    def __init__(self, workers: int, *, groups: int = GROUPS) -> None:
        self._groups = groups
        self._columns = 1 if workers == 1 else workers + SPARE_COLUMNS
        self._column: int | None = None
        self._digests = Digests()
        self._prepare()
        self._memory = SharedMemory(groups * ROWS * self._row.size, shared=workers > 1)

    def _prepare(self) -> None:
        self._row = Layout(f"<Q{self._columns}I")
        self._group_size = ROWS * self._row.size

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_row"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._prepare()

    def join(self) -> bool:
        """Take a column that no living worker has; whether there is one. Without one, this worker counts nothing."""
        for column in range(self._columns):
            if self._memory.try_lock(self._memory.size + column, 1):
                self._column = column
                for row in range(0, self._memory.size, self._row.size):
                    if self._count(row):
                        self._set_count(row, 0)
                return True
        return False

    def take(self, kind: Open, address: str, most: int) -> Place | None:
        """A place for the address; None if it has so many already."""
        if self._column is None:
            return Place(None)
        digest = self._digests.of(kind, Holder.ADDRESS, address)
        start = digest % self._groups * self._group_size
        self._memory.lock(start, self._group_size)
        try:
            row = self._find(start, digest)
            if row is None:
                return Place(None)
            _, *counts = self._row.unpack_from(self._memory.bytes, row)
            if sum(counts) >= most:
                return None
            # Not the whole row: others count in it too, and a new worker clears its column without a lock.
            _DIGEST.pack_into(self._memory.bytes, row, digest)
            self._set_count(row, counts[self._column] + 1)
        finally:
            self._memory.unlock(start, self._group_size)
        return Place(lambda: self._free(row))

    def _find(self, start: int, digest: int) -> int | None:
        """The row of the digest, or else one that counts nothing; None if there is neither."""
        unused: int | None = None
        for row in range(start, start + self._group_size, self._row.size):
            found, *counts = self._row.unpack_from(self._memory.bytes, row)
            if found == digest:
                return row
            if unused is None and not any(counts):
                unused = row
        return unused

    def _free(self, row: int) -> None:
        """The row still counts this place: nobody has taken it for another address."""
        self._memory.lock(row, self._row.size)
        try:
            self._set_count(row, self._count(row) - 1)
        finally:
            self._memory.unlock(row, self._row.size)

    def _count(self, row: int) -> int:
        """What this worker counts in the row."""
        count: int = _COUNT.unpack_from(self._memory.bytes, self._at(row))[0]
        return count

    def _set_count(self, row: int, count: int) -> None:
        _COUNT.pack_into(self._memory.bytes, self._at(row), count)

    def _at(self, row: int) -> int:
        assert self._column is not None, "the worker has joined"
        return row + _DIGEST.size + self._column * _COUNT.size

    def close(self) -> None:
        self._memory.close()

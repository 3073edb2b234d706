"""A table that grows by rows: they are packed, and go to the columns many at once."""

from array import array
from struct import Struct
from typing import Any, Final

MANY: Final = 4_096


class Rows:
    """columns: arrays of 64-bit integers by name, in the order of a row's values."""

    __slots__ = ("_count", "_pack", "_packed", "columns")

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns
        self._pack: Any = Struct(f"{len(columns)}q").pack
        self._packed = bytearray()
        self._count = 0

    def add(self, row: tuple[int, ...]) -> None:
        self._packed += self._pack(*row)
        self._count += 1
        if self._count >= MANY:
            self.flush()

    def flush(self) -> None:
        """Bring all rows to the columns."""
        values = array("q", bytes(self._packed))
        width = len(self.columns)
        for place, column in enumerate(self.columns.values()):
            column.extend(values[place::width])
        self._packed = bytearray()
        self._count = 0

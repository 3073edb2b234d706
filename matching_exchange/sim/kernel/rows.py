"""A table that grows by rows: they wait in a list, and go to the columns many at once."""

from typing import Any, Final

MANY: Final = 4_096


class Rows:
    """columns: by name, in the order of a row's values."""

    __slots__ = ("_waiting", "columns")

    def __init__(self, columns: dict[str, Any]) -> None:
        self.columns = columns
        self._waiting: list[tuple[int, ...]] = []

    def add(self, row: tuple[int, ...]) -> None:
        waiting = self._waiting
        waiting.append(row)
        if len(waiting) >= MANY:
            self.flush()

    def flush(self) -> None:
        """Bring all rows to the columns."""
        if self._waiting:
            for column, values in zip(self.columns.values(), zip(*self._waiting, strict=True), strict=True):
                column.extend(values)
            self._waiting.clear()

"""Where rows come from. Both sources give the same rows of a range, in the same order."""

from collections.abc import Callable, Iterable
from typing import Protocol

from matching_exchange.columns.units import Decimals
from matching_exchange.tools.export.errors import UsageError
from matching_exchange.tools.export.kinds import Row

Take = Callable[[list[Row], int], None]
"""Gets some rows, maybe none, and the time up to which the source has been read."""


class Source(Protocol):
    """A source of one selection's rows.

    decimals: those of the symbols of all rows so far.
    notes: what the user should know of the rows, a line each. Complete once `run` has returned.
    """

    decimals: dict[str, Decimals]
    notes: list[str]

    def end(self) -> int:
        """The time up to which there is something to read. Raises ExportError if the source fails."""

    def run(self, take: Take) -> None:
        """Hand on all rows. Raises ExportError if the source fails, UsageError if it does not know the symbol."""


def check_symbol(symbol: str | None, known: Iterable[str]) -> None:
    """Raise UsageError if the symbol is none of those that are known."""
    symbols = sorted(known)
    if symbol is not None and symbol not in symbols:
        listed = ", ".join(symbols) or "nothing: there is no instrument yet"
        raise UsageError(f"--symbol: {symbol!r}: takes {listed}")

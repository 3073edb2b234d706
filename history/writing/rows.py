"""Rows that are still to be written: tuples in the order of their tables' columns, with plain numbers."""

from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]


@dataclass(eq=False, slots=True)
class TableRows:
    """The rows of some commands, by table. Those of clustered tables are sorted by their keys.

    candles replace those of their keys that are there; all others are new.
    """

    instruments: list[Row] = field(default_factory=list)
    trades: list[Row] = field(default_factory=list)
    fills: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)
    candles: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return (
            len(self.instruments)
            + len(self.trades)
            + len(self.fills)
            + len(self.orders)
            + len(self.movements)
            + len(self.candles)
        )

"""Comma-separated values: a header, then a line a row. Decimals and times are as in the HTTP interface."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO, Final

from gateway.native.json.times import format_exact_time
from matching_exchange.columns.units import DECIMAL_UNITS, Decimals, Unit
from matching_exchange.tools.export.kinds import Row
from matching_exchange.tools.export.writers import Order
from protocol.instrument import format_decimal

CACHED: Final = 65_536

REPEATED: Final = (Unit.PRICE, Unit.QUANTITY)
"""Units whose values come again and again."""

FLAGS: Final = {True: "true", False: "false", None: ""}

Format = Callable[[Any], Any]

_format_time: Final = lru_cache(CACHED)(format_exact_time)
"""Commands of one turn have one time."""


class CsvWriter:
    def __init__(self, order: Order, file: BinaryIO) -> None:
        self._order = order
        self._file = file
        self._symbol = itemgetter(order.kind.place("symbol"))
        self._formats: dict[str, list[tuple[int, Format]]] = {}
        self.count = 0
        extra = ["price_decimals", "quantity_decimals"] if order.integers else []
        self._put([[*(column.name for column in order.kind.columns), *extra]])

    def write(self, rows: Sequence[Row]) -> None:
        for symbol, group in groupby(rows, key=self._symbol):
            self._put(self._lines(symbol, group))
        self.count += len(rows)

    def finish(self) -> None:
        """Nothing is left to do."""

    def _lines(self, symbol: str, rows: Iterable[Row]) -> Iterable[Sequence[Any]]:
        """Rows of one symbol as texts. It goes column by column: that takes half the time."""
        decimals = self._order.decimals[symbol]
        formats = self._formats.get(symbol)
        if formats is None:
            self._formats[symbol] = formats = self._formats_of(decimals)
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, format_ in formats:
            columns[place] = [value if value is None else format_(value) for value in columns[place]]
        if self._order.integers:
            columns += [[number] * len(columns[0]) for number in decimals]
        return zip(*columns, strict=True)

    def _formats_of(self, decimals: Decimals) -> list[tuple[int, Format]]:
        """What makes texts of a symbol's values, by the places of their columns."""
        formats: list[tuple[int, Format]] = []
        for place, (_, unit) in enumerate(self._order.kind.columns):
            if unit is Unit.TIME:
                formats.append((place, _format_time))
            elif unit is Unit.FLAG:
                formats.append((place, FLAGS.__getitem__))
            elif unit in DECIMAL_UNITS and not self._order.integers:
                formats.append((place, _decimal_format(decimals.of(unit), repeated=unit in REPEATED)))
        return formats

    def _put(self, lines: Iterable[Iterable[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        self._file.write(text.getvalue().encode())


@lru_cache
def _decimal_format(decimals: int, *, repeated: bool) -> Format:
    """Writes integers as decimals."""

    def write(value: int) -> str:
        return format_decimal(value, decimals)

    return lru_cache(CACHED)(write) if repeated else write

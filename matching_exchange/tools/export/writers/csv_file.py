"""Comma-separated values: a header, then a line a row. Decimals and times are as in the HTTP interface."""

import csv
import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, BinaryIO, Final

from gateway.native.json.times import format_exact_time
from matching_exchange.tools.export.kinds import DECIMAL_UNITS, Decimals, Row, Unit
from matching_exchange.tools.export.writers import Order
from protocol.instrument import format_decimal

CACHED: Final = 65_536

FLAGS: Final = {True: "true", False: "false", None: ""}

Format = Callable[[Any], Any]


class CsvWriter:
    def __init__(self, order: Order, file: BinaryIO) -> None:
        self._order = order
        self._file = file
        self._symbol = order.kind.place("symbol")
        self._formats: dict[str, list[tuple[int, Format]]] = {}
        self.count = 0
        extra = ["price_decimals", "quantity_decimals"] if order.integers else []
        self._put([[*(column.name for column in order.kind.columns), *extra]])

    def write(self, rows: Sequence[Row]) -> None:
        self._put([self._texts(row) for row in rows])
        self.count += len(rows)

    def finish(self) -> None:
        """Nothing is left to do."""

    def _texts(self, row: Row) -> list[Any]:
        symbol = row[self._symbol]
        formats = self._formats.get(symbol)
        if formats is None:
            self._formats[symbol] = formats = self._formats_of(self._order.decimals[symbol])
        texts = list(row)
        for place, format_ in formats:
            if texts[place] is not None:
                texts[place] = format_(texts[place])
        if self._order.integers:
            texts += self._order.decimals[symbol]
        return texts

    def _formats_of(self, decimals: Decimals) -> list[tuple[int, Format]]:
        """What makes texts of a symbol's values, by the places of their columns."""
        formats: list[tuple[int, Format]] = []
        for place, (_, unit) in enumerate(self._order.kind.columns):
            if unit is Unit.TIME:
                formats.append((place, format_exact_time))
            elif unit is Unit.FLAG:
                formats.append((place, FLAGS.__getitem__))
            elif unit in DECIMAL_UNITS and not self._order.integers:
                formats.append((place, _decimal_format(decimals.of(unit))))
        return formats

    def _put(self, lines: list[list[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        self._file.write(text.getvalue().encode())


@lru_cache
def _decimal_format(decimals: int) -> Format:
    """Writes integers as decimals. Prices and quantities come again and again."""

    @lru_cache(CACHED)
    def write(value: int) -> str:
        return format_decimal(value, decimals)

    return write

"""Parquet, and Arrow's IPC file. Decimals are exact columns of 38 digits, times nanoseconds in UTC."""

from collections.abc import Sequence
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from matching_exchange.columns.arrow import DIGITS, MOST, PLAIN, decimal_array
from matching_exchange.columns.units import DECIMAL_UNITS, MOST_DECIMALS, Column, Unit
from matching_exchange.process.version import VERSION
from matching_exchange.tools.export.errors import UsageError
from matching_exchange.tools.export.kinds import BATCH, Row
from matching_exchange.tools.export.writers import Order

RAW: Final = {
    Unit.PRICE: pa.int64(),
    Unit.QUANTITY: pa.decimal128(DIGITS, 0),
    Unit.VALUE: pa.decimal128(DIGITS, 0),
    Unit.FEE: pa.decimal128(DIGITS, 0),
}
"""The columns of the instrument's integers. Sums of quantities and values may need more than 64 bits."""

EXTRA: Final = ("price_decimals", "quantity_decimals")


class ArrowWriter:
    """`name` is parquet or arrow. The file begins with the first rows: only then the decimals of a symbol are sure to
    be known."""

    def __init__(self, name: str, order: Order, file: BinaryIO) -> None:
        self._name = name
        self._order = order
        self._file = file
        self._symbol = order.kind.place("symbol")
        self._waiting: list[Row] = []
        self._writer: Any = None
        self._schema: Any = None
        self._scales = MOST_DECIMALS
        self.count = 0

    def write(self, rows: Sequence[Row]) -> None:
        self._waiting += rows
        self.count += len(rows)
        while len(self._waiting) >= BATCH:
            self._put(self._waiting[:BATCH])
            del self._waiting[:BATCH]

    def finish(self) -> None:
        self._put(self._waiting)
        self._waiting = []
        self._writer.close()

    def _put(self, rows: list[Row]) -> None:
        if self._writer is None:
            self._begin()
        columns = zip(*rows, strict=True) if rows else ((),) * len(self._order.kind.columns)
        symbols = [row[self._symbol] for row in rows]
        arrays = [
            self._array(column, values, symbols)
            for column, values in zip(self._order.kind.columns, columns, strict=True)
        ]
        if self._order.integers:
            decimals = [self._order.decimals[symbol] for symbol in symbols]
            arrays += [pa.array([pair[place] for pair in decimals], pa.int64()) for place in range(len(EXTRA))]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    def _begin(self) -> None:
        symbol = self._order.symbol
        if symbol is not None:
            self._scales = self._order.decimals.get(symbol, MOST_DECIMALS)
        fields = [(name, self._type(unit)) for name, unit in self._order.kind.columns]
        if self._order.integers:
            fields += [(name, pa.int64()) for name in EXTRA]
        facts = {"kind": self._order.kind.name, "symbol": symbol or "", "program": f"matching-exchange {VERSION}"}
        self._schema = pa.schema(fields, metadata=facts)
        if self._name == "parquet":
            self._writer = pyarrow.parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        else:
            self._writer = pyarrow.ipc.new_file(self._file, self._schema)

    def _type(self, unit: Unit) -> Any:
        if unit not in DECIMAL_UNITS:
            return PLAIN[unit]
        return RAW[unit] if self._order.integers else pa.decimal128(DIGITS, self._scales.of(unit))

    def _array(self, column: Column, values: Sequence[Any], symbols: Sequence[str]) -> Any:
        type_ = self._type(column.unit)
        if not pa.types.is_decimal(type_):
            return pa.array(values, type_)
        if self._order.symbol is None and not self._order.integers:
            values = self._rescaled(column, values, symbols)
        return decimal_array(values, type_)

    def _rescaled(self, column: Column, values: Sequence[Any], symbols: Sequence[str]) -> list[int | None]:
        """Integers of several instruments, with the most decimals that one can have."""
        factors: dict[str, int] = {}
        wanted = self._scales.of(column.unit)
        rescaled = []
        for value, symbol in zip(values, symbols, strict=True):
            if symbol not in factors:
                factors[symbol] = 10 ** (wanted - self._order.decimals[symbol].of(column.unit))
            new = None if value is None else value * factors[symbol]
            if new is not None and abs(new) >= MOST:
                raise UsageError(
                    f"--symbol: a {column.name} of {symbol} needs more than {DIGITS} digits beside other symbols; "
                    "name one symbol, or use --integers"
                )
            rescaled.append(new)
        return rescaled

"""Frames and Parquet files of tables, with the packages of the extra `lab`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matching_exchange.columns.units import DECIMAL_UNITS, Column, Decimals, Unit
from matching_exchange.process.version import VERSION
from matching_exchange.sim.extras import require
from matching_exchange.sim.result.tables import Table
from protocol.instrument import Instrument


class FrameError(Exception):
    """A table cannot be made. The message says why."""


def scales_of(instruments: Sequence[Instrument]) -> Decimals:
    """The decimals of the columns: the most that any of the instruments has."""
    return Decimals(
        max(instrument.price_decimals for instrument in instruments),
        max(instrument.quantity_decimals for instrument in instruments),
    )


def to_arrow(table: Table, instruments: Sequence[Instrument], *, exact: bool = True) -> Any:
    """A pyarrow table. Raises MissingExtraError, FrameError.

    exact: decimals as such, else the floats nearest to them.
    """
    pa = require("pyarrow")
    require("numpy")
    scales = scales_of(instruments)
    arrays, fields = [], []
    for column, values in zip(table.columns, table.values, strict=True):
        array = _array(column, values, table.symbols, instruments, scales, exact=exact)
        arrays.append(array)
        fields.append((column.name, array.type))
    facts = {"kind": table.name, "program": f"matching-exchange {VERSION}"}
    return pa.table(arrays, schema=pa.schema(fields, metadata=facts))


def to_polars(table: Table, instruments: Sequence[Instrument], *, exact: bool = True) -> Any:
    polars = require("polars")
    return polars.from_arrow(to_arrow(table, instruments, exact=exact))


def to_pandas(table: Table, instruments: Sequence[Instrument], *, exact: bool = True) -> Any:
    """A frame whose columns keep Arrow's types."""
    pandas = require("pandas")
    return to_arrow(table, instruments, exact=exact).to_pandas(types_mapper=pandas.ArrowDtype)


def write_parquet(table: Table, instruments: Sequence[Instrument], path: Path) -> None:
    """The file has its name once it is whole. OSError if the disk does not take it."""
    parquet = require("pyarrow.parquet")
    new = path.with_name(f".{path.name}.new")
    parquet.write_table(to_arrow(table, instruments), new, compression="zstd")
    new.replace(path)


def factor_of(unit: Unit, instrument: Instrument, scales: Decimals) -> int:
    """Units of the column in one of the instrument's."""
    own = Decimals(instrument.price_decimals, instrument.quantity_decimals)
    return int(10 ** (scales.of(unit) - own.of(unit)))


def _array(
    column: Column,
    values: Sequence[Any],
    symbols: Sequence[int],
    instruments: Sequence[Instrument],
    scales: Decimals,
    *,
    exact: bool,
) -> Any:
    # The packages that it needs are there: `to_arrow` has asked for them.
    from matching_exchange.columns.arrow import DIGITS, MOST, PLAIN, decimal_array  # noqa: PLC0415

    pa = require("pyarrow")
    if column.unit not in DECIMAL_UNITS:
        return pa.array(values, PLAIN[column.unit])
    factors = [factor_of(column.unit, instrument, scales) for instrument in instruments]
    if max(factors) > 1:
        values = [None if v is None else v * factors[s] for v, s in zip(values, symbols, strict=True)]
    scale = scales.of(column.unit)
    if not exact:
        whole = 10**scale
        return pa.array([None if value is None else value / whole for value in values], pa.float64())
    if any(value is not None and abs(value) >= MOST for value in values):
        raise FrameError(f"{column.name} needs more than {DIGITS} digits beside other symbols; take exact=False")
    return decimal_array(list(values), pa.decimal128(DIGITS, scale))

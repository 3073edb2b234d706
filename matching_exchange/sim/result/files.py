"""A result in a directory: Parquet files, and run.json with what is no table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from matching_exchange.columns.units import DECIMAL_UNITS, Column, Unit
from matching_exchange.sim.extras import require
from matching_exchange.sim.result.book_keeping import Rows
from matching_exchange.sim.result.columns import (
    Record,
    StoredFills,
    StoredOrders,
    StoredQuotes,
    StoredRecord,
    StoredTrades,
)
from matching_exchange.sim.result.frames import factor_of, scales_of, write_parquet
from matching_exchange.sim.result.tables import (
    FILLS,
    LIQUIDITY,
    MAKERS,
    ORDERS,
    QUOTES,
    SIDES,
    STATES,
    TRADES,
    TYPES,
    Table,
)
from protocol.instrument import Instrument

FORMAT: Final = 1
RUN: Final = "run.json"


class FileError(Exception):
    """A directory holds no result that can be read. The message names it."""


class Run(msgspec.Struct, omit_defaults=True):
    """What run.json holds. `interval` is that of the Sharpe ratio."""

    format: int
    seed: int
    start: int
    end: int
    agents: list[str]
    instruments: list[Instrument]
    counts: dict[str, int]
    digest: str
    parameters: dict[str, str]
    interval: int


def write(directory: Path, rows: Rows, equity: Table, parameters: Mapping[str, str], interval: int) -> None:
    """Make the directory and its files. OSError if the disk does not take them."""
    record = rows.record
    directory.mkdir(parents=True, exist_ok=True)
    for make in MAKERS.values():
        table = make(rows)
        write_parquet(table, record.instruments, path_of(directory, table.name))
    write_parquet(equity, record.instruments, path_of(directory, equity.name))
    run = Run(
        FORMAT,
        record.seed,
        record.start,
        record.end,
        list(record.agents),
        list(record.instruments),
        dict(record.counts),
        record.digest,
        dict(parameters),
        interval,
    )
    (directory / RUN).write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")


def path_of(directory: Path, name: str) -> Path:
    return directory / f"{name}.parquet"


def read(directory: Path) -> tuple[Record, dict[str, str], int]:
    """The record, the parameters and the interval. Raises FileError, MissingExtraError."""
    parquet = require("pyarrow.parquet")
    try:
        run = msgspec.json.decode((directory / RUN).read_bytes(), type=Run)
        tables = {name: parquet.read_table(path_of(directory, name)) for name in MAKERS}
    except (OSError, msgspec.MsgspecError) as error:
        raise FileError(f"{directory} holds no result: {error}") from error
    if run.format != FORMAT:
        raise FileError(f"{directory / RUN}: format takes {FORMAT}, not {run.format}: a newer version wrote it")
    reader = _Reader(run)
    record = StoredRecord(run.agents, run.instruments, run.start, run.end, run.seed, run.counts, run.digest)
    reader.fill(record.quotes, tables["quotes"], QUOTES, QUOTE_COLUMNS)
    reader.fill(record.trades, tables["trades"], TRADES, TRADE_COLUMNS)
    reader.fill(record.orders, tables["orders"], ORDERS, ORDER_COLUMNS)
    reader.fill(record.fills, tables["fills"], FILLS, FILL_COLUMNS)
    return record, run.parameters, run.interval


QUOTE_COLUMNS: Final = {"symbol": "symbol", "timestamp": "time"} | {
    name: name for name in ("bid", "ask", "last", "bid_quantity", "ask_quantity")
}
TRADE_COLUMNS: Final = {name: name for name in ("symbol", "trade_id", "price", "quantity")} | {
    "timestamp": "time",
    "aggressor_side": "side",
}
ORDER_COLUMNS: Final = {
    name: name
    for name in (
        "agent",
        "number",
        "symbol",
        "side",
        "price",
        "quantity",
        "status",
        "filled_value",
        "arrival_bid",
        "arrival_ask",
        "resting_ahead",
    )
} | {
    "order_type": "type",
    "filled_quantity": "filled",
    "sent": "sent_at",
    "arrived": "arrived_at",
    "first_fill": "first_fill_at",
    "done": "done_at",
}
FILL_COLUMNS: Final = {
    name: name for name in ("agent", "symbol", "trade_id", "side", "price", "quantity", "fee_bps")
} | {"number": "order", "timestamp": "time", "liquidity": "is_maker"}
"""Which column of the record a column of the file fills. The others follow from these."""


class _Reader:
    """Makes the record's integers of a file's columns."""

    def __init__(self, run: Run) -> None:
        self._instruments = run.instruments
        self._scales = scales_of(run.instruments)
        self._words: dict[str, dict[str, int]] = {
            "agent": {name: place for place, name in enumerate(run.agents)},
            "symbol": {instrument.symbol: place for place, instrument in enumerate(run.instruments)},
            "side": {word: int(side) for side, word in SIDES.items()},
            "type": {word: int(type_) for type_, word in TYPES.items()},
            "status": {word: int(state) for state, word in STATES.items()},
            "is_maker": {word: place for place, word in enumerate(LIQUIDITY)},
        }

    def fill(
        self,
        target: StoredQuotes | StoredTrades | StoredOrders | StoredFills,
        table: Any,
        columns: Sequence[Column],
        names: Mapping[str, str],
    ) -> None:
        symbols = [self._words["symbol"][word] for word in table["symbol"].to_pylist()]
        for column in columns:
            name = names.get(column.name)
            if name is not None:
                getattr(target, name).extend(self._integers(table[column.name], column.unit, name, symbols))

    def _integers(self, column: Any, unit: Unit, name: str, symbols: Sequence[int]) -> list[int]:
        pa = require("pyarrow")
        if unit is Unit.TEXT:
            return [self._words[name][word] for word in column.to_pylist()]
        if unit is Unit.TIME:
            column = column.cast(pa.int64())
        if unit not in DECIMAL_UNITS:
            return [value or 0 for value in column.to_pylist()]
        factors = [factor_of(unit, instrument, self._scales) for instrument in self._instruments]
        values = _decimal_integers(column)
        return [value // factors[symbol] for value, symbol in zip(values, symbols, strict=True)]


def _decimal_integers(column: Any) -> list[int]:
    """The decimals of a column in units of their last one; 0 for null."""
    numpy = require("numpy")
    found: list[int] = []
    for chunk in column.chunks:
        _, data = chunk.buffers()
        halves = numpy.frombuffer(data, dtype=numpy.int64).reshape(-1, 2)[chunk.offset : chunk.offset + len(chunk)]
        low, high = halves[:, 0], halves[:, 1]
        if (high == low >> 63).all():
            values = low.tolist()
        else:
            values = [int.from_bytes(half.tobytes(), "little", signed=True) for half in halves]
        valid = chunk.is_valid().to_pylist()
        found += [value if there else 0 for value, there in zip(values, valid, strict=True)]
    return found

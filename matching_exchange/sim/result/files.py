"""A result in a directory: Parquet files, and run.json with what is no table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from matching_exchange.columns.units import DECIMAL_UNITS, Column, Unit
from matching_exchange.sim.extras import require
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.values import OrderState
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
)
from protocol.instrument import Instrument

if TYPE_CHECKING:
    from matching_exchange.sim.result.result import Result

FORMAT: Final = 1
RUN: Final = "run.json"


class FileError(Exception):
    """A directory holds no result that can be read. The message names it."""


class Run(msgspec.Struct):
    """What run.json holds. `digest` is that of the record; `interval` that of the Sharpe ratio."""

    format: int
    seed: str
    start: int
    end: int
    quote_every: int
    agents: list[str]
    latencies: list[str]
    balances: list[dict[str, str] | None]
    measured: list[bool]
    instruments: list[Instrument]
    counts: dict[str, int]
    venue_digest: str
    digest: str
    parameters: dict[str, str]
    interval: int


def write(directory: Path, result: "Result") -> None:
    """Make the directory and its files. OSError if the disk does not take them."""
    record = result.record
    directory.mkdir(parents=True, exist_ok=True)
    for name in (*MAKERS, "equity"):
        write_parquet(result.table(name), record.instruments, path_of(directory, name))
    run = Run(
        FORMAT,
        record.seed,
        record.start,
        record.end,
        record.quote_every,
        record.agents,
        record.latencies,
        record.balances,
        record.measured,
        record.instruments,
        record.counts,
        record.venue_digest,
        result.digest,
        result.parameters,
        result.interval,
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
    record = Record(run.instruments, run.seed, run.start, run.quote_every)
    record.end = run.end
    record.agents, record.latencies, record.balances = run.agents, run.latencies, run.balances
    record.measured, record.counts, record.venue_digest = run.measured, run.counts, run.venue_digest
    reader.fill(record.quotes, tables["quotes"], QUOTES, QUOTE_COLUMNS)
    reader.fill(record.trades, tables["trades"], TRADES, TRADE_COLUMNS)
    reader.fill(record.orders, tables["orders"], ORDERS, ORDER_COLUMNS)
    reader.fill(record.fills, tables["fills"], FILLS, FILL_COLUMNS)
    if record.digest != run.digest:
        raise FileError(f"{directory}: its tables are not those that {RUN} tells of")
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
    "rested": "rested_at",
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
            "status": {word: int(state) for state, word in STATES.items()} | {STATES[OrderState.REFUSED]: 0},
            "is_maker": {word: place for place, word in enumerate(LIQUIDITY)},
        }

    def fill(
        self,
        target: dict[str, Any],
        table: Any,
        columns: Sequence[Column],
        names: Mapping[str, str],
    ) -> None:
        symbols = [self._words["symbol"][word] for word in table["symbol"].to_pylist()]
        for column in columns:
            name = names.get(column.name)
            if name is not None:
                target[name].extend(self._integers(table[column.name], column.unit, name, symbols))

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

"""The instruments that a matcher starts with: the built-in list, or a TOML file of the same form.

A file has one `[[instrument]]` table for each, with the fields of the contract's section 2; numbers are decimal
strings.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from matcher.core.instruments import made_instrument
from matcher.core.registry import Registry
from matching_exchange.process.files import read_file
from protocol.commands import SetInstrument
from protocol.events import CommandRefused
from protocol.instrument import DecimalError, decimals_of, parse_decimal
from protocol.units import InstrumentStatus

MAX_FILE_BYTES = 1024 * 1024
"""The largest file: a kilobyte for each instrument that the exchange may hold."""

MAX_DOTS = 100
"""Dots in one line, at most. The time to read a key grows with the square of its dotted parts."""

SHOWN = 40
"""Characters of a refused line that its error shows."""

BUILT_IN = """
[[instrument]]
symbol = "BTC-USDT"
base = "BTC"
quote = "USDT"
tick_size = "0.01"
lot_size = "0.00001"
min_quantity = "0.00001"
max_quantity = "9000"
max_price = "10000000"
min_notional = "1"
maker_fee_bps = 10
taker_fee_bps = 20

[[instrument]]
symbol = "ETH-USDT"
base = "ETH"
quote = "USDT"
tick_size = "0.01"
lot_size = "0.0001"
min_quantity = "0.0001"
max_quantity = "90000"
max_price = "1000000"
min_notional = "1"
maker_fee_bps = 10
taker_fee_bps = 20

[[instrument]]
symbol = "SOL-USDT"
base = "SOL"
quote = "USDT"
tick_size = "0.01"
lot_size = "0.001"
min_quantity = "0.001"
max_quantity = "900000"
max_price = "100000"
min_notional = "1"
maker_fee_bps = 10
taker_fee_bps = 20
"""


WHOLE_NUMBERS = frozenset(
    {
        *("maker_fee_bps", "taker_fee_bps"),
        *("price_band_bps", "max_open_orders", "halt_bps", "halt_window_ms", "halt_ms"),
    }
)
"""The fields that are numbers; all others are texts."""


class ListedInstrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the list."""

    symbol: str
    base: str
    quote: str
    tick_size: str
    lot_size: str
    max_quantity: str
    max_price: str
    min_quantity: str | None = None
    min_notional: str = "0"
    maker_fee_bps: int = 0
    taker_fee_bps: int = 0
    status: str = "trading"
    price_band_bps: int = 0
    reference_price: str = "0"
    max_open_orders: int = 0
    max_order_notional: str = "0"
    halt_bps: int = 0
    halt_window_ms: int = 0
    halt_ms: int = 0


class InstrumentListError(ValueError):
    """The list cannot be used. The message is one line that names the instrument and the field, or the line."""


def read_instruments(path: Path | None) -> list[SetInstrument]:
    """The commands that add the instruments of the file. Without a file, those of the built-in list."""
    text = BUILT_IN if path is None else _text_of(path)
    _check_dots(text)
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise InstrumentListError("takes [[instrument]] tables, not values that are nested so deep") from error
    except tomllib.TOMLDecodeError as error:
        raise InstrumentListError(f"is no TOML: {' '.join(str(error).split())}") from error
    except ValueError as error:
        # Python's reader of TOML raises no other: an integer has too many digits.
        raise InstrumentListError(f"takes no number of more than {sys.get_int_max_str_digits()} digits") from error
    if unknown := set(content) - {"instrument"}:
        raise InstrumentListError(f"takes [[instrument]] tables, not {min(unknown)}")
    tables = content.get("instrument", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InstrumentListError("takes [[instrument]] tables, with two brackets on either side")
    listed = [_listed(number, table) for number, table in enumerate(tables, 1)]
    symbols = [instrument.symbol for instrument in listed]
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise InstrumentListError(f"{symbol}: symbol: stands twice")
    return [_command(instrument) for instrument in listed]


def _text_of(path: Path) -> str:
    try:
        return read_file(path, MAX_FILE_BYTES).decode()
    except OSError as error:
        raise InstrumentListError(str(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise InstrumentListError(f"is no text in UTF-8: byte {error.start + 1} belongs to none") from error


def _check_dots(text: str) -> None:
    """Refuse lines that would take seconds to read."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS and not line.lstrip().startswith("#"):
            start = line.lstrip().partition(".")[0][:SHOWN]
            raise InstrumentListError(f"line {number}: {start!r}: takes at most {MAX_DOTS} dots in a line")


def missing_instruments(registry: Registry, listed: list[SetInstrument]) -> list[SetInstrument]:
    """Those that the engine does not know. What it knows wins over the list. InstrumentListError if units differ."""
    missing = []
    for command in listed:
        book = registry.books.get(command.symbol)
        if book is None:
            refused = made_instrument(None, command)
            if isinstance(refused, CommandRefused):
                raise InstrumentListError(f"{command.symbol}: {refused.field}: {refused.detail}")
            missing.append(command)
            continue
        known = book.instrument
        for field in ("tick_size", "lot_size"):
            decimals = "price_decimals" if field == "tick_size" else "quantity_decimals"
            if (getattr(command, field), getattr(command, decimals)) != (
                getattr(known, field),
                getattr(known, decimals),
            ):
                raise InstrumentListError(f"{command.symbol}: {field}: differs from the known one, which never changes")
    return missing


def _listed(number: int, table: dict[str, Any]) -> ListedInstrument:
    """The table of that number, counted from 1."""
    symbol = table.get("symbol")
    where = symbol if isinstance(symbol, str) and symbol.isprintable() and symbol else f"[[instrument]] number {number}"
    fields = {field.name: field for field in msgspec.structs.fields(ListedInstrument)}
    for name in table:
        if name not in fields:
            raise InstrumentListError(f"{where}: {name!r} is no field: takes {', '.join(fields)}")
    for name, field in fields.items():
        if name not in table:
            if field.required:
                raise InstrumentListError(f"{where}: {name} is missing")
        elif name in WHOLE_NUMBERS:
            if type(table[name]) is not int:
                raise InstrumentListError(f"{where}: {name}: takes a whole number, without quotes")
        elif not isinstance(table[name], str):
            raise InstrumentListError(f"{where}: {name}: takes a text in quotes")
    return ListedInstrument(**table)


def _command(listed: ListedInstrument) -> SetInstrument:
    price_decimals = _convert(listed, "tick_size", decimals_of)
    quantity_decimals = _convert(listed, "lot_size", decimals_of)

    def price(text: str) -> int:
        return parse_decimal(text, price_decimals)

    def quantity(text: str) -> int:
        return parse_decimal(text, quantity_decimals)

    def value(text: str) -> int:
        return parse_decimal(text, price_decimals + quantity_decimals)

    statuses = {status.name.lower(): status for status in InstrumentStatus}
    if listed.status not in statuses:
        raise InstrumentListError(f"{listed.symbol}: status: takes one of {', '.join(statuses)}")
    return SetInstrument(
        listed.symbol,
        price_decimals,
        quantity_decimals,
        listed.base,
        listed.quote,
        _convert(listed, "tick_size", price),
        _convert(listed, "lot_size", quantity),
        None if listed.min_quantity is None else _convert(listed, "min_quantity", quantity),
        _convert(listed, "max_quantity", quantity),
        _convert(listed, "max_price", price),
        _convert(listed, "min_notional", value),
        listed.maker_fee_bps,
        listed.taker_fee_bps,
        statuses[listed.status],
        listed.price_band_bps,
        _convert(listed, "reference_price", price),
        listed.max_open_orders,
        _convert(listed, "max_order_notional", value),
        listed.halt_bps,
        listed.halt_window_ms,
        listed.halt_ms,
    )


def _convert(listed: ListedInstrument, field: str, parse: Any) -> int:
    try:
        return int(parse(getattr(listed, field)))
    except DecimalError as error:
        raise InstrumentListError(f"{listed.symbol}: {field}: {error}") from error

"""The map of shards: which matchers own which symbols. Gateways and matchers read the same file.

A file has one `[[shard]]` table for each. Its place in the list is its number, for ever: shards are only appended.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from msgspec import Struct

from protocol.bases import MAX_NODES, PORTS, base_endpoints, sharing_ports
from protocol.units import SYMBOL_PATTERN

MAX_SHARDS: Final = 32
"""Shards of a map, at most. So an order_id stays exact in clients that hold numbers as doubles."""

ORDER_BITS: Final = 48
"""The bits of an order_id that count the orders of its shard. The bits above are the number of the shard."""

MAX_FILE_BYTES: Final = 1024 * 1024

NAME: Final = "1 to 64 of a-z, 0-9, _ and -"
NAME_PATTERN: Final = re.compile(r"[a-z0-9_-]{1,64}")
"""The name of a shard."""

_FIELDS: Final = ("name", "matchers", "symbols", "default")


class ShardMapError(ValueError):
    """The map cannot be used. The message is one line that names the shard and the field."""


class Shard(Struct, frozen=True):
    """One shard. number: its place in the list. matchers: base addresses of its nodes. default: whether it owns all
    symbols that no shard names."""

    number: int
    name: str
    matchers: tuple[str, ...]
    symbols: tuple[str, ...]
    default: bool


class ShardMap:
    """`shards` stand in the order of their numbers."""

    def __init__(self, shards: tuple[Shard, ...]) -> None:
        self.shards = shards
        self._numbers = {symbol: shard.number for shard in shards for symbol in shard.symbols}
        self._default = next(shard.number for shard in shards if shard.default)

    def number_of(self, symbol: str) -> int:
        """The number of the shard that owns the symbol."""
        return self._numbers.get(symbol, self._default)

    def named(self, name: str) -> Shard | None:
        return next((shard for shard in self.shards if shard.name == name), None)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the map says of symbols, in hexadecimal. Addresses, comments and the order of symbols do not
        count."""
        content = [[shard.name, sorted(shard.symbols), shard.default] for shard in self.shards]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def first_order_id(number: int) -> int:
    """What the count of a shard's orders begins after."""
    return number << ORDER_BITS


def shard_of_order(order_id: int) -> int:
    """The number of the shard whose order this is, if the map has such a shard."""
    return order_id >> ORDER_BITS


def read_shards(text: str) -> ShardMap:
    """The map that the text of a file says. ShardMapError for a bad one."""
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except RecursionError as error:
        raise ShardMapError("takes [[shard]] tables, not values that are nested so deep") from error
    except ValueError as error:
        raise ShardMapError(f"is no TOML: {' '.join(str(error).split())}") from error
    if unknown := set(content) - {"shard"}:
        raise ShardMapError(f"takes [[shard]] tables, not {min(unknown)!r}")
    tables = content.get("shard", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ShardMapError("takes [[shard]] tables, with two brackets on either side")
    if not 1 <= len(tables) <= MAX_SHARDS:
        raise ShardMapError(f"takes 1 to {MAX_SHARDS} [[shard]] tables, not {len(tables)}")
    shards = tuple(_shard(number, table) for number, table in enumerate(tables))
    _check_together(shards)
    return ShardMap(shards)


def _check_together(shards: tuple[Shard, ...]) -> None:
    """Refuse what no two shards may share, and what one of them must have."""
    for field in ("name", "matchers", "symbols"):
        owners: dict[str, Shard] = {}
        for shard in shards:
            values = (shard.name,) if field == "name" else shard.matchers if field == "matchers" else shard.symbols
            for value in values:
                if value in owners:
                    raise ShardMapError(
                        f"{_where(shard.number, shard.name)}: {field}: {value!r} stands twice: takes each once"
                    )
                owners[value] = shard
    if (pair := sharing_ports(address for shard in shards for address in shard.matchers)) is not None:
        raise ShardMapError(f"matchers: {pair[0]} and {pair[1]} share ports: takes bases that are {PORTS} apart")
    defaults = [shard for shard in shards if shard.default]
    if len(defaults) != 1:
        named = f": {', '.join(shard.name for shard in defaults)}" if defaults else ""
        raise ShardMapError(f"default: takes one shard with default = true, not {len(defaults)}{named}")


def _where(number: int, name: object) -> str:
    """How a message names the shard."""
    return f"[[shard]] number {number}" + (
        f" ({name})" if isinstance(name, str) and NAME_PATTERN.fullmatch(name) else ""
    )


def _shard(number: int, table: Mapping[str, Any]) -> Shard:
    name = table.get("name")
    where = _where(number, name)
    if unknown := set(table) - set(_FIELDS):
        raise ShardMapError(f"{where}: {min(unknown)!r} is no field: takes {', '.join(_FIELDS)}")
    if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name):
        raise ShardMapError(f"{where}: name: takes {NAME}" + ("" if name is None else f", not {name!r}"))
    default = table.get("default", False)
    if not isinstance(default, bool):
        raise ShardMapError(f"{where}: default: takes true or false, not {default!r}")
    matchers = _texts(where, "matchers", table)
    if not 1 <= len(matchers) <= MAX_NODES:
        raise ShardMapError(f"{where}: matchers: takes 1 to {MAX_NODES} addresses, not {len(matchers)}")
    for address in matchers:
        try:
            base_endpoints(address)
        except ValueError as error:
            raise ShardMapError(f"{where}: matchers: {error}") from error
    symbols = _texts(where, "symbols", table)
    for symbol in symbols:
        if not SYMBOL_PATTERN.fullmatch(symbol):
            raise ShardMapError(
                f"{where}: symbols: {symbol!r}: takes symbols of 1 to 32 of A-Z, 0-9 and . _ -, such as BTC-USDT"
            )
    return Shard(number, name, matchers, symbols, default)


def _texts(where: str, field: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    values = table.get(field, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ShardMapError(f"{where}: {field}: takes a list of texts in quotes")
    return tuple(values)

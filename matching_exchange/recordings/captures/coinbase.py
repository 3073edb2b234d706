"""Coinbase's WebSocket feed: `snapshot`, `l2update` and `match`. A match names the maker's side."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from matching_exchange.recordings.captures.levels import Told, ToldLevels, ToldTrade, capture_source
from matching_exchange.recordings.captures.lines import Line, read_messages
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.source import Source
from protocol.units import Side

TAKERS: Final = {"sell": Side.BUY, "buy": Side.SELL}


def read_coinbase(path: Path | str, product: str) -> Source:
    """The levels of a product such as BTC-USD. Raises RecordingError that names the line."""
    file = Path(path)
    base, dash, quote = product.partition("-")
    if not (base and dash and quote):
        raise RecordingError(file, f"product {product!r}: takes the venue's name of a product, such as BTC-USD")
    try:
        return capture_source("coinbase", product, base, quote, partial(_told, file, product), trades_follow=True)
    except ValueError as error:
        raise RecordingError(file, f"product {product}: {error}") from error


def _told(path: Path, product: str) -> Iterator[Told]:
    known = False
    for line in read_messages(path, (f'"{product}"',)):
        message = line.content
        if not isinstance(message, dict) or message.get("product_id") != product:
            continue
        match message.get("type"):
            case "snapshot":
                known = True
                yield ToldLevels(line, _field(line, "bids"), _field(line, "asks"), whole=True)
            case "l2update" if known:
                yield _update(line)
            case "match":
                if message.get("side") not in TAKERS:
                    raise line.error("side: takes buy or sell")
                yield ToldTrade(line, TAKERS[message["side"]], _text(line, "price"), _text(line, "size"))


def _update(line: Line) -> ToldLevels:
    sides: dict[str, list[Any]] = {"buy": [], "sell": []}
    for change in _field(line, "changes"):
        if not isinstance(change, list) or len(change) != 3 or change[0] not in sides:
            raise line.error("changes: takes [buy or sell, price, size]")
        sides[change[0]].append(change[1:])
    return ToldLevels(line, sides["buy"], sides["sell"])


def _field(line: Line, name: str) -> list[Any]:
    value = line.content.get(name)
    if not isinstance(value, list):
        raise line.error(f"{name}: takes a list")
    return value


def _text(line: Line, name: str) -> str:
    value = line.content.get(name)
    if not isinstance(value, str):
        raise line.error(f"{name}: takes a decimal as a string")
    return value

"""Kraken's WebSocket feed, version 1: channels `book-<depth>` and `trade`. The checksum of each update
is compared."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from matching_exchange.recordings.captures.levels import Told, ToldLevels, ToldTrade, capture_source
from matching_exchange.recordings.captures.lines import Line, read_messages
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.source import Source
from protocol.units import Side

BOOK: Final = "book-"
TRADES: Final = "trade"
SIDES: Final = {"b": Side.BUY, "s": Side.SELL}


def read_kraken(path: Path | str, pair: str) -> Source:
    """The levels of a pair such as XBT/USD. Raises RecordingError with the line, also where a checksum
    differs."""
    file = Path(path)
    base, slash, quote = pair.partition("/")
    if not (base and slash and quote):
        raise RecordingError(file, f"pair {pair!r}: takes the venue's name of a pair, such as XBT/USD")
    try:
        return capture_source("kraken", f"{base}-{quote}", base, quote, partial(_told, file, pair))
    except ValueError as error:
        raise RecordingError(file, f"pair {pair}: {error}") from error


def _told(path: Path, pair: str) -> Iterator[Told]:
    known = False
    for line in read_messages(path, (f'"{pair}"', f'"{pair.replace("/", chr(92) + "/")}"')):
        message = line.content
        if not isinstance(message, list) or len(message) < 4 or message[-1] != pair:
            continue
        name = message[-2]
        if name == TRADES:
            yield from _trades(line, message[1])
        elif isinstance(name, str) and name.startswith(BOOK) and name.removeprefix(BOOK).isdigit():
            levels = _levels(line, message[1:-2], int(name.removeprefix(BOOK)))
            if levels.whole or known:
                known = True
                yield levels


def _levels(line: Line, parts: list[Any], depth: int) -> ToldLevels:
    fields: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            raise line.error("book: takes an object with as, bs, a, b or c")
        fields |= part
    whole = "as" in fields or "bs" in fields
    bids, asks = (fields.get("bs", []), fields.get("as", [])) if whole else (fields.get("b", []), fields.get("a", []))
    checksum = fields.get("c")
    if checksum is not None and not (isinstance(checksum, str) and checksum.isdigit()):
        raise line.error("c: takes the checksum as a string of digits")
    return ToldLevels(line, bids, asks, whole, None if checksum is None else int(checksum), depth)


def _trades(line: Line, trades: Any) -> Iterator[ToldTrade]:
    for trade in trades:
        if not isinstance(trade, list) or len(trade) < 4 or trade[3] not in SIDES:
            raise line.error("trade: takes [price, volume, time, b or s, ...]")
        yield ToldTrade(line, SIDES[trade[3]], trade[0], trade[1])

"""Binance's WebSocket feeds, spot and futures: `depthUpdate`, `trade` and `aggTrade`, with snapshots over HTTP beside.

The book begins with the first update that reaches beyond a snapshot. Updates follow each other without a gap: `pu` of
one is `u` of the one before, or `U` is one more than that. After a gap the book is not known until the next snapshot.
"""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from matching_exchange.recordings.captures.levels import Texts, Told, ToldHole, ToldLevels, ToldTrade, capture_source
from matching_exchange.recordings.captures.lines import Line, read_answers, read_messages
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.recordings.source import Source
from protocol.units import Side

SYMBOL: Final = re.compile(r"[A-Z0-9]{2,28}")
QUOTES: Final = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "USD", "TRY", "BRL", "JPY")
"""What a symbol may end with."""


class Snapshot(NamedTuple):
    last: int
    bids: Texts
    asks: Texts


def read_binance(
    path: Path | str, snapshots: Path | str, symbol: str, *, base: str | None = None, quote: str | None = None
) -> Source:
    """The levels of a symbol such as BTCUSDT, from its capture and that of the answers of `/depth`. Raises
    RecordingError that names the line."""
    file, answers = Path(path), Path(snapshots)
    if not SYMBOL.fullmatch(symbol):
        raise RecordingError(file, f"symbol {symbol!r}: takes the venue's name of a symbol, such as BTCUSDT")
    if base is None or quote is None:
        quote = next((name for name in QUOTES if symbol.endswith(name) and symbol != name), None)
        if quote is None:
            raise RecordingError(file, f"symbol {symbol}: takes base= and quote= too")
        base = symbol.removesuffix(quote)
    try:
        read = partial(_told, file, answers, symbol)
        return capture_source("binance", f"{base}-{quote}", base, quote, read, trades_follow=True)
    except ValueError as error:
        raise RecordingError(file, f"symbol {symbol}: {error}") from error


def _told(path: Path, answers: Path, symbol: str) -> Iterator[Told]:
    return Updates(path, answers, symbol).told()


class Updates:
    """Joins updates and snapshots. `_last` is the id that the book has reached; None while it is not known."""

    def __init__(self, path: Path, answers: Path, symbol: str) -> None:
        self._path = path
        self._symbol = symbol
        self._snapshots = [_snapshot(line) for line in read_answers(answers, f"symbol={symbol}")]
        if not self._snapshots:
            raise RecordingError(answers, f"has no answer of /depth for symbol={symbol}")
        self._last: int | None = None

    def told(self) -> Iterator[Told]:
        for line in read_messages(self._path, (f'"{self._symbol}"',)):
            data = line.content.get("data", line.content) if isinstance(line.content, dict) else None
            if not isinstance(data, dict) or data.get("s") != self._symbol:
                continue
            match data.get("e"):
                case "depthUpdate":
                    yield from self._update(line, data)
                case "trade" | "aggTrade":
                    side = Side.SELL if data.get("m") else Side.BUY
                    yield ToldTrade(line, side, _text(line, data, "p"), _text(line, data, "q"))

    def _update(self, line: Line, data: dict[str, Any]) -> Iterator[Told]:
        first, last = _id(line, data, "U"), _id(line, data, "u")
        before = _id(line, data, "pu") if "pu" in data else first - 1
        update = ToldLevels(line, _levels(line, data, "b"), _levels(line, data, "a"))
        if self._last is not None and before == self._last:
            self._last = last
            yield update
            return
        if self._last is not None:
            self._last = None
            yield ToldHole(line)
        while self._snapshots:
            snapshot = self._snapshots[0]
            if last < snapshot.last:
                return
            del self._snapshots[0]
            if first <= snapshot.last + 1:
                yield ToldLevels(line, snapshot.bids, snapshot.asks, whole=True)
                self._last = last
                yield update
                return


def _snapshot(line: Line) -> Snapshot:
    if not isinstance(line.content, dict):
        raise line.error("takes the answer of /depth")
    content = line.content
    return Snapshot(_id(line, content, "lastUpdateId"), _levels(line, content, "bids"), _levels(line, content, "asks"))


def _id(line: Line, data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    if not isinstance(value, int):
        raise line.error(f"{name}: takes a whole number")
    return value


def _levels(line: Line, data: dict[str, Any], name: str) -> Texts:
    value = data.get(name)
    if not isinstance(value, list):
        raise line.error(f"{name}: takes a list of levels")
    return value


def _text(line: Line, data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str):
        raise line.error(f"{name}: takes a decimal as a string")
    return value

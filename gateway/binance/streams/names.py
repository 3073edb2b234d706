"""The names of streams, and what each of them asks for."""

import re
from enum import Enum
from typing import Final

from msgspec import Struct

from history.candles.intervals import DAY, HOUR, INTERVALS, MINUTE

SLOW: Final = 1_000
FAST: Final = 100
"""Milliseconds between two events of a stream of a book."""


class Kind(Enum):
    TRADE = "trade"
    AGGREGATE = "aggTrade"
    DEPTH = "depth"
    PARTIAL_DEPTH = "partial depth"
    BEST = "bookTicker"
    MINI_TICKER = "miniTicker"
    TICKER = "ticker"
    WINDOW_TICKER = "window ticker"
    ALL_MINI_TICKERS = "all mini tickers"
    KLINE = "kline"
    AVERAGE = "avgPrice"


class Named(Struct, frozen=True):
    """What a name asks for.

    symbol: joined, in upper case; empty for a stream of all symbols.
    speed: milliseconds between two events.
    levels: of each side.
    word: that of the interval or of the window.
    offset: how far the clock of the candles is ahead of UTC, in nanoseconds.
    """

    kind: Kind
    symbol: str = ""
    speed: int = 0
    levels: int = 0
    word: str = ""
    offset: int = 0


WINDOWS: Final = {"1h": HOUR, "4h": 4 * HOUR, "1d": DAY}
"""The windows of tickers, in nanoseconds."""

_DEPTH: Final = re.compile(r"depth(5|10|20)?(?:@(100|1000)ms)?")
_KLINE: Final = re.compile(r"kline_([0-9]{1,2}[smhdwM])(?:@([+-])([0-9]{2}):([0-9]{2}))?")
_WINDOW: Final = re.compile(r"ticker_(1h|4h|1d)")
_ALL: Final = re.compile(r"!miniTicker@arr(?:@(1000|3000)ms)?")
_MINI: Final = re.compile(r"miniTicker(?:@(1000|3000)ms)?")

_PLAIN: Final = {
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGGREGATE,
    "bookTicker": Kind.BEST,
    "ticker": Kind.TICKER,
    "avgPrice": Kind.AVERAGE,
}

FIRST_OFFSET: Final = -12 * HOUR
LAST_OFFSET: Final = 14 * HOUR


def read_name(name: str) -> Named | None:
    """What the name asks for; None for one that no stream has."""
    if found := _ALL.fullmatch(name):
        return Named(Kind.ALL_MINI_TICKERS, speed=int(found[1] or SLOW))
    symbol, at, kind = name.partition("@")
    if not at or not symbol.isascii() or not symbol.isalnum() or symbol != symbol.lower():
        return None
    symbol = symbol.upper()
    if kind in _PLAIN:
        return Named(_PLAIN[kind], symbol)
    if found := _DEPTH.fullmatch(kind):
        speed = int(found[2] or SLOW)
        if found[1] is None:
            return Named(Kind.DEPTH, symbol, speed)
        return Named(Kind.PARTIAL_DEPTH, symbol, speed, int(found[1]))
    if found := _MINI.fullmatch(kind):
        return Named(Kind.MINI_TICKER, symbol, int(found[1] or SLOW))
    if found := _WINDOW.fullmatch(kind):
        return Named(Kind.WINDOW_TICKER, symbol, SLOW, word=found[1])
    if found := _KLINE.fullmatch(kind):
        offset = int(found[3] or 0) * HOUR + int(found[4] or 0) * MINUTE
        offset = -offset if found[2] == "-" else offset
        if found[1] in INTERVALS and FIRST_OFFSET <= offset <= LAST_OFFSET:
            return Named(Kind.KLINE, symbol, word=found[1], offset=offset)
    return None

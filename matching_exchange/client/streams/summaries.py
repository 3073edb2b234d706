"""Candles, tickers and the best levels: the newest state of each, where states in between may be left out."""

from typing import Any, Final

from msgspec import Struct

from matching_exchange.client.call import Call, answer
from matching_exchange.client.calls.markets import LONGEST_PAGE, candles
from matching_exchange.client.streams.machine import Machine
from matching_exchange.client.times import Time
from matching_exchange.client.types.markets import Candle, CandleList, Depth, Ticker
from matching_exchange.client.types.streams import CandleUpdate, Restarted
from matching_exchange.client.types.words import Interval

KEPT: Final = 10
"""Candles of a symbol that each connection begins with; so many are kept to tell which have changed."""


class _Candles(Struct, frozen=True):
    symbol: str
    interval: str
    candles: tuple[Candle, ...]


_candles = answer(_Candles)
_ticker = answer(Ticker)
_depth = answer(Depth)


class CandlesMachine(Machine[CandleUpdate | Restarted]):
    """After a longer loss the candles since the last one are asked for, so none is left out. `*` is all symbols."""

    def __init__(self, symbol: str, interval: Interval) -> None:
        super().__init__()
        self._symbol = symbol
        self._interval: Interval = interval
        self._known: dict[str, dict[Time, Candle]] = {}
        self._fresh: set[str] = set()
        """Symbols of which this connection has told."""
        self._held: _Candles | None = None
        """The message before which candles are missing."""
        self._from = Time(0)

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/candles", [("symbol", self._symbol), ("interval", self._interval)]

    def opened(self) -> None:
        self._fresh.clear()
        self._held = None

    def restarted(self, reason: str) -> None:
        self._known.clear()
        self.items.append(Restarted(reason))

    def receive(self, text: str | bytes) -> None:
        message = _candles(text if isinstance(text, bytes) else text.encode())
        known = self._known.get(message.symbol)
        is_first = message.symbol not in self._fresh
        self._fresh.add(message.symbol)
        if is_first and known and message.candles and message.candles[0].open_time > max(known):
            self._held = message
            self._from = max(known)
            return
        self._deliver(message)

    def wanted(self) -> Call[CandleList] | None:
        held = self._held
        if held is None:
            return None
        return candles(held.symbol, self._interval, start=self._from, limit=LONGEST_PAGE)

    def told(self, found: Any) -> None:
        page: CandleList = found
        held = self._held
        assert held is not None
        self._deliver(_Candles(held.symbol, held.interval, page.candles))
        if page.next is not None:
            self._from = page.next
            return
        self._held = None
        self._deliver(held)

    def _deliver(self, message: _Candles) -> None:
        known = self._known.setdefault(message.symbol, {})
        oldest = min(known, default=Time(0))
        for candle in message.candles:
            if candle.open_time < oldest or known.get(candle.open_time) == candle:
                continue
            known[candle.open_time] = candle
            self.items.append(CandleUpdate(message.symbol, message.interval, candle))
        for open_time in sorted(known)[:-KEPT]:
            del known[open_time]


class TickerMachine(Machine[Ticker | Restarted]):
    """`*` is all symbols."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/ticker", [("symbol", self._symbol)]

    def restarted(self, reason: str) -> None:
        self.items.append(Restarted(reason))

    def receive(self, text: str | bytes) -> None:
        self.items.append(_ticker(text if isinstance(text, bytes) else text.encode()))


class DepthMachine(Machine[Depth | Restarted]):
    """The ten best levels."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/marketdata", [("symbol", self._symbol)]

    def restarted(self, reason: str) -> None:
        self.items.append(Restarted(reason))

    def receive(self, text: str | bytes) -> None:
        self.items.append(_depth(text if isinstance(text, bytes) else text.encode()))

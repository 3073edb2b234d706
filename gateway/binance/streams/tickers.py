"""Streams of statistics: what the calls of the same names tell, where it has changed."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.binance.desk import Desk
from gateway.binance.parameters import Values
from gateway.binance.rows.tickers import average_price, day, window
from gateway.binance.sockets.client import Told
from gateway.binance.streams.periodic import PeriodicStream
from gateway.binance.symbols import joined
from history.candles.intervals import MINUTE
from protocol.instrument import Instrument

AVERAGE_INTERVAL: Final = "5m"

_MINI: Final = {
    "lastPrice": "c",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
}

_WINDOW: Final = {
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "lastPrice": "c",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}

_FULL: Final = {
    **_WINDOW,
    "prevClosePrice": "x",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
}

TIMES: Final = frozenset({"O", "C"})


class StatisticsStream(PeriodicStream):
    """Looks every `speed` milliseconds, if anything was heard, and at each new minute: then an old one counts no
    more."""

    def __init__(self, desk: Desk, speed: int) -> None:
        super().__init__(desk)
        self._seconds = speed / 1000
        self._minute = 0

    def _delay(self) -> float:
        return self._seconds

    def _is_due(self) -> bool:
        minute = self._desk.broker.now() // MINUTE
        is_new, self._minute = minute != self._minute, minute
        return is_new or self.is_dirty


class TickerStream(StatisticsStream):
    """One symbol's statistics of the last day, or of another window."""

    def __init__(self, desk: Desk, instrument: Instrument, speed: int, *, mini: bool, window: str = "") -> None:
        super().__init__(desk, speed)
        self._symbol = joined(instrument)
        self._values = {"symbol": instrument, **({"windowSize": window} if window else {})}
        self._window = window
        self._mini = mini
        self._watch_trades(instrument.symbol)
        if not (mini or window):
            self._watch_depth(instrument.symbol)

    async def _look(self) -> None:
        look = window if self._window else day
        found = await look(self._context, Values(self._values))
        if self._mini:
            view = mini_view(self._symbol, found)
        elif self._window:
            view = {"e": f"{self._window}Ticker", "E": 0, "s": self._symbol, **_named(_WINDOW, found)}
        else:
            view = {"e": "24hrTicker", "E": 0, "s": self._symbol, **_named(_FULL, found)}
        now = self._desk.broker.now()
        self._tell_state(Told(lambda unit: _at(now, view, unit)))


class AllMiniTickers(StatisticsStream):
    """All symbols whose statistics have changed, as one array."""

    def __init__(self, desk: Desk, speed: int) -> None:
        super().__init__(desk, speed)
        self._last: dict[str, dict[str, Any]] = {}
        self._watched: set[str] = set()

    def _is_due(self) -> bool:
        # A symbol may be new.
        return super()._is_due() or len(self._watched) < len(self._desk.exchange.instruments.known)

    async def _look(self) -> None:
        changed = []
        for instrument in await self._desk.symbols.all():
            if instrument.symbol not in self._watched:
                self._watched.add(instrument.symbol)
                self._watch_trades(instrument.symbol)
            symbol = joined(instrument)
            view = mini_view(symbol, await day(self._context, Values({"symbol": instrument, "type": "MINI"})))
            if view != self._last.get(symbol):
                self._last[symbol] = view
                changed.append(view)
        now = self._desk.broker.now()
        if changed:
            self._tell(Told(lambda unit: [_at(now, view, unit) for view in changed]))


class AverageStream(StatisticsStream):
    """One symbol's average price of the last minutes."""

    def __init__(self, desk: Desk, instrument: Instrument, speed: int) -> None:
        super().__init__(desk, speed)
        self._symbol = joined(instrument)
        self._values = Values({"symbol": instrument})
        self._last: tuple[str, int] | None = None
        self._watch_trades(instrument.symbol)

    def _is_due(self) -> bool:
        # Trades leave the window without a sign.
        return True

    async def _look(self) -> None:
        found = await average_price(self._context, self._values)
        price, time = found["price"], found["closeTime"]
        if (price, time) == self._last:
            return
        self._last = price, time
        now = self._desk.broker.now()
        self._tell_state(
            Told(
                lambda unit: {
                    "e": "avgPrice",
                    "E": now // unit,
                    "s": self._symbol,
                    "i": AVERAGE_INTERVAL,
                    "w": price,
                    "T": time // unit,
                }
            )
        )


def mini_view(symbol: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"e": "24hrMiniTicker", "E": 0, "s": symbol, **_named(_MINI, found)}


def _named(names: Mapping[str, str], found: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, under the short names of streams."""
    return {short: found[name] for name, short in names.items()}


def _at(now: int, view: Mapping[str, Any], unit: int) -> dict[str, Any]:
    """The view of this moment, with its times in the unit."""
    times = {name: view[name] // unit for name in TIMES if name in view}
    return {**view, **times, "E": now // unit}

"""Streams of candles: the running one while it changes, and each once more at its end."""

from typing import Any, Final

from gateway.binance.desk import Desk
from gateway.binance.rows.klines import candles_of_zone, interval_end, read_interval
from gateway.binance.sockets.client import Told
from gateway.binance.streams.channel import Reader
from gateway.binance.streams.periodic import NANOSECONDS, PeriodicStream
from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text, value_text
from gateway.exchange.market_history import Shown, Wanted
from history.candles.intervals import SECOND
from protocol.instrument import Instrument

SLOW_SECONDS: Final = 2.0
FAST_SECONDS: Final = 1.0
"""Times between two looks; the latter for candles of a second."""

AFTER_END: Final = 50_000_000
"""Nanoseconds from the end of a candle to the look at it: this clock and the matcher's differ a little."""

LEAST_SECONDS: Final = 0.01

PAGE: Final = 1_000
"""Candles that one look reads at most."""


class KlineStream(PeriodicStream):
    """`_open` is where the first candle opens that has not ended yet for the readers."""

    def __init__(self, desk: Desk, instrument: Instrument, word: str, offset: int) -> None:
        super().__init__(desk)
        self._instrument = instrument
        self._symbol = joined(instrument)
        self._interval = read_interval(word)
        self._offset = offset
        self._seconds = FAST_SECONDS if self._interval.length == SECOND else SLOW_SECONDS
        self._open = self._interval.open_time(desk.broker.now() + offset) - offset
        self._last: Told | None = None
        self._last_view: dict[str, Any] | None = None
        self._watch_trades(instrument.symbol)

    def begin(self, reader: Reader) -> None:
        if self._last is not None:
            reader.hear(self._last)

    def _delay(self) -> float:
        seconds = (self._end() + AFTER_END - self._desk.broker.now()) / NANOSECONDS
        return max(LEAST_SECONDS, min(self._seconds, seconds))

    def _end(self) -> int:
        """When the candle of `_open` ends."""
        return self._interval.close_time(self._open + self._offset) - self._offset

    def _is_due(self) -> bool:
        return self.is_dirty or self._desk.broker.now() >= self._end() + AFTER_END

    async def _look(self) -> None:
        now = self._desk.broker.now()
        wanted = Wanted(self._instrument.symbol, self._interval, self._open, None, PAGE, fill=True)
        found = await candles_of_zone(self._desk.past, wanted, self._offset, now)
        for shown in found.shown:
            end = interval_end(self._interval, self._offset, shown)
            is_over = end + AFTER_END <= now
            view = self._view(shown, end, is_over=is_over)
            if is_over:
                self._open = end
            if view != self._last_view:
                self._last_view = view
                self._last = Told(lambda unit, view=view: self._event(now, view, unit))  # type: ignore[misc]
                self._tell(self._last)
        if found.next is not None:
            self.is_dirty = True
        elif not found.shown:
            # There was no trade yet: nothing has ended.
            self._open = self._interval.open_time(now + self._offset) - self._offset

    def _event(self, now: int, view: dict[str, Any], unit: int) -> dict[str, Any]:
        times = {"t": view["t"] // unit, "T": view["T"] // unit - 1}
        return {"e": "kline", "E": now // unit, "s": self._symbol, "k": {**view, **times}}

    def _view(self, shown: Shown, end: int, *, is_over: bool) -> dict[str, Any]:
        """Its `T` is where the next candle opens."""
        candle = shown.candle
        return {
            "t": candle.open_time,
            "T": end,
            "s": self._symbol,
            "i": self._interval.name,
            "f": candle.first_trade_id if candle.trades else -1,
            "L": candle.last_trade_id if candle.trades else -1,
            "o": price_text(self._instrument, candle.open),
            "c": price_text(self._instrument, candle.close),
            "h": price_text(self._instrument, candle.high),
            "l": price_text(self._instrument, candle.low),
            "v": quantity_text(self._instrument, candle.volume),
            "n": candle.trades,
            "x": is_over,
            "q": value_text(self._instrument, candle.quote_volume),
            "V": quantity_text(self._instrument, candle.taker_buy_volume),
            "Q": value_text(self._instrument, candle.taker_buy_quote_volume),
            "B": "0",
        }

"""One symbol's candles of one interval, kept up by its trades."""

import asyncio
from collections import deque
from typing import Final

from msgspec.structs import replace

from gateway.exchange.market_history import SETTLED, MarketHistory, Shown, Wanted, one_trade
from gateway.link.broker import Broker
from gateway.link.feed import Feed
from gateway.streams.source import Listener, Source
from history.candles.intervals import Interval
from protocol.events import Trade
from protocol.instrument import Instrument

RECENT: Final = 10
"""Candles that a new client is told, the newest. They join on to an answer that it has got before."""

PAGE: Final = 1_000
"""Candles that are loaded at once."""


class CandleSource(Source):
    """`recent` holds the newest candles, the open one last. `news` are those to tell, by their open_time."""

    def __init__(
        self,
        instrument: Instrument,
        interval: Interval,
        broker: Broker,
        feed: Feed,
        history: MarketHistory,
        loads: asyncio.Semaphore,
        listener: Listener,
    ) -> None:
        self._interval = interval
        self.recent: deque[Shown] = deque(maxlen=RECENT)
        self.news: dict[int, Shown] = {}
        self._since = 0
        super().__init__(instrument, broker, feed, history, loads, listener)

    def take_news(self) -> dict[int, Shown]:
        """What has changed since the last call, oldest first."""
        news, self.news = self.news, {}
        return news

    async def _load(self) -> tuple[int, int]:
        """The newest candles; those since the last one that is known, if there is one."""
        begin = self.recent[-1].candle.open_time if self.recent else None
        wanted = Wanted(self.symbol, self._interval, begin, None, RECENT if begin is None else PAGE)
        last = self.recent[-1].candle.last_trade_id if self.recent else 0
        while True:
            found = await self._history.candles(wanted)
            self._since = found.since
            for shown in found.shown:
                self._show(shown)
                last = shown.candle.last_trade_id
            if found.next is None:
                return last, 0
            wanted = replace(wanted, begin=found.next)

    def _add(self, trade: Trade) -> None:
        opens = self._interval.open_time(trade.timestamp)
        if opens < self._since:
            # What its candle lacks is nowhere.
            return
        candle = one_trade(trade, opens)
        if self.recent:
            last = self.recent[-1]
            if last.candle.open_time == opens:
                candle = replace(last.candle)
                candle.add(one_trade(trade, opens))
            elif not last.complete:
                self._show(Shown(last.candle, complete=True))
        self._show(Shown(candle, complete=False))

    def _show(self, shown: Shown) -> None:
        """Keep a candle that is the newest one, or the next state of that."""
        opens = shown.candle.open_time
        if self.recent and self.recent[-1].candle.open_time == opens:
            self.recent.pop()
        self.recent.append(shown)
        self.news[opens] = shown
        if not shown.complete:
            self._at(self._interval.close_time(opens) + SETTLED, self._ask)

    def _settle(self, time: int) -> None:
        if not self.recent or self.recent[-1].complete:
            return
        last = self.recent[-1].candle
        closes = self._interval.close_time(last.open_time) + SETTLED
        if closes <= time:
            self._show(Shown(last, complete=True))
            self._tell_soon()
        else:
            self._at(closes, self._ask)

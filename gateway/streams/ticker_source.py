"""One symbol's ticker, kept up by its trades and its depth."""

from msgspec.structs import replace

from gateway.exchange.market_history import Ticker, window_begin, with_trade
from gateway.link.answers import expect
from gateway.streams.source import Source
from history.candles.intervals import DAY
from protocol import topics
from protocol.commands import DepthQuery
from protocol.events import Depth, Trade
from protocol.market_data import DepthMessage, MarketDataMessage


class TickerSource(Source):
    """`ticker` is None before it is loaded. It is loaded anew when a trade leaves the last 24 hours."""

    ticker: Ticker | None = None

    def now(self) -> Ticker | None:
        """The ticker of this moment; None while it is not known, and while a trade has left that it counts."""
        time = self._broker.now()
        if self.ticker is None or self._has_left(time):
            return None
        return replace(self.ticker, time=time, begin=window_begin(time))

    def _more_topics(self) -> tuple[bytes, ...]:
        return (topics.depth(self.symbol),)

    def _hear(self, published: MarketDataMessage) -> None:
        if isinstance(published, DepthMessage) and self.ticker is not None:
            self._quote(Depth(self.symbol, published.bids[:1], published.asks[:1]))

    def _quote(self, depth: Depth) -> None:
        if self.ticker is not None and (depth.bids, depth.asks) != (self.ticker.depth.bids, self.ticker.depth.asks):
            self.ticker = replace(self.ticker, depth=depth)
            self._tell_soon()

    async def _load(self) -> tuple[int, int]:
        self.ticker = await self._history.ticker(self.symbol)
        last = self.ticker.last
        return (0, 0) if last is None else (last.trade_id, last.timestamp)

    def _add(self, trade: Trade) -> None:
        assert self.ticker is not None, "trades are added to what was loaded"
        self.ticker = replace(self.ticker, day=with_trade(self.ticker.day, trade), last=trade)

    async def _heal(self) -> None:
        if self._has_left(self._broker.now()):
            await self._load_anew()
            return
        await super()._heal()
        answer = await self._broker.query(DepthQuery(self.symbol, 1))
        self._quote(expect(Depth, answer.value))

    def _has_left(self, time: int) -> bool:
        """Whether the last 24 hours of the time may lack the first trade."""
        day = None if self.ticker is None else self.ticker.day
        return day is not None and day.open_time < window_begin(time)

    def _settle(self, time: int) -> None:
        if self.ticker is not None and self.ticker.day is not None:
            # The beginning of its first trade's second, or an earlier time.
            self._at(self.ticker.day.open_time + DAY, self._ask)

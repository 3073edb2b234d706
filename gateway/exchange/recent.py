"""Candles of the time since somebody began to follow, for where no history is kept: made of the trades that are told.

Every symbol is followed. What is older than the matcher's memory, or than the bounds here,
is not known.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from gateway.exchange.market_history import REMEMBERED_TRADES, Candles, Wanted, filled_candles, plain_candles
from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.feed import Feed
from gateway.link.instruments import Instruments
from gateway.link.matcher_link import MatcherLink
from history.candles.candle import Candle
from history.candles.folding import Folder
from history.candles.intervals import INTERVALS
from history.reading.candles import CandlePage
from history.reading.trades import Range
from protocol import topics
from protocol.commands import TradesQuery
from protocol.events import Trade, TradeHistory
from protocol.market_data import InstrumentMessage, MarketDataMessage, TradeMessage
from protocol.units import Side

KEPT: Final = 1_000
"""Candles of an interval that are kept at least."""

KEPT_MINUTES: Final = 10_080
"""Those of a minute: a week."""

PENDING: Final = 1_000
"""Trades after which candles are made of them."""

SIDES: Final = {"buy": int(Side.BUY), "sell": int(Side.SELL)}

_Row = tuple[str, int, int, int, int, int, int]

_open_time: Final[Callable[[Candle], int]] = attrgetter("open_time")


class RecentMarket:
    """One for each worker. It answers as MarketHistory does, from what it has heard. Fails as the link."""

    def __init__(self, broker: MatcherLink, feed: Feed, instruments: Instruments) -> None:
        self._broker = broker
        self._feed = feed
        self._instruments = instruments
        self._followed: dict[str, Followed] = {}
        self._beginning: asyncio.Task[None] | None = None
        self.follows = False
        broker.on_open(self._go_on)
        broker.on_reset(self._forget)

    def start(self) -> None:
        """Follow every symbol from now on."""
        self.follows = True
        self._begin()

    def stop(self) -> None:
        """Follow none, and know nothing."""
        self.follows = False
        if self._beginning is not None:
            self._beginning.cancel()
        self._forget()

    async def trades(self, symbol: str, wanted: Range, limit: int) -> list[Trade]:
        """As MarketHistory, of the trades that the matcher remembers."""
        remembered = await remembered_trades(self._broker, symbol, limit if wanted == Range() else REMEMBERED_TRADES)
        found = [trade for trade in remembered if wanted.holds(trade)]
        return found[:limit] if wanted.after is not None else found[-limit:]

    async def candles(self, wanted: Wanted) -> Candles:
        followed = self._follow(wanted.symbol)
        now = self._broker.now()
        await followed.catch_up()
        page = followed.page(wanted)
        show = filled_candles if wanted.fill else plain_candles
        return show(wanted, page, page.candles, now)

    def _go_on(self) -> None:
        if self.follows:
            self._begin()

    def _begin(self) -> None:
        self._beginning = asyncio.get_running_loop().create_task(self._follow_all())

    async def _follow_all(self) -> None:
        try:
            for instrument in await self._instruments.all():
                self._follow(instrument.symbol)
        except MatcherUnavailableError:
            # It begins again when the matcher is back.
            return

    def _follow(self, symbol: str) -> "Followed":
        found = self._followed.get(symbol)
        if found is None:
            found = self._followed[symbol] = Followed(symbol, self._broker.of(symbol), self._feed)
        return found

    def _forget(self) -> None:
        """The matcher has another journal: its trades are others."""
        for followed in self._followed.values():
            followed.close()
        self._followed.clear()


async def remembered_trades(
    broker: MatcherLink, symbol: str, limit: int = REMEMBERED_TRADES, after: int = 0
) -> list[Trade]:
    """The last trades after a trade_id that the matcher remembers, oldest first."""
    query = TradesQuery(symbol, limit, after)
    return expect(TradeHistory, (await broker.query(query)).value).trades


class Followed:
    """The candles of one symbol. Its trades come from the feed, and where one is missing, from the matcher itself."""

    def __init__(self, symbol: str, broker: Broker, feed: Feed) -> None:
        self._symbol = symbol
        self._broker = broker
        self._clear()
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe = [
            feed.subscribe(topics.trades(symbol), self._hear),
            feed.subscribe(topics.instruments(symbol), self._hear),
        ]

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    async def catch_up(self) -> None:
        """Know every trade that was told before this call. MatcherUnavailableError where no matcher answers."""
        async with self._asking:
            last = self._last
            # The last one is asked for too: it is missing where the matcher has lost its end.
            trades = await remembered_trades(self._broker, self._symbol, after=max(0, last - 1))
            if last and not self._goes_on(trades):
                self._clear()
                trades = await remembered_trades(self._broker, self._symbol)
            for trade in trades:
                if trade.trade_id > self._last:
                    self._take(_row(trade))

    def _goes_on(self, trades: list[Trade]) -> bool:
        """Whether the trades are those after the last one that is known, or later ones of the same history."""
        if not trades or trades[0].trade_id < self._last:
            return False
        first = trades[0]
        return first.trade_id > self._last or first.timestamp == self._last_time

    def page(self, wanted: Wanted) -> CandlePage:
        """The candles that were asked for."""
        self._fold()
        candles = self._candles[wanted.interval.name]
        stop = len(candles) if wanted.end is None else bisect_left(candles, wanted.end, key=_open_time)
        if wanted.begin is None:
            begin, end = max(0, stop - wanted.limit), stop
        else:
            begin = min(stop, bisect_left(candles, wanted.begin, key=_open_time))
            end = min(stop, begin + wanted.limit)
        before = candles[begin - 1] if begin else None
        return CandlePage(candles[begin:end], before, more=end < stop, last=self._last, since=0)

    def _clear(self) -> None:
        self._last = 0
        self._last_time = 0
        self._pending: list[_Row] = []
        self._folder = Folder()
        self._candles: dict[str, list[Candle]] = {name: [] for name in INTERVALS}

    def _hear(self, message: MarketDataMessage) -> None:
        """A trade, or the instrument: after a lost connection it comes first."""
        if isinstance(message, TradeMessage) and not self._asking.locked():
            if message.number <= self._last:
                return
            if self._last and message.number == self._last + 1:
                self._take(_row_of_message(message))
                return
        if isinstance(message, TradeMessage | InstrumentMessage) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._catch_up_alone())

    async def _catch_up_alone(self) -> None:
        try:
            await self.catch_up()
        except MatcherUnavailableError:
            # The instrument's message comes again when the matcher is back.
            return

    def _take(self, row: _Row) -> None:
        self._last, self._last_time = row[1], row[2]
        self._pending.append(row)
        if len(self._pending) >= PENDING:
            self._fold()

    def _fold(self) -> None:
        """Make candles of the trades that wait."""
        pending, self._pending = self._pending, []
        for _, name, candle in self._folder.add(pending):
            candles = self._candles[name]
            if not candles or candles[-1] is not candle:
                candles.append(candle)
                kept = KEPT_MINUTES if name == "1m" else KEPT
                if len(candles) >= 2 * kept:
                    del candles[:-kept]


def _row(trade: Trade) -> _Row:
    side = int(trade.aggressor_side)
    return trade.symbol, trade.trade_id, trade.timestamp, trade.price, trade.quantity, side, trade.sequence


def _row_of_message(message: TradeMessage) -> _Row:
    side = SIDES[message.aggressor_side]
    return (
        message.symbol,
        message.trade_id,
        message.timestamp,
        message.price,
        message.quantity,
        side,
        message.sequence,
    )

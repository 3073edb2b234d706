"""Trades of all times, candles, and what the last day has come to."""

from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gateway.exchange.joining import Asked, Joining
from gateway.link.answers import expect
from history.candles.candle import Candle, candle_of
from history.candles.intervals import DAY, SECOND, Interval
from history.reading.candles import CandlePage, candle_page, window
from history.reading.database import Filled, HistoryUnavailableError, begun
from history.reading.trades import Range, TradePage, trade_page
from protocol.commands import DepthQuery, TradesQuery
from protocol.events import Depth, Trade, TradeHistory

REMEMBERED_TRADES: Final = 1_000
"""Trades of a symbol that the matcher remembers."""


SETTLED: Final = 10_000_000
"""Nanoseconds after the end of a period until its candle counts as complete. The matcher's time, as a gateway knows it,
is a little ahead while stamps are slowed down."""


class Shown(Struct, frozen=True):
    """A candle. `complete` means that no trade will change it any more."""

    candle: Candle
    complete: bool


class Candles(Struct, frozen=True):
    """Candles, oldest first.

    next: the beginning of the following page, in nanoseconds; None after the last.
    since: candles that open before this time lack trades, and are left out.
    """

    shown: list[Shown]
    next: int | None
    since: int


class Wanted(Struct, frozen=True):
    """Which candles: those that open at `begin` or later, and before `end`; without a begin the newest. `fill` makes
    candles for periods without a trade."""

    symbol: str
    interval: Interval
    begin: int | None = None
    end: int | None = None
    limit: int = 100
    fill: bool = False


class Ticker(Struct, frozen=True):
    """A symbol at a moment.

    time: that moment, by the matcher's clock. Both times are in nanoseconds.
    begin: a whole second. The trades of the last day are those since then.
    day: all of these as one candle; None without any. It opens at the second of the first one, or before that.
    last: the last trade ever.
    depth: the best level of each side.
    """

    symbol: str
    time: int
    begin: int
    day: Candle | None
    last: Trade | None
    depth: Depth


def window_begin(time: int) -> int:
    """The beginning of the 24 hours that a time ends: its own second and the 86,399 whole seconds before it."""
    return time - time % SECOND + SECOND - DAY


class MarketHistory(Joining):
    """Of symbols that the matcher knows."""

    async def trades(self, symbol: str, wanted: Range, limit: int) -> list[Trade]:
        """The oldest trades of the range where it has an `after`, else its newest. Oldest first.

        What the matcher's memory answers needs no tables.
        """
        if wanted == Range():
            return await self._remembered(symbol, limit)
        return await self.join(partial(self._trades, symbol, wanted, limit))

    async def candles(self, wanted: Wanted) -> Candles:
        return await self.join(partial(self._candles, wanted))

    async def ticker(self, symbol: str) -> Ticker:
        return await self.join(partial(self._ticker, symbol))

    async def _trades(self, symbol: str, wanted: Range, limit: int, asked: Asked) -> list[Trade] | None:
        forward = wanted.after is not None
        try:
            found = await self.tables.ask(
                lambda connection: (trade_page(connection, symbol, wanted, limit), begun(connection, "trades").sequence)
            )
        except HistoryUnavailableError:
            remembered = await self._of_memory(symbol, wanted, limit)
            if remembered is None:
                raise
            return remembered
        (page, since), filled = found.value, found.filled
        if since > 1 and _lacks(page.trades, wanted, limit):
            # The memory may go back further than the tables.
            page = TradePage(_united(page.trades, await self._remembered(symbol, REMEMBERED_TRADES), wanted), page.last)
        ends = (wanted.before is not None and wanted.before <= page.last + 1) or (
            wanted.end is not None and wanted.end <= filled.time
        )
        trades = page.trades
        if not (ends or (forward and len(trades) >= limit) or asked.covered(filled)):
            newer = await self._newer(asked, symbol, page.last, filled)
            if newer is None:
                return None
            trades = _united(trades, newer, wanted)
        return trades[:limit] if forward else trades[-limit:]

    async def _newer(self, asked: Asked, symbol: str, last: int, filled: Filled) -> list[Trade] | None:
        """The trades that are not in the tables yet, whose last one is known; None where the matcher's memory does not
        reach back to them.

        The last one itself is asked for: trade_ids have a gap where a book was loaded that had come further. The tables
        may have dropped all of a symbol that has not traded for long.
        """
        answer = await asked.query(TradesQuery(symbol, REMEMBERED_TRADES, max(0, last - 1)))
        trades = expect(TradeHistory, answer.value).trades
        whole = len(trades) < REMEMBERED_TRADES
        if whole or trades[0].trade_id <= last + 1 or trades[0].sequence <= filled.sequence:
            return [trade for trade in trades if trade.sequence > filled.sequence]
        return None

    async def _remembered(self, symbol: str, limit: int) -> list[Trade]:
        return expect(TradeHistory, (await self.link.query(TradesQuery(symbol, limit))).value).trades

    async def _of_memory(self, symbol: str, wanted: Range, limit: int) -> list[Trade] | None:
        """The page by the matcher's memory alone; None where that does not reach far enough."""
        remembered = await self._remembered(symbol, REMEMBERED_TRADES)
        trades = [trade for trade in remembered if wanted.holds(trade)]
        whole = len(remembered) < REMEMBERED_TRADES
        reaches = whole or (wanted.begin is not None and remembered[0].timestamp < wanted.begin)
        if wanted.after is not None:
            return trades[:limit] if reaches or remembered[0].trade_id <= wanted.after + 1 else None
        return trades[-limit:] if reaches or len(trades) >= limit else None

    async def _candles(self, wanted: Wanted, asked: Asked) -> Candles | None:
        now = self.link.now() - SETTLED
        interval = wanted.interval
        begin = wanted.begin
        found = await self.tables.ask(
            lambda connection: candle_page(connection, wanted.symbol, interval.name, begin, wanted.end, wanted.limit)
        )
        page, filled = found.value, found.filled
        newer: list[Trade] | None = []
        if page.more:
            pass
        elif asked.covered(filled):
            now = asked.time - SETTLED
        elif wanted.end is not None and interval.close_time(interval.open_time(wanted.end - 1)) <= filled.time:
            now = max(now, filled.time)
        else:
            newer = await self._newer(asked, wanted.symbol, page.last, filled)
        if newer is None:
            return None
        candles = _folded(page, newer, wanted)
        return filled_candles(wanted, page, candles, now) if wanted.fill else plain_candles(wanted, page, candles, now)

    async def _ticker(self, symbol: str, asked: Asked) -> Ticker | None:
        now = self.link.now()
        begin = window_begin(now)
        found = await self.tables.ask(lambda connection: window(connection, symbol, begin))
        day, last = found.value.candle, found.value.last
        newer: list[Trade] | None = []
        if not asked.covered(found.filled):
            newer = await self._newer(asked, symbol, 0 if last is None else last.trade_id, found.filled)
        if newer is None:
            return None
        for trade in newer:
            last = trade
            if trade.timestamp >= begin:
                day = with_trade(day, trade)
        if last is None:
            last = next(iter(await self._remembered(symbol, 1)), None)
        answer = await self.link.query(DepthQuery(symbol, 1))
        return Ticker(symbol, now, begin, day, last, expect(Depth, answer.value))


def _lacks(trades: list[Trade], wanted: Range, limit: int) -> bool:
    """Whether there may be trades before those of the tables, of which some were dropped."""
    if wanted.after is None:
        return len(trades) < limit
    return not trades or trades[0].trade_id > wanted.after + 1


def _united(trades: list[Trade], others: list[Trade], wanted: Range) -> list[Trade]:
    """Each trade once, oldest first."""
    by_number = {trade.trade_id: trade for trade in trades}
    by_number.update((trade.trade_id, trade) for trade in others if wanted.holds(trade))
    return [by_number[number] for number in sorted(by_number)]


def one_trade(trade: Trade, open_time: int) -> Candle:
    """The candle of one trade."""
    return candle_of(open_time, trade.trade_id, trade.price, trade.quantity, trade.aggressor_side, trade.sequence)


def with_trade(total: Candle | None, trade: Trade) -> Candle:
    """The total with a later trade in it: a new one, which opens at the second of its first trade."""
    one = one_trade(trade, trade.timestamp - trade.timestamp % SECOND)
    if total is None:
        return one
    total = replace(total)
    total.add(one)
    return total


def _folded(page: CandlePage, newer: list[Trade], wanted: Wanted) -> list[Candle]:
    """The candles with the newer trades in them."""
    folded = list(page.candles)
    begin = page.since if wanted.begin is None else max(wanted.begin, page.since)
    for trade in newer:
        opens = wanted.interval.open_time(trade.timestamp)
        if opens >= begin and (wanted.end is None or opens < wanted.end):
            if folded and folded[-1].open_time == opens:
                folded[-1].add(one_trade(trade, opens))
            else:
                folded.append(one_trade(trade, opens))
    return folded


def plain_candles(wanted: Wanted, page: CandlePage, candles: list[Candle], now: int) -> Candles:
    more = page.more
    if wanted.begin is None:
        candles = candles[-wanted.limit :]
    elif len(candles) > wanted.limit:
        candles, more = candles[: wanted.limit], True
    close = wanted.interval.close_time
    shown = [Shown(each, close(each.open_time) <= now) for each in candles]
    if more:
        # A later one is there.
        shown = [Shown(each.candle, complete=True) for each in shown]
    return Candles(shown, close(candles[-1].open_time) if more else None, page.since)


def filled_candles(wanted: Wanted, page: CandlePage, candles: list[Candle], now: int) -> Candles:
    """One candle for each period, up to that of now. One without a trade has the price before it."""
    interval = wanted.interval
    newest = max(now, candles[-1].open_time if candles else 0)
    last = interval.open_time(newest if wanted.end is None else min(newest, wanted.end - 1))
    before = page.before
    if wanted.begin is None:
        opens = last
        for _ in range(wanted.limit - 1):
            opens = interval.open_time(opens - 1)
        earlier = [each for each in candles if each.open_time < opens]
        before = earlier[-1] if earlier else before
        candles = candles[len(earlier) :]
    else:
        opens = interval.open_time(wanted.begin)
        opens = opens if opens == wanted.begin else interval.close_time(opens)
    if before is None:
        if not candles:
            return Candles([], None, page.since)
        opens = max(opens, candles[0].open_time)
    traded = {each.open_time: each for each in candles}
    shown: list[Shown] = []
    while opens <= last and len(shown) < wanted.limit:
        candle = traded.get(opens)
        if candle is None:
            assert before is not None, "the first period has a trade, or one before it"
            candle = _unchanged(before, opens)
        before, opens = candle, interval.close_time(opens)
        shown.append(Shown(candle, opens <= now))
    return Candles(shown, opens if opens <= last and wanted.begin is not None else None, page.since)


def _unchanged(before: Candle, opens: int) -> Candle:
    """The candle of a period without a trade."""
    price, trade_id = before.close, before.last_trade_id
    return Candle(opens, price, price, price, price, 0, 0, 0, 0, 0, trade_id, trade_id, before.sequence)

"""Calls of market data."""

from typing import Final

from matching_exchange.client.times import Time
from matching_exchange.client.types.markets import BestPrices, Depth, Instrument, TradeList
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.calls.commands import with_instrument
from matching_exchange.client.zmq.steps import Ask, Known, Step, Told, expect
from matching_exchange.client.zmq.views import markets as views
from protocol.commands import DepthQuery, InstrumentsQuery, TradesQuery
from protocol.events import Depth as DepthResult
from protocol.events import InstrumentList, TradeHistory

MOST_LEVELS: Final = 5_000
"""Levels of each side that one answer holds at most."""

LONGEST_PAGE: Final = 1_000
"""Trades of one page at most."""


def depth(known: Known, symbol: str, *, levels: int = 10) -> Step[Depth]:
    """The best levels of a book, up to 5,000 of each side."""
    query = DepthQuery(symbol, units.limit(levels, MOST_LEVELS, "levels"))

    def read(told: Told) -> Depth:
        found = expect(told.value, DepthResult)
        return views.depth(found, told.sequence, told.timestamp, known.instruments[symbol])

    return with_instrument(known, symbol, lambda _: Ask(query, read))


def best_prices(known: Known, symbol: str) -> Step[BestPrices]:
    """The best bid and the best ask."""

    def read(told: Told) -> BestPrices:
        found, instrument = expect(told.value, DepthResult), known.instruments[symbol]
        bids, asks = views.levels(found.bids, instrument), views.levels(found.asks, instrument)
        bid, ask = bids[0] if bids else None, asks[0] if asks else None
        return BestPrices(Time(told.timestamp), symbol, told.sequence, bid, ask)

    return with_instrument(known, symbol, lambda _: Ask(DepthQuery(symbol, 1), read))


def trades(known: Known, symbol: str, *, after: int | None = None, limit: int = 100) -> Step[TradeList]:
    """The last trades that the matcher remembers, at least 1,000 of a symbol, oldest first.

    after: only those with a higher trade_id. limit: 1 to 1,000; the newest of them count.
    """
    query = TradesQuery(symbol, units.limit(limit, LONGEST_PAGE), units.cursor(after))

    def read(told: Told) -> TradeList:
        found, instrument = expect(told.value, TradeHistory), known.instruments[symbol]
        return TradeList(symbol, tuple(views.trade(trade, instrument) for trade in found.trades))

    return with_instrument(known, symbol, lambda _: Ask(query, read))


def instruments(known: Known) -> Step[tuple[Instrument, ...]]:
    """All instruments as they are now, with tick_size, lot_size, limits, fees and status."""

    def read(told: Told) -> tuple[Instrument, ...]:
        known.learn(told.value)
        return tuple(views.instrument(found) for found in expect(told.value, InstrumentList).instruments)

    return Ask(InstrumentsQuery(), read)


def instrument(known: Known, symbol: str) -> Step[Instrument]:
    """One instrument as it is now. Raises NotFound `unknown_symbol`."""

    def read(told: Told) -> Instrument:
        known.learn(told.value)
        found = expect(told.value, InstrumentList).instruments
        if not found:
            raise units.unknown_symbol(symbol)
        return views.instrument(found[0])

    return Ask(InstrumentsQuery(symbol), read)

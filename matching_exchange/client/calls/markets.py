"""Calls of market data. All are public."""

from typing import Final

from matching_exchange.client.call import Access, Call, Repeat, answer, given, reader
from matching_exchange.client.calls.route import route
from matching_exchange.client.errors import NotFound
from matching_exchange.client.pages import Pages
from matching_exchange.client.times import TimeInput, time_text
from matching_exchange.client.types.markets import (
    BestPrices,
    Candle,
    CandleList,
    Depth,
    Instrument,
    InstrumentList,
    Ticker,
    TickerList,
    Trade,
    TradeList,
)
from matching_exchange.client.types.words import Interval

LONGEST_PAGE: Final = 1_000
"""Trades or candles of one page at most."""

BEGINNING: Final = "1970-01-01T00:00:00Z"

_depth = answer(Depth)
_best = answer(BestPrices)
_trades = answer(TradeList)
_candles = answer(CandleList)
_ticker = answer(Ticker)
_tickers = reader(TickerList)
_instruments = reader(InstrumentList)


@route("GET", "/depth")
def depth(symbol: str, *, levels: int = 10) -> Call[Depth]:
    """The best levels of a book, up to 1,000 of each side."""
    return Call("GET", "/depth", _depth, Access.PUBLIC, Repeat.ALWAYS, query=given(symbol=symbol, levels=levels))


@route("GET", "/bbo")
def best_prices(symbol: str) -> Call[BestPrices]:
    """The best bid and the best ask."""
    return Call("GET", "/bbo", _best, Access.PUBLIC, Repeat.ALWAYS, query=given(symbol=symbol))


@route("GET", "/trades")
def trades(
    symbol: str,
    *,
    start: TimeInput | None = None,
    end: TimeInput | None = None,
    after: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Call[TradeList]:
    """One page of trades, oldest first: the newest of them, or with `after` the oldest after that trade_id.

    start: included. end: not included. before: the newest before that trade_id. limit: 1 to 1,000.
    """
    return Call(
        "GET",
        "/trades",
        _trades,
        Access.PUBLIC,
        Repeat.ALWAYS,
        query=given(
            symbol=symbol,
            from_=None if start is None else time_text(start, "start"),
            to=None if end is None else time_text(end, "end"),
            after=after,
            before=before,
            limit=limit,
        ),
    )


def iter_trades(
    symbol: str, *, start: TimeInput | None = None, end: TimeInput | None = None, after: int = 0
) -> Pages[TradeList, Trade]:
    """All trades after the trade_id `after`, oldest first, page by page. start: included. end: not included."""

    def page(last: int) -> Call[TradeList]:
        return trades(symbol, start=start, end=end, after=last, limit=LONGEST_PAGE)

    return Pages(
        page(after),
        lambda found: found.trades,
        lambda found: page(found.trades[-1].trade_id) if found.trades else None,
    )


@route("GET", "/candles")
def candles(
    symbol: str,
    interval: Interval,
    *,
    start: TimeInput | None = None,
    end: TimeInput | None = None,
    limit: int = 100,
    fill: bool = False,
) -> Call[CandleList]:
    """One page of candles, oldest first: the newest of them, or with `start` the oldest from there on.

    start, end: bound the open_time, start included. fill: also periods without a trade, at the price before them.
    """
    return Call(
        "GET",
        "/candles",
        _candles,
        Access.PUBLIC,
        Repeat.ALWAYS,
        query=given(
            symbol=symbol,
            interval=interval,
            from_=None if start is None else time_text(start, "start"),
            to=None if end is None else time_text(end, "end"),
            limit=limit,
            fill="previous" if fill else None,
        ),
    )


def iter_candles(
    symbol: str,
    interval: Interval,
    *,
    start: TimeInput = BEGINNING,
    end: TimeInput | None = None,
    fill: bool = False,
) -> Pages[CandleList, Candle]:
    """All candles from `start` on, oldest first, page by page."""

    def page(begin: TimeInput) -> Call[CandleList]:
        return candles(symbol, interval, start=begin, end=end, limit=LONGEST_PAGE, fill=fill)

    return Pages(
        page(start), lambda found: found.candles, lambda found: None if found.next is None else page(found.next)
    )


@route("GET", "/ticker")
def ticker(symbol: str) -> Call[Ticker]:
    """The last trade, the best prices and the last 24 hours of an instrument."""
    return Call("GET", "/ticker", _ticker, Access.PUBLIC, Repeat.ALWAYS, query=given(symbol=symbol))


@route("GET", "/ticker")
def tickers() -> Call[tuple[Ticker, ...]]:
    """The tickers of all instruments."""
    return Call("GET", "/ticker", lambda content: _tickers(content).tickers, Access.PUBLIC, Repeat.ALWAYS)


@route("GET", "/instruments")
def instruments() -> Call[tuple[Instrument, ...]]:
    """All instruments, with tick_size, lot_size, limits, fees and status."""
    return Call("GET", "/instruments", _read_instruments, Access.PUBLIC, Repeat.ALWAYS)


@route("GET", "/instruments")
def instrument(symbol: str) -> Call[Instrument]:
    """One instrument. Raises NotFound `unknown_symbol`."""

    def read(content: bytes) -> Instrument:
        for found in _read_instruments(content):
            if found.symbol == symbol:
                return found
        raise NotFound("unknown_symbol", f"No such instrument: {symbol}.", "symbol", 404)

    return Call("GET", "/instruments", read, Access.PUBLIC, Repeat.ALWAYS)


def _read_instruments(content: bytes) -> tuple[Instrument, ...]:
    found: InstrumentList = _instruments(content)
    return found.instruments

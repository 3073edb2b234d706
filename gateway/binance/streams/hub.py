"""All open streams of market data of a worker. Each is open once, while sockets read it."""

from typing import Final

from gateway.binance.desk import Desk
from gateway.binance.errors import DialectError
from gateway.binance.sockets.serving import CLOSING
from gateway.binance.streams.book import Book, Books
from gateway.binance.streams.channel import Reader, StreamChannel
from gateway.binance.streams.depth import BestStream, DepthStream, PartialDepthStream
from gateway.binance.streams.klines import KlineStream
from gateway.binance.streams.names import Kind, Named, read_name
from gateway.binance.streams.tape import AggregateStream, Tape, Tapes, TradeStream
from gateway.binance.streams.tickers import AllMiniTickers, AverageStream, TickerStream
from gateway.http.closing import START_AGAIN, CloseFrame
from protocol.instrument import Instrument

SECOND: Final = 1_000
"""Milliseconds between two events of most statistics."""


class Hub:
    """One for each worker."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tapes: Tapes = Tapes(desk.broker)
        self._books: Books = Books(desk.broker)
        self._channels: dict[Named, StreamChannel] = {}
        desk.broker.on_reset(self._start_again)

    async def prepare(self, name: str) -> StreamChannel | None:
        """The stream of that name, begun; hand it to `enter` or to `release`. None for a name that no stream has.

        Fails as the link.
        """
        named = read_name(name)
        if named is None:
            return None
        instrument: Instrument | None = None
        if named.symbol:
            try:
                instrument = await self._desk.symbols.find(named.symbol)
            except DialectError:
                return None
        channel = self._channels.get(named)
        if channel is None:
            channel = self._channels[named] = self._open(named, instrument)
            channel.named = named
        channel.holds += 1
        try:
            await channel.begun()
        except BaseException:
            self.release(channel)
            raise
        return channel

    def enter(self, channel: StreamChannel, reader: Reader) -> None:
        """The reader hears the prepared stream from now on."""
        channel.holds -= 1
        channel.readers.add(reader)
        channel.begin(reader)

    def release(self, channel: StreamChannel) -> None:
        """Nobody wants the prepared stream."""
        channel.holds -= 1
        self._close_unread(channel)

    def leave(self, channel: StreamChannel, reader: Reader) -> None:
        """The reader hears the stream no more."""
        channel.readers.discard(reader)
        self._close_unread(channel)

    def _close_unread(self, channel: StreamChannel) -> None:
        if not channel.readers and not channel.holds:
            if channel.named is not None and self._channels.get(channel.named) is channel:
                del self._channels[channel.named]
            channel.close()

    def _start_again(self) -> None:
        """The matcher has another journal: symbols and numbers may have another meaning."""
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            channel.end(CloseFrame(START_AGAIN, "the exchange has begun a new journal"))

    def _open(self, named: Named, instrument: Instrument | None) -> StreamChannel:
        desk = self._desk
        if instrument is None:
            return AllMiniTickers(desk, named.speed)
        match named.kind:
            case Kind.TRADE:
                return TradeStream(instrument, self._tape(instrument), self._tapes)
            case Kind.AGGREGATE:
                return AggregateStream(instrument, self._tape(instrument), self._tapes)
            case Kind.DEPTH:
                return DepthStream(instrument, self._book(instrument), self._books, named.speed)
            case Kind.PARTIAL_DEPTH:
                book = self._book(instrument)
                return PartialDepthStream(instrument, book, self._books, named.speed, named.levels)
            case Kind.BEST:
                return BestStream(instrument, self._book(instrument), self._books)
            case Kind.KLINE:
                return KlineStream(desk, instrument, named.word, named.offset)
            case Kind.AVERAGE:
                return AverageStream(desk, instrument, SECOND)
        return TickerStream(
            desk, instrument, named.speed or SECOND, mini=named.kind is Kind.MINI_TICKER, window=named.word
        )

    def _tape(self, instrument: Instrument) -> Tape:
        broker, feed = self._desk.broker.of(instrument.symbol), self._desk.feed
        return self._tapes.open(instrument.symbol, lambda: Tape(instrument, broker, feed, CLOSING))

    def _book(self, instrument: Instrument) -> Book:
        broker, feed = self._desk.broker.of(instrument.symbol), self._desk.feed
        return self._books.open(instrument.symbol, lambda: Book(instrument, broker, feed, CLOSING))

"""From events to the public messages, and what late subscribers need.

Trades go out as they happen. Depth goes out when the top of a book has changed, at most once per depth interval for
each symbol. States in between are skipped, the last one never. Messages are made only for topics with a subscriber,
but counted for all. So a number means the same to every reader. The current state of a topic goes out again for
newcomers, at most once a turn, however many they are.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Final, Protocol

from msgspec.structs import astuple

from matcher.core.book import Book
from matcher.core.registry import Registry
from matcher.state import Caused
from protocol import topics
from protocol.codec import encode
from protocol.commands import PlaceOrder
from protocol.events import (
    BookLoaded,
    Event,
    InstrumentSet,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderTriggered,
    Trade,
)
from protocol.instrument import Instrument
from protocol.market_data import DepthMessage, HeartbeatMessage, InstrumentMessage, TradeMessage
from protocol.units import Side

DEPTH_LEVELS = 10

BUY: Final = Side.BUY

CHANGES_DEPTH: Final = (OrderPlaced, OrderTriggered, OrderAmended, OrderReduced, OrderDecremented)
"""The depth of the order's book may be another after one of these, or a cancel. Each trade comes with one of them."""

MAX_TOLD = 256
"""States sent to new subscribers in one turn, at most."""

Send = Callable[[bytes, bytes], None]
Levels = list[tuple[int, int]]


class Wanted(Protocol):
    """What is subscribed to. While `changes` stays, nothing about it changes."""

    @property
    def changes(self) -> int: ...

    def want(self, topic: bytes) -> bool: ...


class _Feed:
    """What has been published of one symbol: the last state of each topic, its number and its message. `fee_divisor` is
    that of the instrument as it was published last. `trades_wanted` holds since `looked_at` of the subscriptions'
    changes."""

    __slots__ = (
        "asks",
        "bids",
        "depth_at",
        "depth_message",
        "depth_number",
        "depth_topic",
        "fee_divisor",
        "instrument_message",
        "instrument_number",
        "instrument_topic",
        "looked_at",
        "symbol",
        "trades_topic",
        "trades_wanted",
    )

    def __init__(self, symbol: str, instrument: Instrument) -> None:
        self.depth_topic = topics.depth(symbol)
        self.instrument_topic = topics.instruments(symbol)
        self.trades_topic = topics.trades(symbol)
        self.symbol = symbol
        self.trades_wanted = False
        self.looked_at = -1
        self.bids: Levels = []
        self.asks: Levels = []
        self.depth_message = b""
        self.depth_at = 0
        self.depth_number = 0
        self.fee_divisor = instrument.fee_divisor
        self.instrument_message = b""
        self.instrument_number = 0


class MarketData:
    """Publishes through `send(topic, payload)`. `depth_interval` and all times are in nanoseconds. `monotonic`
    measures the interval; messages carry stamps."""

    def __init__(
        self,
        registry: Registry,
        send: Send,
        wanted: Wanted,
        epoch: int,
        depth_interval: int,
        monotonic: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._send = send
        self._wanted = wanted
        self._epoch = epoch
        self._depth_interval = depth_interval
        self._monotonic = monotonic
        self._feeds: dict[str, _Feed] = {}
        self._changed: dict[str, None] = {}
        # The topics that have a state, ascending, with their feeds; and those whose state newcomers wait for.
        self._topics: list[tuple[bytes, _Feed]] = []
        self._untold_instruments: dict[bytes, _Feed] = {}
        self._untold_depths: dict[bytes, _Feed] = {}
        self._heartbeat_number = 0

    def publish_all(self, sequence: int, time: int) -> None:
        """Publish the state of every symbol: the start of an epoch."""
        for symbol, book in self._registry.books.items():
            self._begin(symbol, book, book.instrument, sequence, time)

    def publish(self, caused: Sequence[Caused], time: int) -> None:
        """Publish the trades that commands, carried out at that time, have caused, and remember whose depth may have
        changed."""
        changed = self._changed
        for one in caused:
            events = one.events
            command = one.command
            if type(command) is PlaceOrder:
                # All that it causes is of one book.
                if type(events[0]) is OrderPlaced:
                    changed[command.symbol] = None
                if len(events) > 1:
                    self.publish_trades(events)
                    last = events[-1]
                    if type(last) is InstrumentSet:
                        # Its trades have halted the instrument.
                        self._note_instrument(last.instrument, one.sequence, time)
                continue
            for event in events:
                if type(event) is OrderCanceled:
                    self._note_order(event.order_id)
                elif type(event) is Trade:
                    self._publish_trade(event)
                elif type(event) is InstrumentSet:
                    self._note_instrument(event.instrument, one.sequence, time)
                elif type(event) is BookLoaded:
                    changed[event.symbol] = None
                elif isinstance(event, CHANGES_DEPTH):
                    self._note_order(event.order_id)

    def publish_trades(self, events: list[Event]) -> None:
        """Publish the trades among the events of a command."""
        for event in events:
            if type(event) is Trade:
                self._publish_trade(event)

    def flush(self, sequence: int, time: int) -> int | None:
        """Publish each changed depth whose interval is over. Returns the monotonic time of the next one; None if
        none waits."""
        due_next = None
        now = self._monotonic()
        for symbol in list(self._changed):
            book, feed = self._registry.books[symbol], self._feeds[symbol]
            due = feed.depth_at + self._depth_interval
            if due <= now:
                del self._changed[symbol]
                if feed.bids != book.bids.top(DEPTH_LEVELS) or feed.asks != book.asks.top(DEPTH_LEVELS):
                    self._publish_depth(feed, book, sequence, time)
            elif due_next is None or due < due_next:
                due_next = due
        return due_next

    def heartbeat(self, sequence: int, time: int) -> None:
        self._heartbeat_number += 1
        number = self._heartbeat_number
        self._send(topics.HEARTBEAT, encode(HeartbeatMessage(self._epoch, sequence, number, number - 1, time)))

    def subscribe(self, prefixes: Collection[bytes]) -> None:
        """Take in new subscriptions to these prefixes. The current state of their topics is sent."""
        for prefix in prefixes:
            start = bisect_left(self._topics, prefix, key=_topic_of)
            for topic, feed in self._topics[start:]:
                if not topic.startswith(prefix):
                    break
                untold = self._untold_instruments if topic == feed.instrument_topic else self._untold_depths
                untold[topic] = feed

    @property
    def telling(self) -> bool:
        """Whether newcomers still wait for a state."""
        return bool(self._untold_instruments or self._untold_depths)

    def tell_newcomers(self, sequence: int, time: int) -> None:
        """Send states that newcomers wait for, a bounded number of them. Instruments come first: they say what a
        depth's numbers are."""
        instruments = list(islice(self._untold_instruments, MAX_TOLD))
        for topic in instruments:
            self._send(topic, self._untold_instruments.pop(topic).instrument_message)
        for topic in list(islice(self._untold_depths, MAX_TOLD - len(instruments))):
            feed = self._untold_depths.pop(topic)
            if feed.symbol in self._changed:
                del self._changed[feed.symbol]
                self._publish_depth(feed, self._registry.books[feed.symbol], sequence, time)
            else:
                self._send(topic, feed.depth_message)

    def _begin(self, symbol: str, book: Book, instrument: Instrument, sequence: int, time: int) -> None:
        """Publish a symbol for the first time."""
        feed = self._feeds[symbol] = _Feed(symbol, instrument)
        for topic in (feed.depth_topic, feed.instrument_topic):
            insort(self._topics, (topic, feed), key=_topic_of)
        self._publish_instrument(feed, instrument, sequence, time)
        self._publish_depth(feed, book, sequence, time)

    def _note_order(self, order_id: int) -> None:
        """The depth of the order's book may have changed."""
        order = self._registry.orders.get(order_id)
        if order is not None:
            self._changed[order.book.rules.symbol] = None
        else:
            # A later command of the batch has made the engine forget it: any book may have been its own.
            self._changed.update(dict.fromkeys(self._feeds))

    def _note_instrument(self, instrument: Instrument, sequence: int, time: int) -> None:
        feed = self._feeds.get(instrument.symbol)
        if feed is None:
            self._begin(instrument.symbol, self._registry.books[instrument.symbol], instrument, sequence, time)
        else:
            self._publish_instrument(feed, instrument, sequence, time)

    def _publish_trade(self, trade: Trade) -> None:
        feed = self._feeds[trade.symbol]
        if feed.looked_at != self._wanted.changes:
            feed.looked_at = self._wanted.changes
            feed.trades_wanted = self._wanted.want(feed.trades_topic)
        if not feed.trades_wanted:
            return
        # All fields at once: one by one they cost a compiled core more than the message.
        (
            symbol,
            trade_id,
            price,
            quantity,
            side,
            maker_order_id,
            taker_order_id,
            maker_fee_bps,
            taker_fee_bps,
            sequence,
            timestamp,
        ) = astuple(trade)
        value = price * quantity
        message = TradeMessage(
            self._epoch,
            sequence,
            trade_id,
            trade_id - 1,
            timestamp,
            symbol,
            trade_id,
            price,
            quantity,
            "buy" if side is BUY else "sell",
            maker_order_id,
            taker_order_id,
            value * (maker_fee_bps // feed.fee_divisor),
            value * (taker_fee_bps // feed.fee_divisor),
        )
        self._send(feed.trades_topic, encode(message))

    def _publish_depth(self, feed: _Feed, book: Book, sequence: int, time: int) -> None:
        feed.bids, feed.asks = book.bids.top(DEPTH_LEVELS), book.asks.top(DEPTH_LEVELS)
        feed.depth_at = self._monotonic()
        feed.depth_number += 1
        number = feed.depth_number
        message = DepthMessage(
            self._epoch, sequence, number, number - 1, time, book.instrument.symbol, feed.bids, feed.asks
        )
        feed.depth_message = encode(message)
        self._send(feed.depth_topic, feed.depth_message)

    def _publish_instrument(self, feed: _Feed, instrument: Instrument, sequence: int, time: int) -> None:
        feed.instrument_number += 1
        number = feed.instrument_number
        message = InstrumentMessage(
            self._epoch,
            sequence,
            number,
            number - 1,
            time,
            instrument.symbol,
            instrument.base,
            instrument.quote,
            instrument.price_decimals,
            instrument.quantity_decimals,
            instrument.fee_decimals,
            instrument.tick_size,
            instrument.lot_size,
            instrument.maker_fee_bps,
            instrument.taker_fee_bps,
            instrument.status.name.lower(),
            instrument.price_band_bps,
            instrument.reference_price,
            instrument.max_open_orders,
            instrument.max_order_notional,
            instrument.halt_bps,
            instrument.halt_window_ms,
            instrument.halt_ms,
            instrument.halted_until,
        )
        feed.fee_divisor = instrument.fee_divisor
        feed.instrument_message = encode(message)
        self._send(feed.instrument_topic, feed.instrument_message)


def _topic_of(entry: tuple[bytes, _Feed]) -> bytes:
    return entry[0]

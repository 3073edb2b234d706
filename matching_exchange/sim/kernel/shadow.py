"""An exchange in which a recorded market goes on as it did, and own orders stand beside it: a backtest without impact.

Own orders are in an engine of their own, so each order type works as it does in the exchange. The rest of the market
comes to it when it is needed:

- Before an own order may take, what the recorded book offers is placed there, and withdrawn right after it.
- A recorded trade fills own orders at better prices, and those at its price before which nothing stands that has not
  traded. They get at most its quantity, in the order of price and time.
- A recorded order or level that reaches an own order fills it too, at the own order's price.
- A recorded trade fires own orders that wait for its price.

Market data are those of the recorded market, and own trades beside them.
"""

from hashlib import sha256
from typing import Final

from matcher.core.book import Book
from matcher.core.levels import ANY_PRICE, shown_quantity
from matcher.core.levels import Levels as EngineLevels
from matcher.core.matching import run_fired
from matcher.core.settlement import settle
from matching_exchange.sim.kernel.shadowed import ShadowedBook, ShadowedOrders, Waiting
from matching_exchange.sim.kernel.values import Levels
from matching_exchange.sim.kernel.venue import EngineVenue, Venue
from protocol.commands import (
    AmendOrder,
    CancelOrder,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    SetInstrument,
)
from protocol.events import (
    Event,
    OrderAmended,
    OrderCanceled,
    OrderPlaced,
    OrderTriggered,
    Trade,
)
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Side

BUY: Final = Side.BUY
SELL: Final = Side.SELL
LIMIT: Final = OrderType.LIMIT
IOC: Final = OrderType.IOC
OPEN: Final = OrderStatus.OPEN

ACCOUNT: Final = "recorded-market"
"""Places in the own engine what the recorded market offers."""

REST_ONLY: Final = OrderTerms(post_only=True)


class ShadowVenue(Venue):
    """`books`: the recorded ones by symbol. `own` holds the orders of agents alone."""

    def __init__(self, books: dict[str, ShadowedBook]) -> None:
        self.own = EngineVenue()
        self.books = books
        self._waiting: dict[int, Waiting] = {}
        self._offered: dict[int, int] = {}
        self._trade_ids: dict[str, int] = {}

    def apply(self, time: int, command: OwnCommand) -> list[Event]:
        if type(command) is SetInstrument:
            for book in self.books.values():
                book.set_instrument(time, command)
            return self.own.apply(time, command)
        symbol = self._offer_to(time, command)
        events = self.own.apply(time, command)
        return self._close(time, symbol, events)

    def due(self, time: int) -> int:
        return self.own.due(time)

    def next_due(self) -> int:
        return self.own.next_due()

    def advance(self, time: int) -> list[Event]:
        events = self.own.advance(time)
        self._note(events)
        return events

    def instrument(self, symbol: str) -> Instrument:
        return self.own.instrument(symbol)

    def top(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        return self.books[symbol].top(levels)

    def best(self, symbol: str) -> tuple[int, int]:
        return self.books[symbol].best()

    def ahead(self, order_id: int) -> int:
        waiting = self._waiting.get(order_id)
        return 0 if waiting is None else waiting.front

    def rests(self, order_id: int) -> bool:
        return self.own.rests(order_id)

    def digest(self) -> str:
        parts = [self.own.digest(), *(book.digest() for book in self.books.values())]
        return sha256("\n".join(parts).encode()).hexdigest()

    def follow(self, time: int, symbol: str, events: list[Event]) -> list[Event]:
        """Hear what recorded commands have caused in the recorded engine. Returns what agents are to hear."""
        book = self.books[symbol]
        assert isinstance(book, ShadowedOrders), "its orders are recorded"
        heard: list[Event] = []
        book.expect(events)
        for event in events:
            if type(event) is Trade:
                self._trade(
                    time, symbol, event.aggressor_side, event.price, event.quantity, event.maker_order_id, heard
                )
            elif type(event) is OrderCanceled:
                book.leaves(event.order_id)
            elif type(event) is OrderAmended:
                book.amended(event.order_id)
        self.meet(time, symbol, heard)
        return heard

    def traded(self, time: int, symbol: str, side: Side, price: int, quantity: int) -> list[Event]:
        """Hear of a recorded trade; `side` is the taker's. Returns what agents are to hear."""
        heard: list[Event] = []
        self._trade(time, symbol, side, price, quantity, 0, heard)
        return heard

    def meet(self, time: int, symbol: str, heard: list[Event]) -> None:
        """Fill own orders that the recorded book has reached."""
        if not self._waiting:
            return
        own: Book = self.own.engine.registry.books[symbol]
        if own.bids.keys:
            self._meet_side(time, symbol, own.bids, SELL, heard)
        if own.asks.keys:
            self._meet_side(time, symbol, own.asks, BUY, heard)

    def _meet_side(self, time: int, symbol: str, own: EngineLevels, side: Side, heard: list[Event]) -> None:
        """`side` is that of the recorded orders. Keys of the two sides are each other's negative."""
        book = self.books[symbol]
        if not book.is_reached(side, -own.keys[-1]):
            return
        prices: list[int] = []
        for offer in book.offers(side, -own.keys[-1], _quantity(own, ANY_PRICE)):
            reached = _quantity(own, offer.price * own.sign)
            quantity = min(offer.quantity, reached)
            if quantity > 0:
                book.take(offer.key, quantity)
                prices += self._fill(time, symbol, side, offer.price, quantity, heard)
        self._fire_at(time, symbol, prices, heard)

    def _trade(
        self, time: int, symbol: str, side: Side, price: int, quantity: int, maker: int, heard: list[Event]
    ) -> None:
        """Tell a recorded trade, and let it reach own orders. `side` is the taker's."""
        heard.append(self._told(symbol, price, quantity, side, time))
        book = self.books[symbol]
        own: Book = self.own.engine.registry.books[symbol]
        levels = own.bids if side is SELL else own.asks
        key = price * levels.sign
        budget = quantity
        if levels.keys:
            budget -= min(quantity, _quantity(levels, key + 1))
        at_price: list[Waiting] = []
        level = levels.by_key.get(key)
        if level is not None:
            order = level.head
            while order is not None:
                at_price.append(self._waiting[order.order_id])
                order = order.next
        got = book.hit(at_price, price, BUY if side is SELL else SELL, quantity, budget, maker)
        filled = quantity - budget + got
        prices = self._fill(time, symbol, side, price, filled, heard) if filled > 0 else []
        self._fire_at(time, symbol, [*prices, price], heard)

    def _fill(self, time: int, symbol: str, side: Side, price: int, quantity: int, heard: list[Event]) -> list[int]:
        """Let a recorded taker trade so much with own orders, at their prices. Returns these: they fire nothing yet,
        as what a fired order may take is not placed."""
        own: Book = self.own.engine.registry.books[symbol]
        levels = own.bids if side is SELL else own.asks
        most = self.own.instrument(symbol).max_quantity
        last, checked = own.last_price, own.checked_price
        prices: list[int] = []
        while quantity > 0 and levels.keys and levels.keys[-1] >= price * levels.sign:
            level = levels.by_key[levels.keys[-1]]
            part = min(quantity, most, level.quantity + level.hidden)
            quantity -= part
            prices.append(level.price)
            own.last_price = own.checked_price = level.price
            command = PlaceOrder(symbol, ACCOUNT, side, IOC, part, level.price)
            heard.extend(self._numbered(self._noted(self.own.apply(time, command))))
        own.last_price, own.checked_price = last, checked
        return prices

    def _fire_at(self, time: int, symbol: str, prices: list[int], heard: list[Event]) -> None:
        own: Book = self.own.engine.registry.books[symbol]
        for price in prices:
            checked = own.checked_price
            if checked is None or price != checked:
                self._fire(time, symbol, own, price, heard)

    def _fire(self, time: int, symbol: str, own: Book, price: int, heard: list[Event]) -> None:
        """Make the price that of the last trade, and run the own orders that it fires."""
        if not own.triggers.pending:
            own.last_price = own.checked_price = price
            return
        self._offer_for_pending(time, symbol, own, BUY, 0)
        self.own.sequence += 1
        registry = self.own.engine.registry
        registry.running.sequence = self.own.sequence
        registry.running.time = time
        events: list[Event] = []
        own.fire(price, events)
        run_fired(own, events)
        settle(registry)
        heard.extend(self._close(time, symbol, events))

    def _offer_to(self, time: int, command: OwnCommand) -> str:
        """Place what an own command may take. Returns its symbol; an empty text if it takes nothing."""
        if type(command) is PlaceOrder:
            symbol, side, quantity, price = command.symbol, command.side, command.quantity, command.price
            if command.terms is not None and command.terms.post_only and price is not None:
                return self._offer_price(time, symbol, side, price)
        elif type(command) is PlaceOco:
            symbol, side, quantity, price = command.symbol, command.side, command.quantity, None
        elif type(command) is AmendOrder:
            order = self.own.engine.registry.find(command)
            if order is None or order.level is None:
                return ""
            symbol, side = order.book.instrument.symbol, order.side
            quantity = order.quantity if command.quantity is None else command.quantity
            price = order.price if command.price is None else command.price
        else:
            return ""
        if symbol not in self.books:
            return ""
        limit = ANY_PRICE if price is None else -price if side is BUY else price
        other = SELL if side is BUY else BUY
        own: Book = self.own.engine.registry.books[symbol]
        if not own.triggers.pending and not self.books[symbol].is_reached(other, limit):
            return ""
        if own.triggers.pending:
            # What it trades may fire others.
            self._offer_for_pending(time, symbol, own, side, quantity)
        else:
            self._offer(time, symbol, other, limit, quantity)
        return symbol

    def _offer_for_pending(self, time: int, symbol: str, own: Book, running: Side, quantity: int) -> None:
        """Place what the own orders that wait for a price may take, should they fire, and so much for one that runs."""
        wanted = {BUY: 0, SELL: 0}
        wanted[running] = quantity
        for order in own.triggers.pending.values():
            wanted[order.side] += order.remaining
        self._offer(time, symbol, SELL, ANY_PRICE, wanted[BUY])
        self._offer(time, symbol, BUY, ANY_PRICE, wanted[SELL])

    def _offer_price(self, time: int, symbol: str, side: Side, price: int) -> str:
        """Show an order that may not take whether it would: by the recorded book, whatever own orders took of it."""
        if symbol not in self.books:
            return ""
        limit, other = (-price, SELL) if side is BUY else (price, BUY)
        if not self.books[symbol].is_reached(other, limit):
            return ""
        least = self.own.instrument(symbol).min_quantity
        self._place(time, symbol, other, price, least, 0)
        return symbol

    def _offer(self, time: int, symbol: str, side: Side, limit: int, quantity: int) -> None:
        book = self.books[symbol]
        if not book.is_reached(side, limit):
            return
        most = self.own.instrument(symbol).max_quantity
        for offer in book.offers(side, limit, quantity):
            self._place(time, symbol, side, offer.price, min(offer.quantity, most), offer.key)

    def _place(self, time: int, symbol: str, side: Side, price: int, quantity: int, key: int) -> None:
        command = PlaceOrder(symbol, ACCOUNT, side, LIMIT, quantity, price, None, None, 0, REST_ONLY)
        placed = self.own.apply(time, command)[0]
        if type(placed) is OrderPlaced:
            self._offered[placed.order_id] = key

    def _close(self, time: int, symbol: str, events: list[Event]) -> list[Event]:
        """Withdraw what was offered, and note what was taken of it."""
        if self._offered:
            book = self.books[symbol]
            for event in events:
                if type(event) is Trade:
                    key = self._offered.get(event.maker_order_id, 0)
                    if key:
                        book.take(key, event.quantity)
            for order_id in self._offered:
                self.own.apply(time, CancelOrder(order_id))
            self._offered.clear()
        return self._numbered(self._noted(events))

    def _noted(self, events: list[Event]) -> list[Event]:
        self._note(events)
        return events

    def _note(self, events: list[Event]) -> None:
        """See which own orders rest now, and where."""
        for event in events:
            if type(event) is Trade:
                self._look(event.maker_order_id)
                self._look(event.taker_order_id)
            elif (
                type(event) is OrderPlaced
                or type(event) is OrderCanceled
                or type(event) is OrderAmended
                or type(event) is OrderTriggered
            ):
                self._look(event.order_id)

    def _look(self, order_id: int) -> None:
        order = self.own.engine.registry.orders.get(order_id)
        waiting = self._waiting.get(order_id)
        if order is None or order.level is None or order.status is not OPEN or order.account.name == ACCOUNT:
            if waiting is not None:
                self.books[waiting.order.book.instrument.symbol].leave(waiting)
                del self._waiting[order_id]
            return
        price = order.price
        assert price is not None, "an order that rests has a price"
        book = self.books[order.book.instrument.symbol]
        if waiting is None:
            self._waiting[order_id] = waiting = Waiting(order, price)
            book.join(waiting)
            return
        shown = shown_quantity(order)
        # An iceberg that has traded what it showed shows its next part.
        traded = (order.quantity - order.remaining) - (waiting.quantity - waiting.remaining)
        refilled = traded >= waiting.shown
        if price != waiting.price or order.quantity > waiting.quantity or refilled:
            # It is the last of its price now.
            book.leave(waiting)
            waiting.price = price
            book.join(waiting)
        waiting.quantity = order.quantity
        waiting.remaining = order.remaining
        waiting.shown = shown

    def _numbered(self, events: list[Event]) -> list[Event]:
        """Own and recorded trades count in one row."""
        for place, event in enumerate(events):
            if type(event) is Trade:
                self._trade_ids[event.symbol] = number = self._trade_ids.get(event.symbol, 0) + 1
                events[place] = Trade(
                    event.symbol,
                    number,
                    event.price,
                    event.quantity,
                    event.aggressor_side,
                    event.maker_order_id,
                    event.taker_order_id,
                    event.maker_fee_bps,
                    event.taker_fee_bps,
                    event.sequence,
                    event.timestamp,
                )
        return events

    def _told(self, symbol: str, price: int, quantity: int, side: Side, time: int) -> Trade:
        """A recorded trade, of orders that are no agent's."""
        self._trade_ids[symbol] = number = self._trade_ids.get(symbol, 0) + 1
        return Trade(symbol, number, price, quantity, side, 0, 0, 0, 0, self.own.sequence, time)


def _quantity(levels: EngineLevels, limit: int) -> int:
    """What the side has down to this key, hidden parts included."""
    total = 0
    keys = levels.keys
    place = len(keys) - 1
    while place >= 0 and keys[place] >= limit:
        level = levels.by_key[keys[place]]
        total += level.quantity + level.hidden
        place -= 1
    return total

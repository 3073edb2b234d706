"""The market of one agent in a simulation: what it knows, and how it sends. `sim.market.Market` says what each does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.feeds import Feed, Watch, first_levels
from matching_exchange.sim.kernel.ticket import Ticket
from matching_exchange.sim.kernel.values import Book, Order, OrderState, OrderUpdate, Trade, UpdateKind, as_decimal
from matching_exchange.sim.kernel.wires import Wire
from matching_exchange.sim.order_entry import (
    Number,
    OrderOptions,
    price_units,
    quantity_units,
    read_order,
)
from protocol.commands import OrderTerms, PlaceOrder
from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.order_types import WAITS
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.kernel import Kernel

BUY: Final = Side.BUY
LIMIT: Final = OrderType.LIMIT

PENDING: Final = OrderState.PENDING
OPEN: Final = OrderState.OPEN
FILLED: Final = OrderState.FILLED
CANCELED: Final = OrderState.CANCELED
REJECTED: Final = OrderState.REJECTED
REFUSED: Final = OrderState.REFUSED

TOLD_FILL: Final = UpdateKind.FILL
TOLD_ACCEPTED: Final = UpdateKind.ACCEPTED
TOLD_CANCELED: Final = UpdateKind.CANCELED
TOLD_TRIGGERED: Final = UpdateKind.TRIGGERED
TOLD_AMENDED: Final = UpdateKind.AMENDED
TOLD_REJECTED: Final = UpdateKind.REJECTED
TOLD_REFUSED: Final = UpdateKind.REFUSED


class Desk:
    """One agent's.

    index: its place among the agents.
    measured: whether the record has its orders and fills.
    data_wire: over which it hears of trades and books.
    """

    __slots__ = (
        "_cash",
        "_fees",
        "_kernel",
        "_live",
        "_number",
        "_positions",
        "_start",
        "book_levels",
        "data_wire",
        "feeds",
        "index",
        "instruments",
        "measured",
        "name",
        "on_book",
        "on_order",
        "on_trade",
        "on_wakeup",
        "order_wire",
        "random",
        "report_wire",
        "symbol",
        "watches",
    )

    def __init__(
        self,
        kernel: "Kernel",
        index: int,
        name: str,
        random: Chance,
        wires: tuple[Wire, Wire, Wire],
        feeds: dict[str, Feed],
        balances: Mapping[str, Decimal],
        book_levels: int,
        measured: bool,  # noqa: FBT001  given once
    ) -> None:
        self._kernel = kernel
        self.index = index
        self.name = name
        self.random = random
        self.order_wire, self.report_wire, self.data_wire = wires
        self.feeds = feeds
        self.instruments: dict[str, Instrument] = {symbol: feed.instrument for symbol, feed in feeds.items()}
        self.symbol: str = next(iter(feeds))
        self.book_levels = book_levels
        self.measured = measured
        self.watches: dict[str, Watch] = {}
        self.on_wakeup: Any = None
        self.on_order: Any = None
        self.on_trade: Any = None
        self.on_book: Any = None
        self._number = 0
        self._live: dict[int, Ticket] = {}
        self._start = balances
        self._positions: dict[str, int] = dict.fromkeys(feeds, 0)
        # Of each symbol's quote: in price unit times quantity unit, and in that of a fee.
        self._cash: dict[str, int] = dict.fromkeys(feeds, 0)
        self._fees: dict[str, int] = dict.fromkeys(feeds, 0)

    @property
    def now(self) -> int:
        return self._kernel.now

    def buy(
        self,
        quantity: Number,
        price: Number | None = None,
        *,
        symbol: str | None = None,
        type: str | None = None,  # noqa: A002  the native API's word
        trigger_price: Number | None = None,
        **options: Any,
    ) -> Order:
        return self._enter(BUY, symbol, quantity, price, type, trigger_price, options)

    def sell(
        self,
        quantity: Number,
        price: Number | None = None,
        *,
        symbol: str | None = None,
        type: str | None = None,  # noqa: A002  the native API's word
        trigger_price: Number | None = None,
        **options: Any,
    ) -> Order:
        return self._enter(Side.SELL, symbol, quantity, price, type, trigger_price, options)

    def _enter(
        self,
        side: Side,
        symbol: str | None,
        quantity: Number,
        price: Number | None,
        order_type: str | None,
        trigger_price: Number | None,
        options: dict[str, Any],
    ) -> Order:
        feed = self._feed(symbol)
        entry = read_order(
            feed.instrument, self._kernel.now, quantity, price, order_type, trigger_price, OrderOptions(**options)
        )
        return self.place(
            feed.symbol,
            side,
            entry.quantity_units,
            entry.price_units,
            entry.order_type,
            entry.trigger_units,
            entry.terms,
        )

    def place(
        self,
        symbol: str,
        side: Side,
        quantity_units: int,
        price_units: int | None = None,
        order_type: OrderType = LIMIT,
        trigger_units: int | None = None,
        terms: OrderTerms | None = None,
    ) -> Order:
        if terms is not None and terms.quote_quantity is not None:
            raise ValueError("quote_quantity is not taken by a simulation: give the quantity")
        kernel = self._kernel
        feed = self.feeds[symbol]
        self._number = number = self._number + 1
        ticket = Ticket(
            self.index,
            feed.index,
            self.measured,
            feed.instrument,
            number,
            side,
            order_type,
            quantity_units,
            price_units,
            trigger_units,
            kernel.now,
        )
        if self.measured:
            ticket.arrival_bid, ticket.arrival_ask = kernel.venue.best(symbol)
        self._live[number] = ticket
        command = PlaceOrder(
            symbol, self.name, side, order_type, quantity_units, price_units, trigger_units, None, 0, terms
        )
        kernel.send_order(self, ticket, command)
        return ticket

    def cancel(self, order: Order) -> None:
        assert isinstance(order, Ticket), "an order of this market"
        self._kernel.send_cancel(self, order)

    def cancel_all(self, symbol: str | None = None) -> None:
        self._kernel.send_cancel_all(self, None if symbol is None else self._feed(symbol).symbol)

    def amend(
        self,
        order: Order,
        *,
        quantity: Number | None = None,
        price: Number | None = None,
        trigger_price: Number | None = None,
    ) -> None:
        instrument = order.instrument
        self.amend_units(
            order,
            None if quantity is None else quantity_units(instrument, quantity),
            price_units(instrument, price),
            price_units(instrument, trigger_price, "trigger_price"),
        )

    def amend_units(
        self,
        order: Order,
        quantity_units: int | None = None,
        price_units: int | None = None,
        trigger_units: int | None = None,
    ) -> None:
        assert isinstance(order, Ticket), "an order of this market"
        self._kernel.send_amend(self, order, quantity_units, price_units, trigger_units)

    def wake_in(self, duration: int) -> None:
        self._kernel.wake(self, self._kernel.now + duration)

    def wake_at(self, time: int) -> None:
        self._kernel.wake(self, time)

    def book(self, symbol: str | None = None) -> Book:
        feed = self._feed(symbol)
        watch = self.watches.get(feed.symbol)
        if watch is not None:
            return watch.known if watch.known is not None else Book(feed.instrument, 0, (), ())
        wire = self.data_wire
        if wire.most > 0:
            return feed.book_at(wire.sent_by(self._kernel.now), self.book_levels)
        if not feed.captures:
            feed.change(self._kernel.venue, self._kernel.now)
        return first_levels(feed.book, self.book_levels)

    def last_trade(self, symbol: str | None = None) -> Trade | None:
        feed = self._feed(symbol)
        wire = self.data_wire
        return feed.last_trade() if wire.most == 0 else feed.trade_at(wire.sent_by(self._kernel.now))

    def orders(self, symbol: str | None = None) -> list[Order]:
        found: list[Order] = [
            ticket for ticket in self._live.values() if symbol is None or ticket.instrument.symbol == symbol
        ]
        return found

    def position_units(self, symbol: str | None = None) -> int:
        return self._positions[self._feed(symbol).symbol]

    def position(self, symbol: str | None = None) -> Decimal:
        feed = self._feed(symbol)
        return as_decimal(self._positions[feed.symbol], feed.instrument.quantity_decimals)

    def balance(self, asset: str) -> Decimal:
        total: Decimal = self._start.get(asset, Decimal(0))
        for symbol, instrument in self.instruments.items():
            if instrument.base == asset:
                total += as_decimal(self._positions[symbol], instrument.quantity_decimals)
            if instrument.quote == asset:
                total += as_decimal(self._cash[symbol], instrument.value_decimals)
                total -= as_decimal(self._fees[symbol], instrument.value_decimals + FEE_DECIMALS)
        return total

    def on_their_way(self) -> list[Ticket]:
        """Orders that have not reached the exchange."""
        return [ticket for ticket in self._live.values() if not ticket.arrived_at]

    def hear(self, update: OrderUpdate) -> None:
        """Take in what has become of an order, and tell the strategy."""
        order = update.order
        kind = update.kind
        order.reason = update.reason
        if kind is TOLD_FILL:
            self._book_fill(order, update)
        elif kind is TOLD_ACCEPTED:
            assert isinstance(order, Ticket), "an order of this market"
            order.order_id = order.venue_id
            order.status = PENDING if WAITS[order.order_type] else OPEN
        elif kind is TOLD_CANCELED:
            order.remaining_units = update.quantity_units
            self._end(order, CANCELED)
        elif kind is TOLD_TRIGGERED:
            order.status = OPEN
        elif kind is TOLD_AMENDED:
            order.quantity_units = update.quantity_units
            order.remaining_units = update.quantity_units - order.filled_units
            order.price_units = update.price_units or None
            order.trigger_units = update.trigger_units or None
        elif kind is TOLD_REJECTED:
            self._end(order, REJECTED)
        elif kind is TOLD_REFUSED:
            self._end(order, REFUSED)
        if self.on_order is not None:
            self.on_order(self, update)

    def _book_fill(self, order: Order, update: OrderUpdate) -> None:
        quantity, price = update.quantity_units, update.price_units
        value = quantity * price
        order.filled_units += quantity
        order.filled_value += value
        order.remaining_units -= quantity
        symbol = order.instrument.symbol
        if order.side is BUY:
            self._positions[symbol] += quantity
            self._cash[symbol] -= value
        else:
            self._positions[symbol] -= quantity
            self._cash[symbol] += value
        if update.fee_bps:
            self._fees[symbol] += value * update.fee_bps
        if order.remaining_units <= 0:
            self._end(order, FILLED)

    def _end(self, order: Order, state: OrderState) -> None:
        order.status = state
        self._live.pop(order.number, None)

    def _feed(self, symbol: str | None) -> Feed:
        feed = self.feeds.get(self.symbol if symbol is None else symbol)
        if feed is None:
            raise ValueError(f"symbol takes one of {', '.join(self.feeds)}, not {symbol!r}")
        return feed

"""The market of one agent in a simulation: what it knows, and how it sends. `sim.market.Market` says what each does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import whole
from matching_exchange.sim.kernel.feeds import Feed, Watch, first_levels
from matching_exchange.sim.kernel.holdings import Holdings
from matching_exchange.sim.kernel.ticket import Ticket
from matching_exchange.sim.kernel.values import Book, Order, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.kernel.wires import Wire
from matching_exchange.sim.order_entry import Number, check_units, price_units, quantity_units, read_order
from protocol.commands import OrderTerms, PlaceOrder
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.kernel import Kernel
    from protocol.instrument import Instrument

BUY: Final = Side.BUY
LIMIT: Final = OrderType.LIMIT

ACCEPTED: Final = UpdateKind.ACCEPTED


class Desk:
    """One agent's.

    index: its place among the agents.
    measured: whether the record has its orders and fills.
    data_wire: over which it hears of trades and books.
    """

    __slots__ = (
        "_kernel",
        "_number",
        "book_levels",
        "data_wire",
        "feeds",
        "holdings",
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
        "token",
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
        self.token = object()
        """What its orders are known by: an order keeps it, and so no desk."""
        self.holdings = Holdings(self.instruments, balances)

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
        instrument = self._feed(symbol).instrument
        entry = read_order(instrument, self._kernel.now, quantity, price, order_type, trigger_price, options)
        return self.place(instrument.symbol, side, *entry)

    def place(
        self,
        symbol: str,
        side: Any,
        quantity_units: Any,
        price_units: Any = None,
        order_type: OrderType = LIMIT,
        trigger_units: Any = None,
        terms: OrderTerms | None = None,
    ) -> Order:
        # Compiled, a parameter of a type would refuse another one without its name.
        if (
            type(quantity_units) is not int
            or type(side) is not Side
            or not (price_units is None or type(price_units) is int)
            or not (trigger_units is None or type(trigger_units) is int)
        ):
            check_units(side, quantity_units, price_units, trigger_units)
        if terms is not None and terms.quote_quantity is not None:
            raise ValueError("quote_quantity is not taken by a simulation: give the quantity")
        kernel = self._kernel
        feed = self._feed(symbol)
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
            self.token,
        )
        if self.measured:
            ticket.arrival_bid, ticket.arrival_ask = kernel.venue.best(symbol)
        self.holdings.live[number] = ticket
        command = PlaceOrder(
            symbol, self.name, side, order_type, quantity_units, price_units, trigger_units, None, 0, terms
        )
        kernel.send_order(self, ticket, command)
        return ticket

    def cancel(self, order: Order) -> None:
        self._kernel.send_cancel(self, self._own(order))

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
        self._kernel.send_amend(self, self._own(order), quantity_units, price_units, trigger_units)

    def wake_in(self, duration: int) -> None:
        self._kernel.wake(self, self._kernel.now + whole(duration))

    def wake_at(self, time: int) -> None:
        self._kernel.wake(self, whole(time))

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
        return self.holdings.orders(None if symbol is None else self._feed(symbol).symbol)

    def position_units(self, symbol: str | None = None) -> int:
        return self.holdings.positions[self._feed(symbol).symbol]

    def position(self, symbol: str | None = None) -> Decimal:
        return self.holdings.position(self._feed(symbol).instrument)

    def balance(self, asset: str) -> Decimal:
        return self.holdings.balance(asset)

    def on_their_way(self) -> list[Ticket]:
        """Orders that have not reached the exchange."""
        return [
            ticket for ticket in self.holdings.live.values() if isinstance(ticket, Ticket) and not ticket.arrived_at
        ]

    def hear(self, update: OrderUpdate) -> None:
        """Take in what has become of an order, and tell the strategy."""
        order = update.order
        if update.kind is ACCEPTED:
            assert isinstance(order, Ticket), "an order of this market"
            order.order_id = order.venue_id
        self.holdings.take(update)
        if self.on_order is not None:
            self.on_order(self, update)

    def _own(self, order: Order) -> Ticket:
        if not isinstance(order, Ticket) or order.token is not self.token:
            raise ValueError(f"order takes an order that this market has sent, not {order!r}")
        return order

    def _feed(self, symbol: str | None) -> Feed:
        feed = self.feeds.get(self.symbol if symbol is None else symbol)
        if feed is None:
            raise ValueError(f"symbol takes one of {', '.join(self.feeds)}, not {symbol!r}")
        return feed

"""What a strategy of the demo sees: its market, as of the end of the step before. `sim.market.Market` says what each
call does."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.holdings import Holdings
from matching_exchange.sim.kernel.values import Book, Order, OrderUpdate, Trade
from matching_exchange.sim.order_entry import Number, price_units, quantity_units, read_order
from matching_exchange.sim.strategy import Strategy, overrides
from protocol.commands import AmendOrder, CancelOrder, OrderTerms, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import OrderType, Side

if TYPE_CHECKING:
    from collections.abc import Mapping

Sendable = PlaceOrder | AmendOrder | CancelOrder


class Floor(Protocol):
    """What a desk needs of the crowd around it."""

    @property
    def now(self) -> int:
        """The market's time, in nanoseconds since the crowd began."""
        ...

    def wake(self, desk: "Desk", time: int) -> None:
        """Call the strategy at this time, in this step or a later one."""
        ...

    def send(self, desk: "Desk", order: Order, command: Sendable) -> None:
        """Carry the command out with this step, or with the next if this one has been sent."""
        ...


class Desk:
    """The market of one strategy: an account in one instrument.

    prefix: begins the names of its orders; no other desk has it.
    """

    def __init__(
        self, floor: Floor, name: str, strategy: Strategy, instrument: Instrument, chance: Chance, prefix: str
    ) -> None:
        self.name = name
        self.symbol = instrument.symbol
        self.random = chance
        self.instruments: Mapping[str, Instrument] = {instrument.symbol: instrument}
        self.strategy = strategy
        self.hears_trades = overrides(strategy, "on_trade")
        self.hears_books = overrides(strategy, "on_book")
        self.holdings = Holdings(self.instruments, {})
        self.known_book = Book(instrument, 0, (), ())
        self.known_trade: Trade | None = None
        self._floor = floor
        self._instrument = instrument
        self._prefix = prefix
        self._numbers = 0

    @property
    def now(self) -> int:
        return self._floor.now

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
        return self._enter(Side.BUY, symbol, quantity, price, type, trigger_price, options)

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
        entry = read_order(self._instrument, self.now, quantity, price, order_type, trigger_price, options)
        return self.place(symbol or self.symbol, side, *entry)

    def place(
        self,
        symbol: str,
        side: Side,
        quantity_units: int,
        price_units: int | None = None,
        order_type: OrderType = OrderType.LIMIT,
        trigger_units: int | None = None,
        terms: OrderTerms | None = None,
    ) -> Order:
        self._check(symbol)
        self._numbers += 1
        order = Order(
            self._instrument, self._numbers, side, order_type, quantity_units, price_units, trigger_units, self.now
        )
        self.holdings.live[order.number] = order
        name = self.client_order_id(order)
        command = PlaceOrder(
            symbol, self.name, side, order_type, quantity_units, price_units, trigger_units, name, 0, terms
        )
        self._floor.send(self, order, command)
        return order

    def client_order_id(self, order: Order) -> str:
        return f"{self._prefix}{order.number}"

    def cancel(self, order: Order) -> None:
        command = CancelOrder(account=self.name, client_order_id=self.client_order_id(order))
        self._floor.send(self, order, command)

    def cancel_all(self, symbol: str | None = None) -> None:
        for order in self.orders(symbol):
            self.cancel(order)

    def amend(
        self,
        order: Order,
        *,
        quantity: Number | None = None,
        price: Number | None = None,
        trigger_price: Number | None = None,
    ) -> None:
        self.amend_units(
            order,
            None if quantity is None else quantity_units(self._instrument, quantity),
            price_units(self._instrument, price),
            price_units(self._instrument, trigger_price, "trigger_price"),
        )

    def amend_units(
        self,
        order: Order,
        quantity_units: int | None = None,
        price_units: int | None = None,
        trigger_units: int | None = None,
    ) -> None:
        command = AmendOrder(
            account=self.name,
            client_order_id=self.client_order_id(order),
            quantity=quantity_units,
            price=price_units,
            trigger_price=trigger_units,
        )
        self._floor.send(self, order, command)

    def wake_in(self, duration: int) -> None:
        self._floor.wake(self, self.now + duration)

    def wake_at(self, time: int) -> None:
        self._floor.wake(self, time)

    def book(self, symbol: str | None = None) -> Book:
        self._check(symbol)
        return self.known_book

    def last_trade(self, symbol: str | None = None) -> Trade | None:
        self._check(symbol)
        return self.known_trade

    def orders(self, symbol: str | None = None) -> list[Order]:
        self._check(symbol)
        return self.holdings.orders(None)

    def position(self, symbol: str | None = None) -> Decimal:
        self._check(symbol)
        return self.holdings.position(self._instrument)

    def position_units(self, symbol: str | None = None) -> int:
        self._check(symbol)
        return self.holdings.positions[self.symbol]

    def balance(self, asset: str) -> Decimal:
        return self.holdings.balance(asset)

    def hear(self, update: OrderUpdate) -> None:
        """Take in what has become of an order, and tell the strategy."""
        self.holdings.take(update)
        self.strategy.on_order(self, update)

    def _check(self, symbol: str | None) -> None:
        if symbol is not None and symbol != self.symbol:
            raise ValueError(f"symbol takes {self.symbol}, not {symbol!r}")

"""What a strategy of the demo sees: its market, as of the end of the step before. `sim.market.Market` says what each
call does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from matching_exchange.sim.agents.amounts import sign
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.values import Book, Order, OrderState, OrderUpdate, Trade, UpdateKind, as_decimal
from matching_exchange.sim.order_entry import Number, OrderOptions, price_units, quantity_units, read_order
from matching_exchange.sim.strategy import Strategy, overrides
from protocol.commands import AmendOrder, CancelOrder, OrderTerms, PlaceOrder
from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.order_types import WAITS
from protocol.units import OrderType, Side

Sendable = PlaceOrder | AmendOrder | CancelOrder

ENDS: Mapping[UpdateKind, OrderState] = {
    UpdateKind.CANCELED: OrderState.CANCELED,
    UpdateKind.REJECTED: OrderState.REJECTED,
    UpdateKind.REFUSED: OrderState.REFUSED,
}


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
        self.live: dict[int, Order] = {}
        """Its orders that may be live, by number, oldest first."""
        self.known_book = Book(instrument, 0, (), ())
        self.known_trade: Trade | None = None
        self._floor = floor
        self._instrument = instrument
        self._held = 0
        self._cash = Decimal(0)
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
        given = OrderOptions(**options)
        entry = read_order(self._instrument, self.now, quantity, price, order_type, trigger_price, given)
        return self.place(
            symbol or self.symbol,
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
        order_type: OrderType = OrderType.LIMIT,
        trigger_units: int | None = None,
        terms: OrderTerms | None = None,
    ) -> Order:
        self._check(symbol)
        self._numbers += 1
        order = Order(
            self._instrument, self._numbers, side, order_type, quantity_units, price_units, trigger_units, self.now
        )
        self.live[order.number] = order
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
        return list(self.live.values())

    def position(self, symbol: str | None = None) -> Decimal:
        return as_decimal(self.position_units(symbol), self._instrument.quantity_decimals)

    def position_units(self, symbol: str | None = None) -> int:
        self._check(symbol)
        return self._held

    def balance(self, asset: str) -> Decimal:
        if asset == self._instrument.base:
            return self.position()
        return self._cash if asset == self._instrument.quote else Decimal(0)

    def hear(self, update: OrderUpdate) -> None:
        """Take in what has become of an order, and tell the strategy."""
        order = update.order
        order.reason = update.reason
        match update.kind:
            case UpdateKind.FILL:
                self._filled(order, update)
            case UpdateKind.ACCEPTED:
                order.status = OrderState.PENDING if WAITS[order.order_type] else OrderState.OPEN
            case UpdateKind.AMENDED:
                order.quantity_units = update.quantity_units
                order.remaining_units = update.quantity_units - order.filled_units
                order.price_units = update.price_units or None
                order.trigger_units = update.trigger_units or None
            case UpdateKind.CANCELED | UpdateKind.REJECTED | UpdateKind.REFUSED:
                self._end(order, ENDS[update.kind])
        self.strategy.on_order(self, update)

    def _filled(self, order: Order, update: OrderUpdate) -> None:
        value = update.price_units * update.quantity_units
        order.filled_units += update.quantity_units
        order.filled_value += value
        order.remaining_units -= update.quantity_units
        self._held += sign(order.side) * update.quantity_units
        self._cash -= as_decimal(sign(order.side) * value, self._instrument.value_decimals)
        self._cash -= as_decimal(value * update.fee_bps, self._instrument.value_decimals + FEE_DECIMALS)
        if order.remaining_units <= 0:
            self._end(order, OrderState.FILLED)

    def _end(self, order: Order, state: OrderState) -> None:
        order.status = state
        self.live.pop(order.number, None)

    def _check(self, symbol: str | None) -> None:
        if symbol is not None and symbol != self.symbol:
            raise ValueError(f"symbol takes {self.symbol}, not {symbol!r}")

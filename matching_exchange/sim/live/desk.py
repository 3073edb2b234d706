"""The market of a strategy that trades on a running exchange. `sim.market.Market` says what each call does.

It knows no network: what is sent goes to `Outgoing`, and what happens is told by `hear`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from matching_exchange.client.streams.account import AccountState
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.durations import whole as whole_duration
from matching_exchange.sim.kernel.holdings import Holdings
from matching_exchange.sim.kernel.values import Book, Order, OrderUpdate, Trade, UpdateKind, as_decimal
from matching_exchange.sim.live.clock import now
from matching_exchange.sim.live.guard import Guard
from matching_exchange.sim.live.instruments import whole
from matching_exchange.sim.order_entry import Number, check_units, price_units, quantity_units, read_order
from protocol.commands import OrderTerms
from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.units import OrderType, Side

NOT_OPEN = "order_not_open"


class Placing(NamedTuple):
    order: Order
    terms: OrderTerms | None


class Canceling(NamedTuple):
    order: Order


class Amending(NamedTuple):
    order: Order
    quantity_units: int | None
    price_units: int | None
    trigger_units: int | None


Sent = Placing | Canceling | Amending


class Outgoing(NamedTuple):
    """What a desk hands on.

    send: a call for the exchange; they go in their order. later: a function to call once the callback is over.
    wake: a time, at which the strategy wants to wake up.
    """

    send: Callable[[Sent], None]
    later: Callable[[Callable[[], None]], None]
    wake: Callable[[int], None]


class LiveDesk:
    """One strategy's. `noted` hears each new order and each update, before the strategy does."""

    def __init__(
        self,
        name: str,
        instruments: Mapping[str, Instrument],
        random: Chance,
        outgoing: Outgoing,
        guard: Guard,
        noted: Callable[[Order, OrderUpdate | None], None],
    ) -> None:
        self.name = name
        self.instruments = dict(instruments)
        self.symbol = next(iter(instruments))
        self.random = random
        self.on_order: Callable[[LiveDesk, OrderUpdate], None] | None = None
        self.books: dict[str, Book] = {symbol: Book(each, 0, (), ()) for symbol, each in instruments.items()}
        self.last_trades: dict[str, Trade] = {}
        self.account = AccountState()
        """What the exchange tells of the whole account."""
        self.is_over = False
        self._outgoing = outgoing
        self._guard = guard
        self._noted = noted
        self._number = 0
        self._holdings = Holdings(self.instruments, {})
        self._asked: dict[Order, list[int]] = {}
        """Quantities of amends that were sent and are not answered, oldest first; 0 for one that keeps it."""

    @property
    def now(self) -> int:
        return now()

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
        instrument = self._instrument(symbol)
        entry = read_order(instrument, self.now, quantity, price, order_type, trigger_price, options)
        return self.place(instrument.symbol, side, *entry)

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
        if terms is not None and terms.quote_quantity is not None:
            raise ValueError("quote_quantity is not taken by a strategy: give the quantity")
        check_units(side, quantity_units, price_units, trigger_units)
        instrument = self._instrument(symbol)
        reason = self._guard_reason(instrument, side, quantity_units)
        self._number += 1
        order = Order(instrument, self._number, side, order_type, quantity_units, price_units, trigger_units, self.now)
        self._noted(order, None)
        if self.is_over or reason:
            self._fail(order, UpdateKind.REFUSED, reason or "ended")
        else:
            self._holdings.live[order.number] = order
            self._outgoing.send(Placing(order, terms))
        return order

    def cancel(self, order: Order) -> None:
        if not order.is_live or self.is_over:
            self._fail(order, UpdateKind.CANCEL_FAILED, NOT_OPEN)
        else:
            self._outgoing.send(Canceling(order))

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
        most = max([order.quantity_units, *self._asked.get(order, [])])
        more = 0 if quantity_units is None else max(0, quantity_units - most)
        reason = self._guard_reason(order.instrument, order.side, more, most)
        if not order.is_live or self.is_over:
            self._fail(order, UpdateKind.AMEND_FAILED, NOT_OPEN)
        elif more and reason:
            self._fail(order, UpdateKind.AMEND_FAILED, reason)
        else:
            self._asked.setdefault(order, []).append(quantity_units or 0)
            self._outgoing.send(Amending(order, quantity_units, price_units, trigger_units))

    def wake_in(self, duration: int) -> None:
        self._outgoing.wake(self.now + whole_duration(duration))

    def wake_at(self, time: int) -> None:
        self._outgoing.wake(whole_duration(time))

    def book(self, symbol: str | None = None) -> Book:
        return self.books[self._instrument(symbol).symbol]

    def last_trade(self, symbol: str | None = None) -> Trade | None:
        return self.last_trades.get(self._instrument(symbol).symbol)

    def orders(self, symbol: str | None = None) -> list[Order]:
        return self._holdings.orders(None if symbol is None else self._instrument(symbol).symbol)

    def position_units(self, symbol: str | None = None) -> int:
        return self._holdings.positions[self._instrument(symbol).symbol]

    def position(self, symbol: str | None = None) -> Decimal:
        return self._holdings.position(self._instrument(symbol))

    def balance(self, asset: str) -> Decimal:
        if not self.account.ledger:
            return self._holdings.balance(asset)
        balance = self.account.balances.get(asset)
        return Decimal(0) if balance is None else balance.free + balance.locked

    def hear(self, update: OrderUpdate) -> None:
        """Take in what has become of an order, and tell the strategy."""
        order = update.order
        self._holdings.take(update)
        if not order.is_live:
            self._asked.pop(order, None)
        elif update.kind is UpdateKind.AMENDED:
            self._amended(self._asked.get(order, []), update.quantity_units)
        self._noted(order, update)
        if self.on_order is not None:
            self.on_order(self, update)

    def failed(self, update: OrderUpdate) -> None:
        """Take in that the exchange has refused the oldest change of an order that was sent."""
        if update.kind is UpdateKind.AMEND_FAILED and (asked := self._asked.get(update.order)):
            del asked[0]
        self.hear(update)

    def _amended(self, asked: list[int], quantity_units: int) -> None:
        """Forget what is answered. What prevention or another has changed answers none of them."""
        if quantity_units in asked:
            del asked[: asked.index(quantity_units) + 1]
        elif asked and not asked[0]:
            del asked[0]

    def _may_trade(self, order: Order) -> int:
        """The most units that a live order may still trade, also by what was sent."""
        asked = max(self._asked.get(order, []), default=0)
        return max(0, order.remaining_units, asked - order.filled_units)

    def _fail(self, order: Order, kind: UpdateKind, reason: str) -> None:
        """Tell of a failure once the running callback is over."""
        update = OrderUpdate(order, kind, self.now, reason=reason)
        self._outgoing.later(lambda: self.hear(update))

    def _guard_reason(self, instrument: Instrument, side: Side, units: int, before: int | None = None) -> str:
        """Why the guard refuses so many units more; "" if it does not. `before`: of an order that is there."""
        decimals = instrument.quantity_decimals
        live = [order for order in self.orders(instrument.symbol) if order.side is side]
        position = self.position_units(instrument.symbol)
        return self._guard.reason(
            as_decimal(units + (before or 0), decimals),
            as_decimal(units, decimals),
            as_decimal((position if side is Side.BUY else -position) + sum(map(self._may_trade, live)), decimals),
            len(self._holdings.live) if before is None else -1,
        )

    def _instrument(self, symbol: str | None) -> Instrument:
        instrument = self.instruments.get(self.symbol if symbol is None else symbol)
        if instrument is None:
            raise ValueError(f"symbol takes one of {', '.join(self.instruments)}, not {symbol!r}")
        return instrument


def fee_bps(instrument: Instrument, fee: Decimal, price_units: int, quantity_units: int) -> int:
    """The rate, in basis points, of a fill's exact fee."""
    return whole(fee, instrument.value_decimals + FEE_DECIMALS) // (price_units * quantity_units)

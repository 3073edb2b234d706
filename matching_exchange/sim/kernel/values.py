"""What a strategy sees: trades, books, its orders, and what becomes of them. The same in a simulation and live.

Names that end in _units are the instrument's integers. Prices and quantities without it are exact Decimals.
"""

from decimal import Decimal
from enum import IntEnum
from typing import Final

from mypy_extensions import mypyc_attr

from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.units import OrderType, Side


class OrderState(IntEnum):
    """How far an order is, as its agent knows.

    SENT: the exchange has not answered yet.
    PENDING: it waits for its trigger.
    OPEN: it rests in the book, partly filled or not.
    REJECTED: the order was valid, but could not enter.
    REFUSED: the exchange took no such order.
    """

    SENT = 0
    PENDING = 1
    OPEN = 2
    FILLED = 4
    CANCELED = 5
    REJECTED = 6
    REFUSED = 7


class UpdateKind(IntEnum):
    """What has become of an order.

    AMEND_FAILED, CANCEL_FAILED: the exchange refused to change it. It is as it was.
    """

    ACCEPTED = 1
    REJECTED = 2
    REFUSED = 3
    FILL = 4
    CANCELED = 5
    AMENDED = 6
    TRIGGERED = 7
    AMEND_FAILED = 8
    CANCEL_FAILED = 9


SENT: Final = OrderState.SENT
LIVE: Final = (SENT, OrderState.PENDING, OrderState.OPEN)

Levels = tuple[tuple[int, int], ...]
"""Price and quantity of levels, best first."""


def as_decimal(units: int, decimals: int) -> Decimal:
    """The exact decimal of so many units of 10^-decimals."""
    return Decimal(f"{units}e-{decimals}")


@mypyc_attr(acyclic=True)
class Trade:
    """A public trade.

    time: of the exchange, in nanoseconds since 1970.
    side: the taker's.
    """

    __slots__ = ("instrument", "price_units", "quantity_units", "side", "time", "trade_id")

    def __init__(
        self, instrument: Instrument, trade_id: int, time: int, side: Side, price_units: int, quantity_units: int
    ) -> None:
        self.instrument = instrument
        self.trade_id = trade_id
        self.time = time
        self.side = side
        self.price_units = price_units
        self.quantity_units = quantity_units

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def price(self) -> Decimal:
        return as_decimal(self.price_units, self.instrument.price_decimals)

    @property
    def quantity(self) -> Decimal:
        return as_decimal(self.quantity_units, self.instrument.quantity_decimals)

    def __repr__(self) -> str:
        return f"<Trade {self.symbol} {self.side.name.lower()} {self.quantity} at {self.price}>"


@mypyc_attr(acyclic=True)
class Book:
    """The best levels of a book at one moment.

    time: of the exchange, in nanoseconds since 1970: that of the last change.
    bids_units, asks_units: pairs of price and quantity, best first.
    """

    __slots__ = ("asks_units", "bids_units", "instrument", "time")

    def __init__(self, instrument: Instrument, time: int, bids_units: Levels, asks_units: Levels) -> None:
        self.instrument = instrument
        self.time = time
        self.bids_units = bids_units
        self.asks_units = asks_units

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def bid_units(self) -> int | None:
        """The best bid; None if there is none."""
        return self.bids_units[0][0] if self.bids_units else None

    @property
    def ask_units(self) -> int | None:
        """The best ask; None if there is none."""
        return self.asks_units[0][0] if self.asks_units else None

    @property
    def bid(self) -> Decimal | None:
        return as_decimal(self.bids_units[0][0], self.instrument.price_decimals) if self.bids_units else None

    @property
    def ask(self) -> Decimal | None:
        return as_decimal(self.asks_units[0][0], self.instrument.price_decimals) if self.asks_units else None

    @property
    def mid(self) -> Decimal | None:
        """Between the best prices; None if a side is empty."""
        if not self.bids_units or not self.asks_units:
            return None
        twice = self.bids_units[0][0] + self.asks_units[0][0]
        return as_decimal(twice * 5, self.instrument.price_decimals + 1)

    @property
    def bids(self) -> list[tuple[Decimal, Decimal]]:
        return self._decimals(self.bids_units)

    @property
    def asks(self) -> list[tuple[Decimal, Decimal]]:
        return self._decimals(self.asks_units)

    def _decimals(self, levels: Levels) -> list[tuple[Decimal, Decimal]]:
        prices, quantities = self.instrument.price_decimals, self.instrument.quantity_decimals
        return [(as_decimal(price, prices), as_decimal(quantity, quantities)) for price, quantity in levels]

    def __repr__(self) -> str:
        return f"<Book {self.symbol} {self.bid} / {self.ask}>"


@mypyc_attr(acyclic=True)
class Order:
    """An order of an agent, as it knows it. The same object all the way.

    number: counts the agent's orders from 1.
    price_units: None for an order without a price.
    filled_value: the sum of price x quantity of its fills, in price unit times quantity unit.
    sent_at: in nanoseconds since 1970.
    reason: why it was rejected, refused or canceled, or why its last change failed: a word of the native API.
    order_id: that of the exchange, 0 before its answer.
    """

    __slots__ = (
        "filled_units",
        "filled_value",
        "instrument",
        "number",
        "order_id",
        "order_type",
        "price_units",
        "quantity_units",
        "reason",
        "remaining_units",
        "sent_at",
        "side",
        "status",
        "trigger_units",
    )

    def __init__(
        self,
        instrument: Instrument,
        number: int,
        side: Side,
        order_type: OrderType,
        quantity_units: int,
        price_units: int | None,
        trigger_units: int | None,
        sent_at: int,
    ) -> None:
        self.instrument = instrument
        self.number = number
        self.side = side
        self.order_type = order_type
        self.quantity_units = quantity_units
        self.price_units = price_units
        self.trigger_units = trigger_units
        self.sent_at = sent_at
        self.status = SENT
        self.filled_units = 0
        self.filled_value = 0
        self.remaining_units = quantity_units
        self.reason = ""
        self.order_id = 0

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def is_live(self) -> bool:
        """Whether it may still trade, as far as its agent knows."""
        return self.status in LIVE

    @property
    def price(self) -> Decimal | None:
        return None if self.price_units is None else as_decimal(self.price_units, self.instrument.price_decimals)

    @property
    def quantity(self) -> Decimal:
        return as_decimal(self.quantity_units, self.instrument.quantity_decimals)

    @property
    def filled(self) -> Decimal:
        return as_decimal(self.filled_units, self.instrument.quantity_decimals)

    @property
    def remaining(self) -> Decimal:
        """What may still trade; of an order that has ended, what did not."""
        return as_decimal(self.remaining_units, self.instrument.quantity_decimals)

    @property
    def average_price(self) -> Decimal | None:
        """Over its fills, with the digits of the context; None without any."""
        if not self.filled_units:
            return None
        return as_decimal(self.filled_value, self.instrument.price_decimals) / self.filled_units

    def __repr__(self) -> str:
        price = "market" if self.price_units is None else f"at {self.price}"
        what = f"{self.side.name.lower()} {self.quantity} {self.symbol} {price}"
        return f"<Order {self.number} {self.status.name} {what}, filled {self.filled}>"


@mypyc_attr(acyclic=True)
class OrderUpdate:
    """What has become of an order. The order stands as it is after it.

    time: of the exchange, in nanoseconds since 1970.
    reason: why, in a word of the native API; empty where there is nothing to explain.
    price_units, quantity_units: of a FILL; of AMENDED the new price (0 without one) and total quantity; of CANCELED
        what remained.
    fee_bps, is_maker, trade_id: of a FILL.
    """

    __slots__ = (
        "fee_bps",
        "is_maker",
        "kind",
        "order",
        "price_units",
        "quantity_units",
        "reason",
        "time",
        "trade_id",
        "trigger_units",
    )

    def __init__(
        self,
        order: Order,
        kind: UpdateKind,
        time: int,
        price_units: int = 0,
        quantity_units: int = 0,
        reason: str = "",
        is_maker: bool = False,  # noqa: FBT001, FBT002  given by name
        fee_bps: int = 0,
        trade_id: int = 0,
        trigger_units: int = 0,
    ) -> None:
        self.order = order
        self.kind = kind
        self.time = time
        self.price_units = price_units
        self.quantity_units = quantity_units
        self.reason = reason
        self.is_maker = is_maker
        self.fee_bps = fee_bps
        self.trade_id = trade_id
        self.trigger_units = trigger_units

    @property
    def price(self) -> Decimal:
        return as_decimal(self.price_units, self.order.instrument.price_decimals)

    @property
    def quantity(self) -> Decimal:
        return as_decimal(self.quantity_units, self.order.instrument.quantity_decimals)

    @property
    def fee(self) -> Decimal:
        """What the fill costs, of the quote currency."""
        decimals = self.order.instrument.value_decimals + FEE_DECIMALS
        return as_decimal(self.price_units * self.quantity_units * self.fee_bps, decimals)

    def __repr__(self) -> str:
        return f"<OrderUpdate {self.kind.name} {self.order!r}>"

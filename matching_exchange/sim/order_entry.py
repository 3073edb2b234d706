"""Reads what a strategy gives to buy and sell: decimals and words become the integers and enumerations of the exchange.

The simulation and the live market both read it here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from protocol.commands import OrderTerms
from protocol.instrument import DecimalError, Instrument, parse_decimal
from protocol.units import OrderType, SelfTradePrevention, Side

Number = Decimal | str | int
"""What a price, a quantity or an amount is given as. A float is refused: it is rarely the number that was meant."""

WORDS: Final = {order_type.name.lower(): order_type for order_type in OrderType}
PREVENTIONS: Final = {prevention.name.lower(): prevention for prevention in SelfTradePrevention}


class OrderEntryError(ValueError):
    """A value that an order does not take. `field` is its name; the message says what the field takes."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field


class Entry(NamedTuple):
    """An order in integers: what `Market.place` takes after symbol and side, in its order."""

    quantity_units: int
    price_units: int | None
    order_type: OrderType
    trigger_units: int | None
    terms: OrderTerms | None


def units_of(value: Number, decimals: int, field: str) -> int:
    """The exact number of units of 10^-decimals. Raises OrderEntryError."""
    if isinstance(value, bool) or not isinstance(value, Decimal | str | int):
        example = f': write "{value!r}" or Decimal("{value!r}")' if isinstance(value, float) else ""
        raise OrderEntryError(
            field, f"takes a Decimal, a text or a whole number, not the {type(value).__name__} {value!r}{example}"
        )
    try:
        return parse_decimal(str(value), decimals)
    except DecimalError as error:
        raise OrderEntryError(field, f"{error}, not {value!r}") from error


def check_units(side: object, quantity_units: object, *prices: object) -> None:
    """Refuse what `Market.place` does not take: it goes to the exchange as it is. Raises OrderEntryError."""
    if not isinstance(side, Side):
        raise OrderEntryError("side", f"takes Side.BUY or Side.SELL, not {side!r}")
    if type(quantity_units) is not int:
        raise OrderEntryError("quantity_units", f"takes a whole number, not {quantity_units!r}")
    for price in prices:
        if price is not None and type(price) is not int:
            raise OrderEntryError("price_units", f"takes a whole number or None, not {price!r}")


def price_units(instrument: Instrument, value: Number | None, field: str = "price") -> int | None:
    return None if value is None else units_of(value, instrument.price_decimals, field)


def quantity_units(instrument: Instrument, value: Number, field: str = "quantity") -> int:
    return units_of(value, instrument.quantity_decimals, field)


def read_order(
    instrument: Instrument,
    now: int,
    quantity: Number,
    price: Number | None,
    order_type: str | None,
    trigger_price: Number | None,
    options: Mapping[str, Any],
) -> Entry:
    """The order that is meant. Without a type it is a limit order, or a market order if it has no price.

    options: the fields of OrderOptions. Raises OrderEntryError."""
    for name in options:
        if name not in OrderOptions._fields:
            raise OrderEntryError(name, f"is no option of an order: takes {', '.join(OrderOptions._fields)}")
    if order_type is None:
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
    elif order_type in WORDS:
        kind = WORDS[order_type]
    else:
        raise OrderEntryError("type", f"takes one of {', '.join(WORDS)}, not {order_type!r}")
    return Entry(
        quantity_units(instrument, quantity),
        price_units(instrument, price),
        kind,
        price_units(instrument, trigger_price, "trigger_price"),
        OrderOptions(**options).terms(instrument, now),
    )


class OrderOptions(NamedTuple):
    """The terms of an order beside its type, price and quantity: those of the native API.

    expire_in: a duration in nanoseconds from now; the order is canceled then.
    """

    post_only: bool = False
    display_quantity: Number | None = None
    expire_in: int | None = None
    trailing_bps: int | None = None
    trailing_amount: Number | None = None
    activation_price: Number | None = None
    max_slippage_bps: int | None = None
    self_trade_prevention: str | None = None

    def terms(self, instrument: Instrument, now: int) -> OrderTerms | None:
        """None if all are at their defaults. Raises OrderEntryError."""
        if self == PLAIN:
            return None
        prevention = self.self_trade_prevention or "none"
        if prevention not in PREVENTIONS:
            words = ", ".join(PREVENTIONS)
            raise OrderEntryError("self_trade_prevention", f"takes one of {words}, not {prevention!r}")
        display = self.display_quantity
        for field in ("expire_in", "trailing_bps", "max_slippage_bps"):
            value = getattr(self, field)
            if value is not None and type(value) is not int:
                raise OrderEntryError(field, f"takes a whole number, not {value!r}")
        return OrderTerms(
            post_only=self.post_only,
            self_trade_prevention=PREVENTIONS[prevention],
            expire_time=0 if self.expire_in is None else now + self.expire_in,
            display_quantity=None if display is None else quantity_units(instrument, display, "display_quantity"),
            trailing_bps=self.trailing_bps,
            trailing_amount=price_units(instrument, self.trailing_amount, "trailing_amount"),
            activation_price=price_units(instrument, self.activation_price, "activation_price"),
            max_slippage_bps=self.max_slippage_bps,
        )


PLAIN: Final = OrderOptions()

"""What an order must be before it gets an id: the fields that its type takes, and the instrument's limits. Pure
functions."""

from msgspec import Struct

from protocol.commands import NO_TERMS, OrderTerms, PlaceOrder, SetLimits
from protocol.instrument import Instrument
from protocol.units import OrderType, Refusal

LIMIT = OrderType.LIMIT
MARKET = OrderType.MARKET


class Fields(Struct, frozen=True):
    """Which fields an order type takes, beyond those of every order."""

    price: bool = False
    trigger_price: bool = False
    post_only: bool = False
    expire_time: bool = False
    display_quantity: bool = False
    quote_quantity: bool = False
    trail: bool = False


FIELDS = {
    OrderType.MARKET: Fields(quote_quantity=True),
    OrderType.LIMIT: Fields(price=True, post_only=True, expire_time=True, display_quantity=True),
    OrderType.IOC: Fields(price=True),
    OrderType.FOK: Fields(price=True),
    OrderType.STOP_MARKET: Fields(trigger_price=True),
    OrderType.STOP_LIMIT: Fields(price=True, trigger_price=True, post_only=True, expire_time=True),
    OrderType.TAKE_PROFIT: Fields(trigger_price=True),
    OrderType.TAKE_PROFIT_LIMIT: Fields(price=True, trigger_price=True, post_only=True, expire_time=True),
    OrderType.TRAILING_STOP: Fields(trail=True),
}

TAKES_PRICE = (False, *(FIELDS[order_type].price for order_type in OrderType))
TAKES_TRIGGER_PRICE = (False, *(FIELDS[order_type].trigger_price for order_type in OrderType))
"""By the number of the order type."""


def check_plain(
    instrument: Instrument, order_type: OrderType, quantity: int, price: int | None, trigger_price: int | None
) -> Refusal | None:
    """The first rule that an order without terms breaks. Most are limit and market orders that break none: those take
    one look."""
    if (
        trigger_price is None
        and not quantity % instrument.lot_size
        and instrument.min_quantity <= quantity <= instrument.max_quantity
    ):
        if price is None:
            if order_type is MARKET:
                return None
        elif (
            order_type is LIMIT
            and not price % instrument.tick_size
            and price <= instrument.max_price
            and price * quantity >= instrument.min_notional
        ):
            return None
    refusal = check_fields(order_type, price, trigger_price, NO_TERMS)
    return refusal if refusal is not None else check_values(instrument, quantity, price, trigger_price)


def check_fields(
    order_type: OrderType, price: int | None, trigger_price: int | None, terms: OrderTerms
) -> Refusal | None:
    """The first field that the order type lacks or does not take."""
    if (price is not None) is not TAKES_PRICE[order_type]:
        return Refusal.PRICE_REQUIRED if price is None else Refusal.PRICE_NOT_ALLOWED
    if (trigger_price is not None) is not TAKES_TRIGGER_PRICE[order_type]:
        return Refusal.TRIGGER_PRICE_REQUIRED if trigger_price is None else Refusal.TRIGGER_PRICE_NOT_ALLOWED
    return (
        None
        if terms is NO_TERMS and order_type is not OrderType.TRAILING_STOP
        else check_terms_fields(order_type, terms)
    )


def check_terms_fields(order_type: OrderType, terms: OrderTerms) -> Refusal | None:
    """The first of the terms that the order type lacks or does not take."""
    fields = FIELDS[order_type]
    if terms.post_only and not fields.post_only:
        return Refusal.POST_ONLY_NOT_ALLOWED
    if terms.expire_time and not fields.expire_time:
        return Refusal.EXPIRE_TIME_NOT_ALLOWED
    if terms.display_quantity is not None and not fields.display_quantity:
        return Refusal.DISPLAY_QUANTITY_NOT_ALLOWED
    if terms.quote_quantity is not None and not fields.quote_quantity:
        return Refusal.QUOTE_QUANTITY_NOT_ALLOWED
    if terms.trailing_bps is not None and not fields.trail:
        return Refusal.TRAILING_BPS_NOT_ALLOWED
    if terms.trailing_amount is not None and not (fields.trail and terms.trailing_bps is None):
        return Refusal.TRAILING_AMOUNT_NOT_ALLOWED
    if terms.activation_price is not None and not fields.trail:
        return Refusal.ACTIVATION_PRICE_NOT_ALLOWED
    if fields.trail and terms.trailing_bps is None and terms.trailing_amount is None:
        return Refusal.TRAILING_REQUIRED
    return None


def check_values(instrument: Instrument, quantity: int, price: int | None, trigger_price: int | None) -> Refusal | None:
    """The first rule of the instrument that the order breaks."""
    if quantity % instrument.lot_size:
        return Refusal.QUANTITY_OFF_LOT
    if quantity < instrument.min_quantity:
        return Refusal.QUANTITY_TOO_SMALL if quantity else Refusal.QUANTITY_REQUIRED
    if quantity > instrument.max_quantity:
        return Refusal.QUANTITY_TOO_LARGE
    return check_prices(instrument, quantity, price, trigger_price)


def check_prices(instrument: Instrument, quantity: int, price: int | None, trigger_price: int | None) -> Refusal | None:
    """The first rule of the instrument that the order's prices break."""
    if price is not None:
        if price % instrument.tick_size:
            return Refusal.PRICE_OFF_TICK
        if price > instrument.max_price:
            return Refusal.PRICE_TOO_LARGE
    if trigger_price is not None:
        if trigger_price % instrument.tick_size:
            return Refusal.TRIGGER_PRICE_OFF_TICK
        if trigger_price > instrument.max_price:
            return Refusal.TRIGGER_PRICE_TOO_LARGE
    if price is not None and price * quantity < instrument.min_notional:
        return Refusal.BELOW_MIN_NOTIONAL
    return None


def check_special(
    instrument: Instrument, command: PlaceOrder, terms: OrderTerms, time: int, limits: SetLimits
) -> Refusal | None:
    """The first rule that an order with terms breaks; `time` is the stamped one."""
    quantity, price, trigger_price = command.quantity, command.price, command.trigger_price
    refusal = check_fields(command.order_type, price, trigger_price, terms)
    if refusal is not None:
        return refusal
    if terms.quote_quantity is not None:
        return Refusal.QUANTITY_NOT_ALLOWED if quantity else None
    refusal = check_values(instrument, quantity, price, trigger_price)
    if refusal is not None:
        return refusal
    if terms.display_quantity is not None:
        if terms.display_quantity % instrument.lot_size:
            return Refusal.DISPLAY_QUANTITY_OFF_LOT
        if terms.display_quantity > quantity:
            return Refusal.DISPLAY_QUANTITY_TOO_LARGE
        if terms.display_quantity * limits.iceberg_parts < quantity:
            return Refusal.DISPLAY_QUANTITY_TOO_SMALL
    if terms.trailing_amount is not None:
        if terms.trailing_amount % instrument.tick_size:
            return Refusal.TRAILING_AMOUNT_OFF_TICK
        if terms.trailing_amount > instrument.max_price:
            return Refusal.TRAILING_AMOUNT_TOO_LARGE
    if terms.activation_price is not None:
        if terms.activation_price % instrument.tick_size:
            return Refusal.ACTIVATION_PRICE_OFF_TICK
        if terms.activation_price > instrument.max_price:
            return Refusal.ACTIVATION_PRICE_TOO_LARGE
    if terms.expire_time and terms.expire_time <= time:
        return Refusal.EXPIRE_TIME_PAST
    return None

"""The instrument's limits on a new order. What its type takes stands in `protocol.order_types`. Pure functions."""

from typing import Final

from matcher.core.rules import Rules
from protocol.commands import NO_TERMS, OrderTerms, PlaceOrder, SetLimits
from protocol.order_types import STEPPED_TERMS, Unit, check_fields
from protocol.units import TAG_PATTERN, OrderType, Refusal

LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET

STEPPED = tuple(
    (term.name, term.unit is Unit.QUANTITY, term.off_step, term.too_large, term.most == "quantity")
    for term in STEPPED_TERMS
)
"""Name, whether it counts lots and not ticks, refusals, and whether the order's quantity is its upper bound."""


def check_plain(
    rules: Rules, order_type: OrderType, quantity: int, price: int | None, trigger_price: int | None
) -> Refusal | None:
    """The first rule that an order without terms breaks.

    Most orders are limit and market orders that break none: one look is enough for them.
    """
    if trigger_price is None and not quantity % rules.lot_size and rules.min_quantity <= quantity <= rules.max_quantity:
        if price is None:
            if order_type is MARKET:
                return None
        elif (
            order_type is LIMIT
            and not price % rules.tick_size
            and price <= rules.max_price
            and price * quantity >= rules.min_notional
        ):
            return None
    refusal = check_fields(order_type, price, trigger_price, NO_TERMS)
    return refusal if refusal is not None else check_values(rules, quantity, price, trigger_price)


def check_special(rules: Rules, command: PlaceOrder, terms: OrderTerms, time: int, limits: SetLimits) -> Refusal | None:
    """The first rule that an order with terms breaks. `time` is the command's stamp."""
    quantity, price, trigger_price = command.quantity, command.price, command.trigger_price
    refusal = check_fields(command.order_type, price, trigger_price, terms)
    if refusal is not None:
        return refusal
    if terms.tag is not None and not TAG_PATTERN.fullmatch(terms.tag):
        return Refusal.INVALID_TAG
    if terms.quote_quantity is not None:
        return Refusal.QUANTITY_NOT_ALLOWED if quantity else None
    refusal = check_values(rules, quantity, price, trigger_price)
    return refusal if refusal is not None else check_term_values(rules, quantity, terms, time, limits)


def check_term_values(rules: Rules, quantity: int, terms: OrderTerms, time: int, limits: SetLimits) -> Refusal | None:
    """The first rule that the terms of an order of this quantity break."""
    for name, is_quantity, off_step, too_large, within_order in STEPPED:
        value = getattr(terms, name)
        if value is None:
            continue
        if value % (rules.lot_size if is_quantity else rules.tick_size):
            return off_step
        if value > (quantity if within_order else rules.max_price):
            return too_large
    if terms.display_quantity is not None and terms.display_quantity * limits.iceberg_parts < quantity:
        return Refusal.DISPLAY_QUANTITY_TOO_SMALL
    if terms.expire_time and terms.expire_time <= time:
        return Refusal.EXPIRE_TIME_PAST
    return None


def check_values(rules: Rules, quantity: int, price: int | None, trigger_price: int | None) -> Refusal | None:
    """The first rule of the instrument that the order breaks."""
    if quantity % rules.lot_size:
        return Refusal.QUANTITY_OFF_LOT
    if quantity < rules.min_quantity:
        return Refusal.QUANTITY_TOO_SMALL if quantity else Refusal.QUANTITY_REQUIRED
    if quantity > rules.max_quantity:
        return Refusal.QUANTITY_TOO_LARGE
    return check_prices(rules, quantity, price, trigger_price)


def check_prices(rules: Rules, quantity: int, price: int | None, trigger_price: int | None) -> Refusal | None:
    """The first rule of the instrument that the order's prices break."""
    if price is not None:
        if price % rules.tick_size:
            return Refusal.PRICE_OFF_TICK
        if price > rules.max_price:
            return Refusal.PRICE_TOO_LARGE
    if trigger_price is not None:
        if trigger_price % rules.tick_size:
            return Refusal.TRIGGER_PRICE_OFF_TICK
        if trigger_price > rules.max_price:
            return Refusal.TRIGGER_PRICE_TOO_LARGE
    if price is not None and price * quantity < rules.min_notional:
        return Refusal.BELOW_MIN_NOTIONAL
    return None

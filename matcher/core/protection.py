"""Protection of price: how far from the market an order may trade, how large it may be, how many an account may have.

The reference is the price of the last trade, or before the first one the instrument's reference_price. It is that of
the moment at which an order begins to run: its own trades do not move it. Comparisons are exact, in integers.
"""

from typing import Final

from matcher.core.book import Book
from matcher.core.levels import ANY_PRICE
from matcher.core.order import Order
from protocol.order_types import ORDER_TYPES, Waits
from protocol.units import OrderType, Reason, Refusal, Side

BUY: Final = Side.BUY

BASIS_POINTS: Final = 10_000

MAY_STAY: Final = (
    False,
    *(ORDER_TYPES[order_type].rests or ORDER_TYPES[order_type].waits is not Waits.NO for order_type in OrderType),
)
"""Whether an order type may rest or wait, by its number."""

WAITS: Final = (False, *(ORDER_TYPES[order_type].waits is not Waits.NO for order_type in OrderType))
"""Whether an order type waits before it runs, by its number."""


def reference(book: Book) -> int | None:
    """The price from which the band is measured; None if there is none yet."""
    last_price = book.last_price
    return last_price if last_price is not None else book.rules.reference_price or None


def is_outside_band(book: Book, price: int) -> bool:
    """Whether an order at this price is farther from the reference than the band."""
    bps = book.rules.price_band_bps
    if not bps:
        return False
    middle = reference(book)
    return middle is not None and abs(price - middle) * BASIS_POINTS > middle * bps


def market_limit(book: Book, order: Order) -> int:
    """The lowest key of the opposite side at which an order without a price may trade, if it began to run now."""
    return max(_band_limit(book, order.side), _slippage_limit(book, order))


def market_stop(book: Book, order: Order) -> Reason:
    """Why such an order would be canceled in front of an order beyond its limit, if it began to run now."""
    return Reason.SLIPPAGE if _slippage_limit(book, order) > _band_limit(book, order.side) else Reason.PRICE_BAND


def _band_limit(book: Book, side: Side) -> int:
    bps = book.rules.price_band_bps
    middle = reference(book) if bps else None
    return ANY_PRICE if middle is None else _limit_at(side, middle, bps)


def _slippage_limit(book: Book, order: Order) -> int:
    bps = order.terms.max_slippage_bps
    keys = (book.asks if order.side is BUY else book.bids).keys
    return ANY_PRICE if bps is None or not keys else _limit_at(order.side, abs(keys[-1]), bps)


def _limit_at(side: Side, price: int, bps: int) -> int:
    """The key of the last price that is at most `bps` worse than the price. It need not be on a tick."""
    if side is BUY:
        return -(price * (BASIS_POINTS + bps) // BASIS_POINTS)
    return -(price * (bps - BASIS_POINTS) // BASIS_POINTS)


def notional(book: Book, order: Order, quantity: int, price: int | None) -> int:
    """What such an order is worth: at its price, or else at the reference; zero while there is none."""
    quote_quantity = order.terms.quote_quantity
    if quote_quantity is not None:
        return quote_quantity
    return quantity * (price or reference(book) or 0)


def why_not_entered(book: Book, order: Order) -> Reason | None:
    """Why the instrument's protection rejects a new order. The order is counted already, see `count_entered`."""
    reason = why_not_priced(book, order)
    if reason is not None:
        return reason
    counts = book.open_orders
    if counts is not None and MAY_STAY[order.order_type] and counts[order.account] > book.rules.max_open_orders:
        return Reason.TOO_MANY_OPEN_ORDERS
    return None


def why_not_priced(book: Book, order: Order) -> Reason | None:
    """Why the instrument's protection rejects a new order for its price or its value, whatever else there is."""
    rules = book.rules
    price = order.price
    if price is not None and not WAITS[order.order_type] and is_outside_band(book, price):
        return Reason.PRICE_OUTSIDE_BAND
    if rules.max_order_notional and notional(book, order, order.quantity, price) > rules.max_order_notional:
        return Reason.NOTIONAL_TOO_LARGE
    return None


def why_not_amended(book: Book, order: Order, quantity: int, price: int | None, *, pending: bool) -> Refusal | None:
    """Why the instrument's protection refuses an order these values. A price that stays is not looked at. The other leg
    of an OCO gets as much more quantity, and is held to the largest value too."""
    rules = book.rules
    if price is not None and price != order.price and not pending and is_outside_band(book, price):
        return Refusal.PRICE_OUTSIDE_BAND
    most = rules.max_order_notional
    if not most:
        return None
    if notional(book, order, quantity, price) > most:
        return Refusal.NOTIONAL_TOO_LARGE
    partner = None if order.extra is None else order.extra.partner
    if partner is None:
        return None
    partners_quantity = partner.quantity + quantity - order.quantity
    return Refusal.NOTIONAL_TOO_LARGE if notional(book, partner, partners_quantity, partner.price) > most else None


def count_open(book: Book) -> None:
    """Begin to count the orders of each account in the book, or end that, as the instrument says."""
    if not book.rules.max_open_orders:
        book.open_orders = None
    elif book.open_orders is None:
        book.open_orders = {}
        for order in book.live_orders():
            count_entered(book, order)


def count_entered(book: Book, order: Order) -> None:
    """Count an order that enters. Each that is counted is discounted once it has ended."""
    counts = book.open_orders
    if counts is not None:
        counts[order.account] = counts.get(order.account, 0) + 1


def discount_ended(ended: list[Order]) -> None:
    """Discount orders that have ended."""
    for order in ended:
        counts = order.book.open_orders
        if counts is not None:
            counts[order.account] -= 1
            if not counts[order.account]:
                del counts[order.account]

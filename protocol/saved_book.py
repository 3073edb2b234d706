"""One symbol's book as `state/orderbook_<symbol>.json` holds it and as a LoadBook command carries it.

Prices and quantities are decimal strings: the file is for people to read and to compare.
"""

from msgspec import Struct

from protocol.units import Count, Time

FORMAT = 1


class SavedOrder(Struct, frozen=True, omit_defaults=True):
    """A resting or pending order. Orders of one level stand in the order of their queue."""

    order_id: str
    account: str
    side: str
    order_type: str
    quantity: str
    remaining_quantity: str
    sequence: Count
    timestamp: Time
    price: str | None = None
    trigger_price: str | None = None
    client_order_id: str | None = None
    filled_value: str = "0"


class SavedBook(Struct, frozen=True):
    """Bids and asks best first, pending orders in the order of their entry.

    `timestamp` of an order is in nanoseconds, `last_trade` is the price of the last trade, null before the first.
    """

    format: Count
    symbol: str
    sequence: Count
    last_trade: str | None
    last_trade_id: Count
    bids: list[SavedOrder]
    asks: list[SavedOrder]
    pending: list[SavedOrder]

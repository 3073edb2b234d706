"""One symbol's book as `state/orderbook_<symbol>.json` holds it and as a LoadBook command carries it.

Prices and quantities are decimal strings: the file is for people to read and to compare.
"""

from msgspec import Struct

from protocol.units import Count, Time

FORMAT = 1


class SavedOrder(Struct, frozen=True, omit_defaults=True):
    """A resting or pending order. Orders of one level stand in the order of their queue. `shown_quantity` is the shown
    part of an iceberg; `activated` and `best_price` tell how far a trailing stop is; both legs of an OCO bear its
    oco_id."""

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
    post_only: bool = False
    self_trade_prevention: str = "none"
    expire_time: Time = 0
    display_quantity: str | None = None
    shown_quantity: str = "0"
    trailing_bps: Count | None = None
    trailing_amount: str | None = None
    activation_price: str | None = None
    activated: bool = False
    best_price: str | None = None
    prevented_quantity: str = "0"
    oco_id: str | None = None


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

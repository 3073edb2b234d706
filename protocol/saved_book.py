"""The saved book of one symbol: the file `state/orderbook_<symbol>.json`, also carried by a LoadBook command.

Prices and quantities are decimal strings: people read and compare the file.
"""

from msgspec import Struct

from protocol.units import Count, Time

FORMAT = 1


class SavedOrder(Struct, frozen=True, omit_defaults=True):
    """A resting or pending order. Orders of one level are in the order of their queue.

    sequence, timestamp: the stamp of the command that placed it; times are in nanoseconds.
    filled_value: the sum of price x quantity of its fills.
    shown_quantity: the shown part of an iceberg.
    activated: the trailing stop follows the market.
    best_price: the best price since then.
    prevented_quantity: what self-trade prevention has taken off it.
    oco_id: the same for both legs of an OCO.
    open_only_client_order_id: its client_order_id is unique among live orders only.
    working_since: the time at which an order that has waited fired.
    cancel_on_first_fill: the first trade of a leg of the OCO cancels the other.
    list_client_order_id: the name of the OCO.
    activated_since: the time at which a trailing stop has reached its activation_price.
    """

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
    max_slippage_bps: Count | None = None
    open_only_client_order_id: bool = False
    reject_if_triggered: bool = False
    time_in_force: str = "gtc"
    tag: str | None = None
    working_since: Time = 0
    cancel_on_first_fill: bool = False
    list_client_order_id: str | None = None
    activated_since: Time = 0


class SavedBook(Struct, frozen=True):
    """A whole book.

    sequence: that of the last command before the save.
    last_trade: the price of the last trade; null before the first.
    last_trade_id: its id; zero before the first.
    bids, asks: best first.
    pending: in the order of their entry.
    """

    format: Count
    symbol: str
    sequence: Count
    last_trade: str | None
    last_trade_id: Count
    bids: list[SavedOrder]
    asks: list[SavedOrder]
    pending: list[SavedOrder]

"""What the streams of market data tell, beside trades, tickers and depth."""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.markets import Candle
from matching_exchange.client.types.words import Side


class Gap(Struct, frozen=True):
    """The trades `first` to `last`, of these trade_ids, cannot be had any more. The stream goes on behind them."""

    symbol: str
    first: int
    last: int


class Restarted(Struct, frozen=True):
    """The exchange has lost what it had told, or has begun anew: nothing that was known holds. The stream begins again.

    What happened before its next item is not told.
    """

    reason: str


class CandleUpdate(Struct, frozen=True):
    """A new candle, or one that has changed. A later one of the same open_time replaces it."""

    symbol: str
    interval: str
    candle: Candle


class Added(Struct, frozen=True, tag_field="type", tag="add"):
    """The order rests now, last in the queue of its price."""

    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal


class Modified(Struct, frozen=True, tag_field="type", tag="modify"):
    """The order shows this quantity now. If it loses priority, it is last in the queue of its price."""

    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    loses_priority: bool


class Deleted(Struct, frozen=True, tag_field="type", tag="delete"):
    """The order rests no more. `quantity` is what it showed."""

    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal


class Executed(Struct, frozen=True, tag_field="type", tag="execute"):
    """The resting order has traded. With 0 `remaining` it leaves the queue; an iceberg comes back with a Modified."""

    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    remaining: Decimal
    trade_id: int


QueueChange = Added | Modified | Deleted | Executed


class QueuedOrder(Struct, frozen=True, array_like=True):
    """A resting order. `quantity` is what it shows."""

    order_id: int
    price: Decimal
    quantity: Decimal


class QueueSnapshot(Struct, frozen=True):
    """Every order that rests, best price first, at one price in the order of the queue. It replaces all before."""

    symbol: str
    sequence: int
    timestamp: Time
    number: int
    bids: tuple[QueuedOrder, ...]
    asks: tuple[QueuedOrder, ...]


class QueueUpdate(Struct, frozen=True):
    """Changes of resting orders, in the order in which they happened. There is never a hole before it."""

    symbol: str
    sequence: int
    timestamp: Time
    number: int
    changes: tuple[QueueChange, ...]

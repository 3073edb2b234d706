"""What one command changes of what may be seen of a book: order by order, in the order in which it happens.

Quantities are shown ones: the hidden part of an iceberg is never told, nor orders that wait for a trigger. Prices and
quantities are the instrument's integers. An order that rests and goes within one command without a trade in between may
be left out.
"""

from typing import Literal

from msgspec import Struct

SideName = Literal["buy", "sell"]


class OrderAdded(Struct, frozen=True, tag_field="type", tag="add", gc=False):
    """The order rests now. It is the last in the queue of its price."""

    order_id: int
    side: SideName
    price: int
    quantity: int


class OrderModified(Struct, frozen=True, tag_field="type", tag="modify", gc=False):
    """The resting order has this price and shows this quantity now.

    loses_priority: it is now the last in the queue of its price. Else it has kept its place.
    """

    order_id: int
    side: SideName
    price: int
    quantity: int
    loses_priority: bool


class OrderDeleted(Struct, frozen=True, tag_field="type", tag="delete", gc=False):
    """The order rests no more, or leaves its place to match again. `quantity` is what it showed."""

    order_id: int
    side: SideName
    price: int
    quantity: int


class OrderExecuted(Struct, frozen=True, tag_field="type", tag="execute", gc=False):
    """The resting order, the maker, has traded.

    quantity: the traded one.
    remaining: what it still shows in its place. At zero it leaves the queue. An iceberg comes back with an
        OrderModified that follows at once.
    trade_id: that of the trade.
    """

    order_id: int
    side: SideName
    price: int
    quantity: int
    remaining: int
    trade_id: int


OrderUpdate = OrderAdded | OrderModified | OrderDeleted | OrderExecuted

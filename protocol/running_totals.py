"""What each change of an account update left of its order, although the update tells the orders after the command only.

A reader who tells each change by itself, as FIX execution reports do, needs the sums up to it.
"""

from msgspec import Struct

from protocol.answers import OrderState
from protocol.happenings import Event, OrderCanceled, OrderDecremented, OrderReduced, Trade
from protocol.results import AccountUpdate
from protocol.units import Reason


class Totals(Struct, frozen=True):
    """The numbers of an order after one change, as in OrderState."""

    quantity: int
    filled_quantity: int
    filled_value: int
    prevented_quantity: int


def running_totals(update: AccountUpdate) -> list[Totals]:
    """For each change of the update, in its place, the numbers of its order right after it.

    The prevented_quantity before an order's end by `decrement` is exact for orders with an open-only client_order_id.
    """
    then = {state.order_id: _Then(state) for state in update.orders}
    result: list[Totals] = []
    for change in reversed(update.changes):
        order = then[change.order_id]
        result.append(Totals(order.quantity, order.filled, order.value, order.prevented))
        order.undo(change.event)
    return result[::-1]


class _Then:
    """An order as of an earlier event of the command."""

    def __init__(self, state: OrderState) -> None:
        self.quantity = state.quantity
        self.filled = state.filled_quantity
        self.value = state.filled_value
        self.prevented = state.prevented_quantity
        # The quantity of one with a quote_quantity is what it has taken.
        self.grows = state.unspent is not None

    def undo(self, event: Event) -> None:
        """Go back before the event. Nothing precedes an amend in its command."""
        match event:
            case Trade():
                self.filled -= event.quantity
                self.value -= event.price * event.quantity
                self.quantity -= event.quantity if self.grows else 0
            case OrderDecremented():
                self.prevented -= event.quantity
                self.quantity -= event.quantity if self.grows else 0
            case OrderCanceled(reason=Reason.SELF_TRADE):
                self.prevented -= event.prevented_quantity or event.quantity
            case OrderReduced():
                self.quantity += event.quantity

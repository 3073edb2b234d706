"""A guard against an own mistake: what a strategy may do live. The exchange's own limits hold beside it."""

from decimal import Decimal

from matching_exchange.sim.order_entry import Number, OrderEntryError, units_of

DECIMALS = 18


class Guard:
    """Refuses what goes beyond its bounds: the order is REFUSED, the amend is AMEND_FAILED, and nothing is sent.

    max_quantity: of one order, in the base currency; the reason is `guard_quantity`.
    max_position: of each symbol either way, as if all own live orders of the side were filled; `guard_position`.
    max_open_orders: live orders of the strategy; `guard_open_orders`.

    What is not given is not bounded. Quantities are Decimal, str or int. Raises OrderEntryError.
    """

    def __init__(
        self,
        *,
        max_quantity: Number | None = None,
        max_position: Number | None = None,
        max_open_orders: int | None = None,
    ) -> None:
        self.max_quantity = _bound(max_quantity, "max_quantity")
        self.max_position = _bound(max_position, "max_position")
        if max_open_orders is not None and (type(max_open_orders) is not int or max_open_orders < 1):
            raise OrderEntryError("max_open_orders", f"takes at least 1, not {max_open_orders!r}")
        self.max_open_orders = max_open_orders

    def reason(self, quantity: Decimal, more: Decimal, exposure: Decimal, open_orders: int) -> str:
        """Why an order is refused; "" if it may go.

        quantity: of the order. more: what it adds. exposure: the position in its direction and all that own live
        orders of its side may still trade. open_orders: live ones beside it.
        """
        if self.max_quantity is not None and quantity > self.max_quantity:
            return "guard_quantity"
        if self.max_position is not None and exposure + more > self.max_position:
            return "guard_position"
        if self.max_open_orders is not None and open_orders >= self.max_open_orders:
            return "guard_open_orders"
        return ""


def _bound(value: Number | None, field: str) -> Decimal | None:
    if value is None:
        return None
    if units_of(value, DECIMALS, field) <= 0:
        raise OrderEntryError(field, f"takes more than zero, not {value!r}")
    return Decimal(str(value))

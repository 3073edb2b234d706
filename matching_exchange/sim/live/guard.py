"""A guard against an own mistake: what a strategy may do live. The exchange's own limits hold beside it."""

from decimal import Decimal

from matching_exchange.sim.decimals import DecimalInput, read_decimal


class Guard:
    """Refuses what goes beyond its bounds: the order is REFUSED, and never sent.

    max_quantity: of one order, in the base currency; the reason is `guard_quantity`.
    max_position: of each symbol either way, with all own live orders filled; `guard_position`.
    max_open_orders: live ones of the strategy; `guard_open_orders`.

    What is not given is not bounded. Quantities are Decimal, str or int.
    """

    def __init__(
        self,
        *,
        max_quantity: DecimalInput | None = None,
        max_position: DecimalInput | None = None,
        max_open_orders: int | None = None,
    ) -> None:
        self.max_quantity = None if max_quantity is None else read_decimal(max_quantity, "max_quantity")
        self.max_position = None if max_position is None else read_decimal(max_position, "max_position")
        self.max_open_orders = max_open_orders

    def reason(self, quantity: Decimal, held: Decimal, live: Decimal, open_orders: int) -> str:
        """Why the order is refused; "" if it may go.

        quantity: of the new order. held: the position, positive where the order adds to it. live: what own live orders
        of its side may still trade. open_orders: live ones.
        """
        if self.max_quantity is not None and quantity > self.max_quantity:
            return "guard_quantity"
        if self.max_position is not None and held + live + quantity > self.max_position:
            return "guard_position"
        if self.max_open_orders is not None and open_orders >= self.max_open_orders:
            return "guard_open_orders"
        return ""

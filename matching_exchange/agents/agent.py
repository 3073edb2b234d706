"""What all agents share: their own orders, by name, and what they hold."""

from collections.abc import Callable

from msgspec import Struct

from matching_exchange.agents.chance import Chance
from matching_exchange.agents.seen import Seen
from matching_exchange.agents.sizes import Sizes
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.units import OrderType, Side


class Own(Struct):
    """An order of an agent. `price` is None for a market order; `remaining` is what has not traded."""

    side: Side
    price: int | None
    quantity: int
    remaining: int


class Agent:
    """Trades one instrument for one account.

    sizes: prices and quantities that the instrument takes.
    new_name: gives a client_order_id that nobody has used.
    """

    def __init__(self, account: str, sizes: Sizes, chance: Chance, new_name: Callable[[], str]) -> None:
        self.account = account
        self.sizes = sizes
        self.chance = chance
        self.orders: dict[str, Own] = {}
        """Those that may be live, by name, oldest first."""
        self.holds = 0
        """Bought less sold, in the quantity unit."""
        self._new_name = new_name

    def act(self, seen: Seen) -> list[Command]:
        """What it sends at this step."""
        raise NotImplementedError

    def filled(self, name: str, quantity: int) -> None:
        """Some of an order has traded."""
        own = self.orders[name]
        own.remaining -= quantity
        self.holds += quantity if own.side is Side.BUY else -quantity

    def gone(self, name: str) -> None:
        """The order is live no more, or never was."""
        self.orders.pop(name, None)

    def clear(self) -> None:
        """None of its orders is live any more."""
        self.orders.clear()

    def place(
        self, side: Side, order_type: OrderType, quantity: int, price: int | None = None, trigger: int | None = None
    ) -> PlaceOrder:
        name = self._new_name()
        self.orders[name] = Own(side, price, quantity, quantity)
        return PlaceOrder(self.sizes.symbol, self.account, side, order_type, quantity, price, trigger, name)

    def move(self, name: str, price: int) -> AmendOrder:
        self.orders[name].price = price
        return AmendOrder(account=self.account, client_order_id=name, price=price)

    def cancel(self, name: str) -> CancelOrder:
        return CancelOrder(account=self.account, client_order_id=name)


def sign(side: Side) -> int:
    """1 for a buyer, -1 for a seller."""
    return 1 if side is Side.BUY else -1

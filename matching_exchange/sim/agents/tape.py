"""A tape: what to do, and when."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from matching_exchange.sim.agents.amounts import at_least
from matching_exchange.sim.agents.trader import Trader
from matching_exchange.sim.order_entry import Number

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.values import Order
    from matching_exchange.sim.market import Market


class Buy(Struct, frozen=True):
    """price: None for a market order. type: a word of the native API, such as "ioc". name: for Amend and Cancel."""

    quantity: Number
    price: Number | None = None
    type: str | None = None
    name: str | None = None


class Sell(Struct, frozen=True):
    """As Buy."""

    quantity: Number
    price: Number | None = None
    type: str | None = None
    name: str | None = None


class Amend(Struct, frozen=True):
    """Another total quantity, or another price, of the order of this name."""

    name: str
    quantity: Number | None = None
    price: Number | None = None


class Cancel(Struct, frozen=True):
    """Cancel the order of this name; None: all orders of the tape."""

    name: str | None = None


Action = Buy | Sell | Amend | Cancel | Callable[["Market"], object]
"""A function is called with the market."""


class ScriptedTape(Trader):
    """Carries out actions at given times.

    actions: (time since the start in nanoseconds, action), in any order of times; equal times keep their order.
    orders: those that it has named, by name.
    """

    def __init__(self, actions: Sequence[tuple[int, Action]], *, symbol: str | None = None) -> None:
        super().__init__(symbol)
        self.orders: dict[str, Order] = {}
        self._actions = sorted(
            ((at_least(0, time, "actions: a time"), action) for time, action in actions), key=lambda each: each[0]
        )
        names: set[str] = set()
        for _, action in self._actions:
            if isinstance(action, Buy | Sell) and action.name is not None:
                if action.name in names:
                    raise ValueError(f"actions: two orders have the name {action.name!r}")
                names.add(action.name)
            elif isinstance(action, Amend | Cancel) and action.name is not None and action.name not in names:
                raise ValueError(f"actions: no order before has the name {action.name!r}")
        self._next = 0

    def on_start(self, market: "Market") -> None:
        super().on_start(market)
        self._begin = market.now
        for time in sorted({time for time, _ in self._actions}):
            market.wake_at(self._begin + time)

    def on_wakeup(self, market: "Market") -> None:
        while self._next < len(self._actions) and self._begin + self._actions[self._next][0] <= market.now:
            action = self._actions[self._next][1]
            self._next += 1
            self._do(market, action)

    def _do(self, market: "Market", action: Action) -> None:
        match action:
            case Buy() | Sell():
                send = market.buy if isinstance(action, Buy) else market.sell
                order = send(action.quantity, action.price, symbol=self.symbol, type=action.type)
                if action.name is not None:
                    self.orders[action.name] = order
            case Amend():
                market.amend(self.orders[action.name], quantity=action.quantity, price=action.price)
            case Cancel():
                if action.name is None:
                    market.cancel_all(self.symbol)
                else:
                    market.cancel(self.orders[action.name])
            case _:
                action(market)

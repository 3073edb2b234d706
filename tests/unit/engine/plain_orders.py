"""Orders that nobody has sent, for tests of what holds orders."""

from matcher.core.account import Account
from matcher.core.order import Order
from matcher.engine import Engine
from protocol.commands import SetInstrument
from protocol.units import OrderType, Side

_ENGINE = Engine()
_ENGINE.apply(1, 1, SetInstrument("COIN-USD", 2, 3, "COIN", "USD", 5, 10, 10, 10**9, 10**8, 0, 10, 20))
_BOOK = _ENGINE.registry.books["COIN-USD"]
_ACCOUNT = Account("alice")


def plain_order(order_id: int) -> Order:
    return Order(order_id, _ACCOUNT, _BOOK, None, Side.BUY, OrderType.LIMIT, 1, 1, 100, None, 1, 1)

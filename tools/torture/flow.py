"""What one client sends: a seeded mix of orders of all types, cancels, repeats and look-ups, around prices that meet."""

from collections import deque
from random import Random
from typing import Final, Literal

import msgspec
from msgspec import Struct

from protocol.instrument import format_decimal
from tools.torture.evidence import CommandKind, Key

REACH: Final = 20
"""Prices lie up to so many steps from the middle."""

OVERLAP: Final = 5
"""Prices of orders that rest lie up to so many steps on the other side's half: most find nobody at first, so that books fill."""

MAX_LOTS: Final = 30

LIVE_ORDERS: Final = 200
"""So many of its orders, the last ones, a client may still cancel."""

KNOWN_ORDERS: Final = 200
"""So many of its orders, the last ones, a client may look up or send again."""

ORDER_TYPES: Final = {"limit": 24, "market": 4, "ioc": 4, "fok": 3, "stop_market": 2, "stop_limit": 2, "take_profit": 2}
ACTIONS: Final = {"place": 70, "too_small": 2, "repeat": 4, "cancel": 14, "cancel_all": 1, "look_up": 9}
"""How often each comes, in proportion."""

PRICED: Final = ("limit", "ioc", "fok", "stop_limit")
TRIGGERED: Final = ("stop_market", "stop_limit", "take_profit")

_encode = msgspec.json.Encoder().encode


class Market(Struct, frozen=True):
    """Middle and step of the prices in the price unit, lot in the quantity unit of 10^-quantity_decimals."""

    symbol: str
    middle: int
    step: int
    lot: int
    quantity_decimals: int


PRICE_DECIMALS: Final = 2

MARKETS: Final = {
    Market("BTC-USDT", 6_000_000, 100, 1_000, 5): 5,
    Market("ETH-USDT", 300_000, 10, 1_000, 4): 2,
    Market("SOL-USDT", 15_000, 1, 1_000, 3): 1,
}

Kind = CommandKind | Literal["look_up"]


class Request(Struct, frozen=True):
    """A call of the HTTP interface. `name` is the client_order_id that it is about, `again` marks an order that was answered before."""

    kind: Kind
    key: Key
    method: str
    path: str
    body: bytes | None
    name: str = ""
    again: bool = False


class Flow:
    """The requests of one client. `placed` tells it what became of an order."""

    def __init__(self, seed: str, account: str) -> None:
        self.account = account
        self._random = Random(seed)
        self._number = 0
        self._live: deque[tuple[str, str]] = deque(maxlen=LIVE_ORDERS)
        self._known: deque[tuple[str, bytes]] = deque(maxlen=KNOWN_ORDERS)

    def next(self) -> Request:
        """The next request."""
        action = self._choose(ACTIONS)
        if action in ("repeat", "look_up") and self._known:
            name, body = self._random.choice(self._known)
            if action == "look_up":
                path = f"/orders/client:{name}?account={self.account}"
                return Request("look_up", Key("place", self.account, name), "GET", path, None, name)
            return Request("place", Key("place", self.account, name), "POST", "/orders", body, name, again=True)
        if action == "cancel" and self._live:
            return self._cancel(*self._random.choice(self._live))
        if action == "cancel_all":
            symbol = self._market().symbol
            path = f"/orders?symbol={symbol}&account={self.account}"
            return Request("cancel_all", Key("cancel_all", self.account, symbol), "DELETE", path, None)
        return self._place(too_small=action == "too_small")

    def placed(self, request: Request, order_id: str, live: bool) -> None:
        """The order was taken; `live` where it rests or waits."""
        assert request.body is not None, "it is an order"
        self._known.append((request.name, request.body))
        if live:
            self._live.append((request.name, order_id))

    def _choose(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _cancel(self, name: str, order_id: str) -> Request:
        named = self._random.choice((f"client:{name}", order_id))
        path = f"/orders/{named}?account={self.account}"
        return Request("cancel", Key("cancel", self.account, named), "DELETE", path, None, name)

    def _place(self, too_small: bool) -> Request:
        self._number += 1
        name = f"{self.account}-{self._number}"
        market = self._market()
        side = self._random.choice(("buy", "sell"))
        order_type = "limit" if too_small else self._choose(ORDER_TYPES)
        lots = 1 if too_small else self._random.randint(1, MAX_LOTS)
        order = {
            "symbol": market.symbol,
            "account": self.account,
            "client_order_id": name,
            "side": side,
            "order_type": order_type,
            "quantity": format_decimal(lots * market.lot, market.quantity_decimals),
        }
        if too_small:
            order["price"] = format_decimal(1, PRICE_DECIMALS)
        elif order_type in PRICED:
            order["price"] = self._price(market, side if order_type == "limit" else None)
        if order_type in TRIGGERED:
            order["trigger_price"] = self._price(market, None)
        return Request("place", Key("place", self.account, name), "POST", "/orders", _encode(order), name)

    def _market(self) -> Market:
        return self._random.choices(list(MARKETS), list(MARKETS.values()))[0]

    def _price(self, market: Market, resting: str | None) -> str:
        """A price; on its own side of the middle, mostly, for an order that is to rest there."""
        lowest = -OVERLAP if resting == "sell" else -REACH
        highest = OVERLAP if resting == "buy" else REACH
        return format_decimal(market.middle + market.step * self._random.randint(lowest, highest), PRICE_DECIMALS)

"""Draws the orders of bots: seeded, around one price that both sides share, with a few far from it."""

from random import Random
from typing import Final

from matching_exchange.tools.client_faults.api import WINDOW, Call, Parameters

SYMBOLS: Final = ("BTCUSDT", "ETHUSDT")

MIDDLE: Final = 50_000
"""Whole USDT: a price that both symbols have, as both have decimals enough."""

REACH: Final = 20
OVERLAP: Final = 6
"""The largest distances of a price from the middle, on its own side and beyond it, in whole USDT."""

FAR: Final = 20_000
"""So far from the middle no order trades."""

MAX_LOTS: Final = 9

KINDS: Final = {
    "limit": 30,
    "limit_maker": 8,
    "ioc": 6,
    "fok": 3,
    "market": 6,
    "stop_limit": 4,
    "trailing": 2,
}
PREVENTIONS: Final = {"NONE": 7, "EXPIRE_TAKER": 1, "EXPIRE_MAKER": 1, "EXPIRE_BOTH": 1}
"""How often each comes, in proportion."""

NEW: Final = ("POST", "order", "order.place")


class Drawing:
    def __init__(self, random: Random) -> None:
        self._random = random

    def choose(self, proportions: dict[str, int]) -> str:
        return self._random.choices(list(proportions), list(proportions.values()))[0]

    def symbol(self) -> str:
        return self._random.choice(SYMBOLS)

    def new(self, symbol: str, name: str) -> Call:
        """An order of any kind."""
        return Call(*NEW, self.order(symbol, name))

    def order(self, symbol: str, name: str) -> Parameters:
        """The parameters of an order of any kind."""
        side = self._random.choice(("BUY", "SELL"))
        kind = self.choose(KINDS)
        common: Parameters = {
            "symbol": symbol,
            "side": side,
            "quantity": self.quantity(),
            "newClientOrderId": name,
            "recvWindow": WINDOW,
            "selfTradePreventionMode": self.choose(PREVENTIONS),
            "newOrderRespType": self._random.choice(("ACK", "RESULT", "FULL")),
        }
        price = self.price(side)
        match kind:
            case "market":
                return {**common, "type": "MARKET"}
            case "limit_maker":
                return {**common, "type": "LIMIT_MAKER", "price": price}
            case "stop_limit":
                stop = MIDDLE + self._random.randint(1, OVERLAP) * (1 if side == "BUY" else -1)
                return {**common, "type": "STOP_LOSS_LIMIT", "price": price, "stopPrice": stop, "timeInForce": "GTC"}
            case "trailing":
                delta = self._random.randint(1, 3)
                return {**common, "type": "STOP_LOSS", "trailingDelta": delta}
        force = "GTC" if kind == "limit" else kind.upper()
        return {**common, "type": "LIMIT", "price": price, "timeInForce": force}

    def far(self, symbol: str, name: str) -> Call:
        """An order that rests and never trades."""
        side = self._random.choice(("BUY", "SELL"))
        price = MIDDLE - FAR if side == "BUY" else MIDDLE + FAR
        parameters: Parameters = {
            "symbol": symbol,
            "side": side,
            "type": "LIMIT_MAKER",
            "quantity": self.quantity(),
            "price": price + self._random.randint(0, REACH),
            "newClientOrderId": name,
            "recvWindow": WINDOW,
        }
        return Call(*NEW, parameters)

    def oco(self, symbol: str, above: str, below: str) -> Call:
        """A sell or a buy with a limit on one side of the middle, and a stop on the other."""
        side = self._random.choice(("BUY", "SELL"))
        limit, stop = ("above", "below") if side == "SELL" else ("below", "above")
        away = {"above": OVERLAP + self._random.randint(1, REACH), "below": -OVERLAP - self._random.randint(1, REACH)}
        parameters: Parameters = {
            "symbol": symbol,
            "side": side,
            "quantity": self.quantity(),
            f"{limit}Type": "LIMIT_MAKER",
            f"{limit}Price": MIDDLE + away[limit],
            f"{stop}Type": "STOP_LOSS",
            f"{stop}StopPrice": MIDDLE + away[stop],
            "aboveClientOrderId": above,
            "belowClientOrderId": below,
            "recvWindow": WINDOW,
        }
        return Call("POST", "orderList/oco", "orderList.place.oco", parameters)

    def price(self, side: str) -> int:
        """One that meets the other side now and then."""
        away = self._random.randint(-OVERLAP, REACH)
        return MIDDLE - away if side == "BUY" else MIDDLE + away

    def quantity(self) -> str:
        return _hundredths(self._random.randint(1, MAX_LOTS))


def smaller(quantity: str) -> str:
    """The quantity less a hundredth."""
    return _hundredths(int(quantity.removeprefix("0.")) - 1)


def _hundredths(count: int) -> str:
    return f"0.{count:02}"

"""A holder of a key, and a socket that hears what happens to his account."""

from itertools import count
from typing import Any

from tests.e2e.binance import Holder
from tests.e2e.binance_sockets import ApiSocket
from tests.exchange import Exchange, Json

_numbers = count(1)


class Trader:
    """A holder of a key, an instrument of his own, and a socket that hears his account."""

    def __init__(self, exchange: Exchange, deposit: Json | None = None) -> None:
        number = next(_numbers)
        self.exchange = exchange
        self.base = f"E{number}"
        self.symbol = exchange.add_instrument(symbol=f"{self.base}-USDT", base=self.base)
        self.joined = f"{self.base}USDT"
        self.account = f"heard{number}"
        money = {"USDT": "100000", self.base: "100"} if deposit is None else deposit
        self.holder = Holder(exchange, self.account, **({"deposit": money} if money else {}))

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        response = self.holder.call(method, f"/api/v3/{path}", {"symbol": self.joined, **parameters})
        assert response.status_code == 200, response.text
        return response.json()

    def order(self, side: str, kind: str, **parameters: Any) -> Json:
        placed: Json = self.call("POST", "order", side=side, type=kind, **parameters)
        return placed

    def limit(self, side: str, quantity: str, price: str, **more: Any) -> Json:
        return self.order(side, "LIMIT", timeInForce="GTC", quantity=quantity, price=price, **more)

    def other(self, side: str, quantity: str, price: str) -> None:
        """An order of somebody else."""
        self.exchange.place(self.symbol, "limit", side, quantity, price, account="other")


class Ears:
    """A socket that hears the trader's account."""

    def __init__(self, trader: Trader) -> None:
        self._socket = ApiSocket(trader.exchange, trader.holder)

    def __enter__(self) -> "Ears":
        self._socket.__enter__()
        assert self._socket.log_on()["status"] == 200
        assert self._socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.__exit__(None, None, None)

    def event(self) -> Json:
        message = self._socket.hear()
        assert set(message) == {"subscriptionId", "event"} and message["subscriptionId"] == 0
        event: Json = message["event"]
        assert "status" not in event and "error" not in event
        return event

    def events(self, count: int) -> list[Json]:
        return [self.event() for _ in range(count)]

    def reports(self, count: int) -> list[Json]:
        """So many execution reports; other events between them are left out."""
        found: list[Json] = []
        while len(found) < count:
            event = self.event()
            if event["e"] == "executionReport":
                found.append(event)
        return found

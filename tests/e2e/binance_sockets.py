"""Sockets of the Binance dialect, as stock clients open them, and a book kept as the venue's documents tell."""

import hashlib
import hmac
import json
from contextlib import ExitStack, suppress
from itertools import count
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.binance import Holder, now
from tests.exchange import PATIENCE, Exchange, Json

_symbols = count(1)


class Socket:
    """A context manager. `path` may have a query."""

    def __init__(self, exchange: Exchange, path: str) -> None:
        self._url = f"ws://127.0.0.1:{exchange.gateway.port}{path}"
        self._open = ExitStack()
        self._numbers = count(1)

    def __enter__(self) -> Self:
        self._connection = self._open.enter_context(connect(self._url, open_timeout=PATIENCE, proxy=None))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def send(self, message: Any) -> None:
        self._connection.send(message if isinstance(message, str) else json.dumps(message))

    def hear(self, seconds: float = PATIENCE) -> Any:
        """The next message."""
        return json.loads(self._connection.recv(timeout=seconds))

    def hear_until(self, wanted: Any) -> list[Any]:
        """Messages up to the first one that is wanted."""
        found = [self.hear()]
        while not wanted(found[-1]):
            found.append(self.hear())
        return found

    def ask(self, method: str, params: Any = None, number: Any = None) -> Json:
        """The answer to a request; what comes before it is left out."""
        told = next(self._numbers) if number is None else number
        request: Json = {"method": method, "id": told}
        self.send(request if params is None else {**request, "params": params})
        found: Json = self.hear_until(lambda message: isinstance(message, dict) and message.get("id") == told)[-1]
        return found

    def ending(self) -> tuple[int, list[Any]]:
        """The code with which the gateway closes the socket, and what it says before."""
        said: list[Any] = []
        with suppress(ConnectionClosed):
            while True:
                said.append(self.hear())
        frame = self._connection.protocol.close_rcvd
        assert frame is not None, "the connection broke"
        return frame.code, said


class ApiSocket(Socket):
    """A socket of the WebSocket API, with a holder of a key."""

    def __init__(self, exchange: Exchange, holder: Holder | None = None, query: str = "") -> None:
        super().__init__(exchange, f"/ws-api/v3{query}")
        self.holder = holder

    def signed(self, params: Json | None = None) -> Json:
        assert self.holder is not None
        params = {**(params or {}), "apiKey": self.holder.api_key, "timestamp": now()}
        return {**params, "signature": signature(self.holder, params)}

    def log_on(self) -> Json:
        return self.ask("session.logon", self.signed())

    def call(self, method: str, params: Json | None = None) -> Any:
        """The result of a call of the session that must go well."""
        answer = self.ask(method, {**(params or {}), "timestamp": now()})
        assert answer["status"] == 200, answer
        return answer["result"]


def signature(holder: Holder, params: Json) -> str:
    text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
    return hmac.digest(holder.secret.encode(), text.encode(), hashlib.sha256).hex()


class LocalBook:
    """A book that a client keeps: a snapshot, then differences, each of which must follow the one before."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        self.last: int | None = None
        self._buffer: list[Json] = []

    def hear(self, event: Json) -> None:
        if self.last is None:
            self._buffer.append(event)
        else:
            assert event["U"] == self.last + 1, (event["U"], self.last)
            self._apply(event)

    def load(self, snapshot: Json) -> None:
        """Begin with an answer of `depth`, and what was heard before it."""
        for side, levels in (("b", snapshot["bids"]), ("a", snapshot["asks"])):
            self.sides[side] = dict(levels)
        kept = [event for event in self._buffer if event["u"] > snapshot["lastUpdateId"]]
        for earlier, later in zip(self._buffer, self._buffer[1:], strict=False):
            assert later["U"] == earlier["u"] + 1
        if kept:
            assert kept[0]["U"] <= snapshot["lastUpdateId"] + 1 <= kept[0]["u"]
        self.last = self._buffer[-1]["u"] if self._buffer else None
        for event in kept:
            self._apply(event)

    def _apply(self, event: Json) -> None:
        self.last = event["u"]
        for side, kept in self.sides.items():
            for price, quantity in event[side]:
                if quantity == "0.00000000":
                    kept.pop(price, None)
                else:
                    kept[price] = quantity

    def levels(self) -> Json:
        return {
            name: [[price, quantity] for price, quantity in sorted(kept.items(), key=_price, reverse=side == "b")]
            for name, side, kept in (("bids", "b", self.sides["b"]), ("asks", "a", self.sides["a"]))
        }


def _price(level: tuple[str, str]) -> tuple[int, str]:
    whole, _, fraction = level[0].partition(".")
    return int(whole), fraction


class StreamMarket:
    """An instrument of the test's own."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.base = f"S{next(_symbols)}"
        self.symbol = exchange.add_instrument(symbol=f"{self.base}-USDT", base=self.base)
        self.joined = f"{self.base}USDT"
        self.lower = self.joined.lower()

    def get(self, path: str, **parameters: str | int) -> Any:
        return self.exchange.get(f"/api/v3/{path}", symbol=self.joined, **parameters)

    def rest(self, side: str, quantity: str, price: str) -> int:
        placed = self.exchange.place(self.symbol, "limit", side, quantity, price, account="maker")
        return int(placed["order_id"])

    def take(self, side: str, quantity: str) -> None:
        self.exchange.place(self.symbol, "market", side, quantity, account="taker")

    def trade(self) -> None:
        """A taker buys of three makers at two prices."""
        self.rest("sell", "1", "101")
        self.rest("sell", "0.5", "101")
        self.rest("sell", "1", "102")
        self.take("buy", "2")

    def stream(self, *kinds: str) -> Socket:
        return Socket(self.exchange, "/ws/" + "/".join(f"{self.lower}@{kind}" for kind in kinds))

"""The exchange over HTTP: POST /orders over keep-alive connections, one order at a time on each."""

import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from matching_exchange.tools.connections import BROKEN, Connections, Response, request_bytes
from matching_exchange.tools.load_test.orders import Market, Sent, Told
from matching_exchange.tools.load_test.transport import LoadError, Reply
from protocol.instrument import decimals_of, format_decimal, parse_decimal
from protocol.units import Side

ANSWER_SECONDS: Final = 20.0
"""Seconds that a call may take. A gateway answers sooner."""

SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}

_decode: Callable[[bytes], Any] = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def read_order(body: bytes, market: Market) -> Told:
    """The order in an answer, in the market's units."""
    found = _decode(body)

    def quantity(text: str) -> int:
        return parse_decimal(text, market.quantity_decimals)

    def price(text: str) -> int:
        return parse_decimal(text, market.price_decimals)

    return Told(
        found["order_id"],
        found["client_order_id"],
        SIDES[found["side"]],
        quantity(found["quantity"]),
        None if found["price"] is None else price(found["price"]),
        found["status"],
        quantity(found["filled_quantity"]),
        quantity(found["remaining_quantity"]),
        [(price(trade["price"]), quantity(trade["quantity"])) for trade in found["trades"]],
    )


def order_body(order: Sent, account: str, market: Market) -> bytes:
    """The order as JSON."""
    return _encode(
        {
            "symbol": market.symbol,
            "account": account,
            "client_order_id": order.client_order_id,
            "order_type": "limit",
            "side": "buy" if order.side is Side.BUY else "sell",
            "quantity": format_decimal(order.quantity, market.quantity_decimals),
            "price": format_decimal(order.price, market.price_decimals),
        }
    )


def ending(response: Response) -> str:
    """What came instead of a good answer."""
    if response.status == BROKEN:
        return "a broken connection"
    return f"{response.status}: {response.body.decode(errors='replace')}"


class HttpTransport:
    """A gateway at an address such as http://127.0.0.1:8000."""

    def __init__(self, url: str, account: str, connections: int) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise LoadError(f"{url}: takes an address such as http://127.0.0.1:8000")
        self._url = url
        self._host = parts.netloc
        self._account = account
        self._market: Market | None = None
        self._connections = Connections(parts.hostname, parts.port or 80, connections)
        try:
            self._connections.open()
        except OSError as error:
            self._connections.close()
            raise LoadError(f"{url}: {error.strerror or error}") from error

    def market(self, symbol: str) -> Market:
        for found in self._call("GET", "/instruments")["instruments"]:
            if found["symbol"] == symbol:
                price, quantity = decimals_of(found["tick_size"]), decimals_of(found["lot_size"])
                self._market = Market(
                    symbol,
                    price,
                    quantity,
                    parse_decimal(found["tick_size"], price),
                    parse_decimal(found["lot_size"], quantity),
                    parse_decimal(found["min_quantity"], quantity),
                    parse_decimal(found["min_notional"], price + quantity),
                )
                return self._market
        raise LoadError(f"{self._url}: has no instrument {symbol}")

    @property
    def _known(self) -> Market:
        assert self._market is not None, "the market is asked for first"
        return self._market

    def middle(self) -> int | None:
        market = self._known
        depth = self._call("GET", f"/depth?symbol={quote(market.symbol)}&levels=1")
        if not depth["bids"] or not depth["asks"]:
            return None
        best = (parse_decimal(depth[side][0][0], market.price_decimals) for side in ("bids", "asks"))
        return sum(best) // 2

    def can_send(self) -> bool:
        return self._connections.free > 0

    def send(self, number: int, order: Sent) -> None:
        body = order_body(order, self._account, self._known)
        self._send(number, request_bytes("POST", "/orders", self._host, body))

    def receive(self, seconds: float) -> list[Reply]:
        return [self._reply(response) for response in self._connections.receive(seconds)]

    def give_up(self) -> None:
        self._connections.abandon()

    def look_up(self, orders: Sequence[Sent]) -> Iterator[tuple[Sent, Told | None]]:
        numbers = iter(range(len(orders)))
        number = next(numbers, None)
        deadline = time.monotonic() + ANSWER_SECONDS
        while number is not None or self._connections.under_way:
            while number is not None and self._connections.free:
                path = f"/orders/client:{quote(orders[number].client_order_id)}?account={quote(self._account)}"
                self._send(number, request_bytes("GET", path, self._host))
                number = next(numbers, None)
            responses = self._connections.receive(ANSWER_SECONDS)
            if responses:
                deadline = time.monotonic() + ANSWER_SECONDS
            elif time.monotonic() > deadline:
                raise LoadError(f"{self._url}: look-ups are not answered")
            for response in responses:
                order = orders[response.number]
                if response.status == HTTPStatus.NOT_FOUND:
                    yield order, None
                elif response.status == HTTPStatus.OK:
                    yield order, read_order(response.body, self._known)
                else:
                    raise LoadError(f"{self._url}: a look-up ends with {ending(response)}")

    def cancel_all(self) -> None:
        self._call("DELETE", f"/orders?symbol={quote(self._known.symbol)}&account={quote(self._account)}")

    def close(self) -> None:
        self._connections.close()

    def _send(self, number: int, request: bytes) -> None:
        try:
            self._connections.send(number, request)
        except OSError as error:
            raise LoadError(f"{self._url}: {error.strerror or error}") from error

    def _reply(self, response: Response) -> Reply:
        if response.status == HTTPStatus.OK:
            return Reply(response.number, response.at, "answered", read_order(response.body, self._known))
        # An order with a fault, or one that found no matcher, was not taken.
        refused = response.status // 100 == 4 or response.status == HTTPStatus.SERVICE_UNAVAILABLE
        return Reply(response.number, response.at, "refused" if refused else "unknown", None, ending(response))

    def _call(self, method: str, path: str) -> Any:
        """The answer to one call, with nothing else under way."""
        self._send(0, request_bytes(method, path, self._host))
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            for response in self._connections.receive(deadline - time.monotonic()):
                if response.status != HTTPStatus.OK:
                    raise LoadError(f"{self._url}: {method} {path} ends with {ending(response)}")
                try:
                    return _decode(response.body)
                except msgspec.MsgspecError as error:
                    raise LoadError(f"{self._url}: {method} {path} is not answered as an exchange does") from error
        raise LoadError(f"{self._url}: {method} {path} is not answered")

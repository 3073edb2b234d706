"""The book over WebSocket, by levels and order by order, as a client keeps it that knows only what is documented."""

import json
import socket
import zlib
from decimal import Decimal

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from protocol.commands import AmendOrder, PlaceOrder
from protocol.events import OrderResult
from protocol.units import OrderType, Side
from tests.exchange import Exchange, Json, receive, wait_until

LEVELS_OF_CHECKSUM = 10


class Book:
    """Levels by price. Each message must join on to the one before, and its checksum be that of the book."""

    def __init__(self) -> None:
        self.number = 0
        self.decimals = (0, 0)
        self.sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}

    def take(self, message: Json) -> None:
        if message["type"] == "snapshot":
            if message["part"] == 1:
                self.sides = {"bids": {}, "asks": {}}
            self.number = message["number"]
            self.decimals = message["price_decimals"], message["quantity_decimals"]
        else:
            assert message["first"] == self.number + 1
            self.number = message["last"]
        for name, side in self.sides.items():
            for price, quantity in message[name]:
                side[Decimal(price)] = Decimal(quantity)
                if not Decimal(quantity):
                    del side[Decimal(price)]
        if message.get("part") == message.get("parts"):
            assert self.checksum() == message["checksum"]

    def levels(self, name: str) -> list[tuple[Decimal, Decimal]]:
        return sorted(self.sides[name].items(), reverse=name == "bids")

    def checksum(self) -> int:
        digits = "".join(
            str(int(price.scaleb(self.decimals[0]))) + str(int(quantity.scaleb(self.decimals[1])))
            for name in ("asks", "bids")
            for price, quantity in self.levels(name)[:LEVELS_OF_CHECKSUM]
        )
        return zlib.crc32(digits.encode())


class Queues:
    """order_id and shown quantity of the orders of each price, in the order of the queue."""

    def __init__(self) -> None:
        self.number = 0
        self.orders: dict[str, list[Json]] = {"buy": [], "sell": []}

    def take(self, message: Json) -> None:
        if message["type"] == "snapshot":
            assert (message["part"], message["parts"]) == (1, 1)
            self.number = message["number"]
            for side, name in (("buy", "bids"), ("sell", "asks")):
                fields = ("order_id", "price", "quantity")
                self.orders[side] = [dict(zip(fields, order, strict=True)) for order in message[name]]
            return
        assert message["first"] == self.number + 1
        self.number = message["last"]
        for change in message["changes"]:
            self.change(change)

    def change(self, change: Json) -> None:
        orders = self.orders[change["side"]]
        known = next((order for order in orders if order["order_id"] == change["order_id"]), None)
        left = change["remaining"] if change["type"] == "execute" else change["quantity"]
        gone = change["type"] == "delete" or left == "0"
        if known is not None and not gone and not change.get("loses_priority"):
            known["quantity"] = left
            return
        if known is not None:
            orders.remove(known)
        if not gone:
            orders.append({name: change[name] for name in ("order_id", "price", "quantity")})

    def at(self, side: str, price: str) -> list[tuple[str, str]]:
        return [(order["order_id"], order["quantity"]) for order in self.orders[side] if order["price"] == price]


def shows(exchange: Exchange, symbol: str, book: Book) -> bool:
    depth = exchange.get("/depth", symbol=symbol, levels=1000)
    return all(
        [(Decimal(price), Decimal(quantity)) for price, quantity in depth[name]] == book.levels(name)
        for name in ("bids", "asks")
    )


def test_book_stream_keeps_the_book_with_its_checksum(shared_exchange: Exchange, symbol: str) -> None:
    for place in range(12):
        shared_exchange.place(symbol, "limit", "buy", "1.5", f"{100 - place}")
    book = Book()
    with shared_exchange.stream("/ws/book", symbol) as stream:
        first = receive(stream)
        book.take(first)
        shared_exchange.place(symbol, "limit", "sell", "0.01001", "100.01")
        order = shared_exchange.place(symbol, "limit", "sell", "2", "100.5", display_quantity="0.5")
        stop = shared_exchange.place(symbol, "stop_market", "sell", "1", trigger_price="90")
        shared_exchange.place(symbol, "market", "sell", "4")
        shared_exchange.delete(f"/orders/{stop['order_id']}")
        shared_exchange.delete(f"/orders/{order['order_id']}")
        last = shared_exchange.place(symbol, "limit", "buy", "3", "50")
        while book.number < first["number"] + 5:
            message = receive(stream)
            book.take(message)
        assert message["sequence"] == last["sequence"]
    assert first["type"] == "snapshot"
    assert shows(shared_exchange, symbol, book)
    assert len(book.levels("bids")) == 11


def test_orders_stream_keeps_the_queues(shared_exchange: Exchange, symbol: str) -> None:
    def place(side: str, quantity: str, price: str, **more: str) -> str:
        order_id = shared_exchange.place(symbol, "limit", side, quantity, price, **more)["order_id"]
        assert isinstance(order_id, str)
        return order_id

    first = place("buy", "1", "100", client_order_id="secret-1", account="hidden-account")
    queues = Queues()
    with shared_exchange.stream("/ws/orders", symbol) as stream:
        texts = [stream.recv()]
        queues.take(json_of(texts[0]))
        iceberg = place("buy", "3", "100", display_quantity="1", client_order_id="secret-2", account="hidden-account")
        last = place("buy", "5", "100")
        # The first is filled, the iceberg shows another part behind the last one.
        place("sell", "2", "100")
        shared_exchange.http.patch(f"/orders/{last}", json={"quantity": "4"})
        while queues.at("buy", "100") != [(last, "4"), (iceberg, "1")]:
            texts.append(stream.recv())
            queues.take(json_of(texts[-1]))
        assert first not in {order_id for order_id, _ in queues.at("buy", "100")}
    assert not any("secret" in text or "hidden" in text for text in map(str, texts))


def json_of(text: str | bytes) -> Json:
    message: Json = json.loads(text)
    return message


def test_clients_begin_anew_after_a_restart_of_the_matcher(exchange: Exchange) -> None:
    symbol = exchange.add_instrument()
    exchange.place(symbol, "limit", "buy", "1", "100")
    book, queues = Book(), Queues()
    with exchange.stream("/ws/book", symbol) as levels, exchange.stream("/ws/orders", symbol) as orders:
        book.take(receive(levels))
        queues.take(receive(orders))
        exchange.place(symbol, "limit", "buy", "2", "100")
        book.take(receive(levels))
        queues.take(receive(orders))
        exchange.matcher.kill()
        exchange.matcher.restart()
        exchange.gateway.wait_until_ready()
        exchange.place(symbol, "limit", "buy", "3", "101")
        while book.levels("bids") != [(Decimal(101), Decimal(3)), (Decimal(100), Decimal(3))]:
            book.take(receive(levels))
        while not queues.at("buy", "101"):
            queues.take(receive(orders))
    assert [quantity for _, quantity in queues.at("buy", "100")] == ["1", "2"]
    assert shows(exchange, symbol, book)


def test_slow_client_of_a_book_is_closed(shared_exchange: Exchange, symbol: str) -> None:
    slow_socket = socket.socket()
    slow_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow_socket.connect(("127.0.0.1", shared_exchange.gateway.port))
    url = f"ws://127.0.0.1:{shared_exchange.gateway.port}/ws/book?symbol={symbol}"
    with (
        shared_exchange.matcher.client() as client,
        connect(url, sock=slow_socket, proxy=None, compression=None, max_queue=1) as slow,
    ):
        client.send([PlaceOrder(symbol, "bulk", Side.BUY, OrderType.LIMIT, 50_000, 100_00)])
        answer = client.receive().answer
        assert isinstance(answer, OrderResult)
        changes = 1
        book, code = Book(), None
        # A few more than wait for one client; the buffers of sockets on the way may hold many more.
        for thousands in (14, 28, 56):
            for _ in range(0, thousands * 1000, 500):
                amends = [
                    AmendOrder(order_id=answer.order_id, quantity=40_000 + place + changes % 2) for place in range(500)
                ]
                changes += len(client.send(amends))
                for _ in amends:
                    client.receive()
            try:
                while book.number < changes:
                    book.take(receive(slow))
            except ConnectionClosed as closed:
                code = None if closed.rcvd is None else closed.rcvd.code
                break
        assert code == 4408


@pytest.mark.parametrize("path", ["/ws/book", "/ws/orders"])
def test_two_clients_are_told_the_same(shared_exchange: Exchange, symbol: str, path: str) -> None:
    with shared_exchange.stream(path, symbol) as first:
        before = receive(first)
        shared_exchange.place(symbol, "limit", "buy", "1", "100")
        update = receive(first)
        with shared_exchange.stream(path, symbol) as second:
            snapshot = receive(second)
            shared_exchange.place(symbol, "limit", "sell", "1", "101")
            assert receive(first) == receive(second)
    assert snapshot["number"] == update["last"] == before["number"] + 1
    assert snapshot["bids"][0][-2:] == ["100", "1"]


def test_nothing_is_followed_once_the_last_client_has_gone(shared_exchange: Exchange, symbol: str) -> None:
    """The next one begins at a later number: the changes between had none."""
    with shared_exchange.stream("/ws/book", symbol) as stream:
        first = receive(stream)["number"]

    def begins_anew() -> bool:
        with shared_exchange.stream("/ws/book", symbol) as stream:
            return bool(receive(stream)["number"] > first)

    wait_until(begins_anew, "a later number")

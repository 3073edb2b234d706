"""Market data over HTTP and WebSocket, and that a reader of the matcher's own socket sees the same."""

import json
import re
import socket
import time
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
import zmq
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin

from protocol.client import CommandClient
from protocol.commands import PlaceOrder
from protocol.events import OrderResult
from protocol.units import OrderType, Side
from tests.e2e.fields import DEPTH_UPDATE, MARKET_TRADE, ORDER_TRADE, TIMESTAMP
from tests.exchange import Exchange, Json, ending, receive, receive_until, wait_until
from tests.subscriber import Subscriber


def shows(message: Json, bids: list[list[str]], asks: list[list[str]]) -> bool:
    return (message["bids"], message["asks"]) == (bids, asks)


# HTTP


def test_depth(shared_exchange: Exchange, symbol: str) -> None:
    empty = shared_exchange.get("/depth", symbol=symbol)
    assert empty.keys() == {"timestamp", "symbol", "sequence", "bids", "asks"}
    assert shows(empty, [], [])
    for price in range(100, 112):
        last = shared_exchange.place(symbol, "limit", "buy", "1.50", str(price))
    shared_exchange.place(symbol, "limit", "sell", "1", "200.10")
    shared_exchange.place(symbol, "limit", "sell", "0.5", "200.1")
    depth = shared_exchange.get("/depth", symbol=symbol)
    assert re.fullmatch(TIMESTAMP, depth["timestamp"])
    assert depth["symbol"] == symbol
    assert depth["sequence"] > last["sequence"]
    assert depth["bids"] == [[str(price), "1.5"] for price in range(111, 101, -1)]
    assert depth["asks"] == [["200.1", "1.5"]]
    assert len(shared_exchange.get("/depth", symbol=symbol, levels=1000)["bids"]) == 12
    assert shared_exchange.get("/depth", symbol=symbol, levels=1)["bids"] == [["111", "1.5"]]


def test_best_prices(shared_exchange: Exchange, symbol: str) -> None:
    empty = shared_exchange.get("/bbo", symbol=symbol)
    assert empty.keys() == {"timestamp", "symbol", "sequence", "bid", "ask"}
    assert (empty["symbol"], empty["bid"], empty["ask"]) == (symbol, None, None)
    shared_exchange.place(symbol, "limit", "buy", "1", "100")
    shared_exchange.place(symbol, "limit", "buy", "2", "100")
    best = shared_exchange.get("/bbo", symbol=symbol)
    assert (best["bid"], best["ask"]) == (["100", "3"], None)


def test_last_trades(shared_exchange: Exchange, symbol: str) -> None:
    assert shared_exchange.get("/trades", symbol=symbol) == {"symbol": symbol, "trades": []}
    takers = [shared_exchange.trade(symbol, price) for price in ("100", "101.5", "99")]
    shown = shared_exchange.get("/trades", symbol=symbol)["trades"]
    assert all(trade.keys() == MARKET_TRADE and trade["symbol"] == symbol for trade in shown)
    assert [trade["price"] for trade in shown] == ["100", "101.5", "99"]
    assert [{name: trade[name] for name in ORDER_TRADE} for trade in shown] == [taker["trades"][0] for taker in takers]
    assert [(trade["sequence"], trade["timestamp"]) for trade in shown] == [
        (taker["sequence"], taker["timestamp"]) for taker in takers
    ]
    assert shared_exchange.get("/trades", symbol=symbol, limit=2)["trades"] == shown[1:]


def test_health(shared_exchange: Exchange) -> None:
    health = shared_exchange.get("/health")
    assert health["status"] == "ok"
    assert health["sync"] == "always"
    assert health["refused_frames"] == 0
    assert all(isinstance(health[name], int) for name in ("sequence", "open_orders", "uptime"))


def test_open_orders_are_counted(shared_exchange: Exchange, symbol: str) -> None:
    before = shared_exchange.get("/health")["open_orders"]
    shared_exchange.place(symbol, "limit", "buy", "1", "100")
    shared_exchange.place(symbol, "stop_market", "buy", "1", trigger_price="200")
    shared_exchange.place(symbol, "ioc", "buy", "1", "100")
    assert shared_exchange.get("/health")["open_orders"] == before + 2


# Depth over WebSocket


def test_depth_stream_begins_with_the_book_of_now(shared_exchange: Exchange, symbol: str) -> None:
    last = shared_exchange.place(symbol, "limit", "buy", "1", "100")
    with shared_exchange.stream("/ws/marketdata", symbol) as stream:
        first = receive(stream)
    assert first.keys() == DEPTH_UPDATE
    assert re.fullmatch(TIMESTAMP, first["timestamp"])
    assert first["sequence"] >= last["sequence"]
    assert shows(first, [["100", "1"]], [])
    assert first["bbo"] == {"bid": ["100", "1"], "ask": None}


def test_depth_stream_follows_the_book(shared_exchange: Exchange, symbol: str) -> None:
    with shared_exchange.stream("/ws/marketdata", symbol) as stream:
        assert shows(receive(stream), [], [])
        order = shared_exchange.place(symbol, "limit", "sell", "2", "101")
        messages = receive_until(stream, lambda message: shows(message, [], [["101", "2"]]))
        assert messages[-1]["sequence"] >= order["sequence"]
        shared_exchange.place(symbol, "market", "buy", "0.5")
        messages += receive_until(stream, lambda message: shows(message, [], [["101", "1.5"]]))
        shared_exchange.delete(f"/orders/{order['order_id']}")
        messages += receive_until(stream, lambda message: shows(message, [], []))
    assert all(after["sequence"] >= before["sequence"] for before, after in pairwise(messages))


def test_depth_stream_shows_ten_levels(shared_exchange: Exchange, symbol: str) -> None:
    for price in range(100, 115):
        shared_exchange.place(symbol, "limit", "buy", "1", str(price))
    with shared_exchange.stream("/ws/marketdata", symbol) as stream:
        assert [price for price, _ in receive(stream)["bids"]] == [str(price) for price in range(114, 104, -1)]


def test_streams_are_of_their_symbol_alone(shared_exchange: Exchange, symbol: str) -> None:
    longer = shared_exchange.add_instrument(symbol=f"{symbol}2")
    assert longer != symbol
    with (
        shared_exchange.stream("/ws/marketdata", symbol) as depth,
        shared_exchange.stream("/ws/trades", symbol) as trades,
    ):
        receive(depth)
        shared_exchange.trade(f"{symbol}2", "200")
        shared_exchange.place(f"{symbol}2", "limit", "sell", "1", "300")
        shared_exchange.trade(symbol, "100")
        shared_exchange.place(symbol, "limit", "sell", "1", "150")
        messages = receive_until(depth, lambda message: message["asks"] == [["150", "1"]])
        assert {price for message in messages for price, _ in (*message["bids"], *message["asks"])} <= {"100", "150"}
        assert (trade := receive(trades))["symbol"] == symbol
        assert trade["price"] == "100"


# Trades over WebSocket


def test_trade_stream_brings_every_trade_in_order(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.trade(symbol, "50")
    with shared_exchange.stream("/ws/trades", symbol) as early, shared_exchange.stream("/ws/trades", symbol) as other:
        for price in range(100, 120):
            shared_exchange.place(symbol, "limit", "sell", "1", str(price))
        sweep = shared_exchange.place(symbol, "market", "buy", "20")
        last = shared_exchange.trade(symbol, "99")
        trades = receive_until(early, lambda trade: trade["trade_id"] == last["trades"][0]["trade_id"])
        assert [receive(other) for _ in trades] == trades
    assert [{name: trade[name] for name in ORDER_TRADE} for trade in trades] == [*sweep["trades"], *last["trades"]]
    assert all(trade.keys() == MARKET_TRADE for trade in trades)
    # The trade before the subscription is not among them; the history ends with the same ones.
    assert shared_exchange.get("/trades", symbol=symbol)["trades"][1:] == trades


def send_trades(client: CommandClient, symbol: str, number: int) -> None:
    """So many trades of one lot, straight to the matcher."""
    sell = PlaceOrder(symbol, "bulk", Side.SELL, OrderType.LIMIT, 500, 10_000_000_00)
    buy = PlaceOrder(symbol, "bulk", Side.BUY, OrderType.LIMIT, 1, 10_000_000_00)
    for _ in range(number // 500):
        for _ in client.send([sell, *[buy] * 500]):
            assert isinstance(client.receive().answer, OrderResult)


def test_slow_client_of_trades_is_closed_and_others_are_not(shared_exchange: Exchange, symbol: str) -> None:
    slow_socket = socket.socket()
    slow_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow_socket.connect(("127.0.0.1", shared_exchange.gateway.port))
    url = f"ws://127.0.0.1:{shared_exchange.gateway.port}/ws/trades?symbol={symbol}"
    with (
        shared_exchange.matcher.client() as client,
        connect(url, sock=slow_socket, proxy=None, compression=None, max_queue=1) as slow,
        shared_exchange.stream("/ws/trades", shared_exchange.add_instrument()) as other,
    ):
        received: list[int] = []
        code = None
        # A few more than wait for one client; the buffers of sockets on the way may hold many more.
        for thousands in (14, 28, 56):
            send_trades(client, symbol, thousands * 1000)
            last = int(shared_exchange.get("/trades", symbol=symbol, limit=1)["trades"][0]["trade_id"])
            try:
                while not received or received[-1] < last:
                    received.append(int(receive(slow)["trade_id"]))
            except ConnectionClosed as closed:
                code = None if closed.rcvd is None else closed.rcvd.code
                break
        assert code == 4408
        assert received == list(range(1, len(received) + 1))
        with pytest.raises(TimeoutError):
            other.recv(timeout=0)


# WebSocket: how streams end


@pytest.mark.parametrize("path", ["/ws/marketdata", "/ws/trades", "/ws/book", "/ws/orders"])
@pytest.mark.parametrize(
    ("query", "code", "word"),
    [
        ("?symbol=DOGE-USDT", 4404, "instrument"),
        ("?symbol=", 4404, "instrument"),
        ("?symbol=btc-usdt", 4404, "instrument"),
        ("?symbol=" + "X" * 2000, 4404, "instrument"),
        ("", 4422, "symbol"),
        ("?symbol=BTC-USDT&symbol=ETH-USDT", 4422, "symbol"),
        ("?symbol=BTC-USDT&levels=5", 4422, "symbol"),
    ],
)
def test_stream_that_cannot_be(shared_exchange: Exchange, path: str, query: str, code: int, word: str) -> None:
    with connect(f"ws://127.0.0.1:{shared_exchange.gateway.port}{path}{query}", proxy=None) as stream:
        given, reason = ending(stream)
    assert given == code
    assert word in reason


def test_page_of_another_origin_gets_no_stream(shared_exchange: Exchange) -> None:
    url = f"ws://127.0.0.1:{shared_exchange.gateway.port}/ws/trades?symbol=BTC-USDT"
    with connect(url, origin=Origin("https://example.org"), proxy=None) as stream:
        assert ending(stream)[0] == 4403


def test_what_a_client_sends_is_ignored(shared_exchange: Exchange, symbol: str) -> None:
    with shared_exchange.stream("/ws/marketdata", symbol) as stream:
        receive(stream)
        for text in ("hello", '{"op":"subscribe"}', b"\x00\xff"):
            stream.send(text)
        shared_exchange.place(symbol, "limit", "buy", "1", "100")
        receive_until(stream, lambda message: shows(message, [["100", "1"]], []))


def test_client_that_sends_too_much_disturbs_nobody(shared_exchange: Exchange, symbol: str) -> None:
    with (
        shared_exchange.stream("/ws/marketdata", symbol) as rude,
        shared_exchange.stream("/ws/marketdata", symbol) as other,
    ):
        receive(other)
        rude.send("x" * 1_000_000)
        assert ending(rude)[0] == 1009
        shared_exchange.place(symbol, "limit", "buy", "1", "100")
        receive_until(other, lambda message: shows(message, [["100", "1"]], []))


# The matcher's own socket


def test_direct_subscriber_sees_the_trade_made_over_http(shared_exchange: Exchange, symbol: str) -> None:
    with Subscriber(shared_exchange.matcher, f"trades/{symbol}/", f"instruments/{symbol}/") as subscriber:
        _, instrument = subscriber.read()
        taker = shared_exchange.trade(symbol, "60000.01", "0.00123")
        _, trade = subscriber.read_until(lambda topic, _: topic.startswith("trades/"))[-1]
    [told] = taker["trades"]

    def value(name: str, decimals: str) -> Decimal:
        return Decimal(trade[name]).scaleb(-instrument[decimals])

    assert value("price", "price_decimals") == Decimal(told["price"])
    assert value("quantity", "quantity_decimals") == Decimal(told["quantity"])
    for name in ("maker_fee", "taker_fee"):
        assert value(name, "fee_decimals") == Decimal(told[name])
    assert trade["aggressor_side"] == told["aggressor_side"]
    for name in ("trade_id", "maker_order_id", "taker_order_id"):
        assert str(trade[name]) == told[name]
    assert (trade["sequence"], trade["symbol"]) == (taker["sequence"], symbol)
    seconds, _, rest = taker["timestamp"].removesuffix("Z").partition(".")
    whole, nanoseconds = divmod(trade["timestamp"], 1_000_000_000)
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) == seconds
    assert f"{nanoseconds // 1_000_000:03d}" == rest


def test_ten_lines_are_enough_to_read_trades(shared_exchange: Exchange, symbol: str) -> None:
    subscriber: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    subscriber.connect(shared_exchange.matcher.market_data)
    subscriber.subscribe(f"trades/{symbol}/")

    def heard() -> bool:
        shared_exchange.trade(symbol, "100")
        return bool(subscriber.poll(0))

    wait_until(heard, "a trade")
    topic, payload = subscriber.recv_multipart()
    trade = msgspec.msgpack.decode(payload)
    subscriber.close()
    assert topic.decode() == f"trades/{symbol}/"
    assert json.loads(json.dumps(trade)) == trade
    history = shared_exchange.get("/trades", symbol=symbol)["trades"]
    assert (trade["price"], trade["quantity"]) == (10_000, 100_000)
    assert str(trade["maker_order_id"]) in {known["maker_order_id"] for known in history}


def test_depth_is_the_same_everywhere(shared_exchange: Exchange, symbol: str) -> None:
    shared_exchange.place(symbol, "limit", "buy", "1.5", "99.5")
    shared_exchange.place(symbol, "limit", "sell", "2", "100.25")
    depth = shared_exchange.get("/depth", symbol=symbol)
    with (
        shared_exchange.stream("/ws/marketdata", symbol) as stream,
        Subscriber(shared_exchange.matcher, f"depth/{symbol}/") as subscriber,
    ):
        assert shows(receive(stream), depth["bids"], depth["asks"])
        [*_, (_, direct)] = subscriber.read_until(lambda _, message: bool(message["bids"] and message["asks"]))
    assert direct["bids"] == [[9_950, 150_000]]
    assert direct["asks"] == [[10_025, 200_000]]

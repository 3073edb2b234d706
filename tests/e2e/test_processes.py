"""Both processes over their lives: started in any order, stopped, killed, paused, restarted; and several workers."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from protocol.commands import PlaceOrder
from protocol.events import OrderResult
from protocol.units import OrderType, Side
from tests.children import children_of
from tests.exchange import PATIENCE, Exchange, Gateway, Json, ending, receive, receive_until, wait_until

ORDER: Json = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "100"}


@pytest.fixture
def exchange(shared_exchange: Exchange) -> Exchange:
    """The module's exchange, up, whatever the test before has left of it."""
    if shared_exchange.matcher.process is None:
        shared_exchange.matcher.start()
    if shared_exchange.gateway.process is None:
        shared_exchange.gateway.start()
    shared_exchange.gateway.wait_until_ready()
    return shared_exchange


@pytest.fixture
def order(exchange: Exchange) -> Json:
    """An order to buy one for 100, of an instrument and under a client order id of the test's own."""
    symbol = exchange.add_instrument()
    return {**ORDER, "symbol": symbol, "client_order_id": f"{symbol}-order"}


def shows_bid(message: Json, price: str, quantity: str) -> bool:
    return bool(message["bids"] == [[price, quantity]])


# Without a matcher


def test_gateway_without_a_matcher(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path)
    gateway = exchange.gateway
    gateway.start()
    try:
        gateway.wait_until_answers(503)
        calls = [
            gateway.http.post("/orders", json={**ORDER, "client_order_id": "refused"}),
            gateway.http.get("/orders"),
            gateway.http.get("/orders/1"),
            gateway.http.delete("/orders/1"),
            gateway.http.delete("/orders"),
            gateway.http.get("/depth?symbol=BTC-USDT"),
            gateway.http.get("/instruments"),
            gateway.http.post("/admin/save?symbol=BTC-USDT"),
        ]
        for response in calls:
            assert response.status_code == 503
            assert response.json()["code"] == "matcher_unavailable"
            assert int(response.headers["retry-after"]) >= 1
        health = gateway.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        # A bad request is bad with or without a matcher, and pages are served.
        assert gateway.http.post("/orders", content=b"no").status_code == 422
        for path in ("/", "/docs", "/openapi.json"):
            assert gateway.http.get(path).status_code == 200
        for path in ("/ws/marketdata", "/ws/trades"):
            with exchange.stream(path, "BTC-USDT") as stream:
                assert ending(stream)[0] == 4503

        exchange.restart_matcher()
        # What was refused never comes.
        assert exchange.get("/orders") == {"orders": [], "next": None}
        assert exchange.post("/orders", {**ORDER, "client_order_id": "refused"})["status"] == "open"
    finally:
        exchange.close()


def test_matcher_that_goes_away_is_noticed(exchange: Exchange, order: Json) -> None:
    placed = exchange.post("/orders", order)
    exchange.matcher.stop()
    exchange.gateway.wait_until_answers(503)
    response = exchange.http.post("/orders", json={**order, "client_order_id": "refused"})
    assert (response.status_code, response.json()["code"]) == (503, "matcher_unavailable")
    exchange.restart_matcher()
    assert exchange.get("/orders", symbol=order["symbol"])["orders"] == [placed]


# Kills


def test_streams_live_through_a_kill_of_the_matcher(exchange: Exchange, order: Json) -> None:
    symbol = order["symbol"]
    with exchange.stream("/ws/marketdata", symbol) as depth, exchange.stream("/ws/trades", symbol) as trades:
        exchange.post("/orders", order)
        first = exchange.place(symbol, "limit", "sell", "0.25", "100")
        *_, before = receive_until(depth, lambda message: shows_bid(message, "100", "0.75"))
        for _ in range(2):
            exchange.matcher.kill()
            exchange.restart_matcher()
            # Without a change, the state comes that the new matcher begins with.
            *_, after = receive_until(depth, lambda message, before=before: message["timestamp"] > before["timestamp"])  # type: ignore[misc]
            assert shows_bid(after, "100", "0.75")
            before = after
        second = exchange.place(symbol, "limit", "sell", "0.5", "100")
        receive_until(depth, lambda message: shows_bid(message, "100", "0.25"))
        streamed = [receive(trades)["trade_id"] for _ in range(2)]
    assert streamed == [taker["trades"][0]["trade_id"] for taker in (first, second)]


def test_kill_of_the_gateway_changes_nothing(exchange: Exchange, order: Json) -> None:
    placed = exchange.post("/orders", order)
    depth = exchange.get("/depth", symbol=order["symbol"])
    exchange.gateway.kill()
    exchange.gateway.restart()
    assert exchange.get(f"/orders/{placed['order_id']}") == placed
    assert {**exchange.get("/depth", symbol=order["symbol"]), "timestamp": ""} == {**depth, "timestamp": ""}
    assert exchange.post("/orders", order) == {**placed, "duplicate": True}


def test_kill_of_both_loses_nothing_that_was_answered(exchange: Exchange, order: Json) -> None:
    orders = [
        {**order, "price": str(100 + number), "client_order_id": f"{order['symbol']}-{number}"} for number in range(300)
    ]

    def place(order: Json) -> Json | None:
        """The answer to one order; None where none came."""
        try:
            response = exchange.http.post("/orders", json=order)
        except httpx.TransportError:
            return None
        if response.status_code == 200:
            placed: Json = response.json()
            return placed
        assert response.status_code in (503, 504), response.text
        return None

    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(place, orders)
        first = [next(answers) for _ in range(100)]
        exchange.matcher.kill()
        exchange.gateway.kill()
        answered = [placed for placed in (*first, *answers) if placed is not None]
    assert len(answered) >= 100
    exchange.matcher.start()
    exchange.gateway.restart()
    for placed in answered:
        assert exchange.get(f"/orders/{placed['order_id']}") == placed
    standing = exchange.get("/orders", symbol=order["symbol"], limit=1000)["orders"]
    assert len({placed["client_order_id"] for placed in standing}) == len(standing)
    # Each of them sent again is one order all the same.
    for again in orders:
        exchange.post("/orders", again)
    assert len(exchange.get("/orders", symbol=order["symbol"], limit=1000)["orders"]) == len(orders)


def test_kill_of_the_matcher_keeps_what_is_done(exchange: Exchange, order: Json) -> None:
    symbol, price = order["symbol"], 100_00
    sell = PlaceOrder(symbol, f"{symbol}-maker", Side.SELL, OrderType.LIMIT, 1_005_00000, price)
    buy = PlaceOrder(symbol, f"{symbol}-taker", Side.BUY, OrderType.MARKET, 1_00000)
    with exchange.matcher.client() as client:
        for _ in client.send([sell, *[buy] * 1_005]):
            assert isinstance(client.receive().answer, OrderResult)
    paths = [
        f"/trades?symbol={symbol}&limit=1000",
        f"/orders?status=done&account={symbol}-taker&limit=1000",
        f"/orders?status=done&account={symbol}-maker",
        f"/orders?status=done&symbol={symbol}&limit=3",
    ]
    before = [exchange.get(path) for path in paths]
    assert [trade["trade_id"] for trade in before[0]["trades"]] == [str(number) for number in range(6, 1_006)]
    exchange.matcher.kill()
    exchange.restart_matcher()
    assert [exchange.get(path) for path in paths] == before


def test_restart_of_an_idle_exchange(exchange: Exchange, order: Json) -> None:
    placed = exchange.post("/orders", order)
    exchange.gateway.stop()
    exchange.matcher.stop(signal.SIGINT)
    exchange.gateway.start()
    exchange.gateway.wait_until_answers(503)
    exchange.restart_matcher()
    assert exchange.post("/orders", order) == {**placed, "duplicate": True}


# A matcher that takes its time


def begin(gateway: Gateway, method: str, path: str, body: Json | None = None) -> HTTPConnection:
    """Send a request without waiting for its answer; its bytes are there before those of any later one."""
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request(method, path, None if body is None else json.dumps(body))
    return connection


def finish(connection: HTTPConnection) -> tuple[int, Json]:
    """The status and the body of the answer to a request that was begun."""
    response = connection.getresponse()
    body: Json = json.loads(response.read())
    connection.close()
    return response.status, body


@pytest.fixture(scope="module")
def second_gateway(shared_exchange: Exchange) -> Iterator[Gateway]:
    """A gateway for which orders are too old sooner than its health check gives the matcher up, after half a second."""
    gateway = Gateway(shared_exchange.matcher.directory, shared_exchange.matcher, "--deadline=400", name="impatient")
    yield gateway
    gateway.close()


@pytest.fixture
def impatient(exchange: Exchange, second_gateway: Gateway, order: Json) -> Gateway:
    """The impatient gateway, up, and knowing the instrument of the order."""
    if second_gateway.process is None:
        second_gateway.start()
    second_gateway.wait_until_ready()
    assert second_gateway.http.get("/depth", params={"symbol": order["symbol"]}).status_code == 200
    return second_gateway


def test_late_order_is_rejected_and_a_late_cancel_is_not(exchange: Exchange, impatient: Gateway, order: Json) -> None:
    resting = exchange.post("/orders", order)
    with exchange.matcher.paused():
        late = begin(impatient, "POST", "/orders", {**order, "client_order_id": f"{order['symbol']}-late"})
        cancel = begin(impatient, "DELETE", f"/orders/{resting['order_id']}")
        assert impatient.http.get("/health").status_code == 503
    status, rejected = finish(late)
    assert (status, rejected["status"], rejected["reason"]) == (200, "rejected", "too_late")
    assert (rejected["remaining_quantity"], rejected["trades"]) == ("0", [])
    status, canceled = finish(cancel)
    assert (status, canceled["status"], canceled["reason"]) == (200, "canceled", "requested")
    assert exchange.get("/orders", symbol=order["symbol"]) == {"orders": [], "next": None}


def test_order_without_an_answer_has_an_unknown_outcome(exchange: Exchange, impatient: Gateway, order: Json) -> None:
    with exchange.matcher.paused():
        response = impatient.http.post("/orders", json=order)
        assert (response.status_code, response.json()["code"]) == (504, "outcome_unknown")
    # It was taken after its deadline, so it is not executed; sent again it stays so.
    for gateway in (impatient, exchange.gateway):
        gateway.wait_until_ready()
        again = gateway.http.post("/orders", json=order).json()
        assert (again["status"], again["reason"], again["duplicate"]) == ("rejected", "too_late", True)
    assert exchange.get(f"/orders/client:{order['client_order_id']}")["status"] == "rejected"


def test_paused_matcher_counts_as_away(exchange: Exchange, order: Json) -> None:
    before = len(exchange.gateway.records("matcher away"))
    with exchange.matcher.paused():
        wait_until(lambda: len(exchange.gateway.records("matcher away")) > before, "the gateway gives the matcher up")
        response = exchange.http.post("/orders", json=order)
        assert (response.status_code, response.json()["code"]) == (503, "matcher_unavailable")
    exchange.gateway.wait_until_ready()
    placed = exchange.post("/orders", order)
    assert exchange.get("/orders", symbol=order["symbol"])["orders"] == [placed]


def test_what_was_taken_is_answered_before_the_gateway_stops(exchange: Exchange, order: Json) -> None:
    with exchange.stream("/ws/marketdata", order["symbol"]) as stream:
        receive(stream)
        with exchange.matcher.paused():
            taken = begin(exchange.gateway, "POST", "/orders", order)
            assert exchange.http.get("/health").status_code == 503
            exchange.gateway.running.terminate()
            assert ending(stream)[0] == 1012
    status, answer = finish(taken)
    assert (status, answer["status"]) == (200, "open")
    exchange.gateway.wait_for_end()


def test_gateway_stops_at_once_without_a_matcher(exchange: Exchange) -> None:
    exchange.matcher.kill()
    exchange.gateway.stop(signal.SIGINT)


# Several workers


def fresh_get(gateway: Gateway, path: str) -> Json:
    """An answer over a connection of its own, which any worker may have accepted."""
    status, body = finish(begin(gateway, "GET", path))
    assert status == 200
    return body


def test_whichever_worker_answers_shows_what_was_answered(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--workers=2",)) as exchange:
        wait_until(lambda: len(exchange.gateway.records("matcher connected")) == 2, "two workers")
        symbol = exchange.add_instrument()
        with ThreadPoolExecutor(8) as threads:

            def reads(path: str) -> list[Json]:
                return list(threads.map(lambda _: fresh_get(exchange.gateway, path), range(24)))

            for price in ("100", "101", "102"):
                order = exchange.place(symbol, "limit", "buy", "1", price)
                assert all(seen == order for seen in reads(f"/orders/{order['order_id']}"))
                assert all(seen["bids"][0] == [price, "1"] for seen in reads(f"/depth?symbol={symbol}"))
            taker = exchange.place(symbol, "market", "sell", "0.5")
            for trades in reads(f"/trades?symbol={symbol}"):
                assert [trade["trade_id"] for trade in trades["trades"]] == [taker["trades"][0]["trade_id"]]
            exchange.post("/admin/instruments", {"symbol": symbol, "status": "halted"})
            for shown in reads("/instruments"):
                assert {found["symbol"]: found["status"] for found in shown["instruments"]}[symbol] == "halted"

            # A client order id is one order, whichever workers it is sent through.
            body = {**ORDER, "client_order_id": "once"}
            sent = list(threads.map(lambda _: finish(begin(exchange.gateway, "POST", "/orders", body)), range(24)))
        assert {status for status, _ in sent} == {200}
        assert len({order["order_id"] for _, order in sent}) == 1
        assert sum("duplicate" not in order for _, order in sent) == 1

        # Its workers do not outlive a killed gateway: the port is free for the next one.
        exchange.gateway.kill()
        wait_until(lambda: not listens(exchange.gateway), "the end of the workers")
        exchange.gateway.restart()
        assert exchange.get("/orders/client:once")["status"] == "open"


def test_a_worker_that_the_machine_keeps_waiting_is_not_replaced(tmp_path: Path) -> None:
    """A busy machine may take longer than that to start one: then it never would."""
    with Exchange(tmp_path, gateway_flags=("--workers=2",)) as exchange:
        wait_until(lambda: len(exchange.gateway.records("matcher connected")) == 2, "two workers")
        gateway = exchange.gateway.running.pid
        workers = children_of(gateway)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        time.sleep(7)
        assert children_of(gateway) == workers
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
        assert exchange.get("/health")["status"] == "ok"


def listens(gateway: Gateway) -> bool:
    try:
        begin(gateway, "GET", "/instruments").close()
    except ConnectionRefusedError:
        return False
    return True

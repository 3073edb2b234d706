"""An account's own stream with real processes: nothing is lost and nothing said twice, under load and over restarts."""

import socket
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from protocol.commands import CancelAllOrders, PlaceOrder
from protocol.units import OrderType, Side
from tests.account_view import AccountView, Json
from tests.e2e.flow import LOT, trading, wait_for_orders
from tests.e2e.follower import Follower, check, open_stream
from tests.exchange import Exchange, ending, receive, wait_until

_accounts = count(1)


@pytest.fixture
def account() -> str:
    """An account of the test's own."""
    return f"desk-{next(_accounts)}"


def test_it_begins_with_the_state_of_the_account(exchange: Exchange, account: str) -> None:
    timer = exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": 600_000})
    exchange.post(f"/admin/accounts/{account}/suspend", {})
    with open_stream(exchange, account) as stream:
        told = receive(stream)
    assert (told["suspended"], told["cancel_at"]) == (True, timer["cancel_at"])
    exchange.post(f"/admin/accounts/{account}/resume", {})
    exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": 0})
    with open_stream(exchange, account) as stream:
        told = receive(stream)
    assert (told["suspended"], told["cancel_at"]) == (False, None)


# What is told


def test_maker_learns_of_his_fill(shared_exchange: Exchange, symbol: str, account: str) -> None:
    with Follower(shared_exchange, account) as maker:
        assert maker.read()["orders"] == []
        order = shared_exchange.place(symbol, "limit", "sell", "2", "60000", account=account)
        placed = maker.read()
        assert placed["changes"] == [{"event": "placed", "order_id": order["order_id"]}]
        assert (placed["sequence"], placed["orders"]) == (order["sequence"], [order])
        taker = shared_exchange.place(symbol, "market", "buy", "0.5", account="somebody")
        filled = maker.read()
        [trade] = taker["trades"]
        assert filled["changes"] == [
            {
                "event": "partially_filled",
                "order_id": order["order_id"],
                "filled_quantity": "0.5",
                "fill": {
                    "timestamp": taker["timestamp"],
                    "sequence": taker["sequence"],
                    "symbol": symbol,
                    "trade_id": trade["trade_id"],
                    "order_id": order["order_id"],
                    "side": "sell",
                    "price": "60000",
                    "quantity": "0.5",
                    "fee": trade["maker_fee"],
                    "liquidity": "maker",
                },
            }
        ]
        assert (filled["previous"], filled["sequence"], filled["timestamp"]) == (
            placed["sequence"],
            taker["sequence"],
            taker["timestamp"],
        )
        assert filled["orders"] == [{**shared_exchange.get(f"/orders/{order['order_id']}"), "trades": []}]
        fills = shared_exchange.get("/fills", account=account)["fills"]
        assert fills == [filled["changes"][0]["fill"]]


def test_all_that_a_command_changes_comes_in_one_message(shared_exchange: Exchange, symbol: str, account: str) -> None:
    prices = ("101", "102", "103")
    with Follower(shared_exchange, account) as follower:
        follower.read()
        sells = [
            shared_exchange.place(symbol, "limit", "sell", "1", price, account=account)["order_id"] for price in prices
        ]
        for _ in sells:
            follower.read()
        taker = shared_exchange.place(symbol, "market", "buy", "3", account=account)
        message = follower.read()
        assert [(change["event"], change["order_id"]) for change in message["changes"]] == [
            ("placed", taker["order_id"]),
            ("filled", sells[0]),
            ("partially_filled", taker["order_id"]),
            ("filled", sells[1]),
            ("partially_filled", taker["order_id"]),
            ("filled", sells[2]),
            ("filled", taker["order_id"]),
        ]
        assert [change["fill"]["liquidity"] for change in message["changes"][1:]] == ["maker", "taker"] * 3
        assert {order["status"] for order in message["orders"]} == {"filled"}
        for _ in range(2):
            shared_exchange.place(symbol, "limit", "buy", "1", "100", account=account)
            follower.read()
        canceled = shared_exchange.delete("/orders", account=account)["orders"]
        message = follower.read()
        assert [(change["event"], change["reason"]) for change in message["changes"]] == [("canceled", "requested")] * 2
        assert [order["order_id"] for order in message["orders"]] == [order["order_id"] for order in canceled]


def test_account_itself_is_told_of(shared_exchange: Exchange, account: str) -> None:
    with Follower(shared_exchange, account) as follower:
        follower.read()
        timer = shared_exchange.post(f"/accounts/{account}/cancel-after", {"timeout_ms": 86_400_000})
        assert follower.read()["changes"] == [{"event": "account", "suspended": False, "cancel_at": timer["cancel_at"]}]
        shared_exchange.post(f"/admin/accounts/{account}/suspend")
        assert follower.read()["changes"] == [{"event": "account", "suspended": True, "cancel_at": timer["cancel_at"]}]
        rejected = shared_exchange.place("BTC-USDT", "limit", "buy", "1", "100", account=account)
        assert follower.read()["changes"] == [
            {"event": "rejected", "order_id": rejected["order_id"], "reason": "account_suspended"}
        ]


@pytest.mark.parametrize(
    ("query", "code", "word"),
    [("", 4422, "account"), ("?account=a/b", 4422, "letters"), ("?account=desk&after=x", 4422, "after")],
)
def test_stream_that_cannot_be(shared_exchange: Exchange, query: str, code: int, word: str) -> None:
    with connect(f"ws://127.0.0.1:{shared_exchange.gateway.port}/ws/user{query}", proxy=None) as stream:
        given, reason = ending(stream)
    assert given == code
    assert word in reason


# Under load


def test_fresh_starts_under_load_are_exact(shared_exchange: Exchange, symbol: str, account: str) -> None:
    """The orders come from several pages, each of another moment."""
    with shared_exchange.matcher.client() as client:
        commands = [
            PlaceOrder(symbol, account, Side.BUY, OrderType.LIMIT, LOT, 100 + number % 50) for number in range(3_500)
        ]
        for _ in client.send(commands):
            client.receive()
    with ExitStack() as stack:
        followers = []
        with trading(shared_exchange, account, (symbol, shared_exchange.add_instrument())) as flows:
            for _ in range(8):
                followers.append(stack.enter_context(Follower(shared_exchange, account)))
                wait_for_orders(flows, 200)
        check(shared_exchange, *followers)
        assert all(follower.starts == 1 for follower in followers)


def test_clients_that_come_back_under_load_miss_nothing(shared_exchange: Exchange, symbol: str, account: str) -> None:
    with Follower(shared_exchange, account) as steady, Follower(shared_exchange, account) as restless:
        steady.read()
        restless.read()
        told: list[int] = []
        with trading(shared_exchange, account, (symbol,)) as flows:
            for _ in range(10):
                wait_for_orders(flows, 100)
                assert restless.sequence is not None
                restless.read_up_to(restless.sequence + 50)
                told += restless.updates
                restless.come_back()
        check(shared_exchange, restless, steady)
        told += restless.updates
        assert (restless.starts, restless.resumed) == (1, 10)
        assert told == steady.updates[: len(told)]


# Restarts


def test_kill_of_the_gateway_loses_and_doubles_nothing(exchange: Exchange) -> None:
    with Follower(exchange, "desk") as follower:
        follower.read()
        for _ in range(3):
            with trading(exchange, "desk", ("BTC-USDT",)) as flows:
                wait_for_orders(flows, 300)
                exchange.gateway.kill()
                wait_for_orders(flows, 300)
                exchange.gateway.restart()
                follower.read_to_the_end()
                follower.come_back()
                wait_for_orders(flows, 100)
            assert follower.read()["type"] == "resumed"
            check(exchange, follower)
        assert (follower.starts, follower.resumed) == (1, 3)
        check_fills(exchange, follower)


def test_kill_of_the_matcher_loses_and_doubles_nothing(exchange: Exchange) -> None:
    """Its clients stay, and go on; so does one that comes back with what it had read before."""
    with Follower(exchange, "desk") as stayed, Follower(exchange, "desk") as back:
        stayed.read()
        back.read()
        for _ in range(3):
            with trading(exchange, "desk", ("BTC-USDT",)) as flows:
                wait_for_orders(flows, 300)
                exchange.matcher.kill()
                exchange.restart_matcher()
                back.come_back()
                wait_for_orders(flows, 300)
            assert back.read()["type"] == "resumed"
            check(exchange, stayed, back)
        assert (stayed.starts, stayed.resumed) == (1, 0)
        assert (back.starts, back.resumed) == (1, 3)
        check_fills(exchange, stayed)
        check_fills(exchange, back)


def check_fills(exchange: Exchange, follower: Follower) -> None:
    """The last fills that it was told of are those that the exchange lists, once each."""
    told = [change["fill"] for change in follower.changes if "fill" in change]
    listed = exchange.get("/fills", account=follower.account, limit=1000)["fills"]
    assert len(listed) > 100

    def names(fills: list[Json]) -> list[tuple[int, str, str]]:
        return sorted((fill["sequence"], fill["trade_id"], fill["order_id"]) for fill in fills)

    assert names(told)[-len(listed) :] == names(listed)
    assert max(Counter(names(told)).values()) == 1


def test_stream_goes_on_after_a_matcher_that_was_stopped_for_a_while(exchange: Exchange) -> None:
    with Follower(exchange, "desk") as follower:
        follower.read()
        order = exchange.place("BTC-USDT", "limit", "buy", "1", "100", account="desk")
        follower.read()
        exchange.matcher.stop()
        wait_until(lambda: exchange.gateway.records("matcher away"), "a gateway that misses its matcher")
        with open_stream(exchange, "desk") as refused:
            assert ending(refused)[0] == 4503
        exchange.restart_matcher()
        # Nobody is told of it: what happens next follows.
        exchange.delete(f"/orders/{order['order_id']}")
        assert follower.read()["changes"][0]["event"] == "canceled"
        assert follower.starts == 1


def test_another_journal_ends_the_stream(exchange: Exchange) -> None:
    with Follower(exchange, "desk") as follower:
        follower.read()
        exchange.place("BTC-USDT", "limit", "buy", "1", "100", account="desk")
        follower.read()
        exchange.matcher.stop()
        exchange.matcher.data.rename(exchange.matcher.data.with_name("old"))
        exchange.restart_matcher()
        code, reason = follower.read_to_the_end()
        assert code == 1012
        # Found by the session's welcome or by the first query, whichever the matcher answers first.
        assert reason in (
            "the exchange has begun a new journal",
            "the exchange has lost what it had told up to sequence 6",
        )
    with Follower(exchange, "desk") as follower:
        assert follower.read()["orders"] == []


def test_gateway_that_stops_says_so_without_a_reason(exchange: Exchange) -> None:
    """Nothing of what was told is untrue: the client comes back and goes on."""
    with Follower(exchange, "desk") as follower:
        follower.read()
        exchange.gateway.stop()
        assert follower.read_to_the_end() == (1012, "")
        exchange.gateway.restart()
        follower.come_back()
        assert follower.read()["type"] == "resumed"


# Several workers


def test_whichever_worker_serves_tells_the_same(tmp_path: Path) -> None:
    with Exchange(tmp_path, gateway_flags=("--workers=2",)) as exchange, ExitStack() as stack:
        wait_until(lambda: len(exchange.gateway.records("matcher connected")) == 2, "two workers")
        followers = [stack.enter_context(Follower(exchange, "desk")) for _ in range(12)]
        with trading(exchange, "desk", ("BTC-USDT", "ETH-USDT")) as flows:
            wait_for_orders(flows, 500)
            for follower in followers[:6]:
                follower.read_up_to(100)
                follower.come_back()
            wait_for_orders(flows, 500)
        check(exchange, *followers)
        assert all(follower.starts == 1 for follower in followers)


# Slow clients


def test_client_that_stops_reading_is_closed_and_others_are_not(
    shared_exchange: Exchange, symbol: str, account: str
) -> None:
    slow_socket = socket.socket()
    slow_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow_socket.connect(("127.0.0.1", shared_exchange.gateway.port))
    order = PlaceOrder(symbol, account, Side.BUY, OrderType.LIMIT, LOT, 100)
    with (
        open_stream(shared_exchange, account, sock=slow_socket) as slow,
        Follower(shared_exchange, account) as quick,
        shared_exchange.matcher.client() as client,
    ):
        quick.read()
        view = AccountView(account)
        code = None
        # A few more than wait for one client; the buffers of sockets on the way may hold many more.
        for batches in (24, 48):
            for _ in range(batches):
                for _ in client.send([order] * 500 + [CancelAllOrders(account)]):
                    sequence = client.receive().sequence
                quick.read_up_to(sequence)
            try:
                while not view.knows(sequence):
                    view.take_in(receive(slow))
            except ConnectionClosed as closed:
                code = None if closed.rcvd is None else closed.rcvd.code
                break
        assert code == 4408
        # Coming back it gets what is kept, or a fresh start.
        assert view.sequence is not None
        view.updates.clear()
        with open_stream(shared_exchange, account, view.sequence) as again:
            while not view.knows(sequence):
                view.take_in(receive(again))
            assert view.orders == {}

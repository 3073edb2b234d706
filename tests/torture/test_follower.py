"""The follower of an account's stream: it comes back with what it knows, and finds what a stream tells wrongly by
itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import msgspec
import pytest
from websockets.sync.server import ServerConnection, serve

from matching_exchange.tools.torture.follower import Follower
from tests.exchange import wait_until

OPEN = {"order_id": "7", "status": "open"}
PARTLY = {"order_id": "7", "status": "partially_filled"}
FILLED = {"order_id": "7", "status": "filled"}
WAITING = {"order_id": "10", "status": "pending"}

Json = dict[str, Any]


def orders(sequence: int, *orders: Json, more: bool = False) -> Json:
    return {"type": "orders", "sequence": sequence, "orders": orders, "more": more}


def resumed(sequence: int) -> Json:
    return {"type": "resumed", "sequence": sequence}


def update(sequence: int, previous: int, *orders: Json, fill: str = "") -> Json:
    changes = [{"event": "filled", "fill": {"trade_id": fill}}] if fill else [{"event": "placed"}]
    return {"type": "update", "sequence": sequence, "previous": previous, "changes": changes, "orders": orders}


@contextmanager
def following(*connections: tuple[list[Json], int]) -> Iterator[tuple[Follower, list[str]]]:
    """A follower of a server that tells these messages, connection by connection, and ends each with that code; 0
    leaves it open. Yields the follower and the paths that it asks for."""
    asked: list[str] = []
    stop, gone = Event(), Event()

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        number = len(asked)
        asked.append(connection.request.path)
        messages, code = connections[number] if number < len(connections) else ([], 0)
        for message in messages:
            connection.send(msgspec.json.encode(message).decode())
        if code:
            connection.close(code)
        gone.wait()

    with serve(handle, "127.0.0.1", 0) as server:
        follower = Follower("ann", server.socket.getsockname()[1], seed=1)
        threads = [Thread(target=server.serve_forever), Thread(target=follower.run, args=(stop,))]
        for thread in threads:
            thread.start()
        try:
            yield follower, asked
        finally:
            stop.set()
            threads[1].join()
            gone.set()
            server.shutdown()
            threads[0].join()


def test_it_comes_back_after_what_it_knows_and_goes_on() -> None:
    first = [orders(5, OPEN, more=True), orders(5, WAITING), update(8, 3, PARTLY, fill="one")]
    with following((first, 1001), ([resumed(8), update(12, 8, FILLED, fill="two")], 0)) as (follower, asked):
        wait_until(lambda: follower.view()[0] == 12, "the last update")
    assert asked == ["/ws/user?account=ann", "/ws/user?account=ann&after=8"]
    assert follower.view() == (12, [WAITING], [{"trade_id": "one"}, {"trade_id": "two"}])
    assert follower.evidence.faults == []
    assert [len(connection) for connection in follower.evidence.connections] == [3, 2]


def test_orders_are_viewed_oldest_first() -> None:
    with following(([orders(5), update(6, 0, WAITING), update(7, 6, OPEN)], 0)) as (follower, _):
        wait_until(lambda: follower.view()[0] == 7, "the last update")
    assert follower.view()[1] == [OPEN, WAITING]


def test_a_fresh_start_takes_the_place_of_all_before_it() -> None:
    with following(([orders(5, OPEN), update(6, 2, PARTLY, fill="one")], 4408), ([orders(9, WAITING)], 0)) as (
        follower,
        asked,
    ):
        wait_until(lambda: follower.view()[0] == 9, "the second fresh start")
    assert asked[1].endswith("&after=6")
    assert follower.view() == (9, [WAITING], [])
    assert follower.evidence.faults == []


def test_half_a_fresh_start_counts_for_nothing() -> None:
    with following(([orders(5, OPEN, more=True)], 1001), ([orders(6, WAITING)], 0)) as (follower, asked):
        wait_until(lambda: follower.view()[0] == 6, "the fresh start")
    assert asked[1] == "/ws/user?account=ann"
    assert follower.view()[1] == [WAITING]


def test_balances_are_those_of_the_fresh_start_with_what_updates_have_changed() -> None:
    bitcoin, dollars, fewer = (
        {"asset": asset, "free": free, "locked": "0"} for asset, free in (("BTC", "1"), ("USDT", "9"), ("USDT", "5"))
    )
    start = {**orders(5), "ledger": True, "balances": [bitcoin, dollars]}
    change = {**update(6, 0, OPEN), "ledger": True, "balances": [fewer]}
    with following(([start, change, update(7, 6, PARTLY)], 0)) as (follower, _):
        wait_until(lambda: follower.view()[0] == 7, "the last update")
    assert (follower.ledger, follower.balances) == (True, {"BTC": bitcoin, "USDT": fewer})


@pytest.mark.parametrize(
    ("messages", "fault"),
    [
        ([orders(5), update(9, 6)], "something is missing before it"),
        ([update(9, 0)], "something is missing before it"),
        ([orders(5), update(9, 5), update(9, 5)], "told before"),
        ([orders(5), resumed(4)], "resumed after sequence 4"),
    ],
)
def test_a_hole_or_a_repetition_is_a_fault(messages: list[Json], fault: str) -> None:
    with following((messages, 0)) as (follower, _):
        (told,) = wait_until(lambda: follower.evidence.faults, "a fault")
    assert fault in told


@pytest.mark.parametrize("code", [1012, 4422])
def test_an_end_that_no_kill_explains_is_a_fault(code: int) -> None:
    with following(([orders(5)], code)) as (follower, _):
        (told,) = wait_until(lambda: follower.evidence.faults, "a fault")
    assert str(code) in told

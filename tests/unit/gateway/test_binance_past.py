"""Orders and trades of the Binance dialect that the matcher has forgotten: real tables, and a matcher that keeps five."""

import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.access import keys
from gateway.access.server_key import ServerKey, check_of, derive_secret
from gateway.exchange import account_history
from history.schema.database import Database
from protocol.commands import CancelOrder, KeysQuery, NoteKeyUse
from protocol.events import KeyList, KeyState
from protocol.keys import Key, KeyType, Permission
from protocol.units import Side
from tests.unit.gateway.history_world import World

REMEMBERED = 5
ORDERS = 60

MILLISECOND = 1_000_000


class Past(World):
    """Of bob's orders every third has been canceled, the last two are open, and all others have traded."""

    def __init__(self, database: Database, directory: Path) -> None:
        file = directory / "server.key"
        self.server_key = ServerKey(str(file)).get_or_make(may_make=True)
        super().__init__(database, REMEMBERED, binance="on", key_file=str(file))
        key = Key("a" * 64, "bob", KeyType.HMAC, permissions=Permission.USER_DATA, check=check_of(self.server_key))
        broker = self.gateway.broker
        broker.results[KeysQuery] = lambda query: KeyList([KeyState(key, 1)] if query.limit else [], 1)
        broker.answers[NoteKeyUse] = lambda _: KeyState(key, 1)
        self.orders: list[int] = []
        self.bought: list[tuple[int, int]] = []
        """Of each trade its trade_id and bob's order_id."""

    def act(self, filled: int) -> None:
        """The tables catch up once after so many orders."""
        for number in range(ORDERS):
            if number == filled:
                self.fill()
            is_open, is_canceled = number >= ORDERS - 2, number % 3 == 0
            if not is_open and not is_canceled:
                self.place("ann", Side.SELL, 100_000, 10_000)
            order_id = self.place("bob", Side.BUY, 100_000, 9_000 if is_open or is_canceled else 10_000)
            self.orders.append(order_id)
            if is_canceled and not is_open:
                self.do(CancelOrder(order_id))
            elif not is_open:
                self.bought.append((len(self.bought) + 1, order_id))

    def read(self, path: str, **parameters: Any) -> Any:
        """The answer to a signed call."""
        text = urlencode({"symbol": "BTCUSDT", **parameters, "timestamp": self.time // MILLISECOND})
        secret = derive_secret(self.server_key, "a" * 64, 0)
        signature = hmac.digest(secret.encode(), text.encode(), "sha256").hex()
        target = f"/api/v3/{path}?{text}&signature={signature}"
        answer = self.gateway.request("GET", target, headers={"X-MBX-APIKEY": "a" * 64})
        assert answer.status == 200, answer.json
        return answer.json

    def ids(self, path: str, name: str, **parameters: Any) -> list[int]:
        return [each[name] for each in self.read(path, **parameters)]


@pytest.fixture(params=[0, ORDERS // 2])
def past(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Past]:
    monkeypatch.setattr(account_history, "REMEMBERED_ORDERS", REMEMBERED)
    # Nobody renews it here, however slow the machine is.
    monkeypatch.setattr(keys, "LEASE_SECONDS", 3_600.0)
    with Past(database, tmp_path) as past:
        past.act(request.param)
        past.fill()
        yield past


def test_forgotten_orders_are_listed_by_their_ids(past: Past) -> None:
    assert past.ids("allOrders", "orderId") == past.orders
    assert past.ids("allOrders", "orderId", limit=7) == past.orders[-7:]
    found: list[int] = []
    first = 1
    while page := past.ids("allOrders", "orderId", orderId=first, limit=17):
        found += page
        first = page[-1] + 1
    assert found == past.orders


def test_forgotten_orders_are_listed_by_their_times(past: Past) -> None:
    times = [each["time"] for each in past.read("allOrders")]
    assert times == sorted(times)
    begin, end = times[10], times[30]
    assert past.ids("allOrders", "orderId", startTime=begin, endTime=end) == past.orders[10:31]
    assert past.ids("allOrders", "orderId", startTime=begin, limit=5) == past.orders[10:15]
    assert past.ids("allOrders", "orderId", endTime=end, limit=5) == past.orders[26:31]


def test_a_forgotten_order_is_found(past: Past) -> None:
    listed = past.read("allOrders")
    statuses = {each["status"] for each in listed}
    assert statuses == {"NEW", "FILLED", "CANCELED"}
    assert [past.read("order", orderId=order_id) for order_id in past.orders[::20]] == listed[::20]


def test_trades_of_forgotten_orders(past: Past) -> None:
    def told(**parameters: Any) -> list[tuple[int, int]]:
        return [(each["id"], each["orderId"]) for each in past.read("myTrades", **parameters)]

    assert told() == past.bought
    assert told(fromId=4, limit=3) == past.bought[3:6]
    assert [told(orderId=order_id) for _, order_id in past.bought[::9]] == [[each] for each in past.bought[::9]]
    time = past.read("myTrades", fromId=9, limit=1)[0]["time"]
    assert told(startTime=time, limit=3) == past.bought[8:11]
    assert told(endTime=time, limit=3) == past.bought[6:9]

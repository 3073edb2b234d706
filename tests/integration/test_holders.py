"""Two people with a key each, on a gateway that is bound to all addresses."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.e2e.keyed import ADMIN_HEADERS, Closed, bearer, close_code, open_user_stream
from tests.exchange import Json, receive

HOST = "exchange.example"
SYMBOL = "BTC-USDT"


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Closed]:
    with Closed(tmp_path, "--host=0.0.0.0", f"--allowed-hosts=127.0.0.1,{HOST}", "--workers=2") as exchange:
        yield exchange


class Holder:
    """Who holds a key of this account."""

    def __init__(self, closed: Closed, account: str, **deposit: str) -> None:
        self.account = account
        self._closed = closed
        self.key = closed.make_key(account, deposit=deposit)

    def stream(self) -> ClientConnection:
        return open_user_stream(self._closed.gateway, additional_headers=bearer(self.key))

    def call(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        headers = {**bearer(self.key), "Host": HOST}
        return self._closed.http.request(method, path, json=body, headers=headers)

    def place(self, side: str, quantity: str, price: str) -> Json:
        order = {"symbol": SYMBOL, "order_type": "limit", "side": side, "quantity": quantity, "price": price}
        response = self.call("POST", "/orders", order)
        assert (response.status_code, response.json()["account"]) == (200, self.account)
        placed: Json = response.json()
        return placed

    def have(self) -> dict[str, tuple[str, str]]:
        """Free and locked of each asset of which the account has something."""
        return told(self.call("GET", f"/accounts/{self.account}/balances").json()["balances"])


def told(balances: list[Json]) -> dict[str, tuple[str, str]]:
    found = {each["asset"]: (each["free"], each["locked"]) for each in balances}
    return {asset: pair for asset, pair in found.items() if pair != ("0", "0")}


def test_two_holders_trade_and_touch_nothing_of_each_other(closed: Closed) -> None:
    assert closed.http.get("/health", headers={"Host": "elsewhere.example"}).status_code == 421
    alice = Holder(closed, "alice", USDT="100000")
    bob = Holder(closed, "bob", BTC="2")
    with alice.stream() as alices, bob.stream() as bobs:
        assert [receive(stream)["account"] for stream in (alices, bobs)] == ["alice", "bob"]
        bid = alice.place("buy", "0.5", "60000")
        assert receive(alices)["changes"][0]["event"] == "placed"
        sold = bob.place("sell", "0.2", "60000")
        assert sold["status"] == "filled"
        # Each hears of his own side, with what he has then.
        made, taken = receive(alices), receive(bobs)
        assert {order["order_id"] for order in made["orders"]} == {bid["order_id"]}
        assert {order["order_id"] for order in taken["orders"]} == {sold["order_id"]}
        # Of 12,000 the maker pays 10 basis points, the taker 20. The bid's rest locks 18,000 and 20 basis points.
        assert told(made["balances"]) == alice.have() == {"USDT": ("69952", "18036"), "BTC": ("0.2", "0")}
        assert told(taken["balances"]) == bob.have() == {"USDT": ("11976", "0"), "BTC": ("1.8", "0")}

        named: list[tuple[str, str, Json | None]] = [
            ("GET", "/orders?account=alice", None),
            ("DELETE", "/orders?account=alice", None),
            ("GET", "/fills?account=alice", None),
            ("GET", "/accounts/alice", None),
            ("GET", "/accounts/alice/balances", None),
            ("GET", "/accounts/alice/ledger", None),
            ("POST", "/accounts/alice/faucet", None),
            ("POST", "/accounts/alice/cancel-after", {"timeout_ms": 1000}),
        ]
        for method, path, body in named:
            response = bob.call(method, path, body)
            assert (response.status_code, response.json()["code"]) == (403, "wrong_account"), path
        for method, change in (("GET", None), ("DELETE", None), ("PATCH", {"quantity": "0.3"})):
            response = bob.call(method, f"/orders/{bid['order_id']}", change)
            assert (response.status_code, response.json()["code"]) == (404, "unknown_order")
        assert close_code(closed.gateway, "?account=alice", additional_headers=bearer(bob.key)) == 4403
        assert bob.call("DELETE", "/orders").json()["canceled"] == 0
        assert [fill["order_id"] for fill in bob.call("GET", "/fills").json()["fills"]] == [sold["order_id"]]
        assert bob.call("GET", "/key").json()["account"] == "bob"

        # The next that Alice hears is her own cancel.
        assert alice.call("DELETE", f"/orders/{bid['order_id']}").json()["status"] == "canceled"
        assert told(receive(alices)["balances"]) == {"USDT": ("87988", "0")}
        assert alice.have() == {"USDT": ("87988", "0"), "BTC": ("0.2", "0")}

    listed = closed.http.get("/admin/accounts", headers=ADMIN_HEADERS).json()
    assert {each["account"] for each in listed["accounts"]} == {"alice", "bob"}
    sums = {each["asset"]: each for each in listed["sums"]}
    assert all(each["exact"] for each in sums.values())
    assert [sums["USDT"][name] for name in ("accounts", "fees", "outside", "deposited")] == [
        "99964",
        "36",
        "0",
        "100000",
    ]
    assert [sums["BTC"][name] for name in ("accounts", "fees", "outside", "deposited")] == ["2", "0", "0", "2"]

"""API keys on a whole exchange: who may make which call, and how soon a key is good no more."""

import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.access.needs import ADMIN, LOCAL, PUBLIC, TRADE, USER_DATA, USER_STREAM
from gateway.native.operations import OPERATIONS
from gateway.native.streams import STREAMS
from tests.e2e.keyed import ADMIN_HEADERS, ORDER, Closed, bearer, close_code, escaped, open_user_stream, pem
from tests.exchange import Json, receive


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with Closed(tmp_path_factory.mktemp("closed"), "--workers=2") as exchange:
        yield exchange


@pytest.fixture(scope="module")
def alice(closed: Closed) -> Json:
    return closed.make_key("alice", label="bot")


@pytest.fixture(scope="module")
def bob(closed: Closed) -> Json:
    return closed.make_key("bob")


@pytest.fixture(scope="module")
def bad_keys(closed: Closed, alice: Json) -> dict[str, Json | None]:
    """By what is wrong with it."""
    revoked = closed.make_key("alice")
    assert closed.http.delete(f"/admin/keys/{revoked['key']}", headers=ADMIN_HEADERS).status_code == 200
    expired = closed.make_key("alice", expires="2020-01-01T00:00:00Z")
    elsewhere = closed.make_key("alice", addresses=["192.0.2.0/24", "2001:db8::/32"])
    return {
        "none": None,
        "unknown": {"key": "x" * 64, "secret": alice["secret"]},
        "wrong secret": {"key": alice["key"], "secret": alice["secret"][::-1]},
        "revoked": revoked,
        "expired": expired,
        "wrong address": elsewhere,
    }


CALLS = [(operation.method.upper(), operation.path, operation.needs) for operation in OPERATIONS]
BODIES: dict[tuple[str, str], Json] = {
    (operation.method.upper(), operation.path): operation.example for operation in OPERATIONS if operation.body
}


OF_THE_HISTORY = ("/candles", "/ticker")
"""Public calls that say no more here than that no history runs."""


def call(closed: Closed, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    target = path.replace("{account}", "alice").replace("{order_id}", "1").replace("{key}", "y" * 64)
    if target in ("/depth", "/bbo", "/trades", *OF_THE_HISTORY):
        target += "?symbol=BTC-USDT&interval=1m" if target == "/candles" else "?symbol=BTC-USDT"
    return closed.http.request(method, target, json=BODIES.get((method, path)), headers=headers)


def told(response: httpx.Response) -> tuple[int, str | None, str]:
    return response.status_code, response.headers.get("www-authenticate"), response.text


@pytest.mark.parametrize(("method", "path", "needs"), CALLS)
def test_every_call_asks_for_what_its_row_says(
    closed: Closed, alice: Json, bad_keys: dict[str, Json | None], method: str, path: str, needs: object
) -> None:
    if needs is PUBLIC:
        assert call(closed, method, path, {}).status_code == (503 if path in OF_THE_HISTORY else 200)
        return
    if needs is ADMIN:
        assert call(closed, method, path, {}).status_code == 401
        return
    if needs is LOCAL:
        passed_on = {"X-Forwarded-For": "203.0.113.7"}
        assert call(closed, method, path, {}).status_code == 200
        assert call(closed, method, path, passed_on | bearer(alice)).status_code == 401
        assert call(closed, method, path, passed_on | ADMIN_HEADERS).status_code == 200
        return
    answers = {
        name: told(call(closed, method, path, {} if key is None else bearer(key))) for name, key in bad_keys.items()
    }
    assert len(set(answers.values())) == 1
    assert answers["none"][:2] == (401, "Bearer")
    missing = {"trade", "user_data", "user_stream"} - {str(getattr(needs, "name", "")).lower()}
    weak = closed.make_key("alice", permissions=sorted(missing))
    response = call(closed, method, path, bearer(weak))
    assert (response.status_code, response.json()["code"]) == (403, "permission_missing")
    assert call(closed, method, path, bearer(alice)).status_code not in (401, 403)


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path, needs in CALLS if "{account}" in path and needs is not ADMIN],
)
def test_a_path_that_names_anothers_account_is_refused(closed: Closed, bob: Json, method: str, path: str) -> None:
    response = call(closed, method, path, bearer(bob))
    assert (response.status_code, response.json()["code"]) == (403, "wrong_account")


def test_a_key_is_no_token(closed: Closed, alice: Json) -> None:
    assert call(closed, "GET", "/admin/digest", bearer(alice)).status_code == 401
    assert call(closed, "GET", "/orders", ADMIN_HEADERS).status_code == 401


def test_every_row_says_something() -> None:
    paths = {path for _, path, needs in CALLS if needs is ADMIN}
    assert paths == {path for _, path, _ in CALLS if path.startswith("/admin/")}
    assert {path for _, path, needs in CALLS if needs is LOCAL} == {"/metrics"}
    assert {needs for _, _, needs in CALLS} == {PUBLIC, ADMIN, LOCAL, TRADE, USER_DATA}
    of_markets = ("marketdata", "trades", "book", "orders", "candles", "ticker")
    assert {**{f"/ws/{name}": PUBLIC for name in of_markets}, "/ws/user": USER_STREAM} == STREAMS


def test_streams_of_the_market_are_public(closed: Closed) -> None:
    with closed.stream("/ws/marketdata", "BTC-USDT") as stream:
        assert receive(stream)["symbol"] == "BTC-USDT"


def test_a_user_stream_asks_for_a_key(closed: Closed, alice: Json, bad_keys: dict[str, Json | None]) -> None:
    for key in bad_keys.values():
        headers = None if key is None else bearer(key)
        assert close_code(closed.gateway, "?account=alice", additional_headers=headers) == 4401
    weak = closed.make_key("alice", permissions=["trade", "user_data"])
    assert close_code(closed.gateway, additional_headers=bearer(weak)) == 4403
    assert close_code(closed.gateway, "?account=bob", additional_headers=bearer(alice)) == 4403
    with open_user_stream(closed.gateway, additional_headers=bearer(alice)) as stream:
        assert receive(stream)["account"] == "alice"
        assert stream.subprotocol is None


def test_a_page_offers_its_key_as_a_subprotocol(closed: Closed, alice: Json) -> None:
    offered: Any = [f"bearer.{alice['key']}.{alice['secret']}", "exchange"]
    with open_user_stream(closed.gateway, subprotocols=offered) as stream:
        assert receive(stream)["account"] == "alice"
        assert stream.subprotocol == "exchange"
        assert stream.response is not None
        assert alice["secret"] not in str(stream.response.headers)
    assert close_code(closed.gateway, subprotocols=[f"bearer.{alice['key']}.{'x' * 64}", "exchange"]) == 4401
    assert close_code(closed.gateway, subprotocols=[f"bearer.{alice['key']}.{alice['secret']}"] * 2) == 4401


def test_nobody_touches_what_is_anothers(closed: Closed, alice: Json, bob: Json) -> None:
    closed.as_holder(alice, "DELETE", "/orders")
    order = closed.as_holder(alice, "POST", "/orders", json={**ORDER, "client_order_id": "mine"}).json()
    assert (order["account"], order["status"]) == ("alice", "open")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"quantity": "0.05"})):
        for name in (order["order_id"], "client:mine"):
            response = closed.as_holder(bob, method, f"/orders/{name}", json=body)
            assert (response.status_code, response.json()["code"]) == (404, "unknown_order")
            response = closed.as_holder(bob, method, f"/orders/{name}?account=alice", json=body)
            assert (response.status_code, response.json()["code"]) == (403, "wrong_account")
    named: list[tuple[str, str, Json | None]] = [
        ("POST", "/orders", {**ORDER, "account": "alice"}),
        ("POST", "/orders/cancel-batch", {"order_ids": [order["order_id"]], "account": "alice"}),
        ("POST", "/accounts/alice/cancel-after", {"timeout_ms": 5000}),
        ("DELETE", "/orders?account=alice", None),
        ("GET", "/orders?account=alice", None),
        ("GET", "/fills?account=alice", None),
    ]
    for method, path, body in named:
        response = closed.as_holder(bob, method, path, json=body)
        assert (response.status_code, response.json()["code"]) == (403, "wrong_account"), path
    batch = closed.as_holder(bob, "POST", "/orders/batch", json={"orders": [{**ORDER, "account": "alice"}, ORDER]})
    refused, placed = batch.json()["results"]
    assert (refused["code"], placed["account"]) == ("wrong_account", "bob")
    canceled = closed.as_holder(bob, "POST", "/orders/cancel-batch", json={"order_ids": [order["order_id"]]})
    assert canceled.json()["results"][0]["code"] == "unknown_order"
    listed = closed.as_holder(bob, "GET", "/orders").json()["orders"]
    assert [each["account"] for each in listed] == ["bob"]
    assert closed.as_holder(bob, "DELETE", "/orders").json()["canceled"] == 1
    assert closed.as_holder(alice, "GET", "/orders/client:mine").json()["status"] == "open"
    assert closed.as_holder(alice, "DELETE", "/orders").json()["canceled"] == 1


# Signatures


class Signer:
    """Signs queries and bodies with a key of its own."""

    def __init__(self, closed: Closed, kind: str) -> None:
        if kind == "hmac":
            key = closed.make_key("carol")
            secret = key["secret"].encode()
            self._sign: Callable[[bytes], str] = lambda text: hmac.digest(secret, text, "sha256").hex().upper()
        elif kind == "ed25519":
            private = ed25519.Ed25519PrivateKey.generate()
            key = closed.make_key("carol", type=kind, public_key=pem(private))
            self._sign = lambda text: escaped(private.sign(text))
        else:
            large = rsa.generate_private_key(65537, 2048)
            key = closed.make_key("carol", type=kind, public_key=pem(large))
            self._sign = lambda text: escaped(large.sign(text, padding.PKCS1v15(), SHA256()))
        assert ("secret" in key) is (kind == "hmac")
        self.name: str = key["key"]

    def query(self, query: str = "", body: bytes = b"", *, age: int = 0, window: str = "") -> str:
        query = f"{query}{'&' if query else ''}timestamp={int(time.time() * 1000) - age}"
        if window:
            query += f"&recvWindow={window}"
        return f"{query}&signature={self._sign(query.encode() + body)}"


@pytest.fixture(scope="module", params=["hmac", "ed25519", "rsa"])
def signer(request: pytest.FixtureRequest, closed: Closed) -> Signer:
    return Signer(closed, request.param)


def signed(
    closed: Closed, signer: Signer, method: str, path: str, query: str, body: bytes = b"", name: str = ""
) -> httpx.Response:
    headers = {"X-MBX-APIKEY": name or signer.name, "Content-Type": "application/json"}
    return closed.http.request(method, f"{path}?{query}", content=body, headers=headers)


def test_a_signed_call_is_taken(closed: Closed, signer: Signer) -> None:
    body = b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"0.1","price":"100"}'
    placed = signed(closed, signer, "POST", "/orders", signer.query(body=body), body)
    assert (placed.status_code, placed.json()["account"]) == (200, "carol")
    listed = signed(closed, signer, "GET", "/orders", signer.query("symbol=BTC-USDT&limit=5", window="60000"))
    assert [each["account"] for each in listed.json()["orders"]] == ["carol"]
    assert signed(closed, signer, "DELETE", "/orders", signer.query()).json()["canceled"] == 1
    with open_user_stream(
        closed.gateway, f"?{signer.query()}", additional_headers={"X-MBX-APIKEY": signer.name}
    ) as stream:
        assert receive(stream)["account"] == "carol"


def test_a_signature_that_is_not_for_this_call_is_refused(closed: Closed, signer: Signer, alice: Json) -> None:
    body = b'{"symbol":"BTC-USDT","order_type":"limit","side":"buy","quantity":"0.1","price":"100"}'
    good = signer.query("limit=5")
    timestamp = next(pair for pair in good.split("&") if pair.startswith("timestamp="))
    changed = [
        ("GET", good.replace("limit=5", "limit=6"), b""),
        ("GET", "&".join(reversed(good.split("&"))), b""),
        ("GET", good.replace("limit=5", "l%69mit=5"), b""),
        ("GET", good[:-1], b""),
        ("GET", good + "&limit=5", b""),
        ("GET", f"{good}&{timestamp}", b""),
        ("GET", f"{good}&signature={good.partition('signature=')[2]}", b""),
        ("GET", good.replace("signature=", "Signature="), b""),
        ("GET", good.replace("signature=", "s%69gnature="), b""),
        ("GET", good, b" "),
        ("POST", signer.query(body=body), body.replace(b"0.1", b"9.1")),
        ("POST", signer.query(), body),
        ("GET", signer.query(age=5_100), b""),
        ("GET", signer.query(age=-2_000), b""),
        ("GET", signer.query(window="60001"), b""),
        ("GET", signer.query(age=70_000, window="60000"), b""),
    ]
    for method, query, sent in changed:
        assert signed(closed, signer, method, "/orders", query, sent).status_code == 401, query
    assert signed(closed, signer, "GET", "/orders", good, name=alice["key"]).status_code == 401
    assert signed(closed, signer, "GET", "/orders", good, name="x" * 64).status_code == 401
    assert signed(closed, signer, "GET", "/orders", good).status_code == 200

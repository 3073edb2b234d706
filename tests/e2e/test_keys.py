"""API keys on a whole exchange: who may make which call, and how soon a key is good no more."""

import base64
import hashlib
import hmac
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from websockets.sync.client import ClientConnection, connect

from gateway.access.needs import ADMIN, PUBLIC, TRADE, USER_DATA, USER_STREAM
from gateway.native.operations import OPERATIONS
from gateway.native.streams import STREAMS
from tests.exchange import PATIENCE, Exchange, Gateway, Json, clean_environment, ending, receive, wait_until

TOKEN = "a-long-and-secret-word"
ADMIN_HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ORDER = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "0.1", "price": "100"}

FLAGS = ("--auth=keys", f"--admin-tokens=ann:{TOKEN}")


class Closed(Exchange):
    """An exchange that asks for keys."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.key_file = directory / "keys" / "server.key"
        super().__init__(directory, gateway_flags=(*FLAGS, f"--key-file={self.key_file}", *flags))

    def __enter__(self) -> "Closed":
        super().__enter__()
        return self

    def make_key(self, account: str, **more: Any) -> Json:
        response = self.http.post("/admin/keys", json={"account": account, **more}, headers=ADMIN_HEADERS)
        assert response.status_code == 201, response.text
        key: Json = response.json()
        return key

    def as_holder(self, key: Json, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, path, headers=bearer(key), **more)


def bearer(key: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}.{key['secret']}"}


def open_user_stream(gateway: Gateway, query: str = "", **more: Any) -> ClientConnection:
    stream: ClientConnection = connect(
        f"ws://127.0.0.1:{gateway.port}/ws/user{query}", open_timeout=PATIENCE, proxy=None, **more
    )
    return stream


def close_code(gateway: Gateway, query: str = "", **more: Any) -> int:
    with open_user_stream(gateway, query, **more) as stream:
        return ending(stream)[0]


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


def call(closed: Closed, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    target = path.replace("{account}", "alice").replace("{order_id}", "1").replace("{key}", "y" * 64)
    if target in ("/depth", "/bbo", "/trades"):
        target += "?symbol=BTC-USDT"
    return closed.http.request(method, target, json=BODIES.get((method, path)), headers=headers)


def told(response: httpx.Response) -> tuple[int, str | None, str]:
    return response.status_code, response.headers.get("www-authenticate"), response.text


@pytest.mark.parametrize(("method", "path", "needs"), CALLS)
def test_every_call_asks_for_what_its_row_says(
    closed: Closed, alice: Json, bad_keys: dict[str, Json | None], method: str, path: str, needs: object
) -> None:
    if needs is PUBLIC:
        assert call(closed, method, path, {}).status_code == 200
        return
    if needs is ADMIN:
        assert call(closed, method, path, {}).status_code == 401
        # From an address of its own: a key in place of a token counts as a guess.
        transport = httpx.HTTPTransport(local_address=f"127.0.1.{CALLS.index((method, path, ADMIN)) + 1}")
        with httpx.Client(base_url=closed.url, transport=transport) as client:
            assert client.request(method, path.replace("{account}", "a"), headers=bearer(alice)).status_code == 401
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


def test_every_row_says_something() -> None:
    assert {needs for _, _, needs in CALLS} == {PUBLIC, ADMIN, TRADE, USER_DATA}
    assert STREAMS == {"/ws/marketdata": PUBLIC, "/ws/trades": PUBLIC, "/ws/user": USER_STREAM}


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


def pem(private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def escaped(signature: bytes) -> str:
    return base64.b64encode(signature).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")


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


# Revocation


def test_a_revoked_key_is_good_on_no_worker_once_that_is_answered(closed: Closed) -> None:
    """Each connection is one of either worker's."""
    key = closed.make_key("dave")
    clients = [httpx.Client(base_url=closed.url, trust_env=False, verify=False) for _ in range(8)]
    try:
        for client in clients:
            assert client.get("/orders", headers=bearer(key)).status_code == 200
        with ExitStack() as stack:
            streams = [
                stack.enter_context(open_user_stream(closed.gateway, additional_headers=bearer(key))) for _ in range(4)
            ]
            for stream in streams:
                assert receive(stream)["account"] == "dave"
            assert closed.http.delete(f"/admin/keys/{key['key']}", headers=ADMIN_HEADERS).status_code == 200
            for client in clients:
                assert client.get("/orders", headers=bearer(key)).status_code == 401
                assert client.post("/orders", headers=bearer(key), json=ORDER).status_code == 401
            assert [ending(stream)[0] for stream in streams] == [4401] * 4
    finally:
        for client in clients:
            client.close()
    again = closed.http.delete(f"/admin/keys/{key['key']}", headers=ADMIN_HEADERS)
    assert (again.status_code, again.json()["code"]) == (404, "unknown_key")


def test_a_new_secret_takes_the_place_of_the_old_one(closed: Closed) -> None:
    key = closed.make_key("erin")
    response = closed.http.post(f"/admin/keys/{key['key']}/secret", headers=ADMIN_HEADERS)
    assert response.status_code == 201
    renewed = response.json()
    assert renewed["key"] == key["key"]
    assert renewed["secret"] != key["secret"]
    for _ in range(4):
        with httpx.Client(base_url=closed.url, trust_env=False, verify=False) as client:
            assert client.get("/orders", headers=bearer(key)).status_code == 401
            assert client.get("/orders", headers=bearer(renewed)).status_code == 200


def test_keys_are_listed_without_secrets(closed: Closed, alice: Json) -> None:
    closed.as_holder(alice, "GET", "/orders")

    def used() -> Json | None:
        listed = closed.http.get("/admin/keys", headers=ADMIN_HEADERS).json()["keys"]
        found: Json = next(each for each in listed if each["key"] == alice["key"])
        return found if found["last_used"] else None

    shown = wait_until(used, "a last use")
    assert shown is not None
    assert shown["last_used"].endswith(":00.000Z")
    expected = {name: value for name, value in alice.items() if name != "secret"}
    assert shown == {**expected, "last_used": shown["last_used"]}
    assert (shown["label"], shown["type"], shown["permissions"]) == (
        "bot",
        "hmac",
        ["trade", "user_data", "user_stream"],
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"account": "two words"}, "account"),
        ({"account": "a", "label": "x" * 65}, "label"),
        ({"account": "a", "type": "dsa"}, "type"),
        ({"account": "a", "public_key": "x"}, "public_key"),
        ({"account": "a", "type": "rsa"}, "public_key"),
        ({"account": "a", "type": "ed25519", "public_key": "x"}, "public_key"),
        ({"account": "a", "permissions": []}, "permissions"),
        ({"account": "a", "permissions": ["admin"]}, "permissions"),
        ({"account": "a", "addresses": ["192.0.2.7/24"]}, "addresses"),
        ({"account": "a", "expires": "soon"}, "expires"),
        ({"account": "a", "secret": "x"}, "secret"),
        ({}, "account"),
    ],
)
def test_a_key_that_cannot_be_names_its_field(closed: Closed, body: Json, field: str) -> None:
    response = closed.http.post("/admin/keys", json=body, headers=ADMIN_HEADERS)
    assert (response.status_code, response.json()["field"]) == (422, field)


# What lasts, and what is told


def test_keys_outlive_restarts_and_no_log_holds_a_secret(tmp_path: Path) -> None:
    with Closed(tmp_path) as closed:
        alice, bob = closed.make_key("alice"), closed.make_key("bob")
        assert closed.key_file.stat().st_mode & 0o777 == 0o600
        assert closed.key_file.stat().st_size == 32
        with open_user_stream(closed.gateway, additional_headers=bearer(alice)) as stream:
            assert receive(stream)["account"] == "alice"
            closed.matcher.stop()
            closed.matcher.restart()
            wait_until(lambda: closed.as_holder(alice, "GET", "/orders").status_code == 200, "a key after a restart")
            assert closed.as_holder(alice, "POST", "/orders", json=ORDER).status_code == 200
            # The stream has gone on.
            assert receive(stream)["account"] == "alice"
        closed.http.get("/orders", headers={"Authorization": f"Bearer {alice['key']}.{bob['secret']}"})
        closed.http.get("/admin/digest", headers={"Authorization": f"Bearer {bob['secret']}"})
        closed.gateway.stop()
        closed.gateway.restart()
        assert closed.as_holder(bob, "GET", "/orders").status_code == 200
        lines = closed.gateway.records("administrator's call")
        assert ("ann", "POST /admin/keys", 201) in [(line["who"], line["call"], line["status"]) for line in lines]
        assert ("nobody", "GET /admin/digest", 401) in [(line["who"], line["call"], line["status"]) for line in lines]
        kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        for secret in (alice["secret"], bob["secret"], TOKEN):
            assert secret.encode() not in kept
        assert hashlib.sha256(alice["secret"].encode()).digest() not in kept


def test_a_lost_key_file_is_told_in_one_line(tmp_path: Path) -> None:
    with Closed(tmp_path) as closed:
        alice = closed.make_key("alice")
        private = ed25519.Ed25519PrivateKey.generate()
        other = closed.make_key("bob", type="ed25519", public_key=pem(private))
        closed.gateway.stop()
        closed.key_file.unlink()
        closed.gateway.restart()
        assert closed.as_holder(alice, "GET", "/orders").status_code == 401
        [line] = closed.gateway.records("HMAC keys do not verify: GATEWAY_KEY_FILE is not set, lost, or another one")
        assert line["keys"] == 1
        query = f"timestamp={int(time.time() * 1000)}"
        target = f"/orders?{query}&signature={escaped(private.sign(query.encode()))}"
        assert closed.http.get(target, headers={"X-MBX-APIKEY": other["key"]}).status_code == 200
        refused = closed.http.post("/admin/keys", json={"account": "x"}, headers=ADMIN_HEADERS)
        assert (refused.status_code, refused.json()["code"]) == (409, "key_file_required")
        assert str(closed.key_file) in refused.json()["detail"]


def test_calls_wait_for_the_keys(tmp_path: Path) -> None:
    """Without a matcher nobody is let in, whatever he bears."""
    with Closed(tmp_path) as closed:
        alice = closed.make_key("alice")
        closed.matcher.stop()
        wait_until(lambda: closed.as_holder(alice, "GET", "/orders").status_code == 503, "a call that is not served")
        response = closed.as_holder(alice, "GET", "/orders")
        assert (response.status_code, response.json()["code"]) == (503, "keys_unavailable")
        assert response.headers["retry-after"] == "1"
        closed.matcher.restart()
        wait_until(lambda: closed.as_holder(alice, "GET", "/orders").status_code == 200, "a call that is served again")


def test_guesses_are_braked(tmp_path: Path) -> None:
    with Closed(tmp_path) as closed:
        for _ in range(10):
            assert closed.http.get("/admin/digest", headers={"Authorization": "Bearer x"}).status_code == 401
        response = closed.http.get("/admin/digest", headers=ADMIN_HEADERS)
        assert (response.status_code, response.json()["code"]) == (429, "too_many_guesses")
        assert 1 <= int(response.headers["retry-after"]) <= 60


def test_an_hmac_key_needs_the_setting(exchange: Exchange) -> None:
    response = exchange.http.post("/admin/keys", json={"account": "alice"})
    assert (response.status_code, response.json()["code"]) == (409, "key_file_required")
    assert "GATEWAY_KEY_FILE" in response.json()["detail"]


def test_the_script_makes_a_key_and_lines_that_work(closed: Closed, tmp_path: Path) -> None:
    def create(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "matching_exchange.tools.keys", "create", *arguments]
        return subprocess.run(
            command, env=clean_environment(environment), capture_output=True, text=True, timeout=PATIENCE
        )

    done = create("--account=frank", f"--url={closed.url}", "--permissions=user_data", GATEWAY_ADMIN_TOKEN=TOKEN)
    assert (done.returncode, done.stderr) == (0, "")
    key, secret = (line.split()[1] for line in done.stdout.splitlines()[:2])
    [curl, _] = [line for line in done.stdout.splitlines() if line.startswith("curl ")]
    assert f"Bearer {key}.{secret}" in curl
    assert curl.endswith(f"{closed.url}/orders")
    held = {"key": key, "secret": secret}
    assert closed.as_holder(held, "GET", "/orders").status_code == 200
    assert closed.as_holder(held, "POST", "/orders", json=ORDER).json()["code"] == "permission_missing"

    file = tmp_path / "public.pem"
    file.write_text(pem(ed25519.Ed25519PrivateKey.generate()))
    done = create(
        "--account=frank", "--type=ed25519", f"--public-key={file}", f"--url={closed.url}", f"--token={TOKEN}"
    )
    assert (done.returncode, done.stderr, "secret" in done.stdout) == (0, "", False)

    for arguments, status in (
        (("--account=two words", f"--token={TOKEN}"), 1),
        (("--account=frank", "--type=rsa", f"--public-key={tmp_path}/none", f"--token={TOKEN}"), 1),
        (("--account=frank", "--type=dsa"), 2),
        ((), 2),
    ):
        refused = create(*arguments, f"--url={closed.url}")
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (status, "", 1)

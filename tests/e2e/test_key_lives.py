"""How long a key is good, what lasts over restarts, and what is told of it."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.e2e.keyed import ADMIN_HEADERS, ORDER, TOKEN, Closed, bearer, escaped, open_user_stream, pem
from tests.exchange import PATIENCE, Exchange, Json, clean_environment, ending, receive, wait_until


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    with Closed(tmp_path_factory.mktemp("closed"), "--workers=2") as exchange:
        yield exchange


@pytest.fixture(scope="module")
def alice(closed: Closed) -> Json:
    return closed.make_key("alice", label="bot")


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
    assert f"{key}.{secret}" in done.stdout.splitlines(), "what the dashboard takes"
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

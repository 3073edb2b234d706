"""Proofs of keys and the store behind them, without a server."""

import asyncio
import base64
import hmac
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from starlette.types import Message

from gateway.access.admin import GUESS_SECONDS, MAX_GUESSES, Guesses
from gateway.access.keys import LEASE_SECONDS
from gateway.access.server_key import ALPHABET, KeyFileError, ServerKey, check_of, derive_secret, new_key_id
from gateway.http.errors import HttpError
from gateway.link.errors import MatcherUnavailableError, NoResultError
from protocol.commands import KeysQuery, NoteKeyUse, OrdersQuery, PlaceOrder, RevokeKey, StatusQuery
from protocol.events import KeyList, KeyRevoked, KeySet, KeyState, MatcherStatus, OrderPage
from protocol.keys import Key, KeyType
from tests.exchange import wait_until
from tests.unit.gateway.fakes import CONFIG, TIMESTAMP, Gateway, scope

NOW = TIMESTAMP // 1_000_000
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
NAMES = ["a" * 64, "b" * 64, "c" * 64]


class Keyed:
    """A gateway that asks for keys, and knows three: alice's two of HMAC, bob's of Ed25519."""

    def __init__(self, directory: Path) -> None:
        file = directory / "server.key"
        self.server_key = ServerKey(str(file)).get_or_make(may_make=True)
        check = check_of(self.server_key)
        self.keys = [
            Key(NAMES[0], "alice", KeyType.HMAC, check=check),
            Key(NAMES[1], "alice", KeyType.HMAC, check=check, generation=1),
            Key(NAMES[2], "bob", KeyType.ED25519, PEM),
        ]
        self.changed = 3
        config = structs.replace(CONFIG, auth="keys", admin_token="token", key_file=str(file))
        self.gateway = Gateway(config)
        broker = self.gateway.broker
        broker.results[KeysQuery] = self._list
        broker.results[OrdersQuery] = OrderPage([], None)
        broker.answers[NoteKeyUse] = lambda command: self._state(command.key)
        broker.answers[RevokeKey] = lambda command: self._state(command.key)

    def _state(self, name: str) -> KeyState:
        return KeyState(next(key for key in self.keys if key.key == name), 1)

    def _list(self, query: KeysQuery) -> Any:
        return KeyList([KeyState(key, 1) for key in self.keys] if query.limit else [], self.changed)

    def secret(self, index: int) -> str:
        key = self.keys[index]
        return derive_secret(self.server_key, key.key, key.generation)

    def get(self, target: str = "/orders", **headers: str) -> int:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        status = wait_until(lambda: self._known(target, named), "the keys to be known")
        assert status is not None, "it was waited for"
        return status

    def _known(self, target: str, headers: dict[str, str]) -> int | None:
        """The status; None where the machine is too busy to ask for the keys within their lease, as a caller is told."""
        answer = self.gateway.request("GET", target, headers=headers)
        return None if answer.status == 503 and answer.json["code"] == "keys_unavailable" else answer.status

    def bearer(self, text: str) -> int:
        return self.get(authorization=f"Bearer {text}")

    def signed(self, query: str, name: str) -> int:
        return self.get(f"/orders?{query}", x_mbx_apikey=name)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    keyed = Keyed(tmp_path_factory.mktemp("keyed"))
    with keyed.gateway:
        yield keyed


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Keyed]:
    """One of the test's own."""
    keyed = Keyed(tmp_path)
    with keyed.gateway:
        yield keyed


def sign(keyed: Keyed, index: int, text: str) -> str:
    if index == 2:
        return quote(base64.b64encode(PRIVATE.sign(text.encode())).decode(), safe="")
    return hmac.digest(keyed.secret(index).encode(), text.encode(), "sha256").hex()


FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_the_holder_is_let_in(keyed: Keyed) -> None:
    for index in (0, 1):
        assert keyed.bearer(f"{NAMES[index]}.{keyed.secret(index)}") == 200
    for index in (0, 1, 2):
        text = f"limit=5&timestamp={NOW}"
        assert keyed.signed(f"{text}&signature={sign(keyed, index, text)}", NAMES[index]) == 200
        assert keyed.signed(f"signature={sign(keyed, index, text)}&{text}", NAMES[index]) == 200


def test_a_holder_sees_his_own_key(keyed: Keyed) -> None:
    bearer = {"authorization": f"Bearer {NAMES[1]}.{keyed.secret(1)}"}
    answer = keyed.gateway.request("GET", "/key", headers=bearer)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json == {
        "key": NAMES[1],
        "account": "alice",
        "label": "",
        "permissions": ["trade", "user_data", "user_stream"],
        "expires": None,
    }
    assert keyed.gateway.request("GET", "/key").problem == (401, "unauthorized", None)
    assert keyed.gateway.request("GET", "/key?account=alice", headers=bearer).problem[0] == 422


def test_where_no_key_is_asked_for_there_is_none_to_see() -> None:
    with Gateway() as gateway:
        assert gateway.request("GET", "/key").problem == (404, "unknown_key", None)


def test_health_tells_that_keys_are_asked_for(keyed: Keyed) -> None:
    broker = keyed.gateway.broker
    broker.results[StatusQuery] = MatcherStatus(broker.epoch, "always", 0, 0, 0)
    answer = keyed.gateway.request("GET", "/health")
    assert (answer.status, answer.json["auth"]) == (200, "keys")
    broker.results[StatusQuery] = MatcherUnavailableError("")
    answer = keyed.gateway.request("GET", "/health")
    assert (answer.status, answer.json["auth"]) == (503, "keys")


async def _receive() -> Message:
    return {"type": "http.request"}


def get_with(keyed: Keyed, target: str, *headers: tuple[str, str]) -> int:
    """The status of a call with these headers; a name may stand twice."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    called = scope("http", target, {}, method="GET", scheme="http")
    called["headers"] += [(name.encode(), value.encode()) for name, value in headers]
    keyed.gateway.run(keyed.gateway.app(called, _receive, send))
    status: int = sent[0]["status"]
    return status


def test_two_claims_are_none(keyed: Keyed) -> None:
    """A proxy may have looked at the other one."""
    good = ("authorization", f"Bearer {NAMES[0]}.{keyed.secret(0)}")
    other = ("authorization", f"Bearer {NAMES[1]}.{keyed.secret(1)}")
    assert [get_with(keyed, "/orders", *headers) for headers in ([good], [good, other], [good, good])] == [
        200,
        401,
        401,
    ]
    text = f"timestamp={NOW}"
    target = f"/orders?{text}&signature={sign(keyed, 0, text)}"
    names = [("x-mbx-apikey", name) for name in NAMES[:2]]
    assert [get_with(keyed, target, *headers) for headers in (names[:1], names, names[:1] * 2)] == [200, 401, 401]
    token = ("authorization", "Bearer token")
    assert [get_with(keyed, "/admin/keys", *headers) for headers in ([token], [token, good], [good, token])] == [
        200,
        401,
        401,
    ]


TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=200)


@FUZZ
@given(st.one_of(TEXT, st.tuples(st.sampled_from(NAMES), TEXT).map(".".join), st.sampled_from(NAMES)))
def test_no_other_bearer_gets_in(keyed: Keyed, text: str) -> None:
    if text not in {f"{NAMES[index]}.{keyed.secret(index)}" for index in (0, 1)}:
        encoded = {"authorization": f"Bearer {text}".encode("latin-1").decode("latin-1")}
        try:
            status = keyed.gateway.request("GET", "/orders", headers=encoded).status
        except UnicodeEncodeError:
            return
        assert status == 401


@FUZZ
@given(st.integers(0, 1), st.data())
def test_no_part_of_a_secret_gets_in(keyed: Keyed, index: int, data: st.DataObject) -> None:
    secret = keyed.secret(index)
    place = data.draw(st.integers(0, 63))
    letter = data.draw(st.sampled_from(ALPHABET))
    changed = [secret[:place], secret + letter, secret[:place] + letter + secret[place + 1 :], secret.swapcase()]
    for other in changed:
        if other != secret:
            assert keyed.bearer(f"{NAMES[index]}.{other}") == 401
    assert keyed.bearer(f"{NAMES[1 - index]}.{secret}") == 401
    assert keyed.bearer(f"{NAMES[2]}.{secret}") == 401


@FUZZ
@given(st.integers(0, 2), st.integers(1, 1000), st.data())
def test_no_changed_query_gets_in(keyed: Keyed, index: int, limit: int, data: st.DataObject) -> None:
    """Reordered, encoded another way, cut, with more or less, at another time, by another key."""
    text = f"limit={limit}&status=open&timestamp={NOW}"
    signature = sign(keyed, index, text)
    good = f"{text}&signature={signature}"
    place = data.draw(st.integers(0, len(text) - 1))
    pairs = data.draw(st.permutations(text.split("&")))
    skew = data.draw(st.integers(-10_000_000, 10_000_000))
    changed = {
        "reordered": f"{'&'.join(pairs)}&signature={signature}",
        "encoded": f"{text[:place]}%{ord(text[place]):02x}{text[place + 1 :]}&signature={signature}",
        "cut": good[: data.draw(st.integers(0, len(good) - 2))],
        "longer": f"{good}{data.draw(st.sampled_from(['&', '0', '&limit=1', '&x', '%00']))}",
        "twice": f"{good}&signature={signature}",
        "skewed": f"limit={limit}&status=open&timestamp={NOW + skew}&signature={signature}",
    }
    for how, query in changed.items():
        if query not in (good, f"{good}&"):
            assert keyed.signed(query, NAMES[index]) in (401, 422), how
            if how != "longer":
                assert keyed.signed(query, NAMES[index]) == 401, how
    for other in (*(NAMES[each] for each in range(3) if each != index), "x" * 64, "", "-"):
        assert keyed.signed(good, other) == 401
    assert keyed.signed(good, NAMES[index]) == 200


@pytest.mark.parametrize(("age", "status"), [(0, 200), (5000, 200), (5001, 401), (-999, 200), (-1000, 401)])
def test_a_signed_call_has_a_window(keyed: Keyed, age: int, status: int) -> None:
    text = f"timestamp={NOW - age}"
    assert keyed.signed(f"{text}&signature={sign(keyed, 0, text)}", NAMES[0]) == status


def test_a_bare_plus_of_a_signature_is_undone(keyed: Keyed) -> None:
    for limit in range(1, 200):
        text = f"limit={limit}&timestamp={NOW}"
        plain = base64.b64encode(PRIVATE.sign(text.encode())).decode()
        if "+" in plain:
            break
    assert keyed.signed(f"{text}&signature={plain.replace('=', '%3D')}", NAMES[2]) == 200
    assert keyed.signed(f"{text}&signature={plain.replace('+', '%20')}", NAMES[2]) == 200


def test_a_revocation_that_is_heard_counts_at_once(own: Keyed) -> None:
    keyed = own
    bearer = f"{NAMES[0]}.{keyed.secret(0)}"
    broker = keyed.gateway.broker

    async def scenario() -> None:
        async with keyed.gateway.app.router.lifespan_context(keyed.gateway.app):
            [hear] = broker.key_handlers
            headers = {"authorization": f"Bearer {bearer}"}
            assert (await keyed.gateway._request("GET", "/orders", [b""], headers)).status == 200
            keyed.changed = 9
            revoked = keyed.keys.pop(0)
            hear(KeyRevoked(KeyState(revoked, 1), 9, 3))
            assert (await keyed.gateway._request("GET", "/orders", [b""], headers)).status == 401
            back = Key(revoked.key, "alice", KeyType.HMAC, check=revoked.check, generation=1)
            keyed.keys.insert(0, back)
            keyed.changed = 12
            # A change before this one was lost.
            hear(KeySet(KeyState(back, 1), 12, 11))
            other = {"authorization": f"Bearer {NAMES[0]}.{derive_secret(keyed.server_key, NAMES[0], 1)}"}
            assert (await keyed.gateway._request("GET", "/orders", [b""], headers)).status in (401, 200)
            while (await keyed.gateway._request("GET", "/orders", [b""], other)).status != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert (await keyed.gateway._request("GET", "/orders", [b""], headers)).status == 401

    keyed.gateway.run(scenario())


def test_a_key_that_is_revoked_while_its_call_is_read_sends_nothing(own: Keyed) -> None:
    """The head was let in; the body comes after the revocation."""
    broker = own.gateway.broker
    order = b'{"symbol":"BTC-USDT","order_type":"market","side":"buy","quantity":"1"}'
    headers = {"authorization": f"Bearer {NAMES[0]}.{own.secret(0)}"}

    async def scenario() -> tuple[int, list[object]]:
        async with own.gateway.app.router.lifespan_context(own.gateway.app):
            assert (await own.gateway._request("GET", "/orders", [b""], headers)).status == 200
            sent: list[Message] = []

            async def receive() -> Message:
                own.changed = 9
                broker.key_handlers[0](KeyRevoked(KeyState(own.keys.pop(0), 1), 9, 3))
                return {"type": "http.request", "body": order, "more_body": False}

            async def send(message: Message) -> None:
                sent.append(message)

            await own.gateway.app(scope("http", "/orders", headers, method="POST", scheme="http"), receive, send)
            return sent[0]["status"], [each for each in broker.commands if isinstance(each, PlaceOrder)]

    assert own.gateway.run(scenario()) == (401, [])


def test_nobody_is_served_beyond_the_lease(own: Keyed) -> None:
    keyed = own
    headers = {"authorization": f"Bearer {NAMES[0]}.{keyed.secret(0)}"}
    assert keyed.gateway.request("GET", "/orders", headers=headers).status == 200
    keyed.gateway.broker.results[KeysQuery] = NoResultError("the matcher did not answer in time")

    async def silence() -> None:
        await asyncio.sleep(LEASE_SECONDS)

    keyed.gateway.run(silence())
    answer = keyed.gateway.request("GET", "/orders", headers=headers)
    assert answer.problem[:2] == (503, "keys_unavailable")


# The server key


def test_a_secret_depends_on_all_that_it_is_made_of() -> None:
    one, other = b"1" * 32, b"2" * 32
    secrets = {derive_secret(key, name, each) for key in (one, other) for name in NAMES for each in (0, 1, 2)}
    assert len(secrets) == 18
    assert all(len(secret) == 64 and set(secret) <= set(ALPHABET) for secret in secrets)
    assert len({new_key_id() for _ in range(100)}) == 100


def test_workers_that_make_the_file_at_once_agree(tmp_path: Path) -> None:
    made: list[bytes] = []

    def make() -> None:
        made.append(ServerKey(str(tmp_path / "keys" / "server.key")).get_or_make(may_make=True))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["server.key"]


def write(path: Path, length: int, mode: int = 0o600) -> None:
    path.write_bytes(b"x" * length)
    path.chmod(mode)


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda path: write(path, 31), "takes 32"),
        (lambda path: write(path, 33), "cannot be read"),
        (lambda path: path.mkdir(0o700), "cannot be read"),
        (lambda path: write(path, 32, 0o640), "chmod 600"),
        (lambda path: write(path, 32, 0o604), "chmod 600"),
    ],
)
def test_a_bad_file_is_told_with_its_setting(tmp_path: Path, prepare: Callable[[Path], object], word: str) -> None:
    path = tmp_path / "server.key"
    prepare(path)
    with pytest.raises(KeyFileError, match=f"GATEWAY_KEY_FILE: .*{word}"):
        ServerKey(str(path)).get()


# The brake


def test_guesses_are_bounded_by_address_and_time() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for _ in range(MAX_GUESSES):
        guesses.check("a")
        guesses.note("a")
    with pytest.raises(HttpError) as caught:
        guesses.check("a")
    assert (caught.value.status, caught.value.headers["retry-after"]) == (429, str(GUESS_SECONDS + 1))
    guesses.check("b")
    now[0] = GUESS_SECONDS
    guesses.check("a")

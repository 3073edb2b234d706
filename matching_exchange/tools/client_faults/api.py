"""The two doors of the dialect for signed calls: HTTP, and the WebSocket API. Each outcome is put in one word."""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from matching_exchange.tools.torture.clients import CALL_SECONDS, Connection, decode

Outcome = Literal["taken", "refused", "not_taken", "timeout", "cut"]
"""`refused`: by a 4xx. `not_taken`: never sent, or ended by 503 with -1001, 429 with -1003 or 400 with -1021.
`timeout` and `cut` are unknown."""

Parameters = dict[str, str | int]

WINDOW: Final = 1_500
"""Milliseconds after its timestamp up to which a call may be taken."""

OPEN_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 0.1

NOT_TAKEN: Final = frozenset({(503, -1001), (429, -1003), (400, -1021)})
TIMED_OUT: Final = (504, -1007)
SERVER_ERROR: Final = 500


class Answer(Struct, frozen=True):
    """An attempt's result. code: that of an error, else 0. said: the result, or the whole error."""

    outcome: Outcome
    status: int = 0
    code: int = 0
    said: Any = None

    @property
    def is_unknown(self) -> bool:
        return self.outcome in ("timeout", "cut")


class Call(Struct, frozen=True):
    """A call of the dialect: its method and path over HTTP, its name over the WebSocket API."""

    method: str
    path: str
    name: str
    parameters: Parameters


class Signer:
    """Holds an HMAC key."""

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        self._secret = secret.encode()

    def sign(self, text: str) -> str:
        return hmac.digest(self._secret, text.encode(), hashlib.sha256).hex()

    def query(self, parameters: Parameters) -> str:
        text = urlencode({**parameters, "timestamp": now()})
        return f"{text}&signature={self.sign(text)}"

    def params(self, parameters: Parameters) -> Parameters:
        params: Parameters = {**parameters, "apiKey": self.key, "timestamp": now()}
        text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        return {**params, "signature": self.sign(text)}


class Rest:
    """Signed calls over one connection, which is opened again after each break. `tell_fault` hears of an answer that
    no client can act on."""

    def __init__(self, port: int, signer: Signer, tell_fault: Callable[[str], None]) -> None:
        self._connection = Connection(port, headers={"X-MBX-APIKEY": signer.key})
        self._signer = signer
        self._tell_fault = tell_fault

    def close(self) -> None:
        self._connection.close()

    def call(self, call: Call, *, as_form: bool = False) -> Answer:
        """One attempt. as_form: the parameters go in the body."""
        signed = self._signer.query(call.parameters)
        path = f"/api/v3/{call.path}"
        reply = (
            self._connection.attempt(call.method, path, signed.encode())
            if as_form
            else self._connection.attempt(call.method, f"{path}?{signed}")
        )
        if reply.outcome != "answered":
            return Answer("not_taken" if reply.outcome == "refused" else "cut")
        return read_answer(reply.status, decode(reply.body), f"{call.method} {call.path}", self._tell_fault)


class Socket:
    """Signed calls over the WebSocket API, on a connection that is opened again after each break."""

    def __init__(self, port: int, signer: Signer, tell_fault: Callable[[str], None]) -> None:
        self._url = f"ws://127.0.0.1:{port}/ws-api/v3?returnRateLimits=false"
        self._signer = signer
        self._tell_fault = tell_fault
        self._connection: ClientConnection | None = None
        self._number = 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, calls: Sequence[Call]) -> list[Answer]:
        """One attempt each: all are sent before the first answer is read."""
        if not self._is_open():
            return [Answer("not_taken")] * len(calls)
        assert self._connection is not None, "it is open"
        first = self._number + 1
        self._number += len(calls)
        answers: dict[int, Answer] = {}
        try:
            for number, call in enumerate(calls, first):
                self._connection.send(self._text(number, call))
            while len(answers) < len(calls):
                message = decode(_bytes(self._connection.recv(CALL_SECONDS)))
                if "id" in message:
                    call = calls[message["id"] - first]
                    said = message.get("result", message.get("error"))
                    answers[message["id"]] = read_answer(message["status"], said, call.name, self._tell_fault)
        except (OSError, WebSocketException, EOFError):
            self.close()
        return [answers.get(number, Answer("cut")) for number in range(first, first + len(calls))]

    def _is_open(self) -> bool:
        """Open the connection where it is not, and log on."""
        if self._connection is not None:
            return True
        try:
            self._connection = open_socket(self._url)
        except (OSError, WebSocketException, EOFError):
            return False
        (answer,) = self.call([Call("", "", "session.logon", {})])
        if answer.outcome != "taken":
            self.close()
        return self._connection is not None

    def _text(self, number: int, call: Call) -> str:
        """A session that has logged on needs a time alone: each other call is signed all the same."""
        plain: Parameters = {**call.parameters, "timestamp": now()}
        signs = number % 2 or call.name == "session.logon"
        params = self._signer.params(call.parameters) if signs else plain
        return msgspec.json.encode({"id": number, "method": call.name, "params": params}).decode()


def read_answer(status: int, said: Any, what: str, tell_fault: Callable[[str], None]) -> Answer:
    """The outcome that a status and a code tell. Any other 5xx than those of the contract is a fault, and so is 401."""
    if status == HTTPStatus.OK:
        return Answer("taken", status, 0, said)
    code = said["code"]
    if (status, code) in NOT_TAKEN:
        return Answer("not_taken", status, code, said)
    if (status, code) == TIMED_OUT:
        return Answer("timeout", status, code, said)
    if status >= SERVER_ERROR or status == HTTPStatus.UNAUTHORIZED:
        tell_fault(f"{what}: {status} {said}")
        return Answer("cut", status, code, said)
    return Answer("refused", status, code, said)


def open_socket(url: str) -> ClientConnection:
    """A connection that does not ping: its gateway does."""
    return connect(
        url, open_timeout=OPEN_SECONDS, close_timeout=CLOSE_SECONDS, ping_interval=None, max_size=None, proxy=None
    )


def make_key(port: int, account: str, deposits: dict[str, str]) -> Signer:
    """A key of the account, which gets this money."""
    body = msgspec.json.encode({"account": account, "deposit": deposits})
    with closing(Connection(port)) as connection:
        reply = connection.attempt("POST", "/admin/keys", body)
    made = decode(reply.body)
    return Signer(made["key"], made["secret"])


def now() -> int:
    """Milliseconds."""
    return time.time_ns() // 1_000_000


def _bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message

"""What a request calls, for whom: read before it is carried out, and never relied on for anything but faults."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import MsgspecError, Struct
from starlette.types import Receive, Scope

from gateway.access.door import SUBPROTOCOL_PREFIX
from gateway.access.needs import ADMIN, LOCAL
from gateway.binance.routes import PREFIXES
from gateway.http.resources import read_body
from gateway.injected.rule import Called, Kind
from gateway.native.operations import OPERATIONS
from protocol.units import DEFAULT_ACCOUNT

NEVER_STRUCK: Final = frozenset({"health", "demo"})
"""What tells how the exchange does."""

_WORDS: Final = frozenset(
    operation.path.split("/")[1] for operation in OPERATIONS if operation.needs not in (ADMIN, LOCAL)
).difference(NEVER_STRUCK)

AccountOf = Callable[[str], str | None]
"""The account of a key."""


class _Named(Struct):
    """What of a body tells its accounts."""

    account: str | None = None
    orders: list["_Named"] = []
    place: "_Named | None" = None


_decode: Final = msgspec.json.Decoder(_Named).decode


def can_be_struck(path: str) -> bool:
    """Whether calls of this path can be: those of bots, in both dialects. Never what administers the exchange, tells
    its health, or is a page."""
    return path.startswith(PREFIXES) or path[1:].partition("/")[0] in _WORDS


def name_of(scope: Scope) -> str:
    """The name that a fault selects a call by."""
    return f"{'WS' if scope['type'] == 'websocket' else scope['method']} {scope['path']}"


def key_of(scope: Scope) -> str | None:
    """The key that the call says to hold; None where it names none."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    name = headers.get(b"x-mbx-apikey")
    if name is not None:
        return name.decode("latin-1")
    scheme, _, bearer = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.partition(".")[0]
    for each in scope.get("subprotocols", ()):
        if each.startswith(SUBPROTOCOL_PREFIX):
            return str(each).removeprefix(SUBPROTOCOL_PREFIX).partition(".")[0]
    return None


async def read_call(scope: Scope, receive: Receive, account_of: AccountOf | None) -> tuple[Called, Receive]:
    """The call, and where its body is received. Without `account_of` nobody asks for accounts: no body is read."""
    key = key_of(scope)
    kind = Kind.OPENING if scope["type"] == "websocket" else Kind.CALL
    if account_of is None:
        return Called(kind, name_of(scope), key=key), receive
    body = b""
    if kind is Kind.CALL and scope["method"] in ("POST", "PUT", "PATCH"):
        body = await read_body(receive)
        receive = _again(body, receive)
    accounts = frozenset(_accounts(scope, body, None if key is None else account_of(key)))
    return Called(kind, name_of(scope), accounts or frozenset({DEFAULT_ACCOUNT}), key), receive


def _accounts(scope: Scope, body: bytes, of_key: str | None) -> Iterator[str]:
    """Every account that the call names, or that of its key."""
    if of_key is not None:
        yield of_key
        return
    words = scope["path"].split("/")
    if len(words) > 2 and words[1] == "accounts":
        yield words[2]
    yield from (text for name, text in parse_qsl(scope["query_string"].decode("latin-1")) if name == "account")
    try:
        named = _decode(body)
    except (MsgspecError, UnicodeDecodeError):
        return
    parts = (named, *named.orders) if named.place is None else (named, named.place, *named.orders)
    yield from (each.account for each in parts if each.account is not None)


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives a body that was read already, and then what comes after it."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again

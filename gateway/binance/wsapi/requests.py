"""Requests of the WebSocket API, and their answers: bytes around bytes, so that nothing is encoded twice."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import MsgspecError, Raw, Struct

from gateway.binance.errors import BAD_ID, BAD_JSON, MISSING, DialectError
from gateway.http.responses import encode

MAX_ID: Final = 36
"""Characters of a text that is an id."""

NO_ID: Final = b"null"

_PREFIX: Final = "v3/"
_SAFE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~=&")
"""What a percent-encoded text shares with a plain one."""


class Request(Struct):
    """method: without `v3/`."""

    id: Raw = Raw(NO_ID)
    method: str = ""
    params: dict[str, Raw] = {}


class Read(Struct, frozen=True):
    """A request. id: as it was sent, in JSON."""

    id: bytes
    method: str
    params: Mapping[str, Raw]


_decode: Final = msgspec.json.Decoder(Request).decode


def read_request(text: str) -> Read:
    """DialectError for a text that is none."""
    try:
        found = _decode(text)
    except (MsgspecError, UnicodeEncodeError) as error:
        raise DialectError(BAD_JSON, str(error)) from error
    told = bytes(found.id)
    if not _is_id(told):
        raise DialectError(BAD_ID)
    return Read(told, found.method.removeprefix(_PREFIX), found.params)


def check_method(method: str) -> None:
    """DialectError where there is none."""
    if not method:
        raise DialectError(MISSING, "method")


def _is_id(told: bytes) -> bool:
    if told == NO_ID:
        return True
    if told.startswith(b'"'):
        return len(msgspec.json.decode(told, type=str)) <= MAX_ID
    return told.lstrip(b"-").isdigit()


def signed_texts(texts: Mapping[str, str]) -> tuple[bytes, ...]:
    """What of the parameters is signed, plain and percent-encoded."""
    pairs = sorted(texts.items())
    plain = "&".join([f"{name}={value}" for name, value in pairs])
    if _SAFE.issuperset(plain):
        return (plain.encode(),)
    return plain.encode(), urlencode(pairs).encode()


def result_answer(told: bytes, result: Any, limits: list[Any] | None) -> bytes:
    """The answer to a request that went well. limits: None where they are not wanted."""
    if limits is None:
        return b'{"id":%b,"status":200,"result":%b}' % (told, encode(result))
    return b'{"id":%b,"status":200,"result":%b,"rateLimits":%b}' % (told, encode(result), encode(limits))


def error_answer(told: bytes, error: DialectError, now: int, limits: list[Any] | None) -> bytes:
    """The answer to any other one. now: the server's time, in milliseconds."""
    body = error.body()
    if error.status in (418, 429):
        seconds = int(error.headers.get("retry-after", "1"))
        body = {**body, "data": {"serverTime": now, "retryAfter": now + 1000 * seconds}}
    answer = b'{"id":%b,"status":%d,"error":%b' % (told, error.status, encode(body))
    return answer + (b"}" if limits is None else b',"rateLimits":%b}' % encode(limits))

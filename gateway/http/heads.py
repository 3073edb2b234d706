"""The rules for the head of a request that go beyond HTTP's grammar."""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import httptools

from gateway.http.bounds import MAX_BODY_BYTES
from gateway.http.errors import HttpError
from gateway.http.responses import Header

MAX_LENGTH_DIGITS: Final = 19
"""Digits of a length of 64 bits. Zeros before it count."""

ROOT_PATH: Final = "gateway.root_path"
"""Of a scope: below which clients find everything. The scope's own `root_path` is empty: routers would take it away
again."""

_CHECKED: Final = frozenset({b"host", b"content-length", b"content-encoding", b"transfer-encoding", b"expect"})


def size_of(header: Header) -> int:
    """The bytes of its line."""
    return len(header[0]) + len(header[1]) + len(b": \r\n")


def read_target(target: bytes, root: str = "") -> tuple[str, bytes, bytes, bytes | None]:
    """The path decoded, the path as sent, the query, and the host with its port.

    Both paths are without the root path: a proxy may send it or not. The path as sent is empty where it was the root
    path alone. The host is None where the target names none. HttpError where the target is not valid.
    """
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError as error:
        raise HttpError("bad_request", "The target of the request is not valid.") from error
    raw_path = url.path or b"/"
    path = raw_path.decode()
    host = target.split(b"/", 3)[2].partition(b"?")[0] if url.schema else None
    if "%" in path:
        path = unquote(path)
    if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        path, raw_path = path[len(root) :] or "/", raw_path.removeprefix(root.encode())
    return path, raw_path, url.query or b"", host


def put_target(scope: MutableMapping[str, Any], target: bytes, root: str) -> bytes | None:
    """Put the target into the scope. The host with its port, as `read_target` tells it and with its errors."""
    scope["path"], scope["raw_path"], scope["query_string"], host = read_target(target, root)
    scope["root_path"], scope[ROOT_PATH] = "", root
    return host


def check_fields(headers: Sequence[Header], version: str) -> bool:
    """Whether the peer waits for a 100 before it sends the body. HttpError where a header is not taken.

    The names are in lower case. A length is a number, and never stands beside a transfer coding.
    """
    hosts = 0
    length = 0
    waits = False
    codings: list[bytes] = []
    for name, value in headers:
        if name not in _CHECKED:
            continue
        if name == b"host":
            hosts += 1
        elif name == b"content-length":
            length = _read_length(value)
        elif name == b"transfer-encoding":
            codings += [coding.strip() for coding in value.lower().split(b",")]
        elif name == b"content-encoding":
            _check_encoding(value)
        elif version != "1.0":
            waits = _expects_continue(value) or waits
    if hosts > 1 or (hosts == 0 and version != "1.0"):
        raise HttpError("bad_request", "A request takes one Host header.")
    if codings:
        _check_codings(codings, version)
    if waits and length > MAX_BODY_BYTES:
        raise HttpError("body_too_large")
    return waits


def _check_encoding(value: bytes) -> None:
    if value.strip().lower() not in (b"", b"identity"):
        raise HttpError("content_encoding_not_supported")


def _expects_continue(value: bytes) -> bool:
    """Whether an Expect header asks for a 100; it may be empty. HttpError where it asks for something else."""
    expected = value.strip().lower()
    if expected not in (b"", b"100-continue"):
        raise HttpError("expectation_failed")
    return bool(expected)


def _check_codings(codings: Sequence[bytes], version: str) -> None:
    if codings[-1] != b"chunked":
        raise HttpError("bad_request", "The last Transfer-Encoding is chunked, or the body has no end.")
    if version == "1.0":
        raise HttpError("bad_request", "HTTP/1.0 has no Transfer-Encoding.")
    if len(codings) > 1:
        raise HttpError("transfer_coding_not_supported")


def _read_length(value: bytes) -> int:
    digits = value.rstrip()
    if len(digits) > MAX_LENGTH_DIGITS:
        raise HttpError("bad_request", f"Content-Length takes at most {MAX_LENGTH_DIGITS} digits.")
    return int(digits)


def declared_length(headers: Iterable[Header]) -> int | None:
    """Bytes of the body; None if its chunks tell their number. HttpError for a length that is not taken."""
    for name, value in headers:
        if name == b"content-length":
            return _read_length(value)
        if name == b"transfer-encoding":
            return None
    return 0


def offers_websocket(headers: Sequence[Header]) -> bool:
    """Whether a WebSocket, and nothing else, is offered as an upgrade."""
    connection = [
        token.strip() for name, value in headers if name == b"connection" for token in value.lower().split(b",")
    ]
    return b"upgrade" in connection and [value.strip().lower() for name, value in headers if name == b"upgrade"] == [
        b"websocket"
    ]


def without_offer(method: bytes, target: bytes, version: str, headers: Iterable[Header]) -> bytes:
    """The head again, without the upgrades that it offers."""
    lines = [b"%s: %s\r\n" % header for header in headers if header[0] != b"upgrade"]
    return b"".join((b"%s %s HTTP/%s\r\n" % (method, target, version.encode()), *lines, b"\r\n"))

"""The path in a line of the log of requests."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from gateway.access.request_log import RequestLog
from gateway.http.heads import put_target

LISTEN_KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"


def logged(target: str) -> Any:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ignore(*_: Any) -> Any:
        return None

    scope: Scope = {"type": "http", "method": "GET", "headers": [], "client": ("192.0.2.1", 1), "extensions": {}}
    put_target(scope, target.encode(), "")
    with capture_logs() as logs:
        asyncio.run(RequestLog(app)(scope, ignore, ignore))
    [line] = logs
    return line["path"]


@pytest.mark.parametrize(
    "sent",
    [
        LISTEN_KEY,
        f"%{ord(LISTEN_KEY[0]):x}{LISTEN_KEY[1:]}",
        f"{LISTEN_KEY[:30]}%{ord(LISTEN_KEY[30]):x}{LISTEN_KEY[31:]}",
        "".join(f"%{ord(character):02X}" for character in LISTEN_KEY),
    ],
)
def test_a_listen_key_is_not_logged_however_it_is_sent(sent: str) -> None:
    assert logged(f"/ws/{sent}?x=1") == "/ws/***"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/orders", "/orders"),
        ("/accounts/a:b@c/ledger", "/accounts/a:b@c/ledger"),
        ("/a%20b%0Ac%C3%BC", "/a%20b%0Ac%C3%BC"),
        ("/" + "x." * 200, "/" + ("x." * 200)[:199] + "..."),
    ],
)
def test_other_paths_are_logged_as_they_are_sent(target: str, path: str) -> None:
    assert logged(target) == path

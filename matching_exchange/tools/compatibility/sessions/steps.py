"""Steps of a session: each is one call of a client, and what it must say. Every step is told as a line of JSON.

The exchange comes in EXCHANGE_URL, EXCHANGE_API_KEY and EXCHANGE_API_SECRET.
"""

import inspect
import ipaddress
import json
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

URL: Final = os.environ.get("EXCHANGE_URL", "")
KEY: Final = os.environ.get("EXCHANGE_API_KEY", "")
SECRET: Final = os.environ.get("EXCHANGE_API_SECRET", "")

SYMBOL: Final = "BTCUSDT"

PATIENCE: Final = 20.0
"""Seconds that anything may take."""

MOST_OF_AN_ERROR: Final = 300
"""Characters of an error that a line tells."""


class OtherHostError(Exception):
    """The client wanted to reach another host than this machine."""


def stay_here() -> None:
    """From now on, a look-up or a connection that leaves this machine fails, and is told as a step that failed."""
    look_up = socket.getaddrinfo

    def only_here(host: Any, *arguments: Any, **options: Any) -> Any:
        _refuse(host)
        return look_up(host, *arguments, **options)

    socket.getaddrinfo = only_here

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            _refuse(arguments[1][0])
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            _refuse(arguments[0])

    sys.addaudithook(hook)


def _refuse(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(name).is_loopback:
            return
    except ValueError:
        pass
    tell("no look-up of another host", str(name))
    raise OtherHostError(name)


def tell(call: str, error: str | None = None) -> None:
    """One line: the call, and why it failed; None where it passed."""
    print(json.dumps({"call": call, "error": error}), flush=True)


def tell_value(name: str, value: Any) -> None:
    """One line: something that whoever started the session compares."""
    print(json.dumps({"value": name, "is": value}), flush=True)


class Steps:
    """Runs calls one after the other. A step that fails is told, and the session goes on."""

    async def run(self, name: str, call: Callable[[], Any], check: Callable[[Any], Any] = lambda _: True) -> Any:
        """What the call gives, awaited where it has to be; None where it fails or the check of it is not true."""
        try:
            value = call()
            if inspect.isawaitable(value):
                value = await value
            good = check(value)
        except Exception as error:
            tell(name, _text(error))
            return None
        tell(name, None if good else f"it gave {value!r}"[:MOST_OF_AN_ERROR])
        return value

    async def fails(self, name: str, error: type[BaseException], text: str, call: Callable[[], Any]) -> None:
        """The call must raise that error, with the text in it."""
        try:
            value = call()
            if inspect.isawaitable(value):
                value = await value
        except error as raised:
            tell(name, None if text in str(raised) else f"it said {_text(raised)}")
            return
        except Exception as raised:
            tell(name, _text(raised))
            return
        tell(name, f"it did not fail: {value!r}"[:MOST_OF_AN_ERROR])


def _text(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:MOST_OF_AN_ERROR]


async def until(condition: Callable[[], Any], what: str, wait: Callable[[float], Awaitable[None]]) -> Any:
    """What the condition gives as soon as that is true. Raises TimeoutError where it never is."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never came about: {what}")
        await wait(0.02)
    return value

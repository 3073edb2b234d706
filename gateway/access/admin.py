"""The administrator's calls: his tokens, a brake on guesses, and a line of the log for each call."""

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import ANYONE, NOBODY
from gateway.http.callers import address_of
from gateway.http.errors import HttpError
from gateway.http.resources import header
from matching_exchange.process.log_brake import LogBrake

MAX_GUESSES: Final = 10
GUESS_SECONDS: Final = 60
"""After so many wrong tokens of an address within so many seconds, it has to wait."""

MAX_ADDRESSES: Final = 10_000
"""Addresses that are remembered for their guesses; beyond it the one that guessed longest ago is forgotten."""

WHO: Final = "gateway.administrator"

log = structlog.get_logger("gateway")


class Guesses:
    """Wrong tokens by address. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_address: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, address: str) -> None:
        """HttpError `too_many_guesses` where the address has to wait."""
        began, count = self._by_address.get(address, (0.0, 0))
        left = began + GUESS_SECONDS - self._clock()
        if count >= MAX_GUESSES and left > 0:
            raise HttpError("too_many_guesses", headers={"retry-after": str(int(left) + 1)})

    def note(self, address: str) -> None:
        """Count a wrong token."""
        now = self._clock()
        began, count = self._by_address.pop(address, (now, 0))
        if now - began >= GUESS_SECONDS:
            began, count = now, 0
        self._by_address[address] = began, count + 1
        if len(self._by_address) > MAX_ADDRESSES:
            self._by_address.popitem(last=False)


class Administrators:
    """`tokens`: names and tokens. Without any, every caller is one."""

    def __init__(self, tokens: Sequence[tuple[str, str]], guesses: Guesses | None = None) -> None:
        self._tokens = [(name, _hashed(token.encode())) for name, token in tokens]
        self._guesses = guesses or Guesses()

    def guard(self, scope: Scope) -> None:
        """HttpError where the caller bears none of the tokens."""
        if not self._tokens:
            scope[WHO] = ANYONE
            return
        address = address_of(scope)
        self._guesses.check(address)
        scheme, _, given = (header(scope, b"authorization") or b"").partition(b" ")
        hashed = _hashed(given)
        who = NOBODY
        for name, expected in self._tokens:
            if hmac.compare_digest(hashed, expected):
                who = name
        if scheme.lower() != b"bearer" or who == NOBODY:
            if given and scheme.lower() == b"bearer":
                self._guesses.note(address)
            raise HttpError("unauthorized")
        scope[WHO] = who


class Audited:
    """An application of the administrator's calls. Each is a line of the log: who, what, with which result."""

    brake: Final = LogBrake()

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            who = scope.get(WHO, NOBODY)
            # Guesses without end must not fill the disk.
            left_out = self.brake.passes(status) if who == NOBODY else {}
            if left_out is not None:
                log.info(
                    "administrator's call",
                    who=who,
                    call=f"{scope['method']} {scope['path']}",
                    status=status,
                    client=(scope.get("client") or ("",))[0],
                    address=address_of(scope),
                    **left_out,
                )


def _hashed(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()

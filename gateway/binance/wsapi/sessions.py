"""Who has logged on to one connection, and what he is told of it."""

from typing import Any, Final

from msgspec import Struct
from starlette.types import Scope

from gateway.access.caller import Caller
from gateway.binance.desk import Desk
from gateway.binance.errors import BAD_KEY, DialectError
from gateway.binance.gate import PERMISSIONS, Claim, RevokedError, Security
from gateway.binance.given import Given
from gateway.binance.wsapi.requests import signed_texts
from protocol.keys import Key, Permission

ANY: Final = Permission.TRADE | Permission.USER_DATA | Permission.USER_STREAM
"""Who may log on: each call asks for its own permission."""


class LoggedOn(Struct, frozen=True):
    """since: in nanoseconds."""

    caller: Caller
    key: Key
    since: int


class Session:
    """One for each connection. connected: since when, in nanoseconds."""

    def __init__(self, desk: Desk, scope: Scope) -> None:
        self._desk = desk
        # Each call counts as a request, not as a stream.
        self.scope: Scope = {**scope, "type": "http"}
        self.connected = desk.broker.now()
        self.logged_on: LoggedOn | None = None

    async def log_on(self, given: Given) -> None:
        """DialectError, as the gate's, for a wrong proof."""
        caller = await self._desk.gate.admit(ANY, _claim(given), given, self.scope)
        assert caller.key is not None, "the gate has found one"
        self.logged_on = LoggedOn(caller, caller.key, self._desk.broker.now())

    def log_off(self) -> None:
        self.logged_on = None

    async def caller(self, security: Security, given: Given) -> Caller:
        """Who makes a call that needs a key: he who has signed it, else he who has logged on.

        DialectError as the gate's; RevokedError where the session's key is good no more.
        """
        logged_on = self.logged_on
        if logged_on is None or given.signature is not None:
            return await self.signed_caller(security, given)
        try:
            return await self._desk.gate.renew(logged_on.caller, PERMISSIONS[security], given, self.scope)
        except RevokedError:
            self.log_off()
            raise

    async def signed_caller(self, security: Security, given: Given) -> Caller:
        """Who has signed the call. DialectError as the gate's."""
        return await self._desk.gate.admit(PERMISSIONS[security], _claim(given), given, self.scope)

    async def permit(self, security: Security) -> None:
        """DialectError where the session's key does not permit such a call, or is good no more."""
        logged_on = self.logged_on
        if logged_on is None or not logged_on.key.permissions & PERMISSIONS[security]:
            raise DialectError(BAD_KEY)
        await self._check_key(logged_on)

    async def _check_key(self, logged_on: LoggedOn) -> None:
        keys = self._desk.keys
        await keys.ready()
        if keys.find(logged_on.key.key) is not logged_on.key:
            self.log_off()
            raise RevokedError

    def view(self, unit: int, *, limits: bool, user_stream: bool) -> dict[str, Any]:
        logged_on = self.logged_on
        return {
            "apiKey": None if logged_on is None else logged_on.key.key,
            "authorizedSince": None if logged_on is None else logged_on.since // unit,
            "connectedSince": self.connected // unit,
            "returnRateLimits": limits,
            "serverTime": self._desk.broker.now() // unit,
            "userDataStream": user_stream,
        }


def _claim(given: Given) -> Claim:
    return Claim(given.texts.get("apiKey"), signed_texts(given.texts))

"""Lets a caller in who has signed his call with a key, and tells what is wrong with any other one."""

import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

import structlog
from msgspec import Struct
from starlette.types import Scope

from gateway.access.caller import CALLER, Caller
from gateway.access.door import AHEAD, DEFAULT_WINDOW, KEY_NAME, MAX_WINDOW, comes_from, read_window
from gateway.access.keys import KeyStore
from gateway.access.proofs import Proofs
from gateway.access.server_key import ServerKey
from gateway.binance.errors import (
    AHEAD_OF_TIME,
    BAD_KEY,
    BAD_KEY_FORMAT,
    BAD_SIGNATURE,
    BAD_VALUE,
    MISSING,
    OUTSIDE_WINDOW,
    DialectError,
)
from gateway.binance.given import SIGNATURE, Given
from gateway.binance.times import MILLISECOND, nanoseconds
from gateway.http.callers import count_key
from matching_exchange.process.log_brake import LogBrake
from protocol.keys import Key, Permission

_TIMESTAMP: Final = re.compile(r"[0-9]{1,16}")

log = structlog.get_logger("gateway")


class Security(Enum):
    """What a call needs.

    NONE: nothing. IF_SIGNED: nothing, and a good signature where one is sent.
    USER_DATA, TRADE: a key with this permission, and a signature.
    USER_STREAM: a key with this permission.
    """

    NONE = "none"
    IF_SIGNED = "if signed"
    USER_DATA = "user data"
    TRADE = "trade"
    USER_STREAM = "user stream"


NONE, IF_SIGNED, USER_DATA, TRADE, USER_STREAM = Security

PERMISSIONS: Final = {
    IF_SIGNED: Permission.USER_DATA,
    USER_DATA: Permission.USER_DATA,
    TRADE: Permission.TRADE,
    USER_STREAM: Permission.USER_STREAM,
}


class Claim(Struct, frozen=True):
    """Whom a call says to be of.

    key: as it was sent; None where none was.
    signed: the texts of which one must be signed; each is the same call in another spelling.
    """

    key: str | None
    signed: Sequence[bytes] = ()


class RevokedError(DialectError):
    """The key of a session is good no more."""

    def __init__(self) -> None:
        super().__init__(BAD_KEY)


class Gate:
    """One for each worker. `now` tells the matcher's time in nanoseconds."""

    def __init__(self, keys: KeyStore, server_key: ServerKey, now: Callable[[], int]) -> None:
        self._keys = keys
        self._server_key = server_key
        self._now = now
        self._proofs = Proofs()
        self._brake = LogBrake()

    async def admit(self, permission: int, claim: Claim, given: Given, scope: Scope, *, signed: bool = True) -> Caller:
        """The caller, who acts for the account of his key alone, and has one of these permissions. Counts the call to
        the key.

        `signed` false asks for no signature. DialectError for what is wrong with the proof, in the order of the
        contract. HttpError where a limit of the key is met, or the keys are not known.
        """
        key = await self._key(permission, claim, scope)
        deadline: int | None = None
        if signed:
            deadline = self._check_signature(key, claim, given, scope)
        else:
            given.check()
        count_key(scope, key.key)
        self._keys.note_use(key)
        caller = scope[CALLER] = Caller(key, lambda: self._keys.confirm(key), deadline)
        return caller

    async def renew(self, caller: Caller, permission: Permission, given: Given, scope: Scope) -> Caller:
        """The same caller for one more call of a session: only its time is looked at, and whether the key is good.

        DialectError as `admit`; RevokedError where the key is good no more.
        """
        key = caller.key
        assert key is not None, "a session has one"
        await self._keys.ready()
        if self._keys.find(key.key) is not key:
            raise RevokedError
        self._check_permission(key, permission, scope)
        given.check()
        deadline = _read_time(given, self._now())
        count_key(scope, key.key)
        self._keys.note_use(key)
        return Caller(key, lambda: self._keys.confirm(key), deadline)

    async def _key(self, permission: int, claim: Claim, scope: Scope) -> Key:
        """The key of the claim, which permits the call from this address."""
        if claim.key is None or not KEY_NAME.fullmatch(claim.key):
            raise DialectError(BAD_KEY_FORMAT)
        await self._keys.ready()
        key = self._keys.find(claim.key)
        if key is None:
            raise self._refused("key", scope)
        self._check_permission(key, permission, scope)
        return key

    def _check_permission(self, key: Key, permission: int, scope: Scope) -> None:
        """DialectError where the key does not permit the call from this address."""
        if not comes_from(key.addresses, scope):
            raise self._refused("address", scope)
        if not key.permissions & permission:
            raise DialectError(BAD_KEY)

    def _check_signature(self, key: Key, claim: Claim, given: Given, scope: Scope) -> int:
        """The latest time of the call, which its holder has signed."""
        if not given.signature:
            raise DialectError(MISSING, SIGNATURE)
        given.check()
        until = _read_time(given, self._now())
        server_key = self._server_key.get_or_nobodys()
        for text in claim.signed:
            if self._proofs.signature_fits(server_key, key, key.key, text, given.signature):
                return until
        self._refused("signature", scope)
        raise DialectError(BAD_SIGNATURE)

    def _refused(self, reason: str, scope: Scope) -> DialectError:
        if (left_out := self._brake.passes(reason)) is not None:
            log.warning("key refused", reason=reason, client=(scope.get("client") or ("",))[0], **left_out)
        return DialectError(BAD_KEY)


def _read_time(given: Given, now: int) -> int:
    """The latest time of a call. DialectError where its timestamp is missing or off."""
    texts = given.texts
    timestamp = texts.get("timestamp", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise DialectError(MISSING, "timestamp")
    window = DEFAULT_WINDOW * MILLISECOND
    if (told := texts.get("recvWindow")) is not None:
        found = read_window(told)
        if found is None or found > MAX_WINDOW * MILLISECOND:
            raise DialectError(BAD_VALUE, "recvWindow")
        window = found
    sent = nanoseconds(int(timestamp))
    # The server's time counts in whole milliseconds.
    server = now // MILLISECOND * MILLISECOND
    if sent >= server + AHEAD:
        raise DialectError(AHEAD_OF_TIME)
    if server - sent > window:
        raise DialectError(OUTSIDE_WINDOW)
    return sent + window

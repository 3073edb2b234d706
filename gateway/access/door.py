"""Lets a caller in who proves that he holds a key: by its secret, or by a signature.

Whatever is wrong with a proof is answered alike. Only what the caller sees by himself is told: a time that is off.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

import structlog
from msgspec import Struct
from starlette.types import Message, Receive, Scope

from gateway.access.caller import CALLER, Caller
from gateway.access.keys import KeyPermit, KeyStore
from gateway.access.needs import Needs
from gateway.access.proofs import Proofs
from gateway.access.server_key import ServerKey
from gateway.http.callers import count_key
from gateway.http.errors import HttpError
from gateway.http.resources import header, read_body
from gateway.link.matcher_link import MatcherLink
from matching_exchange.process.log_brake import LogBrake
from protocol.keys import Key

MILLISECOND: Final = 1_000_000
"""In nanoseconds."""

AHEAD: Final = 1_000 * MILLISECOND
"""How far a timestamp may be ahead of the matcher's time."""

DEFAULT_WINDOW: Final = 5_000
MAX_WINDOW: Final = 60_000
"""How old a signed call may be, in milliseconds."""

SUBPROTOCOL_PREFIX: Final = "bearer."

_BEARER: Final = re.compile(r"([A-Za-z0-9]{1,128})\.([A-Za-z0-9]{1,128})")
KEY_NAME: Final = re.compile(r"[A-Za-z0-9]{1,128}")
"""What may be a key."""

_TIMESTAMP: Final = re.compile(r"[0-9]{1,16}")
_WINDOW: Final = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,3}))?")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_PARAMETERS: Final = (b"timestamp", b"recvWindow", b"signature")

log = structlog.get_logger("gateway")


class Signed(Struct, frozen=True):
    """The parts of a signed call.

    text: the signed part of the query. rest: the query for the call itself.
    until: the latest time of the call, in the matcher's nanoseconds.
    """

    signature: str
    text: bytes
    rest: bytes
    until: int


class Door:
    """One for each worker."""

    def __init__(self, broker: MatcherLink, keys: KeyStore, server_key: ServerKey) -> None:
        self._broker = broker
        self._keys = keys
        self._server_key = server_key
        self._proofs = Proofs()
        self._brake = LogBrake()

    async def admit(self, needs: Needs, scope: Scope, receive: Receive) -> tuple[Caller, Key, Receive]:
        """The caller, his key, and where the body is received. The caller stands in the scope from then on. Takes a
        signature's parameters out of the query, and counts the call to the key.

        HttpError where he proves nothing, his key does not permit the call, or it is more than a limit allows.
        """
        await self._keys.ready()
        deadline: int | None = None
        claim = _bearer(scope)
        if claim is not None:
            name, secret = claim
            key = self._keys.find(name)
            fits = self._proofs.secret_fits(self._server_key.get_or_nobodys(), key, name, secret)
        else:
            name = _signer(scope)
            signed = read_signed(scope["query_string"], self._broker.now())
            body = await read_body(receive) if scope["type"] == "http" else b""
            # Reading the body may have taken long.
            await self._keys.ready()
            key = self._keys.find(name)
            text = signed.text + body
            fits = self._proofs.signature_fits(self._server_key.get_or_nobodys(), key, name, text, signed.signature)
            scope["query_string"] = signed.rest
            deadline = signed.until
            receive = _again(body) if scope["type"] == "http" else receive
        if not fits or key is None:
            raise self._refused("proof", scope)
        if not comes_from(key.addresses, scope):
            raise self._refused("address", scope)
        count_key(scope, name)
        if not key.permissions & needs.value:
            raise HttpError("permission_missing", f"The key needs the permission {needs.name.lower()}.")
        self._keys.note_use(key)
        caller = scope[CALLER] = Caller(key, lambda: self._keys.confirm(key), deadline)
        return caller, key, receive

    async def admit_stream(self, needs: Needs, scope: Scope, receive: Receive) -> tuple[Caller, KeyPermit]:
        """As `admit`, with what lets the stream go on."""
        caller, key, _ = await self.admit(needs, scope, receive)
        return caller, KeyPermit(self._keys, key)

    def _refused(self, reason: str, scope: Scope) -> HttpError:
        if (left_out := self._brake.passes(reason)) is not None:
            log.warning("key refused", reason=reason, client=(scope.get("client") or ("",))[0], **left_out)
        return unproved()


def unproved() -> HttpError:
    return HttpError("unauthorized", "The call needs a key that is good: Authorization: Bearer <key>.<secret>.")


def _bearer(scope: Scope) -> tuple[str, str] | None:
    """Key and secret of a header or of a WebSocket's subprotocol; None where neither is there. HttpError for two."""
    given = header(scope, b"authorization")
    if given is not None:
        scheme, _, text = given.partition(b" ")
        if scheme.lower() != b"bearer":
            raise unproved()
        return _split(text.decode("latin-1"))
    subprotocols: Sequence[str] = scope.get("subprotocols", ())
    offered = [each for each in subprotocols if each.startswith(SUBPROTOCOL_PREFIX)]
    if len(offered) > 1:
        raise unproved()
    return _split(offered[0].removeprefix(SUBPROTOCOL_PREFIX)) if offered else None


def _split(text: str) -> tuple[str, str]:
    found = _BEARER.fullmatch(text)
    if found is None:
        raise unproved()
    return found[1], found[2]


def _signer(scope: Scope) -> str:
    name = (header(scope, b"x-mbx-apikey") or b"").decode("latin-1")
    if not KEY_NAME.fullmatch(name):
        raise unproved()
    return name


def read_signed(query: bytes, now: int) -> Signed:
    """The parts of a signed query. HttpError where one is missing or stands twice, or the time is off.

    Names count as they are sent. So a name that is encoded another way is left to the call, which does not know it.
    """
    pairs = query.split(b"&")
    found: dict[bytes, bytes] = {}
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        if name in _PARAMETERS:
            if name in found:
                raise unproved()
            found[name] = value
    timestamp = found.get(b"timestamp", b"").decode("latin-1")
    signature = found.get(b"signature", b"")
    window_time = read_window(found.get(b"recvWindow", b"%d" % DEFAULT_WINDOW).decode("latin-1"))
    if not signature or not _TIMESTAMP.fullmatch(timestamp) or window_time is None:
        raise HttpError(
            "unauthorized", "A signed call needs timestamp and signature in its query; recvWindow in milliseconds."
        )
    if window_time > MAX_WINDOW * MILLISECOND:
        raise HttpError("timestamp_outside_window", f"recvWindow takes at most {MAX_WINDOW} milliseconds.")
    sent = int(timestamp) * MILLISECOND
    # As the venue does: in whole milliseconds.
    millisecond = now // MILLISECOND * MILLISECOND
    if sent >= millisecond + AHEAD or millisecond - sent > window_time:
        raise HttpError(
            "timestamp_outside_window",
            f"timestamp is outside of the recvWindow: the exchange's time is {now // MILLISECOND}.",
        )
    text = b"&".join(pair for pair in pairs if not pair.startswith(b"signature="))
    rest = b"&".join(pair for pair in pairs if pair.partition(b"=")[0] not in _PARAMETERS)
    return Signed(_unescaped(signature), text, rest, sent + window_time)


def read_window(text: str) -> int | None:
    """The nanoseconds of a recvWindow; None for a text that is none."""
    found = _WINDOW.fullmatch(text)
    return None if found is None else int(found[1]) * MILLISECOND + int((found[2] or "").ljust(3, "0")) * 1_000


def _unescaped(signature: bytes) -> str:
    """The signature without percent-escapes. A `+` that was not escaped is one."""
    plain = _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), signature)
    return plain.decode("latin-1").replace(" ", "+")


def comes_from(networks: Sequence[str], scope: Scope) -> bool:
    """Whether the peer's address is in one of the networks, or none are named."""
    if not networks:
        return True
    client: Any = scope.get("client")
    try:
        address = ip_address(client[0])
    except (TypeError, ValueError):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in ip_network(network) for network in networks)


def _again(body: bytes) -> Receive:
    """Receives a body that was read already."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive

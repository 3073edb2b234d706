"""Who calls: API keys and the administrator's token, as docs/security.md has them. No secret is ever shown."""

import hmac
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.parameters import whole

MAX_RECV_WINDOW: Final = 60_000
RECV_WINDOW: Final = 5_000
"""Milliseconds for which a signed call is good: at most, and by default."""


class Proof:
    """Proves each call. `proved` gives the headers and the query that are sent."""

    def proved(self, query: str, content: bytes) -> tuple[Mapping[str, str], str]:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class NoProof(Proof):
    """For an exchange that asks for no keys."""

    def proved(self, query: str, content: bytes) -> tuple[Mapping[str, str], str]:
        return {}, query


class Bearer(Proof):
    """Sends a token as it is: <key>.<secret>, or the administrator's. Beyond loopback use it over https only."""

    def __init__(self, token: str, field: str = "key") -> None:
        self._headers = {"Authorization": f"Bearer {_visible(token, field)}"}

    def proved(self, query: str, content: bytes) -> tuple[Mapping[str, str], str]:
        return self._headers, query


class _Signed(Proof):
    """Signs the query and the body. The secret is never sent."""

    def __init__(self, key: str, recv_window: int) -> None:
        self._headers = {"X-MBX-APIKEY": _visible(key, "key")}
        self._window = whole(recv_window, "recv_window", MAX_RECV_WINDOW)

    def proved(self, query: str, content: bytes) -> tuple[Mapping[str, str], str]:
        stamped = f"{query}&" if query else ""
        stamped += f"timestamp={time.time_ns() // 1_000_000}&recvWindow={self._window}"
        signature = quote(self._sign(stamped.encode() + content), safe="")
        return self._headers, f"{stamped}&signature={signature}"

    def _sign(self, signed: bytes) -> str:
        raise NotImplementedError


class HmacKey(_Signed):
    """A key with a secret, which signs each call: HMAC-SHA256.

    key, secret: of 64 letters and digits each.
    recv_window: milliseconds for which a signed call is good. The clock of this machine must be right to a second.
    """

    def __init__(self, key: str, secret: str, recv_window: int = RECV_WINDOW) -> None:
        super().__init__(key, recv_window)
        if not isinstance(secret, str):
            raise InvalidValue(f"secret takes a text, not {type(secret).__name__}.", "secret")
        self._secret = secret.encode()

    def _sign(self, signed: bytes) -> str:
        return hmac.new(self._secret, signed, "sha256").hexdigest()


class PrivateKey(_Signed):
    """An Ed25519 or RSA key. `private_key` is PEM, without a password. `recv_window` is as in HmacKey."""

    def __init__(self, key: str, private_key: str | bytes, recv_window: int = RECV_WINDOW) -> None:
        super().__init__(key, recv_window)
        self._private = _load(private_key)

    def _sign(self, signed: bytes) -> str:
        return b64encode(self._private(signed)).decode()


def _visible(text: str, field: str) -> str:
    """The text, if a header can hold it. The error does not show it."""
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidValue(f"{field} takes visible ASCII without spaces.", field)
    return text


def _load(private_key: str | bytes) -> Any:
    """What signs bytes with the key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    pem = private_key.encode() if isinstance(private_key, str) else private_key
    try:
        loaded = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        # The cause may quote the key.
        raise InvalidValue("private_key takes PEM without a password.", "private_key") from None
    if isinstance(loaded, Ed25519PrivateKey):
        return loaded.sign
    if isinstance(loaded, RSAPrivateKey):
        return lambda signed: loaded.sign(signed, PKCS1v15(), SHA256())
    raise InvalidValue("private_key takes an Ed25519 or an RSA key.", "private_key")


KeyInput = str | Proof
"""A key: the text <key>.<secret>, an HmacKey or a PrivateKey."""


def proof_of(key: KeyInput | None) -> Proof:
    """The proof that a user has given. InvalidValue where it is none."""
    if key is None:
        return NoProof()
    if isinstance(key, Proof):
        return key
    if not isinstance(key, str) or "." not in key:
        raise InvalidValue("key takes <key>.<secret>, an HmacKey or a PrivateKey.", "key")
    return Bearer(key)

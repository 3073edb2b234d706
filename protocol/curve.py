"""CURVE on the sockets of both sides: what is said is encrypted, and each side proves that it has its secret key.

Keys are texts of 40 characters (Z85).
"""

from typing import Any, Final

import zmq
from msgspec import Struct

MAX_HANDSHAKE_BYTES: Final = 1_024
"""The largest command of a handshake, with its metadata."""


class ClientKeys(Struct, frozen=True):
    """What a client needs to reach a matcher that has CURVE.

    server: the matcher's public key.
    secret: the client's secret key. Without one each socket makes its own: that reads market data, and nothing else.
    market_data: whether the market data has CURVE too.
    """

    server: str
    secret: str = ""
    market_data: bool = True

    def __repr__(self) -> str:
        """Without the secret: it would be in dumps of variables."""
        secret = "given" if self.secret else "none"
        return f"ClientKeys(server={self.server!r}, secret {secret}, market_data={self.market_data})"

    @property
    def for_market_data(self) -> "ClientKeys | None":
        return self if self.market_data else None


def new_keys() -> tuple[str, str]:
    """A new pair: public key and secret key."""
    public, secret = zmq.curve_keypair()
    return public.decode(), secret.decode()


def public_key(secret: str) -> str:
    """The public key of a secret one."""
    return str(zmq.curve_public(secret.encode()).decode())


def keep_closed(socket: "zmq.Socket[Any]", secret: str, domain: str) -> None:
    """Let the socket, before it is bound, take only peers that know its public key and that the context's
    authenticator lets in."""
    socket.set(zmq.CURVE_SERVER, 1)
    socket.set(zmq.CURVE_SECRETKEY, secret.encode())
    socket.set(zmq.ZAP_DOMAIN, domain.encode())
    # Without an authenticator nobody gets in, instead of everybody.
    socket.set(zmq.ZAP_ENFORCE_DOMAIN, 1)


def open_with(socket: "zmq.Socket[Any]", keys: ClientKeys | None) -> None:
    """Let the socket, before it is connected, use these keys."""
    if keys is None:
        return
    public, secret = (public_key(keys.secret), keys.secret) if keys.secret else new_keys()
    socket.set(zmq.CURVE_SERVERKEY, keys.server.encode())
    socket.set(zmq.CURVE_PUBLICKEY, public.encode())
    socket.set(zmq.CURVE_SECRETKEY, secret.encode())

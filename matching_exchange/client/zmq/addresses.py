"""Where a matcher's sockets are, and the keys that reach them."""

from typing import Final

from msgspec import Struct

from matching_exchange.client.errors import InvalidValue
from protocol.curve import ClientKeys

KEY_LENGTH: Final = 40
"""Characters of a CURVE key (Z85)."""


class Addresses(Struct, frozen=True):
    """Endpoints of ZeroMQ, and the keys where the matcher has CURVE."""

    commands: str
    reports: str
    market_data: str
    keys: ClientKeys | None


def curve_keys(server_key: str | None, secret_key: str | None, *, plain_market_data: bool) -> ClientKeys | None:
    """The keys of a client; None without CURVE. InvalidValue for a text that is no key."""
    for field, key in (("server_key", server_key), ("secret_key", secret_key)):
        if key is not None and len(key) != KEY_LENGTH:
            raise InvalidValue(f"{field} takes a CURVE key of {KEY_LENGTH} characters, not {len(key)}.", field)
    if server_key is None:
        if secret_key is not None:
            raise InvalidValue("secret_key takes a server_key beside it: the matcher's public key.", "server_key")
        return None
    return ClientKeys(server_key, secret_key or "", not plain_market_data)

"""Where a matcher's sockets are, and the keys that reach them."""

from collections.abc import Sequence
from typing import Final

import zmq
from msgspec import Struct

from matching_exchange.client.errors import InvalidValue
from protocol.bases import Endpoints, base_endpoints
from protocol.curve import ClientKeys, open_with

KEY_LENGTH: Final = 40
"""Characters of a CURVE key (Z85)."""


class Addresses(Struct, frozen=True):
    """Endpoints of ZeroMQ, and the keys where the matcher has CURVE.

    nodes: those of a replicated log. The endpoints are then those of the node that leads, and empty before one does.
    """

    commands: str
    reports: str
    market_data: str
    keys: ClientKeys | None
    nodes: tuple[Endpoints, ...] = ()

    def at(self, node: Endpoints) -> "Addresses":
        """The same while that node leads."""
        return Addresses(node.commands, node.reports, node.market_data, self.keys, self.nodes)


def addresses_of(
    commands: str, reports: str, market_data: str, keys: ClientKeys | None, matchers: Sequence[str]
) -> Addresses:
    """The endpoints, or those of the nodes at the base addresses, where any are given.

    InvalidValue for what ZeroMQ does not take.
    """
    if isinstance(matchers, str):
        raise InvalidValue(f"matchers takes a list of base addresses, not {matchers!r}.", "matchers")
    try:
        nodes = tuple(base_endpoints(address) for address in matchers)
    except (ValueError, TypeError) as error:
        raise InvalidValue(f"matchers takes a list of base addresses: {error}.", "matchers") from error
    if nodes:
        checked(Addresses(nodes[0].commands, nodes[0].reports, nodes[0].market_data, keys))
        return Addresses("", "", "", keys, nodes)
    return checked(Addresses(commands, reports, market_data, keys))


def checked(addresses: Addresses) -> Addresses:
    """The same. InvalidValue for an endpoint or a key that ZeroMQ does not take."""
    context = zmq.Context()
    try:
        for field in ("commands", "reports", "market_data"):
            endpoint = getattr(addresses, field)
            with context.socket(zmq.SUB) as socket:
                socket.set(zmq.LINGER, 0)
                try:
                    socket.connect(endpoint)
                except (zmq.ZMQError, TypeError) as error:
                    example = "an endpoint such as tcp://127.0.0.1:5555"
                    raise InvalidValue(f"{field} takes {example}, not {endpoint!r}: {error}.", field) from error
        with context.socket(zmq.SUB) as socket:
            try:
                open_with(socket, addresses.keys)
            except (zmq.ZMQError, UnicodeEncodeError) as error:
                raise InvalidValue("server_key and secret_key take CURVE keys (Z85).", "server_key") from error
    finally:
        context.term()
    return addresses


def curve_keys(server_key: str | None, secret_key: str | None, *, plain_market_data: bool) -> ClientKeys | None:
    """The keys of a client; None without CURVE. InvalidValue for a text that is no key."""
    for field, key in (("server_key", server_key), ("secret_key", secret_key)):
        if key is not None and not isinstance(key, str):
            raise InvalidValue(f"{field} takes a CURVE key as text, not {type(key).__name__}.", field)
        if key is not None and len(key) != KEY_LENGTH:
            raise InvalidValue(f"{field} takes a CURVE key of {KEY_LENGTH} characters, not {len(key)}.", field)
    if server_key is None:
        if secret_key is not None:
            raise InvalidValue("secret_key takes a server_key beside it: the matcher's public key.", "server_key")
        return None
    return ClientKeys(server_key, secret_key or "", not plain_market_data)

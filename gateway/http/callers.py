"""Whom a request counts as, and what he may still do: by the address that it comes from, and by its key.

Addresses of IPv6 count by their first 64 bits, which one customer of a provider has for himself. A trusted proxy does
not count. It tells the address before it in X-Forwarded-For; the last one there that is no trusted proxy counts. What
stands before that one, the client may have written.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from gateway.config import PREFIX, GatewayConfig
from gateway.http.bounds import RETRY_AFTER_SECONDS
from gateway.http.counting import HttpCounts
from gateway.http.errors import HttpError
from gateway.http.places import Open, Place, Places
from gateway.http.rates import Holder, Kind, Rates
from gateway.http.responses import Header
from gateway.http.tallies import Tallies
from gateway.limit_settings import Network
from gateway.rate import Rate

IPV6_PREFIX: Final = 64
"""Bits of an address of IPv6 that count."""

REMEMBERED: Final = 4096
"""Texts of addresses that need not be read again."""

REFUSED: Final = "gateway.refused"
"""The name, in the ASGI scope, of the error that a request is to be answered with."""

_CALLER: Final = "gateway.caller"
_KEY: Final = "gateway.key"
_FORWARDED: Final = b"x-forwarded-for"

Address = IPv4Address | IPv6Address


@lru_cache(REMEMBERED)
def read_address(text: str) -> Address | None:
    """The address, with its port or without; None where the text is none. One of IPv4 inside IPv6 is that of IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@lru_cache(REMEMBERED)
def counted(address: Address | None) -> str:
    """The name that the address counts under; all that have none share one."""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX), IPV6_PREFIX)))
    return str(address or "")


class Limits:
    """What each address and each key may do. One for all workers of a gateway; each calls `join` before it serves.

    most: what an address may have open.
    proxies: those whose X-Forwarded-For is believed.
    tallies: what dialects count by windows of the clock.
    counts: what this worker counts, for nobody's limit.
    """

    def __init__(
        self,
        rates: Rates,
        places: Places,
        most: Mapping[Open, int],
        proxies: Sequence[Network] = (),
        tallies: Tallies | None = None,
    ) -> None:
        self.tallies = tallies or Tallies()
        self.counts = HttpCounts()
        self._rates = rates
        self._places = places
        self._most = dict(most)
        self._proxies = tuple(proxies)

    def join(self) -> bool:
        """As that of the places."""
        return self._places.join()

    def trusts(self, address: Address | None) -> bool:
        """Whether it is one of the proxies."""
        return address is not None and any(address in network for network in self._proxies)

    def take(self, kind: Kind, holder: Holder, name: str, cost: int) -> None:
        """Count it. HttpError where it is too much; then nothing was counted."""
        wait = self._rates.take(kind, holder, name, cost)
        if wait is None:
            return
        rate = self._rates.limits[kind, holder]
        setting = f"{PREFIX}_{kind.name}_PER_{holder.name}"
        told = f"Too many {kind.value}: {setting} allows {rate}; try again in {wait.seconds} s."
        if cost > rate.burst:
            told = f"{cost} {kind.value} in one call: {setting} allows {rate}; send fewer in a call."
        raise HttpError("rate_limited", told, {"retry-after": str(wait.seconds)})

    def open(self, kind: Open, address: str) -> Place:
        """A place for the address. HttpError where it has too many."""
        most = self._most[kind]
        place = self._places.take(kind, address, most)
        if place is None:
            told = f"An address may have {most} open {kind.value} ({PREFIX}_OPEN_{kind.name}_PER_ADDRESS); close some."
            raise HttpError("too_many_open", told, {"retry-after": str(RETRY_AFTER_SECONDS)})
        return place

    def close(self) -> None:
        self._rates.close()
        self._places.close()
        self.tallies.close()


class Caller:
    """The peer of a connection, or whom a trusted proxy has forwarded a request of.

    line: the peer, where this one is behind it.
    """

    __slots__ = ("address", "is_proxy", "keyed", "limits", "line")

    def __init__(self, limits: Limits, peer: str, line: "Caller | None" = None) -> None:
        address = read_address(peer)
        self.limits = limits
        self.line = line or self
        self.is_proxy = limits.trusts(address)
        self.address = counted(address)
        # The key that this connection was last used with.
        self.keyed = ""

    def of_request(self, headers: Iterable[Header]) -> "Caller":
        """Whose request with these headers is."""
        if not self.is_proxy:
            return self
        told = b",".join(value for name, value in headers if name == _FORWARDED).decode("latin-1").split(",")
        found = self
        for text in map(str.strip, reversed(told)):
            if read_address(text) is None:
                break
            found = Caller(self.limits, text, self)
            if not found.is_proxy:
                break
        return found

    def connect(self) -> Place:
        """A place for the new connection. HttpError where the peer has too many; a proxy may have any number."""
        return Place(None) if self.is_proxy else self.limits.open(Open.CONNECTIONS, self.address)

    def count_connection(self) -> None:
        """Count that it was opened. HttpError where it is too much; a proxy may open any number."""
        if not self.is_proxy:
            self.take(Kind.CONNECTIONS)

    def take(self, kind: Kind, cost: int = 1) -> None:
        """Count it to the address. HttpError where it is too much."""
        self.limits.take(kind, Holder.ADDRESS, self.address, cost)


def tell_caller(scope: MutableMapping[str, Any], caller: Caller) -> None:
    """Let the application know whose request it is."""
    scope["extensions"][_CALLER] = caller


def address_of(scope: Mapping[str, Any]) -> str:
    """The name that the address of the request counts under."""
    caller: Caller | None = (scope.get("extensions") or {}).get(_CALLER)
    if caller is not None:
        return caller.address
    return counted(read_address((scope.get("client") or ("",))[0]))


def count(scope: MutableMapping[str, Any], kind: Kind, cost: int = 1) -> None:
    """Count it to the address of the request, and to its key if it has one. HttpError where it is too much.

    Under a server that does not tell the caller, nothing is counted.
    """
    extensions = scope.get("extensions") or {}
    caller: Caller | None = extensions.get(_CALLER)
    if caller is not None:
        caller.take(kind, cost)
        if _KEY in extensions:
            caller.limits.take(kind, Holder.KEY, extensions[_KEY], cost)


def count_request(scope: Mapping[str, Any]) -> None:
    """Count a request that came on an open stream to its address. HttpError where it is too much."""
    caller: Caller | None = (scope.get("extensions") or {}).get(_CALLER)
    if caller is not None:
        caller.take(Kind.REQUESTS)


def count_key(scope: MutableMapping[str, Any], key: str) -> None:
    """The request has proved to be of this key: count it to the key. HttpError where it is too much.

    Call it once, when the key has proved. What `count` counts from then on, it counts to the key too.
    """
    extensions = scope.get("extensions") or {}
    caller: Caller | None = extensions.get(_CALLER)
    if caller is None:
        return
    if caller.line.keyed != key:
        caller.limits.take(Kind.CONNECTIONS, Holder.KEY, key, 1)
        caller.line.keyed = key
    kind = Kind.REQUESTS if scope["type"] == "http" else Kind.SUBSCRIPTIONS
    caller.limits.take(kind, Holder.KEY, key, 1)
    extensions[_KEY] = key


def open_stream(scope: MutableMapping[str, Any]) -> Place:
    """A place for the new stream of an address. HttpError where there are too many, or were too many in a short time.

    It comes before the proof of a key, which is work.
    """
    count(scope, Kind.SUBSCRIPTIONS)
    caller: Caller | None = (scope.get("extensions") or {}).get(_CALLER)
    return Place(None) if caller is None else caller.limits.open(Open.STREAMS, caller.address)


def limits_of(config: GatewayConfig) -> Limits:
    """The limits that the settings tell. Only the process that starts the workers makes them."""
    shared = config.workers > 1
    most = {Open.CONNECTIONS: config.open_connections_per_address, Open.STREAMS: config.open_streams_per_address}
    rates, places, tallies = Rates(_rates(config), shared=shared), Places(config.workers), Tallies(shared=shared)
    return Limits(rates, places, most, config.trusted_proxies, tallies)


def _rates(config: GatewayConfig) -> dict[tuple[Kind, Holder], Rate]:
    told = {
        (Kind.REQUESTS, Holder.ADDRESS): config.requests_per_address,
        (Kind.ORDERS, Holder.ADDRESS): config.orders_per_address,
        (Kind.CONNECTIONS, Holder.ADDRESS): config.connections_per_address,
        (Kind.SUBSCRIPTIONS, Holder.ADDRESS): config.subscriptions_per_address,
        (Kind.REQUESTS, Holder.KEY): config.requests_per_key,
        (Kind.ORDERS, Holder.KEY): config.orders_per_key,
        (Kind.CONNECTIONS, Holder.KEY): config.connections_per_key,
        (Kind.SUBSCRIPTIONS, Holder.KEY): config.subscriptions_per_key,
    }
    return {bucket: rate for bucket, rate in told.items() if rate is not None}

"""What callers use up: request weight of addresses, orders of accounts. Counted always, limited by a setting only."""

import time
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gateway.binance.errors import BANNED, TOO_MANY_ORDERS, TOO_MUCH_WEIGHT, DialectError
from gateway.http.rates import Holder
from gateway.http.responses import Header
from gateway.http.tallies import SECOND, Tallies, Tally


class RateLimit(Struct, frozen=True):
    """One of `rateLimits`. told: how the text of its error names the interval."""

    kind: str
    interval: str
    count: int
    limit: int
    told: str = ""

    def view(self) -> dict[str, Any]:
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.count,
            "limit": self.limit,
        }


WEIGHT: Final = RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 6_000, "1 MINUTE")
ORDERS_10_SECONDS: Final = RateLimit("ORDERS", "SECOND", 10, 100, "10 SECOND")
ORDERS_DAY: Final = RateLimit("ORDERS", "DAY", 1, 200_000, "1 DAY")
RAW_REQUESTS: Final = RateLimit("RAW_REQUESTS", "MINUTE", 5, 300_000)

BAN_FROM: Final = 2
"""An address that goes on up to so many times its limit is banned."""

RATE_LIMITS: Final = (WEIGHT, ORDERS_10_SECONDS, ORDERS_DAY, RAW_REQUESTS)

_ORDER_TALLIES: Final[Mapping[Tally, RateLimit]] = {
    Tally.ORDERS_10_SECONDS: ORDERS_10_SECONDS,
    Tally.ORDERS_DAY: ORDERS_DAY,
}


class Counts:
    """One for each worker, on the tallies of all. enforced: whether a call beyond a limit is refused."""

    def __init__(self, tallies: Tallies, *, enforced: bool) -> None:
        self._tallies = tallies
        self._enforced = enforced

    def use(self, address: str, weight: int) -> None:
        """Count the weight to the address. DialectError where that is too much, or the address is banned."""
        used = self._tallies.add(Tally.WEIGHT_MINUTE, Holder.ADDRESS, address, weight)
        if not self._enforced:
            return
        banned = Tally.BAN, Holder.ADDRESS, address
        until = self._tallies.held_until(*banned)
        if until is None and used > BAN_FROM * WEIGHT.limit:
            self._tallies.hold(*banned)
            until = self._tallies.held_until(*banned)
        if until is not None:
            left = max(1, until - time.time_ns() // SECOND)
            raise DialectError(BANNED, until * 1_000, headers={"retry-after": str(left)})
        if used > WEIGHT.limit:
            raise DialectError(TOO_MUCH_WEIGHT, WEIGHT.limit, WEIGHT.told, headers=self._retry(Tally.WEIGHT_MINUTE))

    def check_orders(self, account: str, orders: int) -> None:
        """DialectError where the account may not place so many more orders now."""
        if self._enforced:
            for tally, limit in _ORDER_TALLIES.items():
                if self._tallies.count(tally, Holder.KEY, account) + orders > limit.limit:
                    raise DialectError(TOO_MANY_ORDERS, limit.limit, limit.told, headers=self._retry(tally))

    def add_orders(self, account: str, orders: int) -> None:
        """Count placed orders to the account; a negative number for orders that trade."""
        for tally in _ORDER_TALLIES:
            self._tallies.add(tally, Holder.KEY, account, orders)

    def weight_view(self, address: str) -> dict[str, Any]:
        """The limit of weight, with what the address has used."""
        return {**WEIGHT.view(), "count": self._weight(address)}

    def order_views(self, account: str) -> list[dict[str, Any]]:
        """The limits of orders, with what the account has placed."""
        return [
            {**limit.view(), "count": self._tallies.count(tally, Holder.KEY, account)}
            for tally, limit in _ORDER_TALLIES.items()
        ]

    def weight_headers(self, address: str) -> list[Header]:
        used = b"%d" % self._weight(address)
        return [(b"x-mbx-used-weight", used), (b"x-mbx-used-weight-1m", used)]

    def order_headers(self, account: str) -> list[Header]:
        short, day = (b"%d" % self._tallies.count(tally, Holder.KEY, account) for tally in _ORDER_TALLIES)
        return [(b"x-mbx-order-count-10s", short), (b"x-mbx-order-count-1d", day)]

    def _weight(self, address: str) -> int:
        return self._tallies.count(Tally.WEIGHT_MINUTE, Holder.ADDRESS, address)

    def _retry(self, tally: Tally) -> dict[str, str]:
        return {"retry-after": str(self._tallies.rest(tally))}

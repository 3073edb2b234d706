"""What callers use up: request weight of addresses, orders of accounts. Counted always, limited by a setting only."""

import time
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any, Final

from msgspec import Struct

from gateway.binance.errors import BANNED, TOO_MANY_ORDERS, TOO_MUCH_WEIGHT, DialectError
from gateway.http.rates import REMEMBERED, Holder
from gateway.http.responses import Header
from gateway.http.tallies import SECOND, Count, Tallies, Tally


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
_ORDER_VIEWS: Final = [limit.view() for limit in _ORDER_TALLIES.values()]
_WEIGHT_VIEW: Final = WEIGHT.view()


class Counts:
    """One for each worker, on the tallies of all. enforced: whether a call beyond a limit is refused."""

    def __init__(self, tallies: Tallies, *, enforced: bool) -> None:
        self._tallies = tallies
        self._enforced = enforced
        self._weight = lru_cache(REMEMBERED)(partial(tallies.of, Tally.WEIGHT_MINUTE, Holder.ADDRESS))
        self._ban = lru_cache(REMEMBERED)(partial(tallies.of, Tally.BAN, Holder.ADDRESS))
        self._orders = lru_cache(REMEMBERED)(self._orders_of)

    def _orders_of(self, account: str) -> list[Count]:
        """Those of _ORDER_TALLIES."""
        return [self._tallies.of(tally, Holder.KEY, account) for tally in _ORDER_TALLIES]

    def use(self, address: str, weight: int) -> None:
        """Count the weight to the address. DialectError where that is too much, or the address is banned."""
        used = self._weight(address).add(weight)
        if not self._enforced:
            return
        ban = self._ban(address)
        until = ban.held_until()
        if until is None and used > BAN_FROM * WEIGHT.limit:
            until = ban.hold()
        if until is not None:
            left = max(1, until - time.time_ns() // SECOND)
            raise DialectError(BANNED, until * 1_000, headers={"retry-after": str(left)})
        if used > WEIGHT.limit:
            raise DialectError(TOO_MUCH_WEIGHT, WEIGHT.limit, WEIGHT.told, headers=self._retry(Tally.WEIGHT_MINUTE))

    def check_orders(self, account: str, orders: int) -> None:
        """DialectError where the account may not place so many more orders now."""
        if self._enforced:
            for count, (tally, limit) in zip(self._orders(account), _ORDER_TALLIES.items(), strict=True):
                if count.value() + orders > limit.limit:
                    raise DialectError(TOO_MANY_ORDERS, limit.limit, limit.told, headers=self._retry(tally))

    def add_orders(self, account: str, orders: int) -> None:
        """Count placed orders to the account; a negative number for orders that trade."""
        for count in self._orders(account):
            count.add(orders)

    def weight_view(self, address: str) -> dict[str, Any]:
        """The limit of weight, with what the address has used."""
        return {**_WEIGHT_VIEW, "count": self._weight(address).value()}

    def order_views(self, account: str) -> list[dict[str, Any]]:
        """The limits of orders, with what the account has placed."""
        counts = zip(_ORDER_VIEWS, self._orders(account), strict=True)
        return [{**view, "count": count.value()} for view, count in counts]

    def weight_headers(self, address: str) -> list[Header]:
        used = b"%d" % self._weight(address).value()
        return [(b"x-mbx-used-weight", used), (b"x-mbx-used-weight-1m", used)]

    def order_headers(self, account: str) -> list[Header]:
        short, day = self._orders(account)
        return [
            (b"x-mbx-order-count-10s", b"%d" % short.value()),
            (b"x-mbx-order-count-1d", b"%d" % day.value()),
        ]

    def _retry(self, tally: Tally) -> dict[str, str]:
        return {"retry-after": str(self._tallies.rest(tally))}

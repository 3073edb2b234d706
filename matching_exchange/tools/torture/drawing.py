"""Draws the requests of clients: seeded orders of all types and terms, OCOs and amends, around crossing prices."""

import time
from random import Random
from typing import Any, Final

from msgspec import Struct

from gateway.native.json.times import format_exact_time
from protocol.instrument import format_decimal
from protocol.order_types import ORDER_TYPES as ROWS
from protocol.order_types import TERMS

REACH: Final = 20
"""The largest distance of a price from the middle, in steps."""

OVERLAP: Final = 5
"""The largest distance of a resting order's price on the other side of the middle, in steps. Most meet nobody at
first, so books fill."""

MAX_LOTS: Final = 30

ORDER_TYPES: Final = {
    "limit": 24,
    "market": 4,
    "ioc": 4,
    "fok": 3,
    "stop_market": 2,
    "stop_limit": 3,
    "take_profit": 1,
    "take_profit_limit": 2,
    "trailing_stop": 4,
    "trailing_stop_limit": 2,
}
PREVENTIONS: Final = {"none": 6, "cancel_newest": 1, "cancel_oldest": 1, "cancel_both": 1, "decrement": 1}
TIMES_IN_FORCE: Final = {"gtc": 4, "ioc": 1, "fok": 1}
"""How often each comes, in proportion."""

PRICED: Final = frozenset(row.order_type.name.lower() for row in ROWS.values() if row.price)
TRIGGERED: Final = frozenset(row.order_type.name.lower() for row in ROWS.values() if row.trigger_price)
RESTING: Final = frozenset(row.order_type.name.lower() for row in ROWS.values() if row.rests)
TRAILING: Final = frozenset(row.order_type.name.lower() for row in ROWS.values() if row.trails)
"""The types that take a price, take a trigger_price, may rest, trail."""


def _takers(term: str) -> frozenset[str]:
    return frozenset(row.order_type.name.lower() for row in ROWS.values() if row.takes(term))


SLIPPING: Final = _takers("max_slippage_bps")
ICEBERGS: Final = _takers("display_quantity")
WAITING: Final = _takers("reject_if_triggered")
IN_FORCE: Final = _takers("time_in_force")
"""The types that take these terms."""

NEVER_WITH: Final = frozenset(TERMS["time_in_force"].instead_of)
"""The fields that the gateway refuses beside a time_in_force, before the matcher hears of it."""

EXPIRY: Final = (-50, 2_000)
"""The shortest and longest time until expire_time, in milliseconds. A few come too late."""

MAX_SLIPPAGE_BPS: Final = 3
MAX_TRAILING_BPS: Final = 20
MAX_TRAILING_STEPS: Final = 10

PAIR_NAMES: Final = 20

PRICE_DECIMALS: Final = 2


class Market(Struct, frozen=True):
    """Middle and step of the prices in the price unit, lot in the quantity unit of 10^-quantity_decimals."""

    symbol: str
    middle: int
    step: int
    lot: int
    quantity_decimals: int

    def quantity(self, lots: int) -> str:
        return format_decimal(lots * self.lot, self.quantity_decimals)


MARKETS: Final = {
    Market("BTC-USDT", 6_000_000, 100, 1_000, 5): 5,
    Market("ETH-USDT", 300_000, 10, 1_000, 4): 2,
    Market("SOL-USDT", 15_000, 1, 1_000, 3): 1,
}
"""How often each comes, in proportion."""

MARKET_OF: Final = {market.symbol: market for market in MARKETS}


class Amended(Struct, frozen=True):
    """What an amend asks for, in the units of its order's instrument."""

    quantity: int | None
    price: int | None
    trigger_price: int | None


def price_text(price: int) -> str:
    return format_decimal(price, PRICE_DECIMALS)


class Drawing:
    """Draws by the given source of chances."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def choose(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def market(self) -> Market:
        return self._random.choices(list(MARKETS), list(MARKETS.values()))[0]

    def side(self) -> str:
        return self._random.choice(("buy", "sell"))

    def order(self, market: Market) -> dict[str, Any]:
        """The fields of an order, all but those that tell whose it is."""
        random = self._random
        side, order_type, lots = self.side(), self.choose(ORDER_TYPES), random.randint(1, MAX_LOTS)
        order: dict[str, Any] = {
            "symbol": market.symbol,
            "side": side,
            "order_type": order_type,
            "quantity": market.quantity(lots),
        }
        if order_type in PRICED:
            order["price"] = price_text(self._price(market, side if order_type == "limit" else None))
        if order_type in TRIGGERED:
            order["trigger_price"] = price_text(self._price(market, None))
        if order_type in TRAILING:
            order |= self._trail(market)
        if order_type in RESTING:
            order |= self._time_and_manner()
        if order_type in SLIPPING and random.random() < 0.3:
            order["max_slippage_bps"] = random.randint(1, MAX_SLIPPAGE_BPS)
        if order_type in ICEBERGS and random.random() < 0.2:
            # One in ten asks to show more than it has.
            order["display_quantity"] = market.quantity(
                lots + 1 if random.random() < 0.1 else random.randint(1, max(1, lots // 2))
            )
        if order_type in WAITING and random.random() < 0.2:
            order["reject_if_triggered"] = True
        if order_type in IN_FORCE and not order.keys() & NEVER_WITH:
            order |= self._in_force("")
        if order_type == "market" and random.random() < 0.5:
            del order["quantity"]
            # One in ten is too little for anything.
            value = (
                1
                if random.random() < 0.1
                else lots * market.lot * self._price(market, None) + random.randint(0, market.lot)
            )
            order["quote_quantity"] = format_decimal(value, PRICE_DECIMALS + market.quantity_decimals)
        return order | self._prevention() | self._tag("")

    def too_small(self, market: Market) -> dict[str, Any]:
        """An order below the least value."""
        quantity = market.quantity(1)
        return {
            "symbol": market.symbol,
            "side": self.side(),
            "order_type": "limit",
            "quantity": quantity,
            "price": price_text(1),
        }

    def oco(self, market: Market) -> dict[str, Any]:
        """The fields of an OCO, mostly on the right sides of the last trade."""
        random = self._random
        side = self.side()
        away = 1 if side == "sell" else -1
        limit = market.middle + away * market.step * random.randint(-2, REACH)
        trigger = market.middle - away * market.step * random.randint(-2, REACH)
        lots = random.randint(1, MAX_LOTS)
        oco: dict[str, Any] = {
            "symbol": market.symbol,
            "side": side,
            "quantity": market.quantity(lots),
            "stop_trigger_price": price_text(trigger),
        }
        profits = random.random() < 0.3
        if profits:
            oco["take_profit_trigger_price"] = price_text(limit)
        if not profits or random.random() < 0.6:
            oco["price"] = price_text(limit - (away * market.step * random.randint(0, OVERLAP) if profits else 0))
            oco |= self._in_force("") if profits else {}
            if random.random() < 0.2:
                oco["display_quantity"] = market.quantity(random.randint(1, lots))
            if random.random() < 0.2:
                oco["post_only"] = True
        if random.random() < 0.5:
            oco["stop_price"] = price_text(trigger - away * market.step * random.randint(0, OVERLAP))
            oco |= self._in_force("stop_")
        if random.random() < 0.5:
            oco["cancel_on_first_fill"] = True
        if random.random() < 0.3:
            # Few names, so that some are in use.
            oco["list_client_order_id"] = f"pair-{random.randint(1, PAIR_NAMES)}"
        return oco | self._prevention() | self._expiry() | self._tag("") | self._tag("stop_")

    def amended(self, market: Market, side: str, order_type: str) -> Amended:
        """Something of what an order of that type has, to be changed to something else."""
        random = self._random
        has = ["quantity", *["price"] * (order_type in RESTING), *["trigger_price"] * (order_type in TRIGGERED)]
        chosen = random.sample(has, random.randint(1, len(has)))
        return Amended(
            market.lot * random.randint(1, 2 * MAX_LOTS) if "quantity" in chosen else None,
            self._price(market, side) if "price" in chosen else None,
            self._price(market, None) if "trigger_price" in chosen else None,
        )

    def _price(self, market: Market, resting: str | None) -> int:
        """A price; on its own side of the middle, mostly, for an order that is to rest there."""
        lowest = -OVERLAP if resting == "sell" else -REACH
        highest = OVERLAP if resting == "buy" else REACH
        return market.middle + market.step * self._random.randint(lowest, highest)

    def _trail(self, market: Market) -> dict[str, Any]:
        random = self._random
        trail: dict[str, Any] = {"trailing_bps": random.randint(1, MAX_TRAILING_BPS)}
        if random.random() < 0.5:
            trail = {"trailing_amount": price_text(market.step * random.randint(1, MAX_TRAILING_STEPS))}
        if random.random() < 0.3:
            trail["activation_price"] = price_text(self._price(market, None))
        return trail

    def _time_and_manner(self) -> dict[str, Any]:
        return {**self._expiry(), **({"post_only": True} if self._random.random() < 0.15 else {})}

    def _expiry(self) -> dict[str, Any]:
        if self._random.random() >= 0.2:
            return {}
        return {"expire_time": format_exact_time(time.time_ns() + self._random.randint(*EXPIRY) * 1_000_000)}

    def _in_force(self, leg: str) -> dict[str, Any]:
        """A time in force, of the leg of an OCO whose fields begin so. Some do not go with the leg's other terms."""
        time_in_force = self.choose(TIMES_IN_FORCE)
        return {} if time_in_force == "gtc" else {f"{leg}time_in_force": time_in_force}

    def _tag(self, leg: str) -> dict[str, Any]:
        return {f"{leg}tag": f"tag-{self._random.randint(1, 9)}"} if self._random.random() < 0.1 else {}

    def _prevention(self) -> dict[str, Any]:
        prevention = self.choose(PREVENTIONS)
        return {} if prevention == "none" else {"self_trade_prevention": prevention}

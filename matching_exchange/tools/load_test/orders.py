"""What a load test sends, and what it is told: limit orders around one price. They trade with each other or rest."""

from collections.abc import Iterator
from random import Random
from typing import Final

from msgspec import Struct

from protocol.units import Side

REACH: Final = 20
"""Ticks between an order's price and the middle, at most."""

MAX_SIZE: Final = 10
"""The largest order, as a multiple of the smallest one."""

UNTRADED_TICKS: Final = 10_000
"""The middle of a market without prices, in ticks."""


class Market(Struct, frozen=True):
    """The rules for a symbol's orders: integers in its units. `min_notional` is in price unit times quantity unit."""

    symbol: str
    price_decimals: int
    quantity_decimals: int
    tick_size: int
    lot_size: int
    min_quantity: int
    min_notional: int


class Sent(Struct, frozen=True):
    """A limit order."""

    client_order_id: str
    side: Side
    quantity: int
    price: int


class Told(Struct, frozen=True):
    """An order as the exchange tells it. `trades` are prices and quantities, `status` is a word of the contract."""

    order_id: str
    client_order_id: str | None
    side: Side
    quantity: int
    price: int | None
    status: str
    filled: int
    remaining: int
    trades: list[tuple[int, int]]


class Flow(Iterator[Sent]):
    """Orders without an end. `run` makes their client_order_ids this run's own. `middle` is the price around which they
    lie; None if the market has none."""

    def __init__(self, market: Market, middle: int | None, run: str, seed: int) -> None:
        self._random = Random(seed)
        self._run = run
        self._tick = market.tick_size
        ticks = max(UNTRADED_TICKS if middle is None else middle // market.tick_size, REACH + 1)
        self._middle = ticks
        lowest = (ticks - REACH) * market.tick_size
        least = max(market.min_quantity, -(-market.min_notional // lowest))
        self._size = -(-least // market.lot_size) * market.lot_size
        self._count = 0

    def __next__(self) -> Sent:
        self._count += 1
        side = Side.BUY if self._random.random() < 0.5 else Side.SELL
        quantity = self._size * self._random.randint(1, MAX_SIZE)
        price = self._tick * (self._middle + self._random.randint(-REACH, REACH))
        return Sent(f"{self._run}:{self._count}", side, quantity, price)

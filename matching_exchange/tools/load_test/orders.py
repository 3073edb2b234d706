"""What a load test sends, and what it is told: limit orders around one price, which trade with each other or rest."""

from collections.abc import Iterator
from random import Random
from typing import Final

from msgspec import Struct

from protocol.units import Side

REACH: Final = 20
"""How many ticks an order is priced from the middle, at the most."""

MAX_SIZE: Final = 10
"""The largest order, in smallest ones."""

UNTRADED_TICKS: Final = 10_000
"""Where nobody has named a price yet, the middle is at so many ticks."""


class Market(Struct, frozen=True):
    """What orders for a symbol must keep to: integers in its units; `min_notional` in those of price x quantity."""

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
    """An order as the exchange tells it; `trades` are prices and quantities, `status` a word of the contract."""

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
    """Orders without an end. `run` makes their client_order_ids this run's own; `middle` is the price that they are
    around, None where there is none yet."""

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

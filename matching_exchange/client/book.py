"""A book by levels, kept up to date by a stream. Prices and quantities are exact Decimals outside, integers inside."""

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from msgspec import Struct

from matching_exchange.client.decimals import DecimalInput, decimal_text
from matching_exchange.client.times import Time
from matching_exchange.client.types.markets import Level

CHECKED_LEVELS: Final = 10
"""Levels of each side that the checksum covers."""

RawLevel = tuple[str, str]


class Book:
    """All levels of a book. One thread may use it: that of its stream.

    symbol: of the instrument. number: counts the changes of the book. sequence, timestamp: of the last change.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.number = 0
        self.sequence = 0
        self.timestamp = Time(0)
        self._decimals = (0, 0)
        self._bids = _Side(descending=True)
        self._asks = _Side(descending=False)

    def bids(self, levels: int | None = None) -> list[Level]:
        """The best levels, best first; all of them without a number."""
        return self._levels(self._bids, levels)

    def asks(self, levels: int | None = None) -> list[Level]:
        """The best levels, best first; all of them without a number."""
        return self._levels(self._asks, levels)

    @property
    def best_bid(self) -> Level | None:
        return next(iter(self.bids(1)), None)

    @property
    def best_ask(self) -> Level | None:
        return next(iter(self.asks(1)), None)

    def quantity_at(self, price: DecimalInput) -> Decimal:
        """What stands at a price, on either side; zero where nothing does."""
        text = decimal_text(price, "price")
        key = Decimal(text)
        wanted = _scaled(f"{key:f}", self._decimals[0])
        if wanted is None:
            return Decimal(0)
        found = self._bids.quantities.get(wanted) or self._asks.quantities.get(wanted) or 0
        return _decimal(found, self._decimals[1])

    def checksum(self) -> int:
        """The CRC32 over the ten best levels of each side, as docs/market-data.md has it."""
        best = (*self._asks.best(CHECKED_LEVELS), *self._bids.best(CHECKED_LEVELS))
        return zlib.crc32("".join(f"{price}{quantity}" for price, quantity in best).encode())

    def clear(self, price_decimals: int, quantity_decimals: int) -> None:
        """Begin anew, for a snapshot."""
        self._decimals = (price_decimals, quantity_decimals)
        self._bids.clear()
        self._asks.clear()

    def apply(self, bids: Iterable[RawLevel], asks: Iterable[RawLevel]) -> None:
        """Put these levels in the place of those before; a quantity of 0 removes one. ValueError for another shape."""
        for side, changed in ((self._bids, bids), (self._asks, asks)):
            for price_text, quantity_text in changed:
                price = _scaled(price_text, self._decimals[0])
                quantity = _scaled(quantity_text, self._decimals[1])
                if price is None or quantity is None:
                    raise ValueError(f"more decimals than the instrument has: {price_text} x {quantity_text}")
                side.put(price, quantity)

    def apply_units(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> None:
        """As `apply`, of integers in the instrument's units."""
        for side, changed in ((self._bids, bids), (self._asks, asks)):
            for price, quantity in changed:
                side.put(price, quantity)

    def _levels(self, side: "_Side", levels: int | None) -> list[Level]:
        price_decimals, quantity_decimals = self._decimals
        return [
            Level(_decimal(price, price_decimals), _decimal(quantity, quantity_decimals))
            for price, quantity in side.best(len(side.prices) if levels is None else levels)
        ]

    def __repr__(self) -> str:
        return f"Book({self.symbol!r}, bid={self.best_bid}, ask={self.best_ask}, number={self.number})"


class BookUpdate(Struct, frozen=True):
    """The book has changed. `book` is the one that the stream keeps: the same object in each update.

    snapshot: all was replaced, at the beginning and after a loss; what changed in between is not told as updates.
    bids, asks: the changed levels with their quantities now, 0 removes one; of a snapshot all levels, best first.
    """

    book: Book
    snapshot: bool
    number: int
    sequence: int
    timestamp: Time
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class _Side:
    """The levels of one side: prices in ascending order, and their quantities."""

    def __init__(self, *, descending: bool) -> None:
        self.prices: list[int] = []
        self.quantities: dict[int, int] = {}
        self._descending = descending

    def clear(self) -> None:
        self.prices.clear()
        self.quantities.clear()

    def put(self, price: int, quantity: int) -> None:
        if quantity == 0:
            if self.quantities.pop(price, None) is not None:
                del self.prices[bisect_left(self.prices, price)]
            return
        if price not in self.quantities:
            insort(self.prices, price)
        self.quantities[price] = quantity

    def best(self, levels: int) -> list[tuple[int, int]]:
        prices = self.prices[: -levels - 1 : -1] if self._descending else self.prices[:levels]
        return [(price, self.quantities[price]) for price in prices]


def _scaled(text: str, decimals: int) -> int | None:
    """The integer of a decimal without an exponent; None where it has more decimals."""
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        fraction = fraction.rstrip("0")
        if len(fraction) > decimals:
            return None
    return int(whole + fraction.ljust(decimals, "0"))


def _decimal(value: int, decimals: int) -> Decimal:
    """The exact number, without needless zeros."""
    if not decimals:
        return Decimal(value)
    digits = str(value).rjust(decimals + 1, "0")
    text = f"{digits[:-decimals]}.{digits[-decimals:]}".rstrip("0").rstrip(".")
    return Decimal(text)

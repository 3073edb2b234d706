"""From levels as a venue writes them, in texts, to the steps of a recording."""

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple
from zlib import crc32

from matching_exchange.recordings.captures.lines import Line
from matching_exchange.recordings.recording import Hole, Levels, LevelStep, LevelTrade, RecordingError
from matching_exchange.recordings.source import Extent, Source
from protocol.instrument import DecimalError, decimals_of, parse_decimal
from protocol.units import Side

CHECKED: Final = 10
"""Levels of a side that a checksum covers."""

FAR: Final = 10
"""So many times the best price is the highest of an own order. Levels may be anywhere."""

Texts = Sequence[Sequence[Any]]
"""Levels: price and quantity as texts. What follows them in a level is left out."""


class ToldLevels(NamedTuple):
    """checksum: that of the best ten of each side after it, asks first; None if the venue tells none.
    depth: the levels of a side that the venue tells of; zero if that is all."""

    line: Line
    bids: Texts
    asks: Texts
    whole: bool = False
    checksum: int | None = None
    depth: int = 0


class ToldTrade(NamedTuple):
    """`side` is the taker's."""

    line: Line
    side: Side
    price: str
    quantity: str


class ToldHole(NamedTuple):
    line: Line


Told = ToldLevels | ToldTrade | ToldHole


class SideLevels:
    """Quantity by key. The largest key is best: the price of a bid, the negative price of an ask."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.quantities: dict[int, int] = {}

    def set(self, price: int, quantity: int) -> None:
        """Make the level that of the venue; zero takes it away."""
        key = price * self.sign
        if not quantity:
            if self.quantities.pop(key, 0):
                del self.keys[bisect_left(self.keys, key)]
            return
        if key not in self.quantities:
            insort(self.keys, key)
        self.quantities[key] = quantity

    def top(self, count: int) -> list[tuple[int, int]]:
        return [(key * self.sign, self.quantities[key]) for key in self.keys[: -count - 1 : -1]]

    def cut(self, depth: int) -> tuple[int, ...]:
        """Forget what is deeper. Returns those prices."""
        gone = self.keys[: max(0, len(self.keys) - depth)]
        del self.keys[: len(gone)]
        for key in gone:
            del self.quantities[key]
        return tuple([key * self.sign for key in gone])


class Units(NamedTuple):
    """The fewest decimals that write all prices and quantities. `told_...`: how many the venue writes at most."""

    price: int
    quantity: int
    told_price: int
    told_quantity: int


def capture_source(
    format_: str, symbol: str, base: str, quote: str, read: Callable[[], Iterator[Told]], *, trades_follow: bool = False
) -> Source:
    """The recording that `read` reads. It is read once here, for its units. Raises RecordingError."""
    units, extent = _measure(read())
    return Source(
        format=format_,
        symbol=symbol,
        base=base,
        quote=quote,
        price_decimals=units.price,
        quantity_decimals=units.quantity,
        steps=partial(_steps_of, read, units),
        by_level=True,
        trades_follow=trades_follow,
        extent=extent,
    )


def _steps_of(read: Callable[[], Iterator[Told]], units: Units) -> Iterator[LevelStep]:
    return _steps(read(), units)


def _measure(told: Iterator[Told]) -> tuple[Units, Extent]:
    prices: set[str] = set()
    quantities: set[str] = set()
    near: list[str] = []
    line: Line | None = None
    for message in told:
        line = message.line
        if isinstance(message, ToldLevels):
            for level in (*message.bids, *message.asks):
                if len(level) < 2 or not isinstance(level[0], str) or not isinstance(level[1], str):
                    raise line.error("levels: takes lists of price and quantity, both as strings")
                prices.add(level[0])
                quantities.add(level[1])
            if message.whole:
                near += [side[0][0] for side in (message.bids, message.asks) if side]
        elif isinstance(message, ToldTrade):
            prices.add(message.price)
            quantities.add(message.quantity)
            near.append(message.price)
    if line is None:
        raise ValueError("nothing is told of it")
    try:
        units = Units(_most(prices), _most(quantities), _written(prices), _written(quantities))
        best = max((parse_decimal(text, units.price) for text in near), default=1)
        found = [parse_decimal(text, units.price) for text in prices]
        amounts = [parse_decimal(text, units.quantity) for text in quantities]
    except DecimalError as error:
        raise RecordingError(line.path, f"a price or a quantity: {error}") from error
    return units, Extent(math.gcd(*found) or 1, best * FAR, max(amounts, default=1))


def _most(texts: set[str]) -> int:
    return max(map(decimals_of, texts), default=0)


def _written(texts: set[str]) -> int:
    return max((len(text.partition(".")[2]) for text in texts), default=0)


def _steps(told: Iterator[Told], units: Units) -> Iterator[LevelStep]:
    bids, asks = SideLevels(1), SideLevels(-1)
    for message in told:
        line = message.line
        if isinstance(message, ToldHole):
            yield Hole(line.time)
            continue
        if isinstance(message, ToldTrade):
            price = _positive(line, "price", message.price, units.price)
            yield LevelTrade(line.time, message.side, price, _positive(line, "size", message.quantity, units.quantity))
            continue
        if message.whole:
            bids, asks = SideLevels(1), SideLevels(-1)
        changed_bids = _apply(line, bids, message.bids, units)
        changed_asks = _apply(line, asks, message.asks, units)
        hidden_bids = bids.cut(message.depth) if message.depth else ()
        hidden_asks = asks.cut(message.depth) if message.depth else ()
        if message.checksum is not None:
            found = _checksum(bids, asks, units)
            if found != message.checksum:
                raise line.error(f"the checksum of its levels is {message.checksum}; those read so far have {found}")
        yield Levels(line.time, tuple(changed_bids), tuple(changed_asks), message.whole, hidden_bids, hidden_asks)


def _apply(line: Line, side: SideLevels, levels: Texts, units: Units) -> list[tuple[int, int]]:
    changed = []
    for level in levels:
        price = _positive(line, "price", level[0], units.price)
        quantity = _read(line, "size", level[1], units.quantity)
        side.set(price, quantity)
        changed.append((price, quantity))
    return changed


def _checksum(bids: SideLevels, asks: SideLevels, units: Units) -> int:
    """CRC32 over the digits of price and quantity as the venue writes them, without point and leading zeros."""
    prices, quantities = 10 ** (units.told_price - units.price), 10 ** (units.told_quantity - units.quantity)
    digits = "".join(
        f"{price * prices}{quantity * quantities}" for side in (asks, bids) for price, quantity in side.top(CHECKED)
    )
    return crc32(digits.encode())


def _read(line: Line, field: str, text: str, decimals: int) -> int:
    try:
        return parse_decimal(text, decimals)
    except DecimalError as error:
        raise line.error(f"{field} {text[:40]}: {error}") from error


def _positive(line: Line, field: str, text: str, decimals: int) -> int:
    value = _read(line, field, text, decimals)
    if value <= 0:
        raise line.error(f"{field} {text[:40]}: takes a number above zero")
    return value

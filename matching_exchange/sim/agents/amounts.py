"""What users give as decimals, in the integers of an instrument."""

from typing import Final

from matching_exchange.sim.order_entry import Number, units_of
from protocol.instrument import Instrument
from protocol.units import Side

FINE_DECIMALS: Final = 3
FINE: Final = 10_000 * 10**FINE_DECIMALS
"""Distances are ten-millionths of a price: thousandths of a basis point."""


def fine(value: Number, name: str) -> int:
    """Basis points as a distance in ten-millionths of the price."""
    units = units_of(value, FINE_DECIMALS, name)
    if units < 0:
        raise ValueError(f"{name} takes basis points of at least 0, not {value}")
    return units


def at_least(least: int, value: int, name: str) -> int:
    """The value. Raises ValueError if it is less, TypeError if it is no int."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} takes an int, not {type(value).__name__} {value!r}")
    if value < least:
        raise ValueError(f"{name} takes an int of at least {least}, not {value}")
    return value


class Sizes:
    """The prices and quantities that an instrument takes.

    step: the distance of quoted prices, in the price unit; a multiple of the tick. None means the tick.
    """

    def __init__(self, instrument: Instrument, step: int | None = None) -> None:
        self.instrument = instrument
        self._tick = instrument.tick_size
        self._step = step or self._tick
        self._lot = instrument.lot_size
        self._least = -(-instrument.min_quantity // self._lot) * self._lot
        self._most = instrument.max_quantity // self._lot * self._lot
        self._max_price = instrument.max_price // self._tick * self._tick

    def behind(self, side: Side, price: int) -> int:
        """The next step of quoted prices that is not better than this price for the other side."""
        step = self._step
        return self.bounded(price // step * step if side is Side.BUY else -(-price // step) * step)

    def near(self, price: int) -> int:
        """The tick at or below it."""
        return self.bounded(price // self._tick * self._tick)

    def check_tick(self, price: int, name: str) -> None:
        """Raises ValueError if the price is none of the instrument's."""
        if self.bounded(price) != price or price % self._tick:
            raise ValueError(f"{name} takes a multiple of the instrument's tick, at most its max_price")

    def lots(self, quantity: int) -> int:
        """The quantity in whole lots, at most that of an order; 0 if it is less than an order takes."""
        wanted = min(quantity // self._lot * self._lot, self._most)
        return wanted if wanted >= self._least else 0

    def order(self, quantity: int) -> int:
        """The nearest quantity at or below it that an order takes, at least the smallest."""
        return self.lots(quantity) or self._least

    def bounded(self, price: int) -> int:
        return min(max(price, self._tick), self._max_price)


def sign(side: Side) -> int:
    """1 for a buyer, -1 for a seller."""
    return 1 if side is Side.BUY else -1


def other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY

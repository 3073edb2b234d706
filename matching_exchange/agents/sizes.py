"""Prices and quantities that an instrument takes."""

from typing import Final

from protocol.instrument import Instrument

UNIT_VALUE: Final = 3_000
"""The value of a typical quote, in whole quote currency."""

THOUSAND: Final = 1_000

FINE: Final = 40_000
"""A step of quoted prices is about this part of the price."""


class Sizes:
    """Those of one instrument, around a price at which it usually trades."""

    def __init__(self, instrument: Instrument, around: int) -> None:
        self.symbol = instrument.symbol
        self._tick = instrument.tick_size
        self._lot = instrument.lot_size
        self._least = instrument.min_quantity
        self._most = instrument.max_quantity
        self._max_price = instrument.max_price // self._tick * self._tick
        self.unit: int = max(self._lot, 10**instrument.value_decimals * UNIT_VALUE // around)
        """The quantity of a typical quote."""
        self.grid: int = self._tick
        """The step of quoted prices: a power of ten where the tick allows it."""
        while self.grid * 10 * FINE <= around:
            self.grid *= 10

    def down(self, price: int) -> int:
        """The next price of the grid at or below it."""
        return self._bounded(price // self.grid * self.grid)

    def up(self, price: int) -> int:
        """The next price of the grid at or above it."""
        return self._bounded(-(-price // self.grid) * self.grid)

    def near(self, price: int) -> int:
        """The tick at or below it."""
        return self._bounded(price // self._tick * self._tick)

    def quantity(self, thousandths: int) -> int:
        """So many thousandths of the unit, in lots."""
        wanted = self.unit * thousandths // THOUSAND // self._lot * self._lot
        return min(max(wanted, self._least), self._most)

    def _bounded(self, price: int) -> int:
        return min(max(price, self._tick), self._max_price)

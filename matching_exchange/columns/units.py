"""Columns of tables: their names, and their units.

Values are raw: the instrument's integers, nanoseconds since 1970, words, or None.
"""

from enum import Enum
from typing import Final, NamedTuple

from protocol.instrument import FEE_DECIMALS
from protocol.units import MAX_DECIMALS


class Unit(Enum):
    TEXT = "text"
    COUNT = "count"
    TIME = "time"
    FLAG = "flag"
    PRICE = "price"
    QUANTITY = "quantity"
    VALUE = "value"
    FEE = "fee"


DECIMAL_UNITS: Final = (Unit.PRICE, Unit.QUANTITY, Unit.VALUE, Unit.FEE)
"""Integers that stand for decimals. How many decimals these have is the instrument's."""


class Decimals(NamedTuple):
    """Those of an instrument. They never change."""

    price: int
    quantity: int

    def of(self, unit: Unit) -> int:
        """How many decimals a value of one of DECIMAL_UNITS has."""
        match unit:
            case Unit.PRICE:
                return self.price
            case Unit.QUANTITY:
                return self.quantity
            case Unit.VALUE:
                return self.price + self.quantity
            case _:
                return self.price + self.quantity + FEE_DECIMALS


MOST_DECIMALS: Final = Decimals(MAX_DECIMALS, MAX_DECIMALS)


class Column(NamedTuple):
    name: str
    unit: Unit


def columns_of(text: str) -> tuple[Column, ...]:
    """Columns of names, each with its unit behind a colon, or text without one."""
    pairs = (word.partition(":") for word in text.split())
    return tuple(Column(name, Unit(unit or "text")) for name, _, unit in pairs)

"""Rows with which the tapes of limits begin."""

from protocol.commands import SetLimits
from protocol.units import Reason
from tests.tape import SELL, Row, limit, placed

TOO_MANY = Reason.TOO_MANY_TRADES


def limits(**some: int) -> Row:
    return SetLimits(**some), []


def asks(*prices: int, account: str = "ann") -> list[Row]:
    """Orders of one unit each, numbered from 1."""
    return [(limit(SELL, 1, price, account=account), [placed(number)]) for number, price in enumerate(prices, 1)]

"""An OCO whose legs both wait; the tables of its tests begin with it."""

from protocol.commands import PlaceOco
from tests.tape import SELL, Row, oco, opening_trade, placed

SELLER = oco(SELL, 5, 105, at=95, account="ann")


def legs(order: PlaceOco = SELLER) -> tuple[Row, Row, Row]:
    return (*opening_trade(100), (order, [placed(3), placed(4)]))

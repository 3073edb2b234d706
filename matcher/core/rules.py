"""What an order in a book is checked and traded by: the numbers of its instrument, at hand for a compiled core.

A message's attributes cost a compiled module a look-up each. Here they are its own.
"""

from protocol.instrument import Instrument
from protocol.units import InstrumentStatus


class Rules:
    """Numbers of an `Instrument`, by the same names and in the same units. `trades`: its status is TRADING."""

    __slots__ = (
        "lot_size",
        "maker_fee_bps",
        "max_price",
        "max_quantity",
        "min_notional",
        "min_quantity",
        "symbol",
        "taker_fee_bps",
        "tick_size",
        "trades",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self.tick_size = instrument.tick_size
        self.lot_size = instrument.lot_size
        self.min_quantity = instrument.min_quantity
        self.max_quantity = instrument.max_quantity
        self.max_price = instrument.max_price
        self.min_notional = instrument.min_notional
        self.maker_fee_bps = instrument.maker_fee_bps
        self.taker_fee_bps = instrument.taker_fee_bps
        self.trades = instrument.status is InstrumentStatus.TRADING

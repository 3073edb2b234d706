"""What an order in a book is checked and traded by: the numbers of its instrument, at hand for a compiled core.

A message's attributes cost a compiled module a look-up each. Here they are its own.
"""

from protocol.instrument import Instrument
from protocol.units import InstrumentStatus


class Rules:
    """Numbers of an `Instrument`, by the same names and in the same units.

    protects: a protection of price looks at each new order.
    takes_all: it trades, and no protection looks at new orders.
    """

    __slots__ = (
        "lot_size",
        "maker_fee_bps",
        "max_open_orders",
        "max_order_notional",
        "max_price",
        "max_quantity",
        "min_notional",
        "min_quantity",
        "price_band_bps",
        "protects",
        "reference_price",
        "symbol",
        "taker_fee_bps",
        "takes_all",
        "tick_size",
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
        self.price_band_bps = instrument.price_band_bps
        self.reference_price = instrument.reference_price
        self.max_open_orders = instrument.max_open_orders
        self.max_order_notional = instrument.max_order_notional
        self.protects = bool(self.price_band_bps or self.max_open_orders or self.max_order_notional)
        self.takes_all = instrument.status is InstrumentStatus.TRADING and not self.protects

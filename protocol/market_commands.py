"""Commands about an instrument and its book as a whole. `protocol.commands` has their names too."""

from typing import Self

from msgspec import Struct

from protocol.instrument import Instrument
from protocol.saved_book import SavedBook
from protocol.units import Count, InstrumentStatus, Price, Quantity, Symbol


class SetInstrument(Struct, frozen=True, array_like=True, tag=4):
    """Add an instrument, or change the limits, fees or status of a known one. None keeps a known instrument's field.

    The decimals name the units of the other fields. For a known instrument they must be its own. Zero switches a
    protection off: the fields from `price_band_bps` on. A status ends a halt that would end by itself.
    Answer: InstrumentSet or CommandRefused.
    """

    symbol: Symbol
    price_decimals: Count
    quantity_decimals: Count
    base: str | None = None
    quote: str | None = None
    tick_size: Price | None = None
    lot_size: Quantity | None = None
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None
    max_price: Price | None = None
    min_notional: Count | None = None
    maker_fee_bps: Count | None = None
    taker_fee_bps: Count | None = None
    status: InstrumentStatus | None = None
    price_band_bps: Count | None = None
    reference_price: Count | None = None
    max_open_orders: Count | None = None
    max_order_notional: Count | None = None
    halt_bps: Count | None = None
    halt_window_ms: Count | None = None
    halt_ms: Count | None = None

    @classmethod
    def of(cls, instrument: Instrument) -> Self:
        """The command that adds this instrument."""
        return cls(**{name: getattr(instrument, name) for name in cls.__struct_fields__})


class LoadBook(Struct, frozen=True, array_like=True, tag=5):
    """Replace the symbol's book by its saved one. Answer: BookLoaded or CommandRefused.

    Without contents the matcher reads its file. It journals the command with the contents inside, so a replay needs no
    file.

    new_order_ids: its orders count as entered now, without client_order_ids.
    """

    symbol: Symbol
    contents: SavedBook | None = None
    new_order_ids: bool = False

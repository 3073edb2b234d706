"""A recorded market that is read as it is played: its files are never held as a whole."""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from matching_exchange.recordings.recording import (
    Levels,
    LevelStep,
    LevelTrade,
    Place,
    Recording,
    Replace,
    Step,
    Take,
    VenueBest,
    VenueTrade,
)
from protocol.instrument import Instrument
from protocol.units import MAX_INTEGER, MAX_PRICE, MAX_QUANTITY, InstrumentStatus

ROOM: Final = 2


class Extent(Struct, frozen=True):
    """The largest tick that divides all prices, the highest price and the largest quantity, in units."""

    tick_size: int
    max_price: int
    max_quantity: int


class Source(Struct, frozen=True, kw_only=True):
    """What was traded, in which units, and how it went on.

    steps: reads the recording from its beginning at each call. Prices and quantities are units, times nanoseconds on
        the recording's clock. Raises RecordingError where it cannot be read.
    by_level: the steps are LevelSteps; else Steps, order by order.
    trades_follow: of levels: whether a level's change is told before the trades that have caused it.
    extent: None if only a look at all steps tells it.
    epoch: the time at which the recording's clock shows zero, in nanoseconds since 1970.
    """

    format: str
    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    steps: Callable[[], Iterator[Step | LevelStep]]
    by_level: bool = False
    trades_follow: bool = False
    extent: Extent | None = None
    lot_size: int = 1
    epoch: int = 0


def source_of(recording: Recording, epoch: int = 0) -> Source:
    """A recording that is held as a whole."""
    return Source(
        format=recording.format,
        symbol=recording.symbol,
        base=recording.base,
        quote=recording.quote,
        price_decimals=recording.price_decimals,
        quantity_decimals=recording.quantity_decimals,
        steps=partial(iter, recording.steps),
        extent=replace(survey(recording.steps), tick_size=recording.tick_size),
        lot_size=recording.lot_size,
        epoch=epoch,
    )


def survey(steps: Iterable[Step | LevelStep]) -> Extent:
    """Look at all prices and quantities. Without any, all three are 1."""
    tick, highest, largest = 0, 1, 1
    for step in steps:
        if isinstance(step, Place | Take | VenueTrade | LevelTrade):
            tick, highest, largest = math.gcd(tick, step.price), max(highest, step.price), max(largest, step.quantity)
        elif isinstance(step, Replace):
            tick, highest, largest = math.gcd(tick, step.price), max(highest, step.price), max(largest, step.remaining)
        elif isinstance(step, VenueBest):
            tick = math.gcd(tick, *(level[0] for level in (step.bid, step.ask) if level is not None))
        elif isinstance(step, Levels):
            for price, quantity in (*step.bids, *step.asks):
                tick, highest, largest = math.gcd(tick, price), max(highest, price), max(largest, quantity)
    return Extent(tick or 1, highest, largest)


def surveyed(source: Source) -> Source:
    """The recording with its extent. One that does not know it is read once: own orders may be twice as high and large
    as what was recorded. Survey a recording that is played many times."""
    if source.extent is not None:
        return source
    found = survey(source.steps())
    price = _up_to(min(found.max_price * ROOM, MAX_PRICE), found.tick_size)
    return replace(source, extent=Extent(found.tick_size, price, min(found.max_quantity * ROOM, MAX_QUANTITY)))


def instrument_of(source: Source, *, maker_fee_bps: int = 0, taker_fee_bps: int = 0) -> Instrument:
    """The instrument of a surveyed recording, or of one that is surveyed here."""
    extent = surveyed(source).extent
    assert extent is not None, "the survey tells it"
    lot = source.lot_size
    price = _up_to(min(extent.max_price, MAX_PRICE), extent.tick_size)
    # The fee of the largest trade fits 63 bits.
    most = MAX_INTEGER // price // max(1, maker_fee_bps, taker_fee_bps) // lot * lot
    quantity = min(_up_to(extent.max_quantity, lot), MAX_QUANTITY, most)
    if not source.by_level:
        quantity = max(quantity, extent.max_quantity)
    return Instrument(
        source.symbol,
        source.base,
        source.quote,
        source.price_decimals,
        source.quantity_decimals,
        extent.tick_size,
        lot,
        min_quantity=lot,
        max_quantity=max(lot, quantity),
        max_price=price,
        min_notional=0,
        maker_fee_bps=maker_fee_bps,
        taker_fee_bps=taker_fee_bps,
        status=InstrumentStatus.TRADING,
    )


def _up_to(value: int, unit: int) -> int:
    return -(-value // unit) * unit

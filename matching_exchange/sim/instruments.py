"""Instruments of a simulation, from decimals."""

from decimal import Decimal
from typing import Final

from matching_exchange.sim.kernel.values import as_decimal
from matching_exchange.sim.order_entry import Number, OrderEntryError, units_of
from protocol.instrument import DecimalError, Instrument, InstrumentError, check_instrument, decimals_of
from protocol.units import InstrumentStatus, Side

MOST_STEPS: Final = 10**9
"""Ticks of the default max_price, and lots of the default max_quantity: fewer where fees would not fit in 63 bits."""


def instrument(
    symbol: str,
    tick_size: Number = "0.01",
    lot_size: Number = "0.0001",
    *,
    maker_fee_bps: int = 0,
    taker_fee_bps: int = 0,
    max_price: Number | None = None,
    max_quantity: Number | None = None,
    min_notional: Number = 0,
    price_band_bps: int = 0,
    halt_bps: int = 0,
    halt_window_ms: int = 0,
    halt_ms: int = 0,
) -> Instrument:
    """An instrument such as BTC-USD: what stands before the last dash is its base, what stands behind it its quote.

    tick_size, lot_size: the steps of price and quantity; they give the decimals.
    maker_fee_bps, taker_fee_bps: in basis points.
    price_band_bps, halt_*: as in the contract of the exchange; 0 switches them off.

    Raises ValueError with the field and what it takes.
    """
    for field, value in (
        ("maker_fee_bps", maker_fee_bps),
        ("taker_fee_bps", taker_fee_bps),
        ("price_band_bps", price_band_bps),
        ("halt_bps", halt_bps),
        ("halt_window_ms", halt_window_ms),
        ("halt_ms", halt_ms),
    ):
        if type(value) is not int:
            raise OrderEntryError(field, f"takes a whole number, not {value!r}")
    base, dash, quote = symbol.rpartition("-")
    if not dash:
        raise OrderEntryError("symbol", f"takes BASE-QUOTE, such as BTC-USD, not {symbol!r}")
    price_decimals, quantity_decimals = _decimals(tick_size, "tick_size"), _decimals(lot_size, "lot_size")
    tick = units_of(tick_size, price_decimals, "tick_size")
    lot = units_of(lot_size, quantity_decimals, "lot_size")
    highest = MOST_STEPS * tick if max_price is None else units_of(max_price, price_decimals, "max_price")
    largest = None if max_quantity is None else units_of(max_quantity, quantity_decimals, "max_quantity")
    steps = MOST_STEPS
    while True:
        made = Instrument(
            symbol,
            base,
            quote,
            price_decimals,
            quantity_decimals,
            tick,
            lot,
            lot,
            steps * lot if largest is None else largest,
            highest,
            units_of(min_notional, price_decimals + quantity_decimals, "min_notional"),
            maker_fee_bps,
            taker_fee_bps,
            InstrumentStatus.TRADING,
            price_band_bps=price_band_bps,
            halt_bps=halt_bps,
            halt_window_ms=halt_window_ms,
            halt_ms=halt_ms,
        )
        try:
            check_instrument(made)
        except InstrumentError as error:
            if error.field == "max_quantity" and largest is None and steps > 1:
                steps //= 10
                continue
            raise OrderEntryError(error.field, str(error)) from error
        return made


def on_tick(instrument: Instrument, price: Number, side: Side) -> Decimal:
    """The nearest price that the instrument takes: at or below it for a buyer, at or above it for a seller."""
    # Exact, whatever the digits of the context are.
    numerator, denominator = _whole(price).as_integer_ratio()
    tick = instrument.tick_size
    numerator *= 10**instrument.price_decimals
    ticks = numerator // (denominator * tick) if side is Side.BUY else -(-numerator // (denominator * tick))
    return as_decimal(min(max(1, ticks) * tick, instrument.max_price), instrument.price_decimals)


def _whole(price: Number) -> Decimal:
    if isinstance(price, bool) or not isinstance(price, Decimal | str | int):
        raise OrderEntryError("price", f"takes a Decimal, a text or a whole number, not {price!r}")
    return Decimal(price)


def _decimals(step: Number, field: str) -> int:
    # Says what a float is to be written as.
    units_of(step, 18, field)
    try:
        return decimals_of(str(step))
    except DecimalError as error:
        raise OrderEntryError(field, f"{error}, not {step!r}") from error

"""The instrument, and the only conversions between decimal text and integers.

The text of a decimal is digits with at most one point. A minus may precede, and an exponent may follow, as in JSON.
Spaces and underscores are errors. No float is involved, and nothing is rounded.
"""

import re
from typing import Final

from msgspec import Struct

from protocol.units import (
    CURRENCY_PATTERN,
    MAX_DECIMALS,
    MAX_FEE_BPS,
    MAX_HALT_MS,
    MAX_HALT_WINDOW_MS,
    MAX_INTEGER,
    MAX_OPEN_ORDERS,
    MAX_PRICE,
    MAX_PRICE_BAND_BPS,
    MAX_QUANTITY,
    SYMBOL_PATTERN,
    InstrumentStatus,
)

MAX_DECIMAL_LENGTH: Final = 64
"""The longest text of a decimal, in characters."""

MAX_EXPONENT: Final = 40
"""The largest exponent of a decimal, positive or negative."""

FEE_DECIMALS: Final = 4
"""The decimals of a rate in basis points: one is 10^-4."""

_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?", re.ASCII)


class DecimalError(ValueError):
    """The text is no decimal, or has more decimals than the unit. The message says what the field takes."""


def parse_decimal(text: str, decimals: int) -> int:
    """Read the text as an exact number of units of 10^-decimals. Raises DecimalError."""
    if len(text) > MAX_DECIMAL_LENGTH:
        raise DecimalError(f"takes a decimal number of at most {MAX_DECIMAL_LENGTH} characters")
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise DecimalError('takes a decimal number such as "0.5"')
    sign, whole, fraction, exponent = match.groups()
    fraction = fraction or ""
    shift = decimals - len(fraction) + int(exponent or 0)
    if abs(shift) > MAX_EXPONENT + MAX_DECIMAL_LENGTH:
        raise DecimalError(f"takes an exponent of at most {MAX_EXPONENT}")
    value = int(whole + fraction)
    if shift >= 0:
        value *= int(10**shift)
    else:
        value, rest = divmod(value, int(10**-shift))
        if rest:
            raise DecimalError(f"takes at most {decimals} decimals")
    return -value if sign else value


def format_decimal(value: int, decimals: int) -> str:
    """Write value x 10^-decimals as its shortest plain text: no exponent, no trailing zero."""
    if decimals == 0:
        return str(value)
    sign = "-" if value < 0 else ""
    digits = str(abs(value)).rjust(decimals + 1, "0")
    fraction = digits[-decimals:].rstrip("0")
    return f"{sign}{digits[:-decimals]}.{fraction}" if fraction else sign + digits[:-decimals]


def read_formatted(text: str, decimals: int) -> int:
    """The value of a text that `format_decimal` wrote with at most so many decimals. It may have any length."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(decimals, "0"))


def decimals_of(text: str) -> int:
    """Count the decimals that the number in `text` needs: 2 for "0.01" and "0.010", 0 for "5". Raises DecimalError."""
    value = parse_decimal(text, MAX_DECIMALS)
    decimals = MAX_DECIMALS
    while decimals > 0 and value % 10 == 0:
        value //= 10
        decimals -= 1
    return decimals


class Instrument(Struct, frozen=True, array_like=True):
    """A market, with its units and limits. Its decimals, tick, lot and currencies never change.

    tick_size, max_price: in the price unit 10^-price_decimals.
    lot_size, min_quantity, max_quantity: in the quantity unit 10^-quantity_decimals.
    min_notional: in price unit times quantity unit.
    maker_fee_bps, taker_fee_bps: in basis points of the trade's value.

    The others protect the price; zero switches each off.

    price_band_bps: how far from the last trade an order may trade.
    reference_price: stands for the last trade before the first, in the price unit.
    max_open_orders: orders of one account that rest or wait.
    max_order_notional: in price unit times quantity unit.
    halt_bps, halt_window_ms, halt_ms: a move of the last trade by more than this, within this time, halts the
        instrument for so long. All three are set, or none.
    halted_until: the time at which such a halt ends, in nanoseconds since 1970.
    """

    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: int
    lot_size: int
    min_quantity: int
    max_quantity: int
    max_price: int
    min_notional: int
    maker_fee_bps: int
    taker_fee_bps: int
    status: InstrumentStatus = InstrumentStatus.TRADING
    price_band_bps: int = 0
    reference_price: int = 0
    max_open_orders: int = 0
    max_order_notional: int = 0
    halt_bps: int = 0
    halt_window_ms: int = 0
    halt_ms: int = 0
    halted_until: int = 0

    @property
    def value_decimals(self) -> int:
        """The decimals of price x quantity."""
        return self.price_decimals + self.quantity_decimals

    @property
    def fee_zeros(self) -> int:
        """The number of trailing zeros that both rates share. No fee needs these decimals."""
        zeros = 0
        maker, taker = self.maker_fee_bps, self.taker_fee_bps
        while zeros < FEE_DECIMALS and (maker or taker) and maker % 10 == 0 and taker % 10 == 0:
            maker //= 10
            taker //= 10
            zeros += 1
        return zeros

    @property
    def fee_decimals(self) -> int:
        """The fewest decimals that write the fee of every trade exactly, at both rates."""
        return self.value_decimals + FEE_DECIMALS - self.fee_zeros

    @property
    def fee_divisor(self) -> int:
        """Units of `exact_fee` in one unit of 10^-fee_decimals."""
        return int(10**self.fee_zeros)

    def fee(self, price: int, quantity: int, fee_bps: int) -> int:
        """The exact fee in units of 10^-fee_decimals. `fee_bps` is one of this instrument's two rates."""
        return exact_fee(price, quantity, fee_bps) // self.fee_divisor


def exact_fee(price: int, quantity: int, fee_bps: int) -> int:
    """The fee of one side of a trade, in units of 10^-(value_decimals + FEE_DECIMALS). Nothing is rounded."""
    return price * quantity * fee_bps


def format_fee(instrument: Instrument, price: int, quantity: int, fee_bps: int) -> str:
    """The exact fee as a decimal. The rate may be a former one of the instrument."""
    return format_decimal(exact_fee(price, quantity, fee_bps), instrument.value_decimals + FEE_DECIMALS)


def quote_decimals(instrument: Instrument) -> int:
    """The decimals that an instrument needs of its quote."""
    return instrument.value_decimals + FEE_DECIMALS


class InstrumentError(ValueError):
    """An instrument breaks a rule. `field` is the field at fault; the message says what it takes."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def check_instrument(instrument: Instrument) -> None:
    """Raise InstrumentError for the first field that breaks a rule of instruments."""
    i = instrument
    if not SYMBOL_PATTERN.fullmatch(i.symbol):
        raise InstrumentError("symbol", "takes 1 to 32 of A-Z 0-9 . _ - and does not begin with a dot")
    for field, currency in (("base", i.base), ("quote", i.quote)):
        if not CURRENCY_PATTERN.fullmatch(currency):
            raise InstrumentError(field, "takes 1 to 16 of A-Z 0-9")
    for field, decimals in (("tick_size", i.price_decimals), ("lot_size", i.quantity_decimals)):
        if not 0 <= decimals <= MAX_DECIMALS:
            raise InstrumentError(field, f"takes at most {MAX_DECIMALS} decimals")
    if not 1 <= i.tick_size <= MAX_PRICE:
        raise InstrumentError("tick_size", "takes a positive number")
    if not 1 <= i.lot_size <= MAX_QUANTITY:
        raise InstrumentError("lot_size", "takes a positive number")
    _check_limits(i)
    _check_fees(i)
    _check_protection(i)


def _check_limits(i: Instrument) -> None:
    if not 1 <= i.max_price <= MAX_PRICE or i.max_price % i.tick_size:
        highest_price = format_decimal(MAX_PRICE, i.price_decimals)
        raise InstrumentError("max_price", f"takes a positive multiple of tick_size, at most {highest_price}")
    if not 1 <= i.max_quantity <= MAX_QUANTITY or i.max_quantity % i.lot_size:
        highest_quantity = format_decimal(MAX_QUANTITY, i.quantity_decimals)
        raise InstrumentError("max_quantity", f"takes a positive multiple of lot_size, at most {highest_quantity}")
    if not 1 <= i.min_quantity <= i.max_quantity or i.min_quantity % i.lot_size:
        raise InstrumentError("min_quantity", "takes a positive multiple of lot_size, at most max_quantity")
    if not 0 <= i.min_notional <= i.max_price * i.max_quantity:
        raise InstrumentError("min_notional", "takes zero or more, at most max_price x max_quantity")


def _check_fees(i: Instrument) -> None:
    for field, fee in (("maker_fee_bps", i.maker_fee_bps), ("taker_fee_bps", i.taker_fee_bps)):
        if not 0 <= fee <= MAX_FEE_BPS:
            raise InstrumentError(field, f"takes a whole number of basis points from 0 to {MAX_FEE_BPS}")
    highest = max(i.maker_fee_bps, i.taker_fee_bps)
    if max(i.max_price * i.max_quantity, i.fee(i.max_price, i.max_quantity, highest)) > MAX_INTEGER:
        raise InstrumentError(
            "max_quantity", "takes at most what keeps max_price x max_quantity x fee within 63 bits of the fee unit"
        )


def _check_protection(i: Instrument) -> None:
    for field, value, most in (
        ("price_band_bps", i.price_band_bps, MAX_PRICE_BAND_BPS),
        ("max_open_orders", i.max_open_orders, MAX_OPEN_ORDERS),
        ("halt_bps", i.halt_bps, MAX_PRICE_BAND_BPS),
        ("halt_window_ms", i.halt_window_ms, MAX_HALT_WINDOW_MS),
        ("halt_ms", i.halt_ms, MAX_HALT_MS),
    ):
        if not 0 <= value <= most:
            raise InstrumentError(field, f"takes a whole number from 1 to {most}, or 0 to switch it off")
    if not 0 <= i.reference_price <= i.max_price or i.reference_price % i.tick_size:
        raise InstrumentError("reference_price", "takes a multiple of tick_size, at most max_price, or 0 for none")
    if i.max_order_notional and not i.min_notional <= i.max_order_notional <= MAX_INTEGER:
        raise InstrumentError("max_order_notional", "takes at least min_notional, or 0 to switch it off")
    halting = {"halt_bps": i.halt_bps, "halt_window_ms": i.halt_window_ms, "halt_ms": i.halt_ms}
    missing = [field for field, value in halting.items() if not value]
    if 0 < len(missing) < len(halting):
        raise InstrumentError(missing[0], "takes a positive number: halt_bps, halt_window_ms and halt_ms go together")

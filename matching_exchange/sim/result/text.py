"""Figures as text: rounded half to even, with the same digits on every machine."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.result.exact import divided

NONE: Final = "–"
"""Stands for what nothing tells."""

SIGNIFICANT: Final = 6
"""Digits of an amount that are shown at least; two decimals always are."""

EXACT: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)

SCALES: Final = ((1_000, 1, "ns"), (1_000_000, 1_000, "µs"), (SECOND, 1_000_000, "ms"), (120 * SECOND, SECOND, "s"))
"""(less than, nanoseconds in one, the unit)."""


def amount(value: Decimal | None) -> str:
    """With thousands apart: 1,234.50, 0.000123457."""
    if value is None:
        return NONE
    places = max(2, SIGNIFICANT - 1 - value.adjusted()) if value else 2
    rounded = value.quantize(Decimal((0, (1,), -places)), context=EXACT)
    text = f"{rounded:,f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(2, "0")
    return _unsigned_zero(f"{whole}.{fraction}")


def quantity(value: Decimal | None) -> str:
    """All its digits."""
    return NONE if value is None else f"{value:,f}"


def number(value: float | None, digits: int = 2) -> str:
    return NONE if value is None else _unsigned_zero(f"{value:,.{digits}f}")


def percent(value: float | None) -> str:
    return NONE if value is None else f"{number(value * 100)} %"


def count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


def duration(value: int | None) -> str:
    """A time in nanoseconds: 850 ns, 12.5 ms, 1:05:00."""
    if value is None:
        return NONE
    for below, unit, name in SCALES:
        if value < below:
            tenths = divided(value * 10, unit)
            whole, rest = divmod(tenths, 10)
            return f"{whole}.{rest} {name}" if rest else f"{whole} {name}"
    seconds = divided(value, SECOND)
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _unsigned_zero(text: str) -> str:
    """-0.00 as 0.00."""
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text

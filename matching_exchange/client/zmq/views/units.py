"""Decimals and words of what the matcher tells."""

from collections.abc import Mapping
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Final, TypeVar

from matching_exchange.client.types import words
from matching_exchange.client.types.words import Word
from protocol.instrument import Instrument, format_decimal
from protocol.money import MovementKind
from protocol.units import InstrumentStatus, OrderStatus, OrderType, Reason, SelfTradePrevention, Side, TimeInForce

Instruments = Mapping[str, Instrument]
"""By symbol."""

Told = TypeVar("Told", bound=Word)


def _words(members: type[IntEnum], kind: type[Told]) -> dict[int, Told]:
    return {member: kind(member.name.lower()) for member in members}


SIDES: Final = _words(Side, words.Side)
ORDER_TYPES: Final = _words(OrderType, words.OrderType)
STATUSES: Final = _words(OrderStatus, words.OrderStatus)
REASONS: Final = _words(Reason, words.Reason)
SELF_TRADE_PREVENTIONS: Final = _words(SelfTradePrevention, words.SelfTradePrevention)
TIMES_IN_FORCE: Final = _words(TimeInForce, words.TimeInForce)
INSTRUMENT_STATUSES: Final = _words(InstrumentStatus, words.InstrumentStatus)
MOVEMENT_KINDS: Final = _words(MovementKind, words.MovementKind)
"""The public word of each member."""


@lru_cache(maxsize=8_192)
def decimal(value: int, decimals: int) -> Decimal:
    """value x 10^-decimals, exactly and without needless zeros."""
    return Decimal(format_decimal(value, decimals))


def price(value: int, instrument: Instrument) -> Decimal:
    return decimal(value, instrument.price_decimals)


def quantity(value: int, instrument: Instrument) -> Decimal:
    return decimal(value, instrument.quantity_decimals)


def optional_price(value: int | None, instrument: Instrument) -> Decimal | None:
    return None if value is None else decimal(value, instrument.price_decimals)


def optional_quantity(value: int | None, instrument: Instrument) -> Decimal | None:
    return None if value is None else decimal(value, instrument.quantity_decimals)


def optional_value(value: int | None, instrument: Instrument) -> Decimal | None:
    """Of price unit times quantity unit."""
    return None if value is None else decimal(value, instrument.value_decimals)

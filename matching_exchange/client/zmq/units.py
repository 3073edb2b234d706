"""What users give, as the integers and members that commands carry. A float is refused."""

from enum import IntEnum
from typing import Final, TypeVar

from matching_exchange.client.decimals import DecimalInput, decimal_text
from matching_exchange.client.errors import InvalidValue, Refused
from matching_exchange.client.times import NANOSECONDS, TimeInput, parse_time, time_text
from matching_exchange.client.zmq.refused import error
from protocol.instrument import DecimalError, Instrument, format_decimal, parse_decimal
from protocol.units import (
    MAX_INTEGER,
    MAX_PRICE,
    MAX_QUANTITY,
    OnlyStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

Member = TypeVar("Member", bound=IntEnum)


def _by_word(members: type[Member]) -> dict[str, Member]:
    return {member.name.lower(): member for member in members}


SIDES: Final = _by_word(Side)
ORDER_TYPES: Final = _by_word(OrderType)
SELF_TRADE_PREVENTIONS: Final = _by_word(SelfTradePrevention)
TIMES_IN_FORCE: Final = _by_word(TimeInForce)
ONLY_STATUSES: Final = _by_word(OnlyStatus)
"""The member of each word."""


def member(word: str, members: dict[str, Member], field: str) -> Member:
    """The member that the word stands for. InvalidValue for another word."""
    found = members.get(word)
    if found is None:
        raise InvalidValue(f"{field} takes one of {', '.join(members)}, not {word!r}.", field)
    return found


def price(given: DecimalInput | None, field: str, instrument: Instrument, code: str = "") -> int | None:
    """In the instrument's price unit; None for none. The codes of errors begin with `code`, or else with the field."""
    if given is None:
        return None
    fine, large = f"{code or field}_off_tick", f"{code or field}_too_large"
    return _units(given, field, instrument.price_decimals, MAX_PRICE, fine, large, instrument)


def quantity(given: DecimalInput | None, field: str, instrument: Instrument, code: str = "") -> int | None:
    """In the instrument's quantity unit; None for none. `code` as for a price."""
    if given is None:
        return None
    fine, large = f"{code or field}_off_lot", f"{code or field}_too_large"
    return _units(given, field, instrument.quantity_decimals, MAX_QUANTITY, fine, large, instrument)


def value(given: DecimalInput | None, field: str, instrument: Instrument) -> int | None:
    """In price unit times quantity unit; None for none."""
    if given is None:
        return None
    return _units(given, field, instrument.value_decimals, MAX_INTEGER, "", "", instrument)


def _units(
    given: DecimalInput, field: str, decimals: int, most: int, too_fine: str, too_large: str, instrument: Instrument
) -> int:
    text = decimal_text(given, field)
    try:
        units = parse_decimal(text, decimals)
    except DecimalError as fault:
        if too_fine and "decimals" in str(fault):
            raise error(too_fine, field=field, instrument=instrument) from fault
        raise InvalidValue(f"{field} {fault}, not {text!r}.", field) from fault
    if units < 1:
        raise InvalidValue(f"{field} takes a positive number, not {text!r}.", field)
    if units > most:
        if too_large:
            raise error(too_large, field=field, instrument=instrument)
        raise InvalidValue(f"{field} takes at most {format_decimal(most, decimals)}, not {text!r}.", field)
    return units


def time(given: TimeInput | None, field: str) -> int:
    """In nanoseconds since 1970; zero for none."""
    if given is None:
        return 0
    try:
        nanoseconds = parse_time(time_text(given, field))
    except ValueError as fault:
        raise InvalidValue(f"{field} takes ISO 8601 with Z or an offset, not {given!r}.", field) from fault
    if nanoseconds <= 0:
        raise error("expire_time_past")
    return nanoseconds


def milliseconds(given: int, field: str, least: int, most: int) -> int:
    """In nanoseconds. Takes zero, or a whole number of milliseconds between two numbers of nanoseconds."""
    unit = NANOSECONDS // 1_000
    if isinstance(given, bool) or not isinstance(given, int) or not (given == 0 or least <= given * unit <= most):
        bounds = f"from {least // unit} to {most // unit}, or 0 to switch it off"
        raise InvalidValue(f"{field} takes a whole number {bounds}, not {given!r}.", field)
    return given * unit


def limit(given: int, most: int, field: str = "limit") -> int:
    """A number of elements, from 1 to `most`."""
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= most:
        raise InvalidValue(f"{field} takes a whole number from 1 to {most}, not {given!r}.", field)
    return given


def cursor(given: str | int | None) -> int:
    """The place in a list that goes on behind a number; zero begins it."""
    text = "0" if given is None else str(given)
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_INTEGER:
        raise InvalidValue(f"after takes the `next` of the page before, not {given!r}.", "after")
    return int(text)


def pair_cursor(given: str | None) -> tuple[int, int] | None:
    """The place in a list of fills or movements, such as "17-3"; None for the newest."""
    if given is None:
        return None
    first, _, second = given.partition("-")
    return cursor(first), cursor(second)


def whole(given: object, field: str) -> int:
    """An order_id or another whole number above zero, also as a text."""
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_INTEGER:
        raise InvalidValue(f"{field} takes a whole number from 1 to {MAX_INTEGER}, not {given!r:.40}.", field)
    return given


def unknown_symbol(symbol: object) -> Refused:
    return error("unknown_symbol", f"No such instrument: {symbol!r:.40}.", "symbol")


def flag(value: bool | None, field: str) -> bool:  # noqa: FBT001  a value that was given
    """The flag; False if it was not given. Raises InvalidValue."""
    if value is not None and not isinstance(value, bool):
        raise InvalidValue(f"{field} takes true or false, not {value!r}.", field)
    return bool(value)

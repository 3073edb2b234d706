"""Times of the exchange: integers of nanoseconds since 1970, UTC."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from matching_exchange.client.errors import InvalidValue

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

_PATTERN: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Time(int):
    """Nanoseconds since 1970, UTC. Over HTTP a time has milliseconds, unless its field says more."""

    __slots__ = ()

    @property
    def datetime(self) -> datetime:
        """The same time, in UTC, cut to microseconds."""
        return _EPOCH + timedelta(microseconds=self // 1000)

    @property
    def text(self) -> str:
        """ISO 8601 with Z: at least milliseconds, up to nanoseconds where it has them."""
        seconds, rest = divmod(int(self), NANOSECONDS)
        decimals = f"{rest:09d}"
        second = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{second}.{decimals[:3]}{decimals[3:].rstrip('0')}Z"

    def __repr__(self) -> str:
        return f"Time({int(self)})"


TimeInput = datetime | int | str
"""A datetime with a zone, nanoseconds since 1970 (a Time is that), or ISO 8601 with Z or an offset."""


def parse_time(text: str) -> Time:
    """The time of ISO 8601 with Z or an offset. ValueError for another text."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"no time of ISO 8601 with a zone: {text[:40]!r}")
    clock, fraction, zone = match.groups()
    return Time(_seconds(clock, zone) * NANOSECONDS + int((fraction or "").ljust(9, "0")))


@lru_cache(maxsize=256)
def _seconds(clock: str, zone: str) -> int:
    since = datetime.fromisoformat(clock + ("+00:00" if zone == "Z" else zone)) - _EPOCH
    return since.days * 86_400 + since.seconds


def time_text(value: TimeInput, field: str) -> str:
    """The text that is sent. InvalidValue, with the field, where the value is no time."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidValue(f"{field} takes a datetime with a zone, such as datetime.now(UTC).", field)
        since = value - _EPOCH
        return Time(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000).text
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue(
            f"{field} takes a datetime with a zone, an int of nanoseconds since 1970 or ISO 8601, "
            f"not a {type(value).__name__}.",
            field,
        )
    try:
        return Time(value).text
    except OverflowError as error:
        raise InvalidValue(f"{field} takes nanoseconds since 1970, not {value}.", field) from error

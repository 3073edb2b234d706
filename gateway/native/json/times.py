"""Times at the edge, exact to the nanosecond: ISO 8601 to integers and back, without a float.

A time is written `2026-11-22T12:00:00Z`. The second has at most nine decimals. An offset such as +01:00 may stand in
place of Z.
"""

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from gateway.native.problems import ProblemError
from protocol.units import MAX_INTEGER

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

MILLISECOND: Final = 1_000_000
"""In nanoseconds."""

EXACT_TIME_PATTERN: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))",
    re.ASCII,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_exact_time(text: str, name: str) -> int:
    """The nanoseconds since 1970 UTC, which may be negative.

    ProblemError where the text is no time, or a time beyond the year 2262, which no command can carry.
    """
    match = EXACT_TIME_PATTERN.fullmatch(text)
    if match is None:
        raise _no_time(name)
    clock, fraction, sign, hours, minutes = match.groups()
    try:
        since = datetime.fromisoformat(f"{clock}+00:00") - _EPOCH
    except ValueError as error:
        raise _no_time(name) from error
    seconds = since.days * 86_400 + since.seconds
    if sign is not None:
        offset = int(hours) * 3600 + int(minutes) * 60
        seconds += offset if sign == "-" else -offset
    nanoseconds = seconds * NANOSECONDS + int((fraction or "").ljust(9, "0"))
    if nanoseconds > MAX_INTEGER:
        raise ProblemError("invalid_value", f"{name} takes a time up to {format_timestamp(MAX_INTEGER)}.", name)
    return nanoseconds


def _no_time(name: str) -> ProblemError:
    return ProblemError(
        "invalid_value",
        f'{name} takes a time such as "2026-11-22T12:00:00Z", with Z or an offset, and with at most nine decimals.',
        name,
    )


def format_exact_time(nanoseconds: int) -> str:
    """UTC, ISO 8601 with Z. At least milliseconds, up to nanoseconds where it has them."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    decimals = f"{rest:09d}"
    return f"{_format_second(seconds)}.{decimals[:3]}{decimals[3:].rstrip('0')}Z"


def format_timestamp(nanoseconds: int) -> str:
    """UTC, ISO 8601 with milliseconds and Z."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    return f"{_format_second(seconds)}.{rest // 1_000_000:03d}Z"


@lru_cache(maxsize=256)
def _format_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))

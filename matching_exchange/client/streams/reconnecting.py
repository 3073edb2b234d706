"""When a stream connects again, and when it ends with an error. Both drivers ask it; it does no input or output."""

import random
from collections.abc import Mapping
from typing import Final

from matching_exchange.client.errors import (
    Disconnected,
    ExchangeError,
    NotFound,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
)
from matching_exchange.client.retrying import error_of

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0
"""Seconds before a stream connects again: at first, and at most. Each pause doubles."""

STEADY_SECONDS: Final = 5.0
"""A connection that has lasted so long was good: the next pause is the first one again."""

RESTART: Final = 1012
"""The close code of a gateway that stops; with a reason, the exchange has lost what it had told."""

_PROBLEMS: Final = 4000
"""A problem closes a stream with this code plus its status."""

_CUT: Final = "disconnected"

_HISTORY: Final = "history_unavailable"


class Reconnecting:
    """The pauses of one stream. Times are in seconds of a stopwatch.

    timeout: seconds in which the first connection must stand; later ones are tried for ever.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._pause = FIRST_PAUSE
        self._begun: float | None = None
        self._opened: float | None = None
        self._has_worked = False

    def begins(self, now: float) -> None:
        """A connection is tried."""
        if self._begun is None:
            self._begun = now

    def opened(self, now: float) -> None:
        """A connection stands."""
        self._opened = now

    def worked(self) -> None:
        """The stream has begun: from now on it never gives up."""
        self._has_worked = True

    def lost(self, error: ExchangeError, now: float) -> float:
        """The pause before the next attempt. Raises the error if the first connection does not come about."""
        if self._opened is not None and now - self._opened >= STEADY_SECONDS:
            self._pause = FIRST_PAUSE
            self._has_worked = True
        if self._opened is not None and error.code == _CUT:
            # It stood, and no problem has ended it.
            self._has_worked = True
        self._opened = None
        if error.code == _HISTORY and not self._has_worked:
            raise error
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        assert self._begun is not None
        if not self._has_worked and now + pause - self._begun > self._timeout:
            raise error
        return pause


def refused(status: int, headers: Mapping[str, str], body: bytes | None) -> ExchangeError:
    """HTTP has answered in place of a handshake: the error. Raises it where no later attempt can do better."""
    error = error_of(status, headers, body or b"")
    if isinstance(error, Refused):
        raise error
    return error


def closed(code: int | None, reason: str) -> ExchangeError:
    """The exchange has closed the stream: the error. Raises it where no later attempt can do better."""
    status = (code or 0) - _PROBLEMS
    if status in (401, 403):
        raise Unauthorized("unauthorized", reason, None, status)
    if status == 404:
        raise NotFound("unknown_symbol", reason, "symbol", status)
    if status == 503 and reason.startswith(_HISTORY):
        return Unavailable(_HISTORY, reason.removeprefix(f"{_HISTORY}: "), None, status)
    if status == 503:
        return Unavailable("matcher_unavailable", reason, None, status)
    if status == 429:
        return RateLimited("rate_limited", reason, None, status)
    if status == 408:
        return Disconnected("too_slow", reason, None, status)
    if 400 <= status < 500:
        raise Refused("invalid_value", reason, None, status)
    return Disconnected(_CUT, f"The stream was closed with {code}: {reason}" if code else reason)


def may_pass(error: ExchangeError) -> bool:
    """Whether a call that fills a stream up may do better later."""
    return isinstance(error, Unavailable | RateLimited) or error.code in ("outcome_unknown", "internal_error")

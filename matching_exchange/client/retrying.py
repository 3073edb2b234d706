"""Decides after each attempt of a call: its answer, an error, or how long to wait before the next attempt.

It does no input or output: both clients drive it. The rule:

* What the exchange has not taken (429 rate_limited, 503, no connection) is sent again.
* What may have been carried out (504, a cut connection) is sent again where `Repeat.ALWAYS` says that this is safe.
* All attempts together end after `timeout` seconds. If one of them may have been carried out, OutcomeUnknown says so.
"""

import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Generic, TypeVar

from msgspec import Struct

from matching_exchange.client.call import Call, Repeat, reader
from matching_exchange.client.errors import (
    Conflict,
    Disconnected,
    ExchangeError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
)
from matching_exchange.client.types.orders import Problem

T = TypeVar("T")

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
"""Seconds before the second attempt, and between two later ones at most. Each pause doubles."""

ATTEMPT_SECONDS: Final = 10.0
"""Seconds that one attempt may take at most, below the time of the whole call."""

PROBLEM_TYPE: Final = "application/problem+json"

_LASTING: Final = frozenset({"history_unavailable", "shards_pending"})
"""Errors of status 503 that do not pass by themselves."""

_DECIDED: Final = _LASTING | {"command_refused", "save_failed"}
"""Errors of status 500 and above that tell what was done. No attempt changes that."""

NO_SHARDS: Final[Mapping[str, str]] = MappingProxyType({})

_read_problem = reader(Problem)


class Answer(Struct, Generic[T], frozen=True):
    """The end of a call."""

    value: T


Step = Answer[T] | float | Call[T]
"""What comes after an attempt."""


class Attempts(Generic[T]):
    """The attempts of one call. Times are in seconds of a stopwatch; `to_connect` bounds the search for the exchange.

    After each attempt call `answered`, `not_sent` or `cut`. They give the next step: the answer, the seconds to wait
    before the next attempt, or a call whose answer decides, by `settled`. They raise an ExchangeError if it has failed.
    """

    def __init__(self, call: Call[T], timeout: float, now: float, to_connect: float | None = None) -> None:
        self._call = call
        self._ends = now + timeout
        self._connects_until = self._ends if to_connect is None else now + to_connect
        self._pause = FIRST_PAUSE
        self._unknown = False
        """Whether an attempt may have been carried out."""
        self._partly: Answer[T] | None = None
        self._refusal: ExchangeError | None = None

    def seconds_left(self, now: float) -> float:
        """How long the next attempt may take."""
        return max(0.001, min(ATTEMPT_SECONDS, self._ends - now))

    def answered(self, status: int, headers: Mapping[str, str], content: bytes, now: float) -> Step[T]:
        """The exchange has answered."""
        if status in self._call.answers and PROBLEM_TYPE not in headers.get("content-type", ""):
            return self._read(content, now)
        error = error_of(status, headers, content)
        if isinstance(error, RateLimited) and error.code == "rate_limited":
            return self._again(error, now, error.retry_after or 0.0)
        if _is_not_taken(error):
            return self._again(error, now)
        if status >= 500 and error.code not in _DECIDED:
            return self._maybe_done(error, now)
        if self._partly is not None:
            return self._partly
        settled_by = self._call.settled_by
        if self._unknown and settled_by is not None and settled_by[0] == error.code:
            self._refusal = error
            return settled_by[1]
        if self._unknown and isinstance(error, Unauthorized | RateLimited | Unavailable):
            raise self.outcome_unknown(status) from error
        raise error

    def not_sent(self, reason: str, now: float) -> Step[T]:
        """No connection was made, so nothing was sent."""
        if now >= self._connects_until:
            raise Disconnected("disconnected", reason)
        return self._again(Disconnected("disconnected", reason), now)

    def cut(self, reason: str, now: float) -> Step[T]:
        """The call was sent, and the connection ended without an answer, or none came in time."""
        return self._maybe_done(Disconnected("disconnected", reason), now)

    def settled(self, value: T) -> T:
        """What an earlier attempt has done, by the answer of the deciding call. Raises the refusal if it was none."""
        settled_by = self._call.settled_by
        assert settled_by is not None and self._refusal is not None
        if not settled_by[2](value):
            raise self._refusal
        return value

    def _read(self, content: bytes, now: float) -> Step[T]:
        call = self._call
        found = Answer(call.read(content))
        if self._partly is not None:
            assert call.merged is not None
            found = Answer(call.merged(self._partly.value, found.value))
        if call.undecided is None or not call.undecided(found.value) or now + self._pause >= self._ends:
            return found
        self._partly = found
        return self._next_pause()

    def _maybe_done(self, error: ExchangeError, now: float) -> Step[T]:
        if self._call.method == "GET":
            if error.status == 500:
                raise error
            return self._again(error, now)
        self._unknown = True
        if self._call.repeat is Repeat.ALWAYS:
            return self._again(error, now)
        raise self.outcome_unknown(error.status, error.shards) from error

    def _again(self, error: ExchangeError, now: float, at_least: float = 0.0) -> Step[T]:
        """The pause before the next attempt. Raises where the time does not suffice."""
        pause = max(self._next_pause(), at_least)
        if now + pause < self._ends:
            return pause
        if self._partly is not None:
            # What is undecided stands in it as a problem.
            return self._partly
        if self._unknown:
            raise self.outcome_unknown(error.status, error.shards) from error
        raise error

    def _next_pause(self) -> float:
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        # Many clients of a restarted exchange shall not come at one moment.
        return pause * random.uniform(0.5, 1.0)  # noqa: S311

    def outcome_unknown(self, status: int | None, shards: Mapping[str, str] = NO_SHARDS) -> OutcomeUnknown:
        call = self._call
        if call.client_order_id is not None:
            remedy = f"Look the order up by its client_order_id {call.client_order_id!r}."
        elif call.transfer_id is not None:
            remedy = f"Send it again with the same transfer_id {call.transfer_id!r}."
        else:
            remedy = "Look at the state before you send it again."
        error = OutcomeUnknown(
            f"No answer in time: the call may have been executed. {remedy}",
            status,
            call.client_order_id,
            call.transfer_id,
        )
        error.shards = dict(shards)
        return error


def error_of(status: int, headers: Mapping[str, str], content: bytes) -> ExchangeError:
    """The error that an answer tells, also one that is none of the exchange's own."""
    try:
        problem = _read_problem(content)
    except ExchangeError:
        # A proxy between, or something else at this address.
        problem = Problem(f"http_{status}", f"The answer has status {status} and is no problem document.")
    if status == 429:
        return RateLimited(problem.code, problem.detail, problem.field, status, _seconds(headers.get("retry-after")))
    return problem_error(problem, status)


def problem_error(problem: Problem, status: int = 0) -> ExchangeError:
    """The error that a problem tells, also one of a part of a call."""
    status = status or problem.status
    error = _kind(status)(problem.code, problem.detail, problem.field, status)
    error.shards = {name: each.result for name, each in problem.shards.items()}
    error.pending_shards = problem.pending_shards
    return error


def _kind(status: int) -> type[ExchangeError]:
    if status in (401, 403):
        return Unauthorized
    if status == 404:
        return NotFound
    if status == 409:
        return Conflict
    if status == 429:
        return RateLimited
    if status == 503:
        return Unavailable
    return Refused if 400 <= status < 500 else ExchangeError


def _is_not_taken(error: ExchangeError) -> bool:
    """Whether the exchange itself says that it takes nothing now: a proxy's 503 does not say so."""
    return isinstance(error, Unavailable) and error.code not in _LASTING and not error.code.startswith("http_")


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; None for a date, or without it."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None

"""Errors as RFC 9457 problem documents, and which document stands for which error.

A WebSocket is closed with 4000 plus the problem's status.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from gateway.http.bounds import RETRY_AFTER_SECONDS
from gateway.http.closing import CloseFrame
from gateway.http.errors import NO_HEADERS, HttpError
from gateway.http.responses import Header, HttpResponse
from gateway.link.errors import (
    DONE,
    HistoryBehindError,
    MatcherUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    ShardOutcome,
    ShardsOutcomeError,
    ShardsPendingError,
    TooMuchInFlightError,
    UnknownShardError,
)
from gateway.native.problem_kinds import KINDS
from history.reading.database import HistoryUnavailableError
from protocol.refusals import LIMIT_NAMES, refusal_code

PROBLEM_JSON: Final[Header] = (b"content-type", b"application/problem+json")

CLOSE_BASE: Final = 4000
"""A problem closes a stream with this code plus its status."""

_WITH_LIMIT: Final = frozenset(
    code for code, kind in KINDS.items() if any(f"{{{name}}}" in kind.detail for name in LIMIT_NAMES)
)


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error. `code` is a stable word; `field` names the field at fault, where one is.

    * shards: what a command for all shards has come to in each, by its name, where not all have answered
    * pending_shards: shards that lack a change which the others have
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    shards: dict[str, ShardOutcome] | None = None
    pending_shards: list[str] | None = None


class ProblemError(Exception):
    """Ends a call with the error `code`.

    detail, field, status: used in place of the code's own.
    limits: texts for the names of LIMIT_NAMES.
    shards, pending_shards: as in Problem.
    """

    def __init__(
        self, code: str, detail: str = "", field: str = "", status: int = 0, limits: Mapping[str, str] = LIMIT_NAMES
    ) -> None:
        super().__init__(code)
        kind = KINDS[code]
        self.code = code
        self.status = status or kind.status
        self.field = field or kind.field
        self.detail = detail or kind.detail.format_map({**limits, "field": self.field or "The field"})
        self.shards: Mapping[str, ShardOutcome] | None = None
        self.pending_shards: Sequence[str] | None = None
        self.names_limit = not detail and code in _WITH_LIMIT
        """Whether the detail names a limit whose number is not known."""

    def with_limits(self, limits: Mapping[str, str]) -> "ProblemError":
        """The same problem, with these limits in its text."""
        return ProblemError(self.code, "", self.field, self.status, limits)

    def document(self) -> Problem:
        title = KINDS[self.code].title
        return Problem(
            f"urn:problem-type:{self.code}",
            title,
            self.status,
            self.detail,
            self.code,
            self.field or None,
            None if self.shards is None else dict(self.shards),
            None if self.pending_shards is None else list(self.pending_shards),
        )

    def headers(self) -> dict[str, str]:
        """The headers that its status asks for."""
        if self.status == 503:
            return {"retry-after": str(RETRY_AFTER_SECONDS)}
        if self.status == 401:
            return {"www-authenticate": "Bearer"}
        return {}


encode_problem = msgspec.json.Encoder().encode


def problem_of(error: Exception) -> ProblemError | None:
    """The problem that tells the error; None where no call is meant to end with it."""
    match error:
        case ProblemError():
            return error
        case RefusedError():
            return ProblemError(refusal_code(error.refusal), error.detail, error.field)
        case HttpError():
            return ProblemError(error.code, error.detail)
        case TooMuchInFlightError():
            return ProblemError("too_much_in_flight")
        case MatcherUnavailableError():
            return ProblemError("matcher_unavailable")
        case HistoryUnavailableError():
            return ProblemError("history_unavailable", f"The history cannot be read: {error}.")
        case HistoryBehindError():
            return ProblemError("history_behind")
        case ShardsOutcomeError():
            return _in_shards(error)
        case OutcomeUnknownError():
            return ProblemError("outcome_unknown")
        case ShardsPendingError():
            problem = ProblemError("shards_pending")
            problem.pending_shards = error.pending
            return problem
        case UnknownShardError():
            names = (
                f"takes one of the shards {', '.join(error.names)}" if error.names else "is for exchanges with shards"
            )
            return ProblemError("unknown_shard", f"{error.field} {names}.", error.field)
    return None


def _in_shards(error: ShardsOutcomeError) -> ProblemError:
    """The problem of a command that not every shard has answered."""
    lacking = ", ".join(name for name, outcome in error.shards.items() if outcome.result != DONE)
    problem = ProblemError("outcome_unknown", f"Not every shard has answered: {lacking}. Send the call again.")
    problem.shards = error.shards
    return problem


def known_problem(error: Exception) -> ProblemError:
    """As `problem_of`, of an error that a call is meant to end with."""
    problem = problem_of(error)
    assert problem is not None, error
    return problem


def problem_response(error: Exception) -> HttpResponse | None:
    """The answer that tells the error; None as `problem_of`."""
    problem = problem_of(error)
    if problem is None:
        return None
    headers = {**problem.headers(), **(error.headers if isinstance(error, HttpError) else NO_HEADERS)}
    extra = [(name.encode(), text.encode()) for name, text in headers.items()]
    return HttpResponse(problem.status, encode_problem(problem.document()), PROBLEM_JSON, *extra)


def http_error_response(error: HttpError) -> HttpResponse:
    """The answer that tells the error."""
    response = problem_response(error)
    assert response is not None, error
    return response


def close_frame(error: Exception) -> CloseFrame | None:
    """How a stream is closed that ends with the error; None as `problem_of`."""
    problem = problem_of(error)
    if problem is None:
        return None
    # Other reasons of this status pass: a client has to tell this one.
    reason = f"{problem.code}: {error}" if isinstance(error, HistoryUnavailableError) else problem.detail
    return CloseFrame(CLOSE_BASE + problem.status, reason)


def http_close_frame(error: HttpError) -> CloseFrame:
    """How a stream is closed that ends with the error."""
    frame = close_frame(error)
    assert frame is not None, error
    return frame

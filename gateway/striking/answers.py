"""What a struck call is told, in the words of its dialect."""

from typing import Final

from gateway.binance.errors import NO_MATCHER, OUTCOME_UNKNOWN, DialectError
from gateway.binance.refusals import http_error
from gateway.binance.rest import error_response
from gateway.binance.routes import is_ours
from gateway.http.errors import HttpError
from gateway.http.responses import Header, HttpResponse
from gateway.injected.rule import Fault, Strike
from gateway.link.errors import OutcomeUnknownError
from gateway.native.problems import http_error_response, problem_response

MARK: Final = b"x-injected-fault"
"""The header of an answer that a fault has made: its fault_id."""

_UNAVAILABLE: Final = "An injected fault: the request was not taken, and never will be."
_LIMITED: Final = "An injected fault: too much in a short time; Retry-After tells when to try again."


def mark(strike: Strike) -> Header:
    return MARK, b"%d" % strike.fault_id


def refusal_of(strike: Strike) -> HttpError:
    """The error of HTTP that it stands for, of an UNAVAILABLE or a RATE_LIMITED."""
    if strike.rule.fault is Fault.UNAVAILABLE:
        return HttpError("overloaded", _UNAVAILABLE)
    return HttpError("rate_limited", _LIMITED, {"retry-after": str(strike.rule.retry_after)})


def dialect_error(strike: Strike) -> DialectError:
    """The error of the Binance dialect."""
    if strike.rule.fault is Fault.OUTCOME_UNKNOWN:
        return DialectError(OUTCOME_UNKNOWN)
    if strike.rule.fault is Fault.UNAVAILABLE:
        return DialectError(NO_MATCHER)
    return http_error(refusal_of(strike))


def response_of(strike: Strike, path: str) -> HttpResponse:
    """The answer of HTTP."""
    if is_ours(path):
        response = error_response(dialect_error(strike))
    elif strike.rule.fault is Fault.OUTCOME_UNKNOWN:
        found = problem_response(OutcomeUnknownError())
        assert found is not None, "it is an error of calls"
        response = found
    else:
        response = http_error_response(refusal_of(strike))
    response.headers.append(mark(strike))
    return response

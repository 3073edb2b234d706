"""How errors of HTTP itself are told: in the words of the dialect whose path was asked for."""

from gateway.binance.refusals import http_error
from gateway.binance.rest import error_response
from gateway.binance.routes import is_ours
from gateway.http.errors import HttpError
from gateway.http.responses import AnswerError, HttpResponse
from gateway.native.problems import http_error_response


def told_natively(error: HttpError, _: str) -> HttpResponse:
    return http_error_response(error)


def told_by_dialects(error: HttpError, path: str) -> HttpResponse:
    return error_response(http_error(error)) if is_ours(path) else http_error_response(error)


def answer_error(*, binance: bool) -> AnswerError:
    """`binance`: whether the Binance dialect is served."""
    return told_by_dialects if binance else told_natively

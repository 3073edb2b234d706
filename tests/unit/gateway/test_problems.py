"""The table of problems."""

import re

import pytest

from gateway.http.closing import CloseFrame
from gateway.http.errors import FAULTS, HttpError
from gateway.link.answers import expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError, TooMuchInFlightError
from gateway.native.json.schemas import OcoRequest, OrderRequest
from gateway.native.problem_kinds import KINDS
from gateway.native.problems import (
    ProblemError,
    close_frame,
    encode_problem,
    http_close_frame,
    http_error_response,
    known_problem,
    problem_of,
    problem_response,
)
from protocol.events import BookSaved, CommandRefused
from protocol.refusals import refusal_code
from protocol.units import Refusal


def told(refused: CommandRefused) -> ProblemError:
    """The problem that a client is told when the matcher refuses so."""
    with pytest.raises(RefusedError) as caught:
        expect(BookSaved, refused)
    return known_problem(caught.value)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_problem(refusal: Refusal) -> None:
    problem = told(CommandRefused(refusal))
    assert problem.code == refusal.name.lower()
    assert problem.status in (404, 409, 422, 500, 503)


STATUS_OF_REFUSALS = {
    503: {Refusal.WRONG_SHARD},
    404: {Refusal.UNKNOWN_KEY, Refusal.UNKNOWN_SYMBOL, Refusal.UNKNOWN_ORDER},
    409: {
        Refusal.CLIENT_ORDER_ID_CONFLICT,
        Refusal.ORDER_NOT_OPEN,
        Refusal.INSTRUMENT_CANCEL_ONLY,
        Refusal.INSTRUMENT_HALTED,
        Refusal.QUANTITY_BELOW_FILLED,
        Refusal.INSTRUMENT_FIXED,
        Refusal.TOO_MANY_INSTRUMENTS,
        Refusal.NO_SAVED_BOOK,
        Refusal.INVALID_SAVED_BOOK,
        Refusal.SAVED_BOOK_TOO_LARGE,
        Refusal.POST_ONLY_WOULD_CROSS,
        Refusal.TOO_MANY_TIMERS,
        Refusal.TOO_MANY_ACCOUNTS,
        Refusal.INSUFFICIENT_BALANCE,
        Refusal.TRANSFER_ID_CONFLICT,
        Refusal.WOULD_TRIGGER_IMMEDIATELY,
        Refusal.LIST_CLIENT_ORDER_ID_IN_USE,
        Refusal.OPEN_ORDERS,
        Refusal.NO_LEDGER,
        Refusal.PRICE_OUTSIDE_BAND,
        Refusal.NOTIONAL_TOO_LARGE,
        Refusal.KEY_CONFLICT,
        Refusal.TOO_MANY_KEYS,
        Refusal.CLIENT_ORDER_ID_IN_USE,
        Refusal.CANCEL_RESTRICTED,
        Refusal.TOO_LATE,
        Refusal.ACCOUNT_SUSPENDED,
    },
    500: {Refusal.COMMAND_REFUSED, Refusal.SAVE_FAILED},
}


@pytest.mark.parametrize("refusal", Refusal)
def test_the_status_is_that_of_the_contract(refusal: Refusal) -> None:
    expected = next((status for status, refusals in STATUS_OF_REFUSALS.items() if refusal in refusals), 422)
    assert KINDS[refusal_code(refusal)].status == expected


OF_AN_ORDER = [
    refusal
    for refusal in Refusal
    if Refusal.INVALID_NAME < refusal < Refusal.UNKNOWN_ORDER
    or Refusal.POST_ONLY_NOT_ALLOWED <= refusal <= Refusal.TRIGGER_PRICE_ON_WRONG_SIDE
]


@pytest.mark.parametrize("refusal", OF_AN_ORDER)
def test_a_refused_field_of_an_order_is_named(refusal: Refusal) -> None:
    problem = ProblemError(refusal_code(refusal))
    title = KINDS[refusal_code(refusal)].title
    assert problem.field in {"symbol", *OrderRequest.__struct_fields__, *OcoRequest.__struct_fields__}
    assert problem.field in problem.detail or problem.field.split("_")[0] in f"{title} {problem.detail}".lower()


@pytest.mark.parametrize("refusal", Refusal)
def test_a_detail_is_a_sentence(refusal: Refusal) -> None:
    detail = ProblemError(refusal_code(refusal)).detail
    assert re.fullmatch(r"[A-Za-z][^{}]*[^{} ]", detail)


def test_the_field_that_the_matcher_names_is_the_one_told() -> None:
    problem = told(CommandRefused(Refusal.PRICE_OFF_TICK, "stop_price"))
    assert (problem.field, problem.detail) == (
        "stop_price",
        "stop_price takes a multiple of the instrument's tick_size.",
    )


def test_what_the_matcher_says_of_a_refusal_is_passed_on() -> None:
    problem = told(CommandRefused(Refusal.INVALID_INSTRUMENT, "max_price", "takes a multiple of tick_size"))
    assert (problem.field, problem.detail) == ("max_price", "takes a multiple of tick_size")


def test_an_answer_of_the_expected_kind_is_passed_on() -> None:
    saved = BookSaved("BTC-USDT", "state/orderbook_BTC-USDT.json", 3)
    assert expect(BookSaved, saved) is saved


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (MatcherUnavailableError("x"), 503, "matcher_unavailable"),
        (TooMuchInFlightError("x"), 503, "too_much_in_flight"),
        (OutcomeUnknownError("x"), 504, "outcome_unknown"),
    ],
)
def test_no_answer_is_a_problem_too(failure: Exception, status: int, code: str) -> None:
    problem = known_problem(failure)
    assert (problem.status, problem.code) == (status, code)
    assert problem.headers() == ({"retry-after": "1"} if status == 503 else {})


@pytest.mark.parametrize("code", FAULTS)
def test_an_error_of_http_is_told_with_its_status_and_its_text(code: str) -> None:
    error = HttpError(code, headers={"allow": "GET"})
    problem = known_problem(error)
    assert (problem.code, problem.status, problem.detail) == (code, error.status, error.detail)
    assert (b"allow", b"GET") in http_error_response(error).headers
    assert http_close_frame(error) == CloseFrame(4000 + error.status, error.detail)


def test_an_error_that_no_call_is_meant_to_end_with_is_no_problem() -> None:
    error = KeyError("BTC-USDT")
    assert (problem_of(error), problem_response(error), close_frame(error)) == (None, None, None)


def test_the_document_is_that_of_rfc_9457() -> None:
    document = ProblemError("price_off_tick", "price takes a multiple of 0.01.").document()
    assert encode_problem(document) == (
        b'{"type":"urn:problem-type:price_off_tick","title":"Price off the tick","status":422,'
        b'"detail":"price takes a multiple of 0.01.","code":"price_off_tick","field":"price"}'
    )


def test_a_problem_without_a_field_has_none() -> None:
    assert b"field" not in encode_problem(ProblemError("not_found").document())

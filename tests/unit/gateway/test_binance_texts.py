"""What the Binance dialect reads and writes: what is signed, parameters, decimals, words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.binance.decimals import ZERO, basis_points, fixed, fixed_text, padded, ratio
from gateway.binance.errors import DialectError
from gateway.binance.given import read_http, read_json, signed_text
from gateway.binance.refusals import refused, rejected
from gateway.binance.times import nanoseconds
from gateway.faults import told_by_dialects
from gateway.http.errors import HttpError
from protocol.units import Reason, Refusal


@pytest.mark.parametrize(
    ("query", "form", "signed"),
    [
        (b"a=1&b=2&signature=x", b"", b"a=1&b=2"),
        (b"signature=x&a=1", b"", b"a=1"),
        (b"a=1&signature=x&b=2", b"", b"a=1&b=2"),
        (b"", b"a=1&timestamp=2&signature=x", b"a=1&timestamp=2"),
        (b"a=1&signature=x", b"b=2", b"a=1b=2"),
        (b"a=1", b"b=2&signature=x", b"a=1b=2"),
        (b"a=%7e+&&b", b"c=\xff", b"a=%7e+&&bc=\xff"),
        (b"signature", b"", b""),
        (b"%73ignature=x&signatures=y", b"", b"%73ignature=x&signatures=y"),
    ],
)
def test_signed_are_the_raw_bytes_without_the_signature(query: bytes, form: bytes, signed: bytes) -> None:
    assert signed_text(query, form) == signed


def test_parameters_of_query_and_form() -> None:
    given = read_http(b"symbol=BTCUSDT&side=BUY", b"side=SELL&price=1%2E5&signature=a%2Bb")
    assert given.texts == {"symbol": "BTCUSDT", "side": "BUY", "price": "1.5"}, "the query's value counts"
    assert given.signature == "a+b"
    assert not given.repeated


def test_a_name_that_stands_twice_in_one_of_them() -> None:
    assert read_http(b"a=1&a=1", b"").repeated
    assert read_http(b"", b"a=1&%61=2").repeated


def test_a_plus_sign_that_has_arrived_as_a_space() -> None:
    assert read_http(b"signature=a+b/c=", b"").signature == "a+b/c="


def test_json_numbers_keep_their_text() -> None:
    given = read_json(
        {
            "price": Raw(b"0.10"),
            "quantity": Raw(b'"1.50"'),
            "limit": Raw(b"5"),
            "flag": Raw(b"true"),
            "symbols": Raw(b'["BTCUSDT"]'),
            "signature": Raw(b'"ab"'),
        }
    )
    assert given.texts == {
        "price": "0.10",
        "quantity": "1.50",
        "limit": "5",
        "flag": "true",
        "symbols": '["BTCUSDT"]',
    }
    assert given.signature == "ab"


@pytest.mark.parametrize("value", [b"null", b"{}", b'"\xff"'])
def test_json_values_that_are_no_parameter(value: bytes) -> None:
    with pytest.raises(DialectError, match="Data sent for parameter 'a' is not valid"):
        read_json({"a": Raw(value)})


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 2, "0.00000000"),
        (5782232, 2, "57822.32000000"),
        (1, 5, "0.00001000"),
        (-150, 2, "-1.50000000"),
        (7, 0, "7.00000000"),
        (123456789012, 11, "1.23456789012"),
        (120000000000, 11, "1.20000000"),
        (1, 11, "0.00000000001"),
    ],
)
def test_decimals_have_a_fixed_point_and_eight_places_or_more(value: int, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text


@given(st.integers(-(10**20), 10**20), st.integers(0, 12))
def test_no_decimal_loses_anything(value: int, decimals: int) -> None:
    for text in (fixed(value, decimals), padded(value, decimals)):
        whole, _, fraction = text.partition(".")
        assert len(fraction) >= 8
        assert int(whole + fraction) * 10**decimals == value * 10 ** len(fraction)


def test_other_decimals() -> None:
    assert padded(1, 10) == "0.0000000001"
    assert padded(0, 10) == "0.0000000000"
    assert ZERO == fixed(0, 8) == fixed_text("0")
    assert (fixed_text("1.5"), fixed_text("1.123456789")) == ("1.50000000", "1.123456789")
    assert basis_points(10) == "0.00100000"
    assert (ratio(1, 3, 3), ratio(2, 3, 3), ratio(-1, 2000, 3), ratio(-1, 2001, 3)) == (
        "0.333",
        "0.667",
        "-0.001",
        "0.000",
    )


def test_times_in_milliseconds_and_in_microseconds() -> None:
    assert nanoseconds(1_700_000_000_123) == 1_700_000_000_123_000_000
    assert nanoseconds(1_700_000_000_123_456) == 1_700_000_000_123_456_000
    assert nanoseconds(10**14) == 2**63 - 1, "no more than a command carries"


@pytest.mark.parametrize(
    ("refusal", "code", "text"),
    [
        (Refusal.UNKNOWN_SYMBOL, -1121, "Invalid symbol."),
        (Refusal.QUANTITY_OFF_LOT, -1013, "Filter failure: LOT_SIZE"),
        (Refusal.QUANTITY_TOO_SMALL, -1013, "Filter failure: LOT_SIZE"),
        (Refusal.QUANTITY_TOO_LARGE, -1013, "Filter failure: LOT_SIZE"),
        (Refusal.DISPLAY_QUANTITY_OFF_LOT, -1013, "Filter failure: LOT_SIZE"),
        (Refusal.DISPLAY_QUANTITY_TOO_LARGE, -1013, "Filter failure: LOT_SIZE"),
        (Refusal.PRICE_OFF_TICK, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.PRICE_TOO_LARGE, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.TRIGGER_PRICE_OFF_TICK, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.TRIGGER_PRICE_TOO_LARGE, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.ACTIVATION_PRICE_OFF_TICK, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.ACTIVATION_PRICE_TOO_LARGE, -1013, "Filter failure: PRICE_FILTER"),
        (Refusal.BELOW_MIN_NOTIONAL, -1013, "Filter failure: NOTIONAL"),
        (Refusal.NOTIONAL_TOO_LARGE, -1013, "Filter failure: NOTIONAL"),
        (Refusal.PRICE_OUTSIDE_BAND, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (Refusal.DISPLAY_QUANTITY_TOO_SMALL, -1013, "Filter failure: ICEBERG_PARTS"),
        (Refusal.INSTRUMENT_HALTED, -1013, "Market is closed."),
        (Refusal.INSTRUMENT_CANCEL_ONLY, -1013, "Market is closed."),
        (Refusal.ACCOUNT_SUSPENDED, -2010, "This account may not place or cancel orders."),
        (Refusal.CLIENT_ORDER_ID_IN_USE, -2010, "Duplicate order sent."),
        (Refusal.CLIENT_ORDER_ID_CONFLICT, -2010, "Duplicate order sent."),
        (Refusal.LIST_CLIENT_ORDER_ID_IN_USE, -2010, "Duplicate order sent."),
        (Refusal.INSUFFICIENT_BALANCE, -2010, "Account has insufficient balance for requested action."),
        (Refusal.POST_ONLY_WOULD_CROSS, -2010, "Order would immediately match and take."),
        (Refusal.PRICE_ON_WRONG_SIDE, -2010, "The relationship of the prices for the orders is not correct."),
        (Refusal.TRIGGER_PRICE_ON_WRONG_SIDE, -2010, "The relationship of the prices for the orders is not correct."),
        (Refusal.NO_LAST_TRADE, -2010, "The relationship of the prices for the orders is not correct."),
        (Refusal.UNKNOWN_ORDER, -2011, "Unknown order sent."),
        (Refusal.ORDER_NOT_OPEN, -2011, "Unknown order sent."),
        (Refusal.CANCEL_RESTRICTED, -2011, "Order was not canceled due to cancel restrictions."),
        (Refusal.TOO_LATE, -1021, "Timestamp for this request is outside of the recvWindow."),
        # What the venue has no text for.
        (Refusal.TOO_MANY_ACCOUNTS, -2010, "Too many accounts."),
    ],
)
def test_how_refusals_read(refusal: Refusal, code: int, text: str) -> None:
    error = refused(refusal)
    assert (error.code, error.message, error.status) == (code, text, 400)


@pytest.mark.parametrize(
    ("reason", "code", "text"),
    [
        (Reason.TOO_LATE, -1021, "Timestamp for this request is outside of the recvWindow."),
        (Reason.ACCOUNT_SUSPENDED, -2010, "This account may not place or cancel orders."),
        (Reason.TOO_MANY_OPEN_ORDERS, -1013, "Filter failure: MAX_NUM_ORDERS"),
        (Reason.NOTIONAL_TOO_LARGE, -1013, "Filter failure: NOTIONAL"),
        (Reason.INSUFFICIENT_BALANCE, -2010, "Account has insufficient balance for requested action."),
        (Reason.POST_ONLY_WOULD_CROSS, -2010, "Order would immediately match and take."),
        (Reason.WOULD_TRIGGER_IMMEDIATELY, -2010, "Order would trigger immediately."),
        (Reason.INSTRUMENT_HALTED, -1013, "Market is closed."),
        (Reason.INSTRUMENT_CANCEL_ONLY, -1013, "Market is closed."),
        (Reason.PRICE_OUTSIDE_BAND, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (Reason.QUOTE_QUANTITY_TOO_SMALL, -1013, "Filter failure: LOT_SIZE"),
        (Reason.NO_LIQUIDITY, -2010, "Order book liquidity is less than symbol minimum quantity."),
    ],
)
def test_how_rejections_read(reason: Reason, code: int, text: str) -> None:
    error = rejected(reason)
    assert (error.code, error.message, error.status) == (code, text, 400)


def test_every_refusal_reads_as_something() -> None:
    assert all(refused(refusal).message for refusal in Refusal)
    assert all(rejected(reason).message for reason in Reason)


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("overloaded", 429, {"code": -1003, "msg": "Too many requests queued."}),
        (
            "keys_unavailable",
            503,
            {"code": -1001, "msg": "Internal error; unable to process your request. Please try again."},
        ),
    ],
)
def test_how_errors_of_http_read(code: str, status: int, told: dict[str, object]) -> None:
    response = told_by_dialects(HttpError(code), "/api/v3/order")
    assert (response.status, json.loads(response.body)) == (status, told)
    assert (b"retry-after", b"1") in response.headers
    assert b"urn:problem-type" in told_by_dialects(HttpError(code), "/orders").body

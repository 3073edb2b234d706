"""Times at the edge: what a client may write, exactly what comes of it, and how times are written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.native.json.times import format_exact_time, format_timestamp, parse_exact_time
from gateway.native.problems import ProblemError

NOON = 1_795_348_800 * 10**9
"""2026-11-22T12:00:00Z"""


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22T12:00:00.000000001Z", NOON + 1),
        ("2026-11-22T12:00:00.5Z", NOON + 500_000_000),
        ("2026-11-22T12:00:00.123456789Z", NOON + 123_456_789),
        ("2026-11-22T13:00:00+01:00", NOON),
        ("2026-11-22T17:45:00.25+05:45", NOON + 250_000_000),
        ("2026-11-21T23:59:00-12:01", NOON),
        ("2026-11-22T12:00:00-00:00", NOON),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * 10**9),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800 * 10**9),
        ("2262-04-11T23:47:16.854775807Z", 2**63 - 1),
    ],
)
def test_a_time_is_read_exactly(text: str, nanoseconds: int) -> None:
    assert parse_exact_time(text, "expire_time") == nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00Z",
        "2026-11-22t12:00:00z",
        "2026-11-22T12:00Z",
        "2026-11-22T12:00:00.Z",
        "2026-11-22T12:00:00,5Z",
        "2026-11-22T12:00:00.0000000001Z",
        "2026-11-22T12:00:00+0100",
        "2026-11-22T12:00:00+24:00",
        "2026-11-22T12:00:00+01:60",
        "2026-11-22T12:00:00Z ",
        "2026-11-22T12:00:00Z\n",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "0000-01-01T12:00:00Z",
        "٢٠٢٦-11-22T12:00:00Z",
        "1795348800",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_what_names_no_time_is_refused(text: str) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_exact_time(text, "expire_time")
    assert (caught.value.status, caught.value.code, caught.value.field) == (422, "invalid_value", "expire_time")
    assert "expire_time takes a time" in caught.value.detail


@given(st.integers(0, 2**63 - 1))
def test_what_is_written_exactly_is_read_back(nanoseconds: int) -> None:
    assert parse_exact_time(format_exact_time(nanoseconds), "expire_time") == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (NOON, "2026-11-22T12:00:00.000Z"),
        (NOON + 120_000_000, "2026-11-22T12:00:00.120Z"),
        (NOON + 120_400_000, "2026-11-22T12:00:00.1204Z"),
        (NOON + 1, "2026-11-22T12:00:00.000000001Z"),
    ],
)
def test_an_exact_time_has_the_decimals_that_it_takes(nanoseconds: int, text: str) -> None:
    assert format_exact_time(nanoseconds) == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (999_999, "1970-01-01T00:00:00.000Z"),
        (1_000_000, "1970-01-01T00:00:00.001Z"),
        (1_761_281_511_774_999_999, "2025-10-24T04:51:51.774Z"),
        (1_709_164_799_999_999_999, "2024-02-28T23:59:59.999Z"),
        (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854Z"),
    ],
)
def test_timestamps_are_cut_to_milliseconds(nanoseconds: int, text: str) -> None:
    assert format_timestamp(nanoseconds) == text

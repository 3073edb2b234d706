"""Numbers at the edge: what a client may write, exactly what comes of it, and how numbers are written back."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.native.json.decimals import PRICE, QUANTITY, TRIGGER_PRICE, read_number
from gateway.native.problems import ProblemError
from protocol.averages import average_price


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"60000"', 6_000_000),
        ("60000", 6_000_000),
        ('"60000.01"', 6_000_001),
        ("60000.01", 6_000_001),
        ('"0.10"', 10),
        ('"0.0100000000"', 1),
        ("1e3", 100_000),
        ("1.5E+1", 1_500),
        ("100e-4", 1),
        ('"1e3"', 100_000),
        (r'"\u0031"', 100),
        ('"007"', 700),
        ("100000000000", 10**13),
        ('"99999999999.99"', 9_999_999_999_999),
        ("0.1e1", 100),
    ],
)
def test_a_number_is_read_exactly(written: str, value: int) -> None:
    assert read_number(Raw(written), PRICE, 2) == value


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0", "invalid_value"),
        ("0.000", "invalid_value"),
        ("-0", "invalid_value"),
        ("-1", "invalid_value"),
        ('"-0.001"', "invalid_value"),
        ("1e400", "invalid_value"),
        ("1e-400", "invalid_value"),
        ("1e999999999", "invalid_value"),
        ("1" * 400, "invalid_value"),
        (f'"{"1" * 60_000}"', "invalid_value"),
        (f'"0.{"0" * 400}"', "invalid_value"),
        ("true", "invalid_value"),
        ("null", "invalid_value"),
        ("{}", "invalid_value"),
        ('["1"]', "invalid_value"),
        ('""', "invalid_value"),
        ('" 1"', "invalid_value"),
        ('"1 "', "invalid_value"),
        ('"1\\n"', "invalid_value"),
        ('"1_000"', "invalid_value"),
        ('"1,000"', "invalid_value"),
        ('"+1"', "invalid_value"),
        ('"٣"', "invalid_value"),
        ('"١٢٣"', "invalid_value"),
        ('"NaN"', "invalid_value"),
        ('"Infinity"', "invalid_value"),
        ('"0x10"', "invalid_value"),
        ('"1."', "invalid_value"),
        ('".5"', "invalid_value"),
        ('"1e"', "invalid_value"),
        ("0.001", "price_off_tick"),
        ('"60000.015"', "price_off_tick"),
        ("1e-3", "price_off_tick"),
        ('"1e-30"', "price_off_tick"),
        ("1e12", "price_too_large"),
        ('"100000000000.01"', "price_too_large"),
        ("9" * 60, "price_too_large"),
        ("1e40", "price_too_large"),
    ],
)
def test_what_is_no_price_is_told_by_code_and_field(written: str, code: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read_number(Raw(written.encode()), PRICE, 2)
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, "price", 422)
    assert caught.value.detail.startswith("price takes ")


def test_each_field_has_its_own_codes() -> None:
    for field, written, code in (
        (QUANTITY, "0.000001", "quantity_off_lot"),
        (QUANTITY, "1e9", "quantity_too_large"),
        (TRIGGER_PRICE, "0.000001", "trigger_price_off_tick"),
        (TRIGGER_PRICE, "1e9", "trigger_price_too_large"),
    ):
        with pytest.raises(ProblemError) as caught:
            read_number(Raw(written), field, 5)
        assert (caught.value.code, caught.value.field) == (code, field.name)


def test_bytes_that_are_no_text_are_no_number() -> None:
    with pytest.raises(ProblemError) as caught:
        read_number(Raw(b'"\xff1"'), PRICE, 2)
    assert caught.value.code == "invalid_value"


@pytest.mark.parametrize(
    ("filled_value", "filled_quantity", "price"),
    [
        (0, 0, None),
        (600_000 * 5, 5, "6000"),
        (6_000_001 * 7, 7, "60000.01"),
        (100 + 101 * 1, 2, "1.005"),
        (1 + 2 + 2 + 2, 8, "0.00875"),
        (10 + 10 + 11, 3, "0.103333333333"),
        (10 + 11 + 11, 3, "0.106666666667"),
        (6_000_000 * 2 + 6_000_001, 3, "60000.0033333"),
        (20_000_000_000_000, 3, "66666666666.7"),
        (2_000_000_000_000_000, 3, "6666666666670"),
        (29_999_999_999_999, 3, "100000000000"),
        (2**60 + 1, 2**30, "10737418.24000000000931322574615478515625"),
    ],
)
def test_the_average_price_is_exact_or_has_twelve_digits(
    filled_value: int, filled_quantity: int, price: str | None
) -> None:
    assert average_price(filled_value, filled_quantity, 2) == price


@given(st.lists(st.tuples(st.integers(1, 10**13), st.integers(1, 10**13)), min_size=1, max_size=5), st.integers(0, 8))
def test_the_average_price_is_as_near_as_its_digits_allow(fills: list[tuple[int, int]], decimals: int) -> None:
    value = sum(price * quantity for price, quantity in fills)
    quantity = sum(quantity for _, quantity in fills)
    text = average_price(value, quantity, decimals)
    assert text is not None
    assert "e" not in text.lower()
    assert "." not in text or not text.endswith(("0", "."))
    exact = Fraction(value, quantity) / 10**decimals
    shown = Fraction(text)
    if shown != exact:
        digits = len(text.replace(".", "").lstrip("0"))
        assert digits <= 12 or ("." not in text and text.rstrip("0") != text)
        assert abs(shown - exact) / exact <= Fraction(1, 10**11) / 2
        denominator = exact.denominator
        for prime in (2, 5):
            while denominator % prime == 0:
                denominator //= prime
        assert denominator != 1

"""The conversions between decimal text and integers, and the fees, against the exact arithmetic of the standard
library."""

from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocol.instrument import (
    MAX_DECIMAL_LENGTH,
    MAX_EXPONENT,
    DecimalError,
    InstrumentError,
    check_instrument,
    decimals_of,
    format_decimal,
    format_fee,
    parse_decimal,
    read_formatted,
)
from protocol.units import MAX_DECIMALS, MAX_FEE_BPS, MAX_INTEGER, MAX_PRICE, MAX_QUANTITY
from tests.oracle.commands_strategy import COIN, examples

decimals = st.integers(0, MAX_DECIMALS)
values = st.one_of(st.integers(-1_000, 1_000), st.integers(-MAX_INTEGER, MAX_INTEGER))
rates = st.one_of(st.integers(0, 30), st.sampled_from((0, 10, 100, 1_000, MAX_FEE_BPS)), st.integers(0, MAX_FEE_BPS))

digits = st.text("0123456789", min_size=1, max_size=20)
fractions = st.one_of(st.just(""), digits.map(".{}".format))
exponents = st.builds(
    "{}{}{}".format, st.sampled_from("eE"), st.sampled_from(("", "+", "-")), st.integers(0, MAX_EXPONENT)
)
numbers = st.builds("{}{}{}{}".format, st.sampled_from(("", "-")), digits, fractions, st.one_of(st.just(""), exponents))
"""Texts of decimal numbers, as JSON numbers may be, leading zeros and needless trailing ones included."""

exact = Context(prec=200, Emin=-1_000, Emax=1_000)


@examples
@given(values, decimals)
def test_formatted_values_are_parsed_back(value: int, decimals: int) -> None:
    assert parse_decimal(format_decimal(value, decimals), decimals) == value


@examples
@given(st.integers(-(10**120), 10**120), decimals, st.integers(0, 12))
def test_formatted_values_of_any_size_are_read_back(value: int, decimals: int, finer: int) -> None:
    """Also in a unit that has become finer since."""
    assert read_formatted(format_decimal(value, decimals), decimals + finer) == value * 10**finer


@examples
@given(values, decimals)
def test_text_is_the_shortest_plain_one_of_the_value(value: int, decimals: int) -> None:
    text = format_decimal(value, decimals)
    assert Fraction(text) == Fraction(value, 10**decimals)
    assert text == format(exact.normalize(Decimal(text)), "f")


@examples
@given(numbers, decimals)
def test_number_is_parsed_exactly_or_not_at_all(text: str, decimals: int) -> None:
    assume(len(text) <= MAX_DECIMAL_LENGTH)
    expected = Fraction(Decimal(text)) * 10**decimals
    if expected.denominator == 1:
        assert parse_decimal(text, decimals) == expected
    else:
        with pytest.raises(DecimalError, match=f"at most {decimals} decimals"):
            parse_decimal(text, decimals)


@examples
@given(numbers)
def test_decimals_of_a_number_are_the_fewest_that_hold_it(text: str) -> None:
    assume(len(text) <= MAX_DECIMAL_LENGTH)
    value = Fraction(Decimal(text))
    assume((value * 10**MAX_DECIMALS).denominator == 1)
    fewest = next(count for count in range(MAX_DECIMALS + 1) if (value * 10**count).denominator == 1)
    assert decimals_of(text) == fewest


@examples
@given(st.text(st.characters() | st.sampled_from("0123456789.-+eE_ ٣"), max_size=8), decimals)
def test_no_text_but_a_number_is_parsed(text: str, decimals: int) -> None:
    """What is parsed is what decimal reads too; any other text is a DecimalError and nothing else."""
    try:
        value = parse_decimal(text, decimals)
    except DecimalError:
        return
    assert Fraction(value, 10**decimals) == Fraction(Decimal(text))
    assert text == text.strip() and "_" not in text and text.isascii() and not text.startswith((".", "+"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        ".",
        ".5",
        "5.",
        "+5",
        " 5",
        "5 ",
        "5\n",
        "1_000",
        "1,5",
        "٣",
        "0x10",
        "inf",
        "NaN",
        "1e",
        "1e5.0",
        "--1",
        "1e99999",
    ],
)
def test_texts_that_are_no_numbers(text: str) -> None:
    with pytest.raises(DecimalError):
        parse_decimal(text, 2)


@pytest.mark.parametrize("text", ["0" * MAX_DECIMAL_LENGTH + "1", "1e200", "1e-200", "0e9999"])
def test_numbers_of_absurd_length_or_exponent_are_refused(text: str) -> None:
    with pytest.raises(DecimalError, match="at most"):
        parse_decimal(text, 2)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 0, "0"),
        (0, 8, "0"),
        (1, 8, "0.00000001"),
        (-1, 2, "-0.01"),
        (100, 2, "1"),
        (110, 2, "1.1"),
        (1_000, 0, "1000"),
        (10**21, 2, "1" + "0" * 19),
    ],
)
def test_texts_of_values(value: int, decimals: int, text: str) -> None:
    assert format_decimal(value, decimals) == text


@examples
@given(st.integers(1, MAX_PRICE), st.integers(1, MAX_QUANTITY), decimals, decimals, rates, rates)
def test_fees_are_exact(
    price: int, quantity: int, price_decimals: int, quantity_decimals: int, maker: int, taker: int
) -> None:
    """price x quantity x rate, to the last digit, in the unit that the instrument tells."""
    instrument = replace(
        COIN,
        price_decimals=price_decimals,
        quantity_decimals=quantity_decimals,
        maker_fee_bps=maker,
        taker_fee_bps=taker,
    )
    value = Fraction(price, 10**price_decimals) * Fraction(quantity, 10**quantity_decimals)
    assert Fraction(price * quantity, 10**instrument.value_decimals) == value
    for rate in (maker, taker):
        fee = value * Fraction(rate, 10_000)
        assert Fraction(instrument.fee(price, quantity, rate), 10**instrument.fee_decimals) == fee
        assert Fraction(format_fee(instrument, price, quantity, rate)) == fee


@examples
@given(rates, rates)
def test_fee_unit_is_no_smaller_than_the_rates_need(maker: int, taker: int) -> None:
    """With one decimal less, a fee for the smallest value would not be whole."""
    assume(maker % MAX_FEE_BPS or taker % MAX_FEE_BPS)
    instrument = replace(COIN, maker_fee_bps=maker, taker_fee_bps=taker)
    tenfold = Fraction(10, 10**instrument.fee_decimals)
    smallest = Fraction(1, 10**instrument.value_decimals)
    assert any((smallest * Fraction(rate, 10_000) / tenfold).denominator != 1 for rate in (maker, taker))


@examples
@given(st.integers(1, MAX_PRICE), st.integers(1, MAX_QUANTITY), rates, rates)
def test_instruments_that_are_allowed_have_fees_within_63_bits(
    max_price: int, max_quantity: int, maker: int, taker: int
) -> None:
    instrument = replace(
        COIN,
        tick_size=1,
        lot_size=1,
        min_quantity=1,
        min_notional=0,
        max_price=max_price,
        max_quantity=max_quantity,
        maker_fee_bps=maker,
        taker_fee_bps=taker,
    )
    largest = max(max_price * max_quantity, *(instrument.fee(max_price, max_quantity, rate) for rate in (maker, taker)))
    if largest <= 2**63 - 1:
        check_instrument(instrument)
    else:
        with pytest.raises(InstrumentError) as raised:
            check_instrument(instrument)
        assert raised.value.field == "max_quantity"

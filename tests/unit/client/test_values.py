"""What users give, before anything is sent: decimals, times, order names, addresses and keys."""

import pickle
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from matching_exchange import Client, HmacKey, InvalidValue, OutcomeUnknown, PrivateKey, RateLimited, Time
from matching_exchange.client.calls.orders import amend, cancel
from matching_exchange.client.decimals import decimal_text
from matching_exchange.client.times import parse_time, time_text
from matching_exchange.client.types.administration import NewKey
from matching_exchange.client.types.words import KeyType


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.10", "0.10"),
        ("1e-3", "1e-3"),
        (Decimal("60000.01"), "60000.01"),
        (Decimal("1E+5"), "1E+5"),
        (Decimal("-0"), "0"),
        (12, "12"),
        (0, "0"),
    ],
)
def test_an_exact_number_is_sent_as_it_is(value: object, text: str) -> None:
    assert decimal_text(value, "price") == text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0.1, 'price takes no float: 0.1 may not be the number that you wrote. Write Decimal("0.1") or "0.1" instead.'),
        (True, "price takes a Decimal, a str or an int, not True."),
        (None, "price takes a Decimal, a str or an int, not a NoneType."),
        (Decimal("NaN"), "price takes a finite number, not NaN."),
        (Decimal("-Infinity"), "price takes a finite number, not -Infinity."),
        (-1, "price takes a decimal number of zero or more, such as \"0.5\", not '-1'."),
        ("1,5", "price takes a decimal number of zero or more, such as \"0.5\", not '1,5'."),
        ("nan", "price takes a decimal number of zero or more, such as \"0.5\", not 'nan'."),
        ("٣", "price takes a decimal number of zero or more, such as \"0.5\", not '٣'."),
        ("1" * 65, "price takes at most 64 characters, not 65."),
    ],
)
def test_what_is_no_exact_number_is_refused_with_a_sentence(value: object, sentence: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        decimal_text(value, "price")
    assert (caught.value.code, caught.value.field, caught.value.message) == ("invalid_value", "price", sentence)
    assert isinstance(caught.value, ValueError)


def test_times_are_nanoseconds_in_utc() -> None:
    moment = parse_time("2026-11-22T13:00:00.123456789+01:00")
    assert moment == 1_795_348_800_123_456_789
    assert moment.datetime == datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
    assert moment.text == "2026-11-22T12:00:00.123456789Z"
    assert Time(1_795_348_800_000_000_000).text == "2026-11-22T12:00:00.000Z"
    assert parse_time("1969-12-31T23:59:59.5Z") == -500_000_000


def test_a_time_may_be_given_in_three_ways() -> None:
    zone = timezone(timedelta(hours=1))
    assert time_text(datetime(2026, 11, 22, 13, 0, 0, 5, tzinfo=zone), "start") == "2026-11-22T12:00:00.000005Z"
    assert time_text(Time(5), "start") == "1970-01-01T00:00:00.000000005Z"
    assert time_text("2026-11-22T12:00:00Z", "start") == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), 1.5, True, 10**40])  # noqa: DTZ001
def test_what_is_no_exact_time_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValue, match="start takes"):
        time_text(value, "start")


def test_an_order_has_one_name() -> None:
    assert cancel(7).path == "/orders/7"
    assert cancel(client_order_id="a:b").path == "/orders/client%3Aa%3Ab"
    for names in ({}, {"order_id": 7, "client_order_id": "a"}, {"order_id": True}, {"order_id": 1.0}):
        with pytest.raises(InvalidValue):
            cancel(**names)
    with pytest.raises(InvalidValue, match="amend takes a quantity"):
        amend(7)


@pytest.mark.parametrize("url", ["ftp://a", "127.0.0.1:8000", "http://", "http://a:b", "http://u:p@a", "http://a?x=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Client(url)
    assert caught.value.field == "url"


def test_the_environment_tells_where_and_who(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_URL", "https://exchange.example/below/")
    monkeypatch.setenv("EXCHANGE_KEY", "nonsense")
    with pytest.raises(InvalidValue, match=r"key takes <key>\.<secret>"):
        Client()
    monkeypatch.setenv("EXCHANGE_KEY", "k.s")
    with Client() as client:
        assert client.url == "https://exchange.example/below"
    with Client("http://here") as client:
        assert client.url == "http://here"


def test_no_secret_is_ever_shown() -> None:
    hidden = "S3CRET" * 8
    with Client("http://here", key=f"key.{hidden}", admin_token=hidden) as client:
        assert hidden not in repr(client)
    assert hidden not in repr(HmacKey("key", hidden))
    made = NewKey("key", "ann", "bot", KeyType.HMAC, (), (), Time(0), None, hidden)
    assert hidden not in repr(made)
    assert made.bearer == f"key.{hidden}"
    for refused in (lambda: Client(key=hidden), lambda: Client(key=f"k.{hidden}\n"), lambda: PrivateKey("k", hidden)):
        with pytest.raises(InvalidValue) as caught:
            refused()
        assert hidden not in str(caught.value)
        assert caught.value.__cause__ is None


def test_an_rsa_key_signs() -> None:
    private = rsa.generate_private_key(65537, 2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    headers, query = PrivateKey("key", pem.decode(), recv_window=60_000).proved("a=1", b"{}")
    signed, _, signature = query.partition("&signature=")
    assert headers == {"X-MBX-APIKEY": "key"}
    assert signed.startswith("a=1&timestamp=")
    assert signed.endswith("&recvWindow=60000")
    private.public_key().verify(b64decode(unquote(signature)), f"{signed}{{}}".encode(), PKCS1v15(), SHA256())
    with pytest.raises(InvalidValue, match="recv_window takes a whole number from 1 to 60000"):
        HmacKey("key", "secret", recv_window=60_001)


def test_errors_go_from_process_to_process() -> None:
    limited = pickle.loads(pickle.dumps(RateLimited("rate_limited", "Too much.", None, 429, 2.0)))
    assert (limited.code, limited.retry_after, str(limited)) == ("rate_limited", 2.0, "rate_limited: Too much.")
    unknown = pickle.loads(pickle.dumps(OutcomeUnknown("No answer.", 504, "mine")))
    assert (unknown.client_order_id, unknown.status) == ("mine", 504)

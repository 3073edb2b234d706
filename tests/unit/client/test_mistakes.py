"""What users mistake: refused with a sentence before anything is sent."""

from collections.abc import Callable
from typing import Any

import pytest

from matching_exchange import AsyncClient, AsyncZmqClient, Client, HmacKey, InvalidValue, ZmqClient
from matching_exchange.client.connection import Connection
from matching_exchange.client.errors import Disconnected
from matching_exchange.client.zmq import units
from matching_exchange.testing import Exchange
from matching_exchange.tools.processes import ExchangeError
from protocol.curve import ClientKeys

SECRET = "s" * 40


def wrong(value: object) -> Any:
    """A value of another type than the annotation's, as a program without a type checker gives it."""
    return value


@pytest.mark.parametrize("scheme", ["HTTPS", "Https", "https"])
def test_an_encrypted_address_is_one_whatever_its_letters(scheme: str) -> None:
    """Its certificate would not be verified else."""
    connection = Connection(f"{scheme}://exchange.example/base/", None, None, None)
    assert connection.url == "https://exchange.example/base"
    assert connection.is_encrypted


def test_a_text_is_no_list_of_orders() -> None:
    with Client("http://127.0.0.1:9", timeout=0.1) as client, pytest.raises(InvalidValue, match="not one text"):
        client.cancel_batch("12")


def test_a_closed_client_takes_no_calls() -> None:
    client = Client("http://127.0.0.1:9", timeout=0.1)
    client.close()
    with pytest.raises(Disconnected, match="client_closed"):
        client.health()


def test_an_exchange_that_does_not_run_gives_no_client() -> None:
    """A client without an address would trade on another exchange."""
    with pytest.raises(ExchangeError, match="use it in a with statement"):
        Exchange().client()


@pytest.mark.parametrize("value", ["no", 0.0, 1])
def test_a_flag_is_true_or_false(value: object) -> None:
    with pytest.raises(InvalidValue, match="post_only takes true or false"):
        units.flag(value, "post_only")  # type: ignore[arg-type]


def test_keys_are_shown_without_their_secret() -> None:
    assert SECRET not in repr(ClientKeys("p" * 40, SECRET))


@pytest.mark.parametrize("timeout", ["5", None, 0, -1, float("nan"), True, 1e9])
@pytest.mark.parametrize("make", [Client, AsyncClient, ZmqClient, AsyncZmqClient])
def test_a_timeout_is_a_number_of_seconds(make: Callable[..., object], timeout: object) -> None:
    with pytest.raises(InvalidValue, match="timeout takes a number of seconds above 0"):
        make(timeout=timeout)


@pytest.mark.parametrize("window", ["5", 1.5, True, 0])
def test_a_window_is_a_whole_number(window: object) -> None:
    with pytest.raises(InvalidValue, match="window takes a whole number from 1"):
        ZmqClient(window=window)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: HmacKey("k" * 64, wrong(b"secret")), "secret takes a text, not bytes"),
        (lambda: HmacKey("k" * 64, "s" * 64, recv_window=wrong("5")), "recv_window takes a whole number from 1"),
        (lambda: ZmqClient(server_key=wrong(b"k" * 40)), "server_key takes a CURVE key as text, not bytes"),
        (lambda: ZmqClient(order_deadline=wrong("5")), "order_deadline takes a number of seconds above 0"),
    ],
)
def test_keys_and_deadlines_are_checked_where_they_are_given(make: Callable[[], object], told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        make()

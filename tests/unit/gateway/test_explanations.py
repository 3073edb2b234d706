"""What a request is told that names a field which does not take its value."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.gateway.fakes import Gateway

ORDER = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "price": "1", "quantity": "1"}
TYPES = "market, limit, ioc, fok, stop_market, stop_limit, take_profit, take_profit_limit, trailing_stop, trailing_stop_limit"
TIME = 'a text such as "2026-11-22T12:00:00Z"'
STATUSES = "one of trading, cancel_only, halted"
NAMES = "takes 1 to 64 of letters, digits and . _ : -."


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.mark.parametrize("value", [1, True, [], {}])
@pytest.mark.parametrize(
    ("path", "body", "field", "takes"),
    [
        ("/orders", ORDER, "side", "one of buy, sell"),
        ("/orders", ORDER, "order_type", f"one of {TYPES}"),
        (
            "/orders",
            ORDER,
            "self_trade_prevention",
            "one of none, cancel_newest, cancel_oldest, cancel_both, decrement",
        ),
        ("/orders", ORDER, "expire_time", TIME),
        ("/orders", ORDER, "symbol", 'a text such as "BTC-USDT"'),
        ("/orders", ORDER, "account", 'a text such as "default"'),
        ("/orders/oco", {**ORDER, "stop_trigger_price": "1"}, "side", "one of buy, sell"),
        ("/orders/oco", {**ORDER, "stop_trigger_price": "1"}, "client_order_id", 'a text such as "exit-1"'),
        ("/admin/instruments", {"symbol": "BTC-USDT"}, "status", STATUSES),
    ],
)
def test_a_value_of_another_kind_is_told_what_the_field_takes(
    gateway: Gateway, path: str, body: dict[str, Any], field: str, takes: str, value: Any
) -> None:
    sent = {name: given for name, given in body.items() if path != "/orders/oco" or name != "order_type"}
    answer = gateway.request("POST", path, {**sent, field: value})
    assert answer.problem == (422, "invalid_value", field)
    assert answer.json["detail"] == f"{field} takes {takes}."


def test_null_is_told_so_too(gateway: Gateway) -> None:
    answer = gateway.request("POST", "/orders", {**ORDER, "side": None})
    assert answer.json["detail"] == "side takes one of buy, sell."


def test_a_name_that_is_none_is_told_with_its_field(gateway: Gateway) -> None:
    for field in ("account", "client_order_id"):
        answer = gateway.request("POST", "/orders", {**ORDER, field: "no spaces"})
        assert answer.problem == (422, "invalid_name", field)
        assert answer.json["detail"] == f"{field} {NAMES}"
    answer = gateway.request("GET", "/orders?account=no%20spaces")
    assert answer.json["detail"] == f"account {NAMES}"


def test_of_a_key_that_is_there_twice_the_last_counts(gateway: Gateway) -> None:
    answer = gateway.request(
        "POST", "/orders", b'{"side":"buy","side":"neither","symbol":"BTC-USDT","order_type":"ioc"}'
    )
    assert answer.problem == (422, "invalid_value", "side")

"""The numbers of limits in the texts of refusals: from where they come."""

from collections.abc import Iterator

import pytest

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import InstrumentsQuery, PlaceOrder
from protocol.events import CommandRefused
from protocol.units import Refusal
from tests.unit.gateway.fakes import Gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def test_limits_are_told_as_they_were_where_nobody_can_be_asked(gateway: Gateway) -> None:
    gateway.request("GET", "/depth?symbol=BTC-USDT")
    gateway.broker.answers[PlaceOrder] = CommandRefused(Refusal.PRICE_TOO_LARGE)
    gateway.broker.results[InstrumentsQuery] = MatcherUnavailableError("away")
    order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "60000"}
    answer = gateway.request("POST", "/orders", order)
    assert answer.problem == (422, "price_too_large", "price")
    assert answer.json["detail"] == "price takes at most 10000000, the instrument's max_price."


def test_one_call_asks_for_an_instrument_once(gateway: Gateway) -> None:
    gateway.broker.answers[PlaceOrder] = CommandRefused(Refusal.QUANTITY_TOO_SMALL)
    order = {"symbol": "BTC-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "60000"}
    answer = gateway.request("POST", "/orders/batch", {"orders": [order] * 10})
    assert {result["detail"] for result in answer.json["results"]} == {
        "quantity takes at least 0.00001, the instrument's min_quantity."
    }
    assert gateway.broker.queries == [InstrumentsQuery(), InstrumentsQuery("BTC-USDT")]

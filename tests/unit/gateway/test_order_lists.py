"""Lists of orders: their filters, and their pages."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import OrdersQuery, PlaceOrder
from protocol.events import OrderPage
from tests.unit.gateway.fakes import Gateway
from tests.unit.gateway.order_answers import RESTS, STATE


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.answers[PlaceOrder] = RESTS
        yield gateway


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_filters_of_lists_are_checked(gateway: Gateway, method: str) -> None:
    assert gateway.request(method, "/orders?symbol=NOPE").problem == (404, "unknown_symbol", "symbol")
    assert gateway.request(method, "/orders?account=").problem == (422, "invalid_name", "account")
    assert gateway.request(method, "/orders?side=buy").problem == (422, "unknown_field", "side")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=%D9%A1", "limit"),
        ("status=rejected", "status"),
        ("after=x", "after"),
        ("after=-1", "after"),
        ("after=" + "9" * 30, "after"),
    ],
)
def test_a_bad_parameter_of_the_list_is_named(gateway: Gateway, query: str, field: str) -> None:
    assert gateway.request("GET", f"/orders?{query}").problem == (422, "invalid_value", field)


def test_the_list_is_asked_for_as_the_client_said(gateway: Gateway) -> None:
    gateway.broker.results[OrdersQuery] = OrderPage([], None)
    assert gateway.request("GET", "/orders").json == {"orders": [], "next": None}
    gateway.request("GET", "/orders?symbol=BTC-USDT&account=alice&status=done&limit=1000&after=17")
    asked = [query for query in gateway.broker.queries if isinstance(query, OrdersQuery)]
    assert asked == [OrdersQuery(None, None, False, 100, 0), OrdersQuery("BTC-USDT", "alice", True, 1000, 17)]


def test_short_pages_of_the_matcher_are_joined(gateway: Gateway) -> None:
    pages = {
        0: OrderPage([STATE], 10),
        10: OrderPage([], 20),
        20: OrderPage([structs.replace(STATE, order_id=42), structs.replace(STATE, order_id=43)], 30),
    }
    gateway.broker.results[OrdersQuery] = lambda query: pages[query.after]
    answer = gateway.request("GET", "/orders?limit=3").json
    assert [order["order_id"] for order in answer["orders"]] == ["41", "42", "43"]
    assert answer["next"] == "30"
    limits = [query.limit for query in gateway.broker.queries if isinstance(query, OrdersQuery)]
    assert limits == [3, 2, 2]


def test_the_list_ends_where_the_matcher_says(gateway: Gateway) -> None:
    pages = {0: OrderPage([STATE], 10), 10: OrderPage([], None)}
    gateway.broker.results[OrdersQuery] = lambda query: pages[query.after]
    answer = gateway.request("GET", "/orders").json
    assert (len(answer["orders"]), answer["next"]) == (1, None)


def test_joining_pages_takes_a_bounded_time(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.exchange.orders.LIST_SECONDS", 0.0)
    gateway.broker.results[OrdersQuery] = lambda query: OrderPage([], query.after + 1)
    assert gateway.request("GET", "/orders").json == {"orders": [], "next": "1"}


def test_a_list_that_breaks_off_can_be_continued(gateway: Gateway) -> None:
    pages = {0: OrderPage([STATE], 10), 10: MatcherUnavailableError("")}
    gateway.broker.results[OrdersQuery] = lambda query: pages[query.after]
    answer = gateway.request("GET", "/orders").json
    assert (len(answer["orders"]), answer["next"]) == (1, "10")
    gateway.broker.results[OrdersQuery] = MatcherUnavailableError("")
    assert gateway.request("GET", "/orders").problem == (503, "matcher_unavailable", None)

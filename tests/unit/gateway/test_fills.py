"""GET /fills: what is asked of the matcher, what the client is answered, and every error."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import FillsQuery
from protocol.events import Fill, FillPage, Trade
from protocol.units import Side
from tests.unit.gateway.fakes import TIMESTAMP, TIMESTAMP_TEXT, Gateway

TRADE = Trade("BTC-USDT", 5, 6_000_000, 50_000, Side.SELL, 3, 4, 10, 20, 9, TIMESTAMP)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.results[FillsQuery] = FillPage([], None)
        yield gateway


def asked(gateway: Gateway) -> list[FillsQuery]:
    return [query for query in gateway.broker.queries if isinstance(query, FillsQuery)]


def test_fills_are_told_from_the_accounts_side(gateway: Gateway) -> None:
    later = structs.replace(TRADE, trade_id=6, sequence=10, maker_order_id=4, taker_order_id=7, aggressor_side=Side.BUY)
    gateway.broker.results[FillsQuery] = FillPage([Fill(4, False, TRADE), Fill(4, True, later)], (10, 6))
    answer = gateway.request("GET", "/fills?account=alice")
    common = {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "order_id": "4",
        "side": "sell",
        "price": "60000",
        "quantity": "0.5",
    }
    assert answer.json == {
        "fills": [
            {**common, "sequence": 9, "trade_id": "5", "fee": "60", "liquidity": "taker"},
            {**common, "sequence": 10, "trade_id": "6", "fee": "30", "liquidity": "maker"},
        ],
        "next": "10-6",
    }
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_is_asked_for_as_the_client_said(gateway: Gateway) -> None:
    assert gateway.request("GET", "/fills").json == {"fills": [], "next": None}
    gateway.request("GET", "/fills?account=alice&symbol=BTC-USDT&limit=1000&after=10-6")
    assert asked(gateway) == [FillsQuery("default", None, 100, None), FillsQuery("alice", "BTC-USDT", 1000, (10, 6))]


def test_the_next_of_one_page_is_the_after_of_the_other(gateway: Gateway) -> None:
    gateway.broker.results[FillsQuery] = FillPage([Fill(4, False, TRADE)], (9, 5))
    cursor = gateway.request("GET", "/fills").json["next"]
    gateway.request("GET", f"/fills?after={cursor}")
    assert asked(gateway)[-1].after == (9, 5)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("account=", (422, "invalid_name", "account")),
        ("account=no%20spaces", (422, "invalid_name", "account")),
        ("symbol=NOPE", (404, "unknown_symbol", "symbol")),
        ("limit=0", (422, "invalid_value", "limit")),
        ("limit=1001", (422, "invalid_value", "limit")),
        ("after=", (422, "invalid_value", "after")),
        ("after=5", (422, "invalid_value", "after")),
        ("after=-5", (422, "invalid_value", "after")),
        ("after=1-2-3", (422, "invalid_value", "after")),
        ("after=a-b", (422, "invalid_value", "after")),
        ("after=%D9%A1-%D9%A1", (422, "invalid_value", "after")),
        ("after=" + "9" * 19 + "-1", (422, "invalid_value", "after")),
        ("side=buy", (422, "unknown_field", "side")),
        ("limit=1&limit=2", (422, "invalid_value", "limit")),
    ],
)
def test_a_bad_parameter_is_named(gateway: Gateway, query: str, expected: tuple[int, str, str]) -> None:
    assert gateway.request("GET", f"/fills?{query}").problem == expected
    assert asked(gateway) == []


def test_no_matcher_is_told(gateway: Gateway) -> None:
    gateway.broker.results[FillsQuery] = MatcherUnavailableError("")
    assert gateway.request("GET", "/fills").problem == (503, "matcher_unavailable", None)

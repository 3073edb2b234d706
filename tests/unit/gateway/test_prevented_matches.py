"""GET /accounts/{account}/prevented-matches: what is asked of the matcher, and what the client is answered."""

from collections.abc import Iterator

import pytest

from protocol.commands import PreventedMatchesQuery
from protocol.events import PreventedMatch, PreventedMatchList
from protocol.units import SelfTradePrevention
from tests.unit.gateway.fakes import TIMESTAMP, TIMESTAMP_TEXT, Gateway

PATH = "/accounts/alice/prevented-matches"

MATCH = PreventedMatch(
    9437185, "BTC-USDT", 42, 41, SelfTradePrevention.CANCEL_NEWEST, 6_000_000, 50_000, 0, 9, TIMESTAMP
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.results[PreventedMatchesQuery] = PreventedMatchList([MATCH], 9437185)
        yield gateway


def test_matches_are_listed(gateway: Gateway) -> None:
    answer = gateway.request("GET", f"{PATH}?symbol=BTC-USDT&after=3&limit=7")
    assert gateway.broker.queries[-1] == PreventedMatchesQuery("alice", "BTC-USDT", None, 3, 7)
    assert answer.json == {
        "prevented_matches": [
            {
                "prevented_match_id": "9437185",
                "symbol": "BTC-USDT",
                "taker_order_id": "42",
                "maker_order_id": "41",
                "self_trade_prevention": "cancel_newest",
                "price": "60000",
                "taker_quantity": "0.5",
                "maker_quantity": "0",
                "sequence": 9,
                "timestamp": TIMESTAMP_TEXT,
            }
        ],
        "next": "9437185",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("symbol=NO-USDT", (404, "unknown_symbol", "symbol")),
        ("limit=0", (422, "invalid_value", "limit")),
        ("limit=1001", (422, "invalid_value", "limit")),
        ("after=x", (422, "invalid_value", "after")),
        ("order_id=1", (422, "unknown_field", "order_id")),
    ],
)
def test_a_bad_parameter_is_told(gateway: Gateway, query: str, expected: tuple[int, str, str]) -> None:
    assert gateway.request("GET", f"{PATH}?{query}").problem == expected

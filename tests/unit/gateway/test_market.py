"""The routes of market data, instruments and health."""

from collections.abc import Iterator

import pytest
from msgspec import structs

from gateway.link.errors import MatcherUnavailableError, TooMuchInFlightError
from matching_exchange.process.version import VERSION
from protocol.commands import DepthQuery, InstrumentsQuery, StatusQuery, TradesQuery
from protocol.events import CommandRefused, Depth, InstrumentList, MatcherStatus, Trade, TradeHistory
from protocol.units import InstrumentStatus, Refusal, Side
from tests.unit.gateway.fakes import BTC, BTC_VIEW, SEQUENCE, TIMESTAMP, TIMESTAMP_TEXT, Gateway


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        gateway.broker.results[DepthQuery] = Depth("BTC-USDT", [(6_000_000, 100_000)], [])
        gateway.broker.results[TradesQuery] = TradeHistory(
            "BTC-USDT",
            [Trade("BTC-USDT", number, 100, 100_000, Side.BUY, 1, 2, 10, 20, 5, TIMESTAMP) for number in (8, 9)],
        )
        yield gateway


def test_depth(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/depth?symbol=BTC-USDT")
    assert answer.json == {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "sequence": SEQUENCE,
        "bids": [["60000", "1"]],
        "asks": [],
    }
    assert answer.headers["cache-control"] == "no-store"
    gateway.request("GET", "/depth?symbol=BTC-USDT&levels=1000")
    assert [query for query in gateway.broker.queries if isinstance(query, DepthQuery)] == [
        DepthQuery("BTC-USDT", 10),
        DepthQuery("BTC-USDT", 1000),
    ]


def test_best_prices(gateway: Gateway) -> None:
    assert gateway.request("GET", "/bbo?symbol=BTC-USDT").json == {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "sequence": SEQUENCE,
        "bid": ["60000", "1"],
        "ask": None,
    }


def test_the_last_trades(gateway: Gateway) -> None:
    answer = gateway.request("GET", "/trades?symbol=BTC-USDT&limit=2").json
    assert answer["symbol"] == "BTC-USDT"
    assert [trade["trade_id"] for trade in answer["trades"]] == ["8", "9"]
    assert answer["trades"][0] == {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "sequence": 5,
        "trade_id": "8",
        "price": "1",
        "quantity": "1",
        "aggressor_side": "buy",
        "maker_order_id": "1",
        "taker_order_id": "2",
        "maker_fee": "0.001",
        "taker_fee": "0.002",
    }
    assert gateway.broker.queries[-1] == TradesQuery("BTC-USDT", 2)


@pytest.mark.parametrize("path", ["/depth", "/bbo", "/trades"])
def test_reads_name_what_is_wrong_with_their_parameters(gateway: Gateway, path: str) -> None:
    assert gateway.request("GET", path).problem == (422, "missing_field", "symbol")
    assert gateway.request("GET", f"{path}?symbol=NOPE").problem == (404, "unknown_symbol", "symbol")
    assert gateway.request("GET", f"{path}?symbol=").problem == (404, "unknown_symbol", "symbol")
    assert gateway.request("GET", f"{path}?symbol=BTC-USDT&depth=1").problem == (422, "unknown_field", "depth")
    assert gateway.request("GET", f"{path}?symbol=BTC-USDT&symbol=BTC-USDT").problem == (422, "invalid_value", "symbol")


@pytest.mark.parametrize("parameter", ["/depth?symbol=BTC-USDT&levels", "/trades?symbol=BTC-USDT&limit"])
@pytest.mark.parametrize("value", ["0", "1001", "-1", "ten", "1e1", "", "9" * 5000])
def test_how_much_is_asked_for_is_bounded(gateway: Gateway, parameter: str, value: str) -> None:
    assert gateway.request("GET", f"{parameter}={value}").problem == (
        422,
        "invalid_value",
        parameter.rpartition("&")[2],
    )


@pytest.mark.parametrize("path", ["/depth", "/bbo", "/trades"])
def test_reads_tell_what_the_matcher_says(gateway: Gateway, path: str) -> None:
    for kind in (DepthQuery, TradesQuery):
        gateway.broker.results[kind] = CommandRefused(Refusal.UNKNOWN_SYMBOL)
    assert gateway.request("GET", f"{path}?symbol=BTC-USDT").problem == (404, "unknown_symbol", "symbol")
    for kind in (DepthQuery, TradesQuery):
        gateway.broker.results[kind] = MatcherUnavailableError("")
    answer = gateway.request("GET", f"{path}?symbol=BTC-USDT")
    assert answer.problem == (503, "matcher_unavailable", None)
    assert answer.headers["retry-after"] == "1"


def test_instruments_are_listed_as_they_are_now(gateway: Gateway) -> None:
    assert gateway.request("GET", "/instruments").json == {"instruments": [BTC_VIEW]}
    halted = structs.replace(BTC, status=InstrumentStatus.HALTED)
    gateway.broker.results[InstrumentsQuery] = InstrumentList([halted])
    assert gateway.request("GET", "/instruments").json == {"instruments": [{**BTC_VIEW, "status": "halted"}]}
    assert gateway.request("GET", "/instruments?symbol=BTC-USDT").problem == (422, "unknown_field", "symbol")


def test_an_instrument_that_was_added_meanwhile_is_found(gateway: Gateway) -> None:
    assert gateway.request("GET", "/depth?symbol=NEW-USDT").problem[1] == "unknown_symbol"
    gateway.broker.results[InstrumentsQuery] = InstrumentList([BTC, structs.replace(BTC, symbol="NEW-USDT")])
    assert gateway.request("GET", "/depth?symbol=NEW-USDT").status == 200


def test_a_known_instrument_is_not_asked_for_again(gateway: Gateway) -> None:
    gateway.request("GET", "/depth?symbol=BTC-USDT")
    gateway.request("GET", "/bbo?symbol=BTC-USDT")
    assert gateway.broker.queries.count(InstrumentsQuery()) == 1


def test_another_journal_makes_all_instruments_unknown(gateway: Gateway) -> None:
    gateway.request("GET", "/depth?symbol=BTC-USDT")
    gateway.broker.results[InstrumentsQuery] = InstrumentList([])
    for callback in gateway.broker.resets:
        callback()
    assert gateway.request("GET", "/depth?symbol=BTC-USDT").problem[1] == "unknown_symbol"


def test_health(gateway: Gateway) -> None:
    gateway.broker.epoch = 2**60
    gateway.broker.results[StatusQuery] = MatcherStatus(2**60, "interval:50", 12, 61_999_999_999, 3, "compiled")
    gateway.broker.clock_difference = -1_500_000_001
    answer = gateway.request("GET", "/health")
    assert answer.status == 200
    assert answer.json == {
        "status": "ok",
        "sync": "interval:50",
        "sequence": SEQUENCE,
        "open_orders": 12,
        "uptime": 61,
        "refused_frames": 3,
        "epoch": str(2**60),
        "clock_difference_ms": -1_501,
        "version": VERSION,
        "core": "compiled",
        "faucet": {},
        "auth": "off",
        "history": {
            "status": "off",
            "detail": "neither HISTORY_DATABASE nor MATCHER_DATA_DIR is set",
            "sequence": None,
            "lag": None,
            "lag_seconds": None,
            "complete_from": None,
        },
        "faults": None,
    }


@pytest.mark.parametrize("failure", [MatcherUnavailableError(""), TooMuchInFlightError("")])
def test_without_a_matcher_health_says_so(gateway: Gateway, failure: Exception) -> None:
    gateway.broker.results[StatusQuery] = failure
    answer = gateway.request("GET", "/health")
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["retry-after"] == "1"
    assert (answer.json["status"], answer.json["auth"]) == ("unavailable", "off")


@pytest.mark.parametrize(("available", "epoch"), [(False, 1), (True, 2)])
def test_a_matcher_that_takes_no_commands_yet_is_not_healthy(gateway: Gateway, *, available: bool, epoch: int) -> None:
    gateway.broker.available = available
    gateway.broker.results[StatusQuery] = MatcherStatus(epoch, "always", 0, 0, 0)
    answer = gateway.request("GET", "/health")
    assert (answer.status, answer.json["status"], answer.headers["retry-after"]) == (503, "unavailable", "1")


@pytest.mark.parametrize("path", ["/nope", "/orders/", "/orders/1/trades", "/admin", "/api/v3/order", "/ws/trades"])
def test_nothing_is_at_another_path(gateway: Gateway, path: str) -> None:
    assert gateway.request("GET", path).problem == (404, "not_found", None)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/orders", "DELETE, GET, HEAD, POST"),
        ("/orders/1", "DELETE, GET, HEAD, PATCH"),
        ("/depth", "GET, HEAD"),
        ("/admin/save", "POST"),
        ("/", "GET, HEAD"),
        ("/static/common/api.js", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS"])
def test_another_method_is_told_those_that_are_allowed(gateway: Gateway, path: str, allowed: str, method: str) -> None:
    answer = gateway.request(method, path)
    assert answer.problem == (405, "method_not_allowed", None)
    assert answer.headers["allow"] == allowed


def test_head_is_answered_like_get(gateway: Gateway) -> None:
    assert gateway.request("HEAD", "/bbo?symbol=BTC-USDT").status == 200
    assert gateway.request("HEAD", "/bbo").status == 422

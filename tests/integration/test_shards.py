"""Two shards, each a matcher with a journal of its own, behind one gateway."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.core.digest import digest
from matcher.storage.data_directory import DataDirectory
from matcher.storage.recovery import recover
from protocol.shards import first_order_id
from tests.exchange import Json, good, receive, receive_until, wait_until
from tests.integration.matcher_runs import run
from tests.sharded import ShardedExchange, ShardedGateway, free_bases, map_text

SHARDS: dict[str, list[str]] = {"majors": ["BTC-USDT"], "rest": []}

FIRST = first_order_id(1)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShardedExchange]:
    with ShardedExchange(tmp_path_factory.mktemp("shards"), SHARDS) as exchange:
        yield exchange


def shard_of(health: Json, name: str) -> Json:
    """What /health tells of the shard."""
    [found] = [shard for shard in health["shards"] if shard["name"] == name]
    assert isinstance(found, dict)
    return found


def test_orders_of_both_shards_are_found_by_their_ids(exchange: ShardedExchange) -> None:
    bitcoin = good(exchange.order("BTC-USDT", "buy", "1", "50000", account="ids", client_order_id="one"))
    ether = good(exchange.order("ETH-USDT", "buy", "1", "2000", account="ids", client_order_id="one"))
    assert int(bitcoin["order_id"]) < FIRST < int(ether["order_id"])
    for order in (bitcoin, ether):
        assert exchange.get(f"/orders/{order['order_id']}")["symbol"] == order["symbol"]
        found = exchange.get("/orders/client:one", account="ids", symbol=order["symbol"])
        assert found["order_id"] == order["order_id"]
        elsewhere = {"BTC-USDT": "ETH-USDT", "ETH-USDT": "BTC-USDT"}[order["symbol"]]
        assert exchange.http.get(f"/orders/{order['order_id']}?symbol={elsewhere}").status_code == 404
    ambiguous = exchange.http.get("/orders/client:one", params={"account": "ids"})
    assert (ambiguous.status_code, ambiguous.json()["code"]) == (409, "client_order_id_conflict")
    amended = exchange.http.patch(f"/orders/{ether['order_id']}", json={"quantity": "0.5"})
    assert good(amended)["quantity"] == "0.5"
    canceled = exchange.http.delete("/orders/client:one", params={"account": "ids", "symbol": "BTC-USDT"})
    assert good(canceled)["order_id"] == bitcoin["order_id"]
    assert [order["order_id"] for order in exchange.get("/orders", account="ids")["orders"]] == [ether["order_id"]]


def test_instruments_are_those_of_both(exchange: ShardedExchange) -> None:
    symbols = ["BTC-USDT", "ETH-USDT", "SOL-USDT"]
    assert [each["symbol"] for each in exchange.get("/instruments")["instruments"]] == symbols
    assert [each["symbol"] for each in exchange.get("/api/v3/exchangeInfo")["symbols"]] == [
        symbol.replace("-", "") for symbol in symbols
    ]


def test_a_batch_is_answered_in_its_order(exchange: ShardedExchange) -> None:
    symbols = ["ETH-USDT", "BTC-USDT", "SOL-USDT", "BTC-USDT"]
    orders = [
        {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "1", "price": "10", "account": "batch"}
        for symbol in symbols
    ]
    placed = good(exchange.http.post("/orders/batch", json={"orders": orders}))["results"]
    assert [order["symbol"] for order in placed] == symbols
    ids = [order["order_id"] for order in placed]
    canceled = good(exchange.http.post("/orders/cancel-batch", json={"order_ids": ids, "account": "batch"}))["results"]
    assert [(order["order_id"], order["status"]) for order in canceled] == [(each, "canceled") for each in ids]


@pytest.mark.parametrize("symbol", ["BTC-USDT", "ETH-USDT"])
def test_streams_of_a_symbol_are_those_of_its_shard(exchange: ShardedExchange, symbol: str) -> None:
    with exchange.stream(f"/ws/trades?symbol={symbol}") as trades, exchange.stream(f"/ws/book?symbol={symbol}") as book:
        receive(book)
        good(exchange.order(symbol, "sell", "1", "70000", account="streams"))
        bought = good(exchange.order(symbol, "buy", "1", "70000", account="streams"))
        [*_, trade] = receive_until(trades, lambda message: message["price"] == "70000")
        assert trade["trade_id"] == bought["trades"][0]["trade_id"]
        assert trade["symbol"] == symbol
    name = symbol.replace("-", "").lower()
    with exchange.stream(f"/ws/{name}@trade") as dialect:
        good(exchange.order(symbol, "sell", "1", "70001", account="streams"))
        good(exchange.order(symbol, "buy", "1", "70001", account="streams"))
        assert receive(dialect)["s"] == name.upper()


def test_each_shard_has_its_digest_and_its_sessions(exchange: ShardedExchange) -> None:
    digests = exchange.get("/admin/digest")["shards"]
    assert [each["shard"] for each in digests] == ["majors", "rest"]
    assert {session["shard"] for session in exchange.get("/admin/sessions")["sessions"]} == {"majors", "rest"}
    assert exchange.get("/admin/digest")["shards"] == digests
    good(exchange.order("ETH-USDT", "buy", "1", "10", account="digests"))
    after = exchange.get("/admin/digest")["shards"]
    assert after[0] == digests[0]
    assert after[1]["digest"] != digests[1]["digest"]
    assert after[1]["sequence"] == digests[1]["sequence"] + 1


def test_a_shard_that_is_away_costs_its_symbols_and_no_others(exchange: ShardedExchange) -> None:
    kept = good(exchange.order("ETH-USDT", "buy", "1", "1999", account="away"))
    rest = exchange.matchers["rest"]
    rest.kill()
    wait_until(lambda: exchange.statuses()["rest"] == "unavailable", "a shard that is away")
    assert exchange.statuses()["majors"] == "ok"
    for response in (
        exchange.order("ETH-USDT", "buy", "1", "2000"),
        exchange.http.delete(f"/orders/{kept['order_id']}"),
        exchange.http.get("/depth?symbol=SOL-USDT"),
        exchange.http.get("/orders/client:nobody"),
        exchange.http.get("/admin/digest"),
    ):
        assert (response.status_code, response.json()["code"]) == (503, "matcher_unavailable")
        assert "retry-after" in response.headers
    traded = [exchange.order("BTC-USDT", side, "1", "71000", account="away") for side in ("sell", "buy")]
    assert [good(response)["status"] for response in traded] == ["open", "filled"]
    good(exchange.http.get("/depth?symbol=BTC-USDT"))
    assert len(exchange.get("/instruments")["instruments"]) == 3
    body = {"order_type": "limit", "side": "buy", "quantity": "1", "price": "10", "account": "away"}
    orders = [{"symbol": symbol, **body} for symbol in ("ETH-USDT", "BTC-USDT")]
    results = good(exchange.http.post("/orders/batch", json={"orders": orders}))["results"]
    assert [result.get("code", result.get("symbol")) for result in results] == ["matcher_unavailable", "BTC-USDT"]
    rest.start()
    wait_until(lambda: exchange.statuses()["rest"] == "ok", "the shard is back")
    assert exchange.get(f"/orders/{kept['order_id']}")["status"] == "open"
    good(exchange.order("ETH-USDT", "buy", "1", "2000"))


def test_a_gateway_with_another_map_does_no_harm(exchange: ShardedExchange, tmp_path: Path) -> None:
    before = exchange.get("/admin/digest")
    bases = [matcher.base for matcher in exchange.matchers.values()]
    map_file = tmp_path / "old.toml"
    # By this map the first shard owns ETH-USDT too.
    map_file.write_text(map_text({"majors": ["BTC-USDT", "ETH-USDT"], "rest": []}, bases))
    gateway = ShardedGateway(tmp_path, free_bases(1)[0], map_file)
    gateway.start()
    try:
        gateway.wait_until_ready()
        told = "goes by another map of shards than this gateway."

        def warned() -> bool:
            shards = good(gateway.http.get("/health"))["shards"]
            return all(any(warning.endswith(told) for warning in shard["warnings"]) for shard in shards)

        wait_until(warned, "a warning of another map")
        body = {"symbol": "ETH-USDT", "order_type": "limit", "side": "buy", "quantity": "1", "price": "1"}
        # The matcher that is asked for ETH-USDT has no such instrument.
        assert gateway.http.post("/orders", json=body).json()["code"] == "unknown_symbol"
        instrument = {"symbol": "ETH-USDT", "base": "ETH", "quote": "USDT", "tick_size": "0.01", "lot_size": "0.0001"}
        limits = {"max_quantity": "90000", "max_price": "1000000"}
        refused = gateway.http.post("/admin/instruments", json={**instrument, **limits})
        assert (refused.status_code, refused.json()["code"]) == (503, "wrong_shard")
        assert refused.json()["detail"] == "ETH-USDT belongs to the shard rest, not to majors"
        assert good(gateway.http.get("/depth?symbol=BTC-USDT"))["symbol"] == "BTC-USDT"
    finally:
        gateway.close()
    assert gateway.records("a matcher goes by another map of shards: it refuses what is not its own by that map")
    assert [each["digest"] for each in exchange.get("/admin/digest")["shards"]] == [
        each["digest"] for each in before["shards"]
    ]
    for name in exchange.matchers:
        warnings = shard_of(exchange.get("/health"), name)["warnings"]
        assert not any(told in warning for warning in warnings)


def test_the_log_of_a_shard_gives_its_digest_and_opens_as_no_other_shard(
    exchange: ShardedExchange, tmp_path: Path
) -> None:
    good(exchange.order("ETH-USDT", "buy", "1", "2000"))
    _, told = exchange.get("/admin/digest")["shards"]
    rest = exchange.matchers["rest"]
    rest.stop()
    with DataDirectory(rest.data) as directory:
        assert digest(recover(directory).state.registry) == told["digest"]
    status, _, error = run(tmp_path, f"--data-dir={rest.data}", f"--shards={exchange.map_file}", "--shard=majors")
    line = f"matcher: {rest.data}: holds the shard of number 1: MATCHER_SHARD names that of number 0\n"
    assert (status, error.splitlines(keepends=True)[-1]) == (1, line)
    rest.start()
    wait_until(lambda: exchange.statuses()["rest"] == "ok", "the shard is back")

"""Each shard has a history of its own, with its own tables; the gateway reads each."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.exchange import Json, good, wait_until
from tests.history_process import HistoryProcess
from tests.sharded import ShardedExchange

SYMBOLS = {"majors": "BTC-USDT", "rest": "ETH-USDT"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShardedExchange]:
    directory = tmp_path_factory.mktemp("shards")
    exchange = ShardedExchange(directory, {"majors": ["BTC-USDT"], "rest": []})
    places = f"sqlite:///{directory}/{{shard}}/tables.sqlite"
    exchange.gateway.environment["HISTORY_DATABASE"] = places
    with exchange, ExitStack() as closing:
        for name, matcher in exchange.matchers.items():
            database = places.replace("{shard}", name)
            follower = HistoryProcess(matcher.directory, matcher.data, database=database)
            follower.start()
            closing.callback(follower.close)
        yield exchange


def health(exchange: ShardedExchange) -> Json:
    found: Json = exchange.get("/health")["history"]
    return found


def test_the_gateway_reads_the_tables_of_every_shard(exchange: ShardedExchange) -> None:
    for shard in SYMBOLS:
        for account in ("buyer", "seller"):
            body = {"balances": {"USDT": "50000", SYMBOLS[shard][:3]: "10"}, "transfer_id": "t", "shard": shard}
            good(exchange.http.post(f"/admin/accounts/{account}/reset", json=body))
    for step in range(3):
        for symbol in SYMBOLS.values():
            good(exchange.order(symbol, "sell", "0.1", str(1000 + step), account="seller"))
            assert good(exchange.order(symbol, "buy", "0.1", str(1000 + step), account="buyer"))["status"] == "filled"
    wait_until(lambda: health(exchange)["status"] == "ok", "both histories can be read")
    after = good(exchange.order("ETH-USDT", "sell", "1", "9000", account="seller"))
    # Candles are in the tables alone.
    for symbol in SYMBOLS.values():
        candles = exchange.get("/candles", symbol=symbol, interval="1m")["candles"]
        assert sum(candle["trades"] for candle in candles) == 3
        assert len(exchange.get("/trades", symbol=symbol, after=0)["trades"]) == 3
    fills: list[Json] = []
    cursor = "0-0"
    while cursor:
        page = exchange.get("/fills", account="buyer", after=cursor, limit=2)
        fills += page["fills"]
        cursor = page["next"]
    assert [(fill["symbol"], fill["price"]) for fill in fills] == [
        (symbol, str(1000 + step)) for step in range(3) for symbol in SYMBOLS.values()
    ]
    at = exchange.get("/accounts/seller/balances", at=after["timestamp"])
    totals = {balance["asset"]: balance["total"] for balance in at["balances"]}
    assert (totals["BTC"], totals["ETH"]) == ("9.7", "9.7")
    assert totals["USDT"] == exchange.get("/accounts/seller/balances")["balances"][-1]["free"]


def test_the_shard_whose_tables_cannot_be_read_is_named(exchange: ShardedExchange) -> None:
    wait_until(lambda: health(exchange)["status"] == "ok", "both histories can be read")
    tables = exchange.matchers["rest"].directory / "tables.sqlite"
    tables.rename(tables.with_suffix(".away"))
    try:
        found = wait_until(lambda: health(exchange)["status"] != "ok" and health(exchange), "it is noticed")
        assert found["detail"].startswith("shard rest: ")
        assert exchange.get("/candles", symbol="BTC-USDT", interval="1m")["candles"]
        missing = exchange.http.get("/candles", params={"symbol": "ETH-USDT", "interval": "1m"})
        assert (missing.status_code, missing.json()["code"]) == (503, "history_unavailable")
    finally:
        tables.with_suffix(".away").rename(tables)

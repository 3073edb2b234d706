"""Keys and the Binance dialect over two shards: who may call while a shard is away, and what a holder sees of all."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from tests.e2e.binance import Holder
from tests.e2e.binance_sockets import ApiSocket
from tests.e2e.keyed import ADMIN_HEADERS, TOKEN, bearer
from tests.exchange import Json, good, wait_until
from tests.sharded import ShardedExchange

if TYPE_CHECKING:
    from tests.exchange import Exchange

ENVIRONMENT = {"GATEWAY_AUTH": "keys", "GATEWAY_ADMIN_TOKEN": TOKEN, "GATEWAY_BINANCE": "on"}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShardedExchange]:
    directory = tmp_path_factory.mktemp("shards")
    exchange = ShardedExchange(directory, {"majors": ["BTC-USDT"], "rest": []})
    exchange.gateway.environment |= {**ENVIRONMENT, "GATEWAY_KEY_FILE": str(directory / "server.key")}
    exchange.http.headers.update(ADMIN_HEADERS)
    with exchange:
        yield exchange


def holder(exchange: ShardedExchange, account: str) -> Holder:
    return Holder(cast("Exchange", exchange), account)


def deposit(exchange: ShardedExchange, account: str, shard: str, amount: str) -> Json:
    body = {"asset": "USDT", "amount": amount, "transfer_id": f"d-{amount}", "shard": shard}
    return good(exchange.http.post(f"/admin/accounts/{account}/deposit", json=body))


def order(exchange: ShardedExchange, key: Json, symbol: str) -> httpx.Response:
    body = {"symbol": symbol, "order_type": "limit", "side": "buy", "quantity": "0.1", "price": "1000"}
    return exchange.http.post("/orders", json=body, headers=bearer(key))


def leave(exchange: ShardedExchange, shard: str) -> None:
    exchange.matchers[shard].kill()
    wait_until(lambda: exchange.statuses()[shard] != "ok", f"{shard} is away")


def come_back(exchange: ShardedExchange, shard: str) -> None:
    exchange.matchers[shard].start()
    wait_until(lambda: exchange.statuses()[shard] == "ok", f"{shard} is back")


def test_a_holder_sees_the_sum_of_all_shards(exchange: ShardedExchange) -> None:
    seen = holder(exchange, "sum")
    deposit(exchange, "sum", "majors", "5000")
    deposit(exchange, "sum", "rest", "400.5")
    found = seen.call("GET", "/api/v3/account").json()
    assert {each["asset"]: (each["free"], each["locked"]) for each in found["balances"]}["USDT"] == (
        "5400.50000000",
        "0.00000000",
    )
    for symbol in ("BTC-USDT", "ETH-USDT"):
        assert order(exchange, seen.key, symbol).status_code == 200
    live = seen.call("GET", "/api/v3/openOrders").json()
    assert [each["symbol"] for each in live] == ["BTCUSDT", "ETHUSDT"]


def test_a_holder_hears_all_shards_on_one_socket(exchange: ShardedExchange) -> None:
    heard = holder(exchange, "ears")
    deposit(exchange, "ears", "majors", "5000")
    with ApiSocket(cast("Exchange", exchange), heard) as socket:
        assert socket.log_on()["status"] == 200
        assert socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
        deposit(exchange, "ears", "rest", "400.5")
        balance, position = _events(socket, 2)
        assert (balance["e"], balance["d"]) == ("balanceUpdate", "400.50000000")
        assert _usdt(position) == ("5400.50000000", "0.00000000")
        for symbol in ("ETH-USDT", "BTC-USDT"):
            assert order(exchange, heard.key, symbol).status_code == 200
            report, position = _events(socket, 2)
            assert (report["e"], report["s"]) == ("executionReport", symbol.replace("-", ""))
        assert _usdt(position) == ("5200.10000000", "200.40000000")


def _events(socket: ApiSocket, count: int) -> list[Json]:
    return [cast("Any", socket.hear())["event"] for _ in range(count)]


def _usdt(position: Json) -> tuple[str, str]:
    assert position["e"] == "outboundAccountPosition"
    [usdt] = [each for each in position["B"] if each["a"] == "USDT"]
    return usdt["f"], usdt["l"]


def test_holders_go_on_while_the_shard_that_decides_about_keys_is_away(exchange: ShardedExchange) -> None:
    known = holder(exchange, "known").key
    leave(exchange, "majors")
    wait_until(lambda: order(exchange, known, "ETH-USDT").status_code == 200, "the copy is read")
    assert order(exchange, known, "BTC-USDT").json()["code"] == "matcher_unavailable"
    refused = exchange.http.post("/admin/keys", json={"account": "new"})
    assert (refused.status_code, refused.json()["code"]) == (503, "matcher_unavailable")
    come_back(exchange, "majors")
    wait_until(lambda: order(exchange, known, "BTC-USDT").status_code == 200, "the first shard's keys are read")


def test_a_key_that_is_revoked_is_good_nowhere_however_shards_come_and_go(exchange: ShardedExchange) -> None:
    lost = holder(exchange, "lost").key
    leave(exchange, "rest")
    revoked = exchange.http.delete(f"/admin/keys/{lost['key']}")
    assert (revoked.status_code, revoked.json()["pending_shards"]) == (503, ["rest"])
    assert order(exchange, lost, "BTC-USDT").status_code == 401
    come_back(exchange, "rest")
    key = holder(exchange, "other").key

    # The next change has brought all copies up.
    leave(exchange, "majors")
    wait_until(lambda: order(exchange, key, "ETH-USDT").status_code == 200, "the copy is read")
    assert order(exchange, lost, "ETH-USDT").status_code == 401
    come_back(exchange, "majors")
    renewed = exchange.http.post(f"/admin/keys/{key['key']}/secret")
    assert renewed.status_code == 201
    assert order(exchange, key, "ETH-USDT").status_code == 401

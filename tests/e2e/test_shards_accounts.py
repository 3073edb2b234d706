"""Whole accounts over two shards, by real processes that are killed and come back."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from matching_exchange import AccountStart, AccountState, Client, Unavailable
from tests.exchange import PATIENCE, Json, good, receive, receive_until, wait_until
from tests.sharded import ShardedExchange, ShardedGateway, free_bases

SYMBOLS = {"majors": "BTC-USDT", "rest": "ETH-USDT"}

_numbers = count(1)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShardedExchange]:
    with ShardedExchange(tmp_path_factory.mktemp("shards"), {"majors": ["BTC-USDT"], "rest": []}) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def second(exchange: ShardedExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShardedGateway]:
    """Another gateway of the same shards."""
    gateway = another_gateway(exchange, tmp_path_factory.mktemp("second"))
    gateway.start()
    gateway.wait_until_ready()
    yield gateway
    gateway.close()


@pytest.fixture
def account() -> str:
    return f"acc{next(_numbers)}"


def another_gateway(exchange: ShardedExchange, directory: Path) -> ShardedGateway:
    [port] = free_bases(1)
    return ShardedGateway(directory, port, exchange.map_file)


def place(exchange: ShardedExchange, shard: str, account: str, price: int = 1000) -> httpx.Response:
    return exchange.order(SYMBOLS[shard], "buy", "0.1", str(price), account=account)


def all_are_up(exchange: ShardedExchange) -> bool:
    try:
        health = exchange.http.get("/health")
    except httpx.TransportError:
        return False
    return health.status_code == 200 and all(shard["status"] == "ok" for shard in health.json()["shards"])


def leave(exchange: ShardedExchange, shard: str) -> None:
    """Kill the matcher of a shard, and wait until that is noticed."""
    exchange.matchers[shard].kill()
    wait_until(lambda: exchange.statuses()[shard] != "ok", f"{shard} is away")


def come_back(exchange: ShardedExchange, shard: str) -> None:
    exchange.matchers[shard].start()
    wait_until(lambda: exchange.statuses()[shard] == "ok", f"{shard} is back")


def listen(exchange: ShardedExchange, account: str, after: str = "") -> ClientConnection:
    query = f"&after={after}" if after else ""
    url = f"ws://127.0.0.1:{exchange.gateway.port}/ws/user?account={account}{query}"
    return connect(url, open_timeout=PATIENCE, proxy=None)


def receive_starts(stream: ClientConnection) -> dict[str, Json]:
    """The fresh start of each shard."""
    messages = [receive(stream), receive(stream)]
    assert [message["type"] for message in messages] == ["orders", "orders"]
    return {message["shard"]: message for message in messages}


def test_a_shard_away_is_told_and_gets_what_it_missed_from_a_gateway_that_never_heard_of_it(
    exchange: ShardedExchange, second: ShardedGateway, account: str
) -> None:
    for shard in SYMBOLS:
        assert good(place(exchange, shard, account))["status"] == "open"
    leave(exchange, "rest")
    canceled = exchange.http.delete("/orders", params={"account": account})
    assert canceled.status_code == 504
    assert canceled.json()["code"] == "outcome_unknown"
    assert canceled.json()["shards"] == {
        "majors": {"result": "done", "canceled": 1},
        "rest": {"result": "not_taken"},
    }
    suspended = exchange.http.post(f"/admin/accounts/{account}/suspend")
    assert suspended.status_code == 503
    assert suspended.json()["code"] == "shards_pending"
    assert suspended.json()["pending_shards"] == ["rest"]
    assert good(place(exchange, "majors", account))["reason"] == "account_suspended"
    # The gateway that was asked is gone before the shard is back.
    exchange.gateway.kill()
    exchange.matchers["rest"].start()

    def has_it() -> bool:
        body = {
            "symbol": "ETH-USDT",
            "order_type": "limit",
            "side": "buy",
            "quantity": "0.1",
            "price": "100",
            "account": account,
        }
        answer = second.http.post("/orders", json=body)
        return answer.status_code == 200 and answer.json()["reason"] == "account_suspended"

    wait_until(has_it, "the shard has the suspension")
    done = second.http.get("/orders", params={"account": account, "status": "done", "symbol": "ETH-USDT"}).json()
    assert done["orders"][-1]["reason"] == "account_suspended"
    exchange.gateway.start()
    wait_until(lambda: all_are_up(exchange), "the gateway is back")
    answer = good(exchange.http.post(f"/admin/accounts/{account}/resume"))
    assert answer["suspended"] is False
    for shard in SYMBOLS:
        assert good(place(exchange, shard, account))["status"] == "open"


def test_a_repeated_cancel_of_all_is_answered_by_every_shard(exchange: ShardedExchange, account: str) -> None:
    for step in range(3):
        for shard in SYMBOLS:
            place(exchange, shard, account, 1000 + step)
    answer = good(exchange.http.delete("/orders", params={"account": account}))
    assert answer["canceled"] == 6
    times = [(order["timestamp"], int(order["order_id"])) for order in answer["orders"]]
    assert times == sorted(times)
    assert good(exchange.http.delete("/orders", params={"account": account}))["canceled"] == 0


def test_a_cancel_after_cancels_in_each_shard(exchange: ShardedExchange, account: str) -> None:
    for shard in SYMBOLS:
        place(exchange, shard, account)
    answer = good(exchange.http.post(f"/accounts/{account}/cancel-after", json={"timeout_ms": 100}))
    assert answer["cancel_at"] is not None
    wait_until(lambda: not exchange.get("/orders", account=account)["orders"], "both orders are canceled")


def test_lists_go_on_by_one_cursor(exchange: ShardedExchange, account: str) -> None:
    placed = [good(place(exchange, shard, account, 10 + step))["order_id"] for step in range(3) for shard in SYMBOLS]
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = exchange.get("/orders", account=account, limit=4, **after)
        found += [order["order_id"] for order in page["orders"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == placed
    for path in ("/orders", "/fills", f"/accounts/{account}/ledger"):
        parameters = {} if "ledger" in path else {"account": account}
        refused = exchange.http.get(path, params={**parameters, "after": "1.2.3.x"})
        assert (refused.status_code, refused.json()["field"]) == (422, "after"), path
    done = exchange.http.get("/orders", params={"status": "done"})
    assert (done.status_code, done.json()["field"]) == (422, "account")


def test_money_moves_between_shards_by_the_client(exchange: ShardedExchange, account: str) -> None:
    with Client(exchange.gateway.url) as client:
        client.deposit(account, "USDT", "100")
        client.deposit(account, "USDT", "0.5", shard="rest")
        moved = client.transfer_between_shards(account, "USDT", "40.25", from_shard="majors", to_shard="rest")
        assert (str(moved.withdrawn.free), str(moved.deposited.free)) == ("59.75", "40.75")
        found = client.balances(account)
        assert [str(balance.free) for balance in found.balances if balance.asset == "USDT"] == ["100.5"]
        assert [shard.shard for shard in found.shards] == ["majors", "rest"]
        assert client.balances(account, shard="rest").shards == ()
        movements = client.movements(account=account).movements
        assert [str(movement.amount) for movement in movements] == ["100", "0.5", "-40.25", "40.25"]
    for body, field in (
        ({"from_shard": "majors", "to_shard": "other"}, "to_shard"),
        ({"from_shard": "majors", "to_shard": "majors"}, "to_shard"),
        ({"from_shard": "majors"}, "to_shard"),
        ({"from_shard": "majors", "to_shard": "rest", "to": "bob"}, "to"),
    ):
        whole = {"asset": "USDT", "amount": "1", "transfer_id": "t", **body}
        refused = exchange.http.post(f"/admin/accounts/{account}/transfer", json=whole)
        assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_a_stream_resumes_in_every_shard_by_its_cursor(exchange: ShardedExchange, account: str) -> None:
    with listen(exchange, account) as stream:
        starts = receive_starts(stream)
        assert set(starts) == set(SYMBOLS)
        place(exchange, "majors", account)
        cursor = receive(stream)["cursor"]
    missed = [good(place(exchange, shard, account))["order_id"] for shard in ("rest", "majors", "rest")]
    with listen(exchange, account, cursor) as stream:
        messages = [receive(stream) for _ in range(5)]
        assert sorted(message["type"] for message in messages) == ["resumed"] * 2 + ["update"] * 3
        told = [message["orders"][0]["order_id"] for message in messages if message["type"] == "update"]
        assert sorted(told) == sorted(missed)
        for shard in SYMBOLS:
            own = [message["sequence"] for message in messages if message["shard"] == shard]
            assert own == sorted(own)
        assert messages[-1]["cursor"] != cursor
    for bad in ("5", "5.x", "1.2.3"):
        with listen(exchange, account, bad) as stream, pytest.raises(Exception, match="cursor"):
            stream.recv(PATIENCE)


def test_a_stream_begins_without_a_shard_that_is_away_and_hears_it_later(
    exchange: ShardedExchange, account: str
) -> None:
    place(exchange, "rest", account)
    leave(exchange, "rest")
    with listen(exchange, account) as stream:
        assert receive(stream)["shard"] == "majors"
        come_back(exchange, "rest")
        message = receive_until(stream, lambda message: message["shard"] == "rest")[-1]
        assert message["type"] == "orders"
        assert len(message["orders"]) == 1


def test_the_client_follows_all_shards_over_a_restart_of_the_gateway(exchange: ShardedExchange, account: str) -> None:
    with Client(exchange.gateway.url) as client, client.stream_account(account=account) as stream:
        state = AccountState()
        client.deposit(account, "USDT", "5000")
        client.deposit(account, "USDT", "500", shard="rest")

        def follow(orders: int) -> None:
            while len(state.orders) != orders or state.free("USDT") + state.balances["USDT"].locked != 5500:
                item = stream.receive(timeout=PATIENCE)
                assert not (isinstance(item, AccountStart) and item.restarted)
                state.apply(item)

        for shard in SYMBOLS:
            place(exchange, shard, account)
        follow(2)
        exchange.gateway.kill()
        exchange.gateway.start()
        wait_until(lambda: all_are_up(exchange), "the gateway is back")
        for shard in SYMBOLS:
            place(exchange, shard, account, 900)
        follow(4)


def test_a_client_is_told_which_shards_lack_a_suspension(exchange: ShardedExchange, account: str) -> None:
    leave(exchange, "majors")
    with Client(exchange.gateway.url) as client:
        with pytest.raises(Unavailable) as caught:
            client.suspend(account)
        assert caught.value.pending_shards == ("majors",)
    come_back(exchange, "majors")
    wait_until(lambda: place(exchange, "majors", account).json().get("reason") == "account_suspended", "it has it")


def test_no_deposit_can_stand_for_a_half_of_a_transfer_between_shards(exchange: ShardedExchange, account: str) -> None:
    path = f"/admin/accounts/{account}"
    good(exchange.http.post(f"{path}/deposit", json={"asset": "USDT", "amount": "9", "transfer_id": "begin"}))
    same = {"asset": "USDT", "amount": "3", "transfer_id": "move:0-1"}
    refused = exchange.http.post(f"{path}/deposit", json={**same, "shard": "rest"})
    assert (refused.status_code, refused.json().get("field")) == (422, "transfer_id")
    for call, more in (("withdraw", {}), ("transfer", {"to": "bob"})):
        assert exchange.http.post(f"{path}/{call}", json={**same, **more}).status_code == 422
    between = {**same, "transfer_id": "move", "from_shard": "majors", "to_shard": "rest"}
    good(exchange.http.post(f"{path}/transfer", json=between))
    [sum_of_all] = [
        each for each in exchange.get(f"{path.removeprefix('/admin')}/balances")["balances"] if each["asset"] == "USDT"
    ]
    assert sum_of_all["free"] == "9"

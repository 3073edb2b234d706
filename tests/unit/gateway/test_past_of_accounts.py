"""Fills, done orders, movements and balances of all times: tables and the matcher's memory make one list."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.exchange import account_history, joining
from history.reading import orders as past_orders
from history.schema.database import Database
from matcher.core.ledger import MAX_MOVEMENTS
from matcher.core.registry import REMEMBERED_ORDERS
from matcher.core.settlement import MAX_ACCOUNT_FILLS
from protocol.commands import CancelOrder, Deposit, OrderTerms, ResetAccount, SetInstrument, Withdraw
from protocol.units import Side
from tests.unit.gateway.fakes import BTC, CONFIG, Gateway
from tests.unit.gateway.history_world import START, World

REMEMBERED = 5
"""Done orders that the worlds of these tests remember."""


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(account_history, "REMEMBERED_ORDERS", REMEMBERED)
    with World(database, REMEMBERED) as world:
        yield world


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "WAIT_SECONDS", 0.0)


def test_memory_is_as_large_as_the_gateway_takes_it_for() -> None:
    assert account_history.REMEMBERED_ORDERS == REMEMBERED_ORDERS
    assert account_history.REMEMBERED_OF_ACCOUNT == MAX_ACCOUNT_FILLS == MAX_MOVEMENTS


def fills_of(world: World, account: str) -> list[tuple[int, int, str]]:
    """Sequence, trade_id and side of liquidity of all its fills."""
    found = []
    for trade in world.trades:
        orders = {"maker": trade.maker_order_id, "taker": trade.taker_order_id}
        found += [
            (trade.sequence, trade.trade_id, each) for each, order in orders.items() if world.owner[order] == account
        ]
    return found


def told(fills: list[Any]) -> list[tuple[int, int, str]]:
    return [(fill["sequence"], int(fill["trade_id"]), fill["liquidity"]) for fill in fills]


def many_fills(world: World, filled: int) -> None:
    """1,400 trades of ann, a third of them with herself, in two symbols; the tables hold the first ones."""
    world.do(SetInstrument.of(replace(BTC, symbol="ETH-USDT", base="ETH")))
    for number in range(1, 1_401):
        world.trade(buyer="ann" if number % 3 == 0 else "bob")
        if number == filled:
            world.fill()


@pytest.mark.parametrize("filled", [700, 1_399, 1_400])
def test_fills_come_once_and_whole(world: World, filled: int) -> None:
    many_fills(world, filled)
    everything = fills_of(world, "ann")
    for limit in (299, 300, 1_000):
        pages = [told(page) for page in world.pages("/fills", "fills", account="ann", after="0-0", limit=limit)]
        assert [fill for page in pages for fill in page] == everything
        # Both sides of a trade with oneself stay together.
        assert all(page[-1][:2] != following[0][:2] for page, following in pairwise(pages))
    for place in (0, 1, 500, len(everything) - 2, len(everything) - 1):
        after = "{}-{}".format(*everything[place])
        later = [fill for fill in everything if fill[:2] > everything[place][:2]]
        page = world.good("/fills", account="ann", after=after, limit=1_000)
        assert told(page["fills"]) == later[: len(page["fills"])]
        assert (page["next"] is None) == (len(page["fills"]) == len(later))


def test_the_newest_fills_go_beyond_the_memory(world: World) -> None:
    many_fills(world, 1_390)
    everything = fills_of(world, "bob")
    assert told(world.good("/fills", account="bob", symbol="BTC-USDT", limit=900)["fills"]) == everything[-900:]
    assert world.good("/fills", account="bob", symbol="ETH-USDT")["fills"] == []


@pytest.mark.usefixtures("_impatient")
def test_a_gap_in_fills_is_never_told(world: World) -> None:
    many_fills(world, 100)
    everything = fills_of(world, "ann")
    assert world.get("/fills", account="ann", after="0-0", limit=1_000).problem == (503, "history_behind", None)
    assert told(world.good("/fills", account="ann", after="0-0", limit=100)["fills"]) == everything[:100]
    after = "{}-{}".format(*everything[-500])
    later = [fill for fill in everything if fill[:2] > everything[-500][:2]]
    assert told(world.good("/fills", account="ann", after=after, limit=1_000)["fills"]) == later


def test_fills_without_a_history_are_as_they_were(world: World) -> None:
    many_fills(world, 1_000)
    with Gateway(CONFIG) as gateway:
        gateway.broker.results = world.gateway.broker.results
        answer = gateway.request("GET", "/fills?account=ann&after=0-0&limit=1000").json
    assert len(answer["fills"]) >= 1_000


def test_the_memory_may_go_back_further_than_the_tables(world: World) -> None:
    world.do(Deposit("ann", "BTC", "100", "start"))
    for number in range(1, 41):
        world.trade(buyer="ann" if number % 3 == 0 else "bob")
        if number == 20:
            world.begin_late()
    world.fill()
    world.trade()
    everything = fills_of(world, "ann")
    for limit in (3, 20, 1_000):
        pages = world.pages("/fills", "fills", account="ann", after="0-0", limit=limit)
        assert [fill for page in pages for fill in told(page)] == everything
    assert told(world.good("/fills", account="ann")["fills"]) == everything
    assert told(world.good("/fills", account="ann", symbol="BTC-USDT", limit=500)["fills"]) == everything
    newest = world.good("/accounts/ann/ledger", limit=1_000)["movements"]
    assert newest[0]["transfer_id"] == "start"
    for limit in (5, 1_000):
        pages = world.pages("/accounts/ann/ledger", "movements", after="0-0", limit=limit)
        assert [movement for page in pages for movement in page] == newest


def end_orders(world: World, filled: int) -> list[int]:
    """Twelve orders that end in another order than they came; the order_ids by their ends. The tables hold the first
    ones."""
    ids = [world.place("ann" if number % 3 else "bob", Side.BUY, 100_000, 100) for number in range(12)]
    ended = ids[::2] + ids[1::2]
    for number, order_id in enumerate(ended, 1):
        world.do(CancelOrder(order_id))
        # New orders make the engine forget old ones.
        world.place("carol", Side.BUY, 100_000, 100)
        if number == filled:
            world.fill()
    return ended


@pytest.mark.parametrize("filled", [8, 11, 12])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 12, 100])
def test_done_orders_come_once(world: World, filled: int, limit: int) -> None:
    ended = [str(order_id) for order_id in end_orders(world, filled)][::-1]
    for filters, wanted in (
        ({}, ended),
        ({"symbol": "BTC-USDT"}, ended),
        ({"account": "ann"}, [each for each in ended if world.owner[int(each)] == "ann"]),
        ({"account": "bob", "symbol": "BTC-USDT"}, [each for each in ended if world.owner[int(each)] == "bob"]),
        ({"account": "nobody"}, []),
    ):
        pages = list(world.pages("/orders", "orders", status="done", limit=limit, **filters))
        assert [order["order_id"] for page in pages for order in page] == wanted
        assert all(len(page) == limit for page in pages[:-1])


def test_a_page_looks_at_a_bounded_number_of_orders(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_orders, "MAX_SCANNED", 4)
    world.do(SetInstrument.of(replace(BTC, symbol="ETH-USDT", base="ETH")))
    wanted = []
    for number in range(20):
        order_id = world.place("ann", Side.BUY, 100_000, 100, symbol="BTC-USDT" if number % 9 else "ETH-USDT")
        world.do(CancelOrder(order_id))
        wanted += [] if number % 9 else [str(order_id)]
    world.fill()
    pages = list(world.pages("/orders", "orders", status="done", account="ann", symbol="ETH-USDT"))
    assert [order["order_id"] for page in pages for order in page] == wanted[::-1]
    assert len(pages) > 1


def test_a_done_order_is_told_as_it_was(world: World) -> None:
    order_id = world.place("ann", Side.SELL, 300_000, 10_000, client_order_id="mine")
    for _ in range(3):
        world.place("bob", Side.BUY, 100_000, 10_000)
    before = world.good(f"/orders/{order_id}")
    assert before["status"] == "filled"
    assert len(before["trades"]) == 3
    end_orders(world, 12)
    assert world.state.registry.orders.get(order_id) is None
    assert world.good(f"/orders/{order_id}") == before
    assert world.good(f"/orders/{order_id}", account="ann") == before
    assert world.get(f"/orders/{order_id}", account="bob").problem == (404, "unknown_order", None)
    assert world.get("/orders/999").problem == (404, "unknown_order", None)
    [listed] = [
        order
        for page in world.pages("/orders", "orders", status="done", account="ann")
        for order in page
        if order["order_id"] == str(order_id)
    ]
    assert listed == {**before, "trades": []}


@pytest.mark.usefixtures("_impatient")
def test_a_gap_in_done_orders_is_never_told(world: World) -> None:
    ended = [str(order_id) for order_id in end_orders(world, 3)][::-1]
    first = world.good("/orders", status="done", limit=REMEMBERED)
    assert [order["order_id"] for order in first["orders"]] == ended[:REMEMBERED]
    # Its memory ends there, and the tables do not reach up to it.
    answer = world.get("/orders", status="done", limit=REMEMBERED + 1, after=10)
    assert answer.problem == (503, "history_behind", None)
    assert world.get(f"/orders/{ended[-5]}").problem == (503, "history_behind", None)
    assert world.good(f"/orders/{ended[-1]}")["order_id"] == ended[-1]


def money(world: World, filled: int) -> None:
    """Movements of ann: 1,600 deposits and withdrawals, a trade among them."""
    world.do(Deposit("ann", "BTC", "10", "start"))
    for number in range(1, 1_600):
        if number == 800:
            world.trade()
        command = Withdraw if number % 2 == 0 else Deposit
        world.do(command("ann", "USDT", "2" if number % 2 else "1", f"move-{number}"))
        if number == filled:
            world.fill()


@pytest.mark.parametrize("filled", [700, 1_598, 1_599])
def test_movements_come_once(world: World, filled: int) -> None:
    money(world, filled)
    pages = list(world.pages("/accounts/ann/ledger", "movements", after="0-0", limit=333))
    everything = [movement for page in pages for movement in page]
    assert len(everything) == 1 + 1_599 + 3
    moved = [movement["transfer_id"] for movement in everything if movement["transfer_id"]]
    assert moved == ["start", *(f"move-{number}" for number in range(1, 1_600))]
    # Those of a trade stay together.
    [page] = [page for page in pages if any(movement["trade_id"] for movement in page)]
    assert [movement["kind"] for movement in page if movement["trade_id"]] == ["fill", "fill", "fee"]
    assert world.good("/accounts/ann/ledger", limit=1_000)["movements"] == everything[-1_000:]
    coins = [movement for movement in everything if movement["asset"] == "BTC"]
    assert world.good("/accounts/ann/ledger", asset="BTC")["movements"] == coins
    assert world.good("/accounts/ann/ledger", asset="BTC", after="0-0")["movements"] == coins
    assert world.get("/accounts/ann/ledger", asset="XYZ", after="0-0").problem == (422, "unknown_asset", "asset")


def test_movements_of_before_a_reset_are_kept(world: World) -> None:
    world.do(Deposit("ann", "USDT", "5", "one"))
    world.do(ResetAccount("ann", {"USDT": "7"}, "again"))
    world.fill()
    world.do(Deposit("ann", "USDT", "1", "two"))
    listed = world.good("/accounts/ann/ledger")["movements"]
    assert (listed[0]["transfer_id"], listed[0]["amount"]) == ("one", "5")
    assert (listed[-1]["transfer_id"], listed[-1]["amount"]) == ("two", "1")


def test_balances_of_the_past(world: World) -> None:
    world.do(Deposit("ann", "USDT", "100", "one"), START + 1_000_000_000)
    world.do(Deposit("ann", "BTC", "2", "two"), START + 2_000_000_000)
    world.fill()
    world.do(Withdraw("ann", "USDT", "30.5", "three"), START + 3_000_000_000)

    def at(text: str) -> Any:
        return {each["asset"]: each["total"] for each in world.good("/accounts/ann/balances", at=text)["balances"]}

    assert at("2025-10-24T00:00:00.999Z") == {}
    assert at("2025-10-24T00:00:01Z") == {"USDT": "100"}
    assert at("2025-10-24T00:00:01.999999999Z") == {"USDT": "100"}
    assert at("2025-10-24T00:00:02Z") == {"BTC": "2", "USDT": "100"}
    world.fill()
    assert at("2025-10-24T00:00:02.999Z") == {"BTC": "2", "USDT": "100"}
    assert at("2025-10-24T00:00:03Z") == {"BTC": "2", "USDT": "69.5"}
    assert world.good("/accounts/ann/balances", at="2025-10-24T00:00:02Z")["at"] == "2025-10-24T00:00:02.000Z"
    assert world.get("/accounts/ann/balances", at="2025-10-24T00:00:04Z").problem == (422, "invalid_value", "at")
    assert world.get("/accounts/ann/balances", at="soon").problem == (422, "invalid_value", "at")
    assert world.get("/accounts/ann/balances", when="soon").problem == (422, "unknown_field", "when")


@pytest.mark.usefixtures("_impatient")
def test_balances_that_the_tables_do_not_have_yet(world: World) -> None:
    world.do(Deposit("ann", "USDT", "100", "one"), START + 1_000_000_000)
    world.fill()
    world.do(Deposit("ann", "USDT", "1", "two"), START + 2_000_000_000)
    answer = world.get("/accounts/ann/balances", at="2025-10-24T00:00:02Z")
    assert answer.problem == (503, "history_behind", None)


def test_tables_for_browsers(world: World) -> None:
    world.do(Deposit("ann", "BTC", "10", "start"))
    world.place("ann", Side.SELL, 100_000, 10_000, client_order_id="-1:a")
    world.place("bob", Side.BUY, 100_000, 10_000, terms=OrderTerms(tag='=1+1,"x"'))
    for path, names, line in (
        ("/orders?status=done&account=bob", "order_id,client_order_id,account", ',"=1+1,""x""",'),
        ("/fills?account=ann", "timestamp,sequence,symbol,trade_id", "BTC-USDT,1,1,sell,100,1,0.1,maker"),
        ("/orders?status=done&account=ann", "order_id,client_order_id,account", '1,"-1:a","ann",BTC-USDT,sell'),
        ("/accounts/ann/ledger", "sequence,timestamp,kind", 'deposit,BTC,10,"start",,,,'),
    ):
        answer = world.gateway.request("GET", path, headers={"Accept": "text/csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        head, *lines = answer.body.decode().split("\r\n")
        assert head.startswith(names)
        assert any(line in each for each in lines), lines

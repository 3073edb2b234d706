"""Saving and loading a book over the matcher's sockets, as POST /admin/save and /admin/load do."""

import json
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from protocol.client import CommandClient
from protocol.commands import AmendOrder, CancelOrder, PlaceOrder, SaveBook
from protocol.events import BookSaved
from protocol.units import OrderStatus, OrderType, Reason
from tests.exchange import Matcher
from tests.integration.saved_book_market import BUY, LIMIT, SELL, Market, fill

_symbols = count(1)


@pytest.fixture(scope="module")
def client(shared_matcher: Matcher) -> Iterator[CommandClient]:
    with shared_matcher.client() as client:
        yield client


@pytest.fixture
def market(shared_matcher: Matcher, client: CommandClient) -> Market:
    return Market(shared_matcher, client, f"COIN{next(_symbols)}-USD")


# The file


def test_file_is_readable(market: Market) -> None:
    ids = fill(market)
    answer = market.save()
    assert (answer.symbol, answer.file, answer.orders) == (market.symbol, f"state/orderbook_{market.symbol}.json", 8)
    saved = market.saved()
    assert market.file.read_text().count("\n") > 50
    assert (saved["symbol"], saved["last_trade"], saved["last_trade_id"]) == (market.symbol, "99", 1)
    assert [order["order_id"] for order in saved["bids"]] == [str(ids["first bid"]), str(ids["second bid"])]
    assert [order["order_id"] for order in saved["asks"]] == [
        str(ids[name]) for name in ("first ask", "second ask", "far ask")
    ]
    assert [order["order_id"] for order in saved["pending"]] == [
        str(ids[name]) for name in ("stop", "other stop", "profit")
    ]
    first_bid = {
        name: saved["bids"][0][name]
        for name in ("account", "side", "order_type", "quantity", "remaining_quantity", "price")
    }
    assert first_bid == {
        "account": market.account,
        "side": "buy",
        "order_type": "limit",
        "quantity": "0.5",
        "remaining_quantity": "0.45",
        "price": "99",
    }
    assert (saved["asks"][1]["account"], saved["asks"][1]["client_order_id"]) == (market.other_account, "second")
    assert (saved["pending"][0]["trigger_price"], saved["pending"][0]["price"]) == ("106", "107")


def test_saving_twice_gives_equal_bytes(market: Market) -> None:
    fill(market)
    market.save()
    first = market.file.read_bytes()
    market.file.unlink()
    market.save()
    assert market.file.read_bytes() == first
    assert [
        path.name for path in market.file.parent.iterdir() if path.name.startswith(f"orderbook_{market.symbol}.")
    ] == [market.file.name]


def test_load_of_what_was_just_saved_changes_nothing(market: Market) -> None:
    fill(market)
    market.save()
    first = market.saved()
    orders, depth = market.orders(), market.depth()
    loaded = market.load()
    assert (loaded.symbol, loaded.restored, loaded.skipped) == (market.symbol, 8, [])
    assert (market.orders(), market.depth()) == (orders, depth)
    market.save()
    assert {**market.saved(), "sequence": 0} == {**first, "sequence": 0}


def test_empty_book(market: Market) -> None:
    market.save()
    canceled = market.rest(BUY, 100, 1_000)
    assert market.load().restored == 0
    assert market.depth() == ([], [])
    assert market.order(canceled).reason is Reason.BOOK_REPLACED


# Loading


def test_load_keeps_priority(market: Market) -> None:
    ids = [market.rest(SELL, 100, 10_000) for _ in range(4)]
    market.save()
    # Each loses its place in another way.
    market.do(AmendOrder(ids[0], quantity=150))
    market.do(AmendOrder(ids[1], price=10_005))
    market.do(AmendOrder(ids[1], price=10_000))
    assert market.load().restored == 4
    assert market.makers_of(400, BUY) == ids


def test_load_brings_amended_orders_back(market: Market) -> None:
    order_id = market.rest(SELL, 100, 10_000)
    stop_id = market.wait(BUY, 70, OrderType.STOP_LIMIT, 10_600, 10_700)
    before = market.orders()
    market.save()
    market.do(AmendOrder(order_id, quantity=50, price=20_000))
    market.do(AmendOrder(stop_id, trigger_price=15_000))
    market.load()
    assert market.orders() == before


def test_load_skips_what_was_done_since(market: Market) -> None:
    kept = market.rest(BUY, 100, 9_900)
    canceled = market.rest(BUY, 100, 10_000)
    filled = market.rest(BUY, 100, 10_100)
    fired = market.wait(SELL, 10, OrderType.STOP_MARKET, 10_100)
    market.save()
    market.do(CancelOrder(canceled))
    market.place(SELL, 100, 10_100)
    loaded = market.load()
    assert (loaded.restored, loaded.skipped) == (1, [canceled, filled, fired])
    assert [order.order_id for order in market.orders()] == [kept]
    assert [market.order(order_id).status for order_id in (canceled, filled, fired)] == [
        OrderStatus.CANCELED,
        OrderStatus.FILLED,
        OrderStatus.FILLED,
    ]


def test_load_keeps_the_fills_since(market: Market) -> None:
    order_id = market.rest(BUY, 100, 10_000)
    market.save()
    market.place(SELL, 30, 10_000)
    assert market.load().restored == 1
    order = market.order(order_id)
    assert (order.quantity, order.filled_quantity, order.remaining_quantity) == (100, 30, 70)
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert market.depth() == ([(10_000, 70)], [])


def test_load_cancels_what_the_file_does_not_hold(market: Market) -> None:
    kept = market.rest(BUY, 100, 9_900)
    market.save()
    newer = [
        market.rest(BUY, 100, 9_950, client_order_id="newer"),
        market.rest(SELL, 100, 10_500),
        market.wait(SELL, 80, OrderType.STOP_MARKET, 9_000),
    ]
    assert market.load().restored == 1
    assert [order.order_id for order in market.orders()] == [kept]
    for order_id in newer:
        order = market.order(order_id)
        assert (order.status, order.reason, order.remaining_quantity) == (OrderStatus.CANCELED, Reason.BOOK_REPLACED, 0)
    # Their client ids stay used.
    again = market.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 100, 9_950, client_order_id="newer"))
    assert (again.order_id, again.duplicate) == (newer[0], True)


def test_load_leaves_other_symbols_alone(market: Market, shared_matcher: Matcher, client: CommandClient) -> None:
    other = Market(shared_matcher, client, f"COIN{next(_symbols)}-USD")
    market.rest(BUY, 100, 9_900)
    market.save()
    order_id = other.rest(BUY, 100, 9_900)
    market.load()
    assert other.order(order_id).status is OrderStatus.OPEN


def test_ids_and_trade_numbers_never_go_back(market: Market) -> None:
    market.rest(BUY, 100, 9_900)
    market.save()
    last = market.place(SELL, 50, 9_900)
    trade_id = market.last_trade_id()
    market.load()
    after = market.place(SELL, 10, 9_900)
    assert after.order_id == last.order_id + 1
    assert [trade.trade_id for trade in after.trades] == [trade_id + 1]


def test_loaded_orders_keep_their_client_ids(market: Market) -> None:
    ids = fill(market)
    market.save()
    market.load()
    again = market.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 500, 9_900, client_order_id="bid"))
    assert (again.order_id, again.duplicate, again.filled_quantity) == (ids["first bid"], True, 50)
    canceled = market.do(CancelOrder(account=market.other_account, client_order_id="second"))
    assert canceled.order_id == ids["second ask"]


def test_loaded_triggers_fire(market: Market) -> None:
    maker = market.rest(SELL, 1_000, 10_000)
    stop = market.wait(BUY, 100, OrderType.STOP_MARKET, 10_000)
    market.save()
    market.do(CancelOrder(market.rest(BUY, 10, 1_000)))
    market.load()
    market.place(BUY, 10, 10_000)
    order = market.order(stop)
    assert (order.status, [trade.maker_order_id for trade in order.trades]) == (OrderStatus.FILLED, [maker])


def test_fresh_data_directory_can_load(market: Market, tmp_path: Path) -> None:
    ids = fill(market)
    market.save()
    orders, depth, trade_id = market.orders(), market.depth(), market.last_trade_id()
    fresh = Matcher(tmp_path)
    (fresh.data / "state").mkdir(parents=True)
    shutil.copy(market.file, fresh.data / "state")
    fresh.start()
    try:
        fresh.wait_until_ready()
        with fresh.client() as client:
            there = Market(fresh, client, market.symbol)
            assert there.depth() == ([], [])
            assert (there.load().restored, there.depth()) == (8, depth)
            assert there.orders() == orders
            again = there.do(PlaceOrder(market.symbol, market.account, BUY, LIMIT, 500, 9_900, client_order_id="bid"))
            assert (again.order_id, again.duplicate) == (ids["first bid"], True)
            taker = there.place(BUY, 150, 10_100)
            assert taker.order_id == max(ids.values()) + 1
            assert [(trade.trade_id, trade.maker_order_id) for trade in taker.trades] == [
                (trade_id + 1, ids["first ask"]),
                (trade_id + 2, ids["second ask"]),
            ]
            there.save()
            saved = there.file.read_bytes()
        # The load is in the journal: no file is needed to bring it back.
        there.file.unlink()
        fresh.kill()
        fresh.restart()
        with fresh.client() as client:
            after = Market(fresh, client, market.symbol)
            after.save()
            assert {**json.loads(saved), "sequence": 0} == {**after.saved(), "sequence": 0}
    finally:
        fresh.close()


def test_a_large_book_is_saved_while_orders_go_on(market: Market) -> None:
    """The file is written beside the loop: it holds the book as of the sequence that the answer names, and nothing that
    came later."""
    market.rest_many(30_000)
    request = market.client.ask(SaveBook(market.symbol))
    later = [market.rest(BUY, 10, 9_000) for _ in range(20)]
    response = market.client.result(request)
    assert isinstance(response.result, BookSaved)
    saved = market.saved()
    assert response.sequence == saved["sequence"] < market.order(later[-1]).sequence
    in_time = [str(order_id) for order_id in later if market.order(order_id).sequence <= response.sequence]
    assert [order["order_id"] for order in saved["bids"]] == in_time
    assert (len(saved["asks"]), response.result.orders) == (30_000, 30_000 + len(in_time))

"""Lists of accounts over shards: by time, then by id, page by page without a gap and without a double."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from gateway.exchange.shards.merging import Page, joined_page, newest_of
from protocol.commands import CancelOrder, Deposit, FillsQuery, MovementsQuery, OrderQuery, OrdersQuery
from protocol.events import Fill, Movement, OrderState
from protocol.units import Side
from tests.unit.gateway.shard_world import ShardWorld

ROUNDS = 25


@pytest.fixture(scope="module")
def world() -> ShardWorld:
    """Orders of two accounts in both shards: some rest, some are canceled, some trade, some with themselves."""
    world, draw = ShardWorld(), Random(5)
    for link in world.links:
        link.do(Deposit("ann", "USDT", "10000000", "d"))
    for step in range(ROUNDS):
        for link in draw.sample(world.links, 2):
            order_id = link.place("ann", 2_000_000 + step)
            if draw.random() < 0.4:
                link.place(draw.choice(("ann", "bob")), 2_000_000 + step, Side.SELL)
            elif draw.random() < 0.5:
                link.do(CancelOrder(order_id))
    return world


def test_open_orders_come_by_their_times(world: ShardWorld) -> None:
    found = _orders(world, done=False, limit=4)
    assert found == sorted(found, key=lambda order: (order.timestamp, order.order_id))
    assert [order.order_id for order in found] == _ids(world, done=False)


def test_done_orders_come_by_their_ends(world: ShardWorld) -> None:
    found = _orders(world, done=True, limit=3)
    ends = [order.updated for order in found]
    assert ends == sorted(ends, reverse=True)
    assert sorted(order.order_id for order in found) == sorted(_ids(world, done=True))


def _orders(world: ShardWorld, *, done: bool, limit: int) -> list[OrderState]:
    found: list[OrderState] = []
    after: Sequence[int] | None = [0, 0]
    while after is not None:
        query = OrdersQuery(None, "ann", done, limit)
        page = asyncio.run(world.exchange.over_shards.joined_orders(query, after))
        assert len(page.items) == limit or page.next is None
        found += page.items
        after = page.next
    return found


def _ids(world: ShardWorld, *, done: bool) -> list[int]:
    states = [
        order
        for link in world.links
        for order in link.state.registry.orders
        if order.account.name == "ann" and (order.level is None) is done
    ]
    return [order.order_id for order in sorted(states, key=lambda order: (order.timestamp, order.order_id))]


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_fills_come_by_their_times_and_both_sides_of_a_trade_together(world: ShardWorld, limit: int) -> None:
    found: list[Fill] = []
    after: Sequence[tuple[int, int]] | None = [(0, 0), (0, 0)]
    while after is not None:
        page = asyncio.run(world.exchange.over_shards.joined_fills(FillsQuery("ann", None, limit), after))
        assert {fill.trade for fill in page.items}.isdisjoint(fill.trade for fill in found)
        found += page.items
        after = page.next
    times = [fill.trade.timestamp for fill in found]
    assert times == sorted(times)
    known = [fill for link in world.links for fill in _fills(world, list(link.state.registry.books))]
    assert len(found) == len(known) > 10
    assert {(fill.trade.symbol, fill.order_id, fill.trade.trade_id) for fill in found} == {
        (fill.trade.symbol, fill.order_id, fill.trade.trade_id) for fill in known
    }
    newest = asyncio.run(world.exchange.history.accounts.fills(FillsQuery("ann", None, 5))).fills
    assert newest == found[-len(newest) :]
    assert len(newest) in (5, 6)


def _fills(world: ShardWorld, symbols: Sequence[str]) -> list[Fill]:
    [symbol] = symbols
    return asyncio.run(world.exchange.history.accounts.fills(FillsQuery("ann", symbol, 1000, (0, 0)))).fills


@pytest.mark.parametrize("asset", [None, "BTC", "USDT"])
def test_movements_come_by_their_times(world: ShardWorld, asset: str | None) -> None:
    found: list[Movement] = []
    after: Sequence[tuple[int, int]] | None = [(0, 0), (0, 0)]
    while after is not None:
        query = MovementsQuery("ann", asset, 7)
        page = asyncio.run(world.exchange.over_shards.joined_movements(query, after))
        found += page.items
        after = page.next
    times = [movement.timestamp for movement in found]
    assert times == sorted(times)
    assert {movement.symbol for movement in found} >= ({"BTC-USDT"} if asset == "BTC" else {"BTC-USDT", "ETH-USDT"})
    newest = asyncio.run(world.exchange.history.accounts.movements(MovementsQuery("ann", asset, 1000))).movements
    assert newest == found


def test_an_order_is_found_by_its_id_in_its_shard(world: ShardWorld) -> None:
    for link in world.links:
        order_id = link.place("ann", 1_000_000)
        state = asyncio.run(world.exchange.history.accounts.look_up(OrderQuery(order_id)))
        assert state.order_id == order_id


@pytest.mark.parametrize("seed", range(20))
def test_pages_of_random_shards_make_the_list_of_all(seed: int) -> None:
    draw = Random(seed)
    shards = [sorted(draw.choices(range(40), k=draw.randint(0, 30))) for _ in range(draw.randint(1, 4))]
    items = [[(time, number, place) for place, time in enumerate(times)] for number, times in enumerate(shards)]
    limit = draw.randint(1, 9)
    # A shard may tell less than it is asked for.
    least = draw.randint(1, limit)
    cursors: list[int] | None = [0] * len(items)
    found: list[tuple[int, int, int]] = []
    while cursors is not None:
        pages = []
        for shard, cursor in zip(items, cursors, strict=True):
            end = cursor + draw.randint(least, limit)
            pages.append(Page(shard[cursor:end], cursor, end if end < len(shard) else None))
        page = joined_page(pages, limit, lambda item: item[0], lambda item: item[2] + 1)
        assert len(page.items) <= limit
        found += page.items
        cursors = page.next
    assert found == sorted(item for shard in items for item in shard)
    assert newest_of(items, limit, lambda item: item[0], lambda item: item[2]) == found[-limit:]

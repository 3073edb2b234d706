"""Lists of orders of all times are read by their ends, and told by their entries: as if all had been read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from gateway.binance.errors import DialectError
from gateway.binance.rows import finding
from protocol.commands import OrdersQuery
from protocol.events import OrderPage, OrderState
from protocol.units import OrderStatus, OrderType, Reason, Side

if TYPE_CHECKING:
    from gateway.binance.desk import Context


def state(order_id: int, placed: int, ended: int | None, *, rejected: bool = False) -> OrderState:
    status = OrderStatus.OPEN if ended is None else OrderStatus.FILLED
    return OrderState(
        order_id,
        None,
        "bob",
        "BTC-USDT",
        Side.BUY,
        OrderType.LIMIT,
        1,
        None,
        OrderStatus.REJECTED if rejected else status,
        resting=ended is None,
        quantity=1,
        filled_quantity=0,
        remaining_quantity=0,
        filled_value=0,
        reason=Reason.TOO_LATE if rejected else None,
        sequence=order_id,
        timestamp=placed,
        trades=[],
        updated=placed if ended is None else ended,
    )


class Pages:
    """Live orders by their entries, and done ones by their ends, the newest first."""

    def __init__(self, orders: list[OrderState]) -> None:
        self.live = sorted((each for each in orders if each.resting), key=lambda each: each.order_id)
        self.done = sorted((each for each in orders if not each.resting), key=lambda each: -each.updated)
        self.read = 0

    async def page(self, query: OrdersQuery) -> OrderPage:
        return self._cut(self.live, query)

    async def orders(self, query: OrdersQuery) -> OrderPage:
        if not query.done:
            return await self.page(query)
        self.read += 1
        return self._cut(self.done, query)

    def _cut(self, orders: list[OrderState], query: OrdersQuery) -> OrderPage:
        end = query.after + query.limit
        return OrderPage(orders[query.after : end], end if end < len(orders) else None)


class OverShards:
    def __init__(self, shards: Sequence[Pages]) -> None:
        self._shards = shards

    async def of_each_shard(self, call: Callable[[Pages], Awaitable[list[OrderState]]]) -> list[list[OrderState]]:
        return [await call(shard) for shard in self._shards]


def listed(pages: Pages, limit: int, begin: int | None, end: int | None, *others: Pages, **more: int) -> list[int]:
    shards = (pages, *others) if others else ()
    exchange = SimpleNamespace(
        orders=pages, history=SimpleNamespace(accounts=pages), parts=shards, over_shards=OverShards(shards)
    )
    context = cast("Context", SimpleNamespace(account="bob", exchange=exchange))

    def wanted(each: OrderState) -> bool:
        return (begin is None or each.timestamp >= begin) and (end is None or each.timestamp < end)

    found = asyncio.run(finding.all_orders(context, None, wanted, limit, begin, **more))
    return [each.order_id for each in found]


def drawn(draw: Random, count: int) -> list[OrderState]:
    orders = []
    time = 0
    for order_id in range(1, count + 1):
        time += draw.choice((0, 1, 5))
        ended = None if draw.random() < 0.2 else time + draw.choice((0, 0, 1, 20, 300))
        orders.append(state(order_id, time, ended, rejected=ended is not None and draw.random() < 0.1))
    return orders


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 3)


@pytest.mark.parametrize("number", range(40))
def test_a_list_is_that_of_all_orders(number: int) -> None:
    draw = Random(number)
    orders = drawn(draw, draw.randint(0, 60))
    latest = max((each.timestamp for each in orders), default=0)
    for _ in range(10):
        limit = draw.choice((1, 2, 5, 100))
        begin = draw.choice((None, draw.randint(0, latest + 1)))
        end = draw.choice((None, draw.randint(0, latest + 1)))
        expected = [
            each.order_id
            for each in orders
            if each.status is not OrderStatus.REJECTED
            and (begin is None or each.timestamp >= begin)
            and (end is None or each.timestamp < end)
        ]
        if begin is None:
            expected = expected[-limit:]
        assert listed(Pages(orders), limit, begin, end) == expected


def test_the_newest_of_all_shards_come_by_their_times() -> None:
    first = Pages([state(order_id, 10 * order_id, 10 * order_id + 1) for order_id in range(1, 20)])
    second = Pages([state(2**48 + order_id, 10 * order_id + 5, 10 * order_id + 7) for order_id in range(1, 20)])
    assert listed(first, 3, None, None, second) == [2**48 + 18, 19, 2**48 + 19]
    assert listed(first, 3, 180, None, second) == [18, 2**48 + 18, 19, 2**48 + 19]


def test_the_newest_need_no_old_pages() -> None:
    pages = Pages([state(order_id, 10 * order_id, 10 * order_id + 1) for order_id in range(1, 1_000)])
    assert listed(pages, 4, None, None) == [996, 997, 998, 999]
    assert pages.read <= 3


def test_a_call_reads_a_bounded_number_of_orders() -> None:
    orders = [state(order_id, 10 * order_id, 10 * order_id + 1) for order_id in range(1, 1_000)]
    with pytest.raises(DialectError, match="a call reads 300 orders at most"):
        listed(Pages(orders), 1_000, 0, None)
    assert listed(Pages(orders), 1_000, None, None, most_pages=2) == list(range(994, 1_000))

"""An account's list of live orders: whatever joins and ends, it lists exactly the live ones, oldest first, and keeps
little else."""

from random import Random

import pytest

from matcher.core.levels import Levels
from matcher.core.order import Order
from matcher.core.order_list import CHUNK, OrderList
from tests.unit.engine.plain_orders import plain_order


class Orders:
    """Orders that are live while they stand in a level."""

    def __init__(self) -> None:
        self.levels = Levels(1)
        self.made = 0

    def make(self) -> Order:
        self.made += 1
        order = plain_order(self.made)
        self.levels.add(order, 100)
        return order

    def end(self, order: Order) -> None:
        assert order.level is not None
        self.levels.remove(order, order.level)


def kept(orders: OrderList) -> int:
    """How many orders the list holds, done ones included."""
    return sum(map(len, (*orders._chunks, orders._last)))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ends", [0.3, 0.5, 0.7])
def test_it_lists_the_live_orders_oldest_first(seed: int, ends: float) -> None:
    random, orders, made = Random(seed), OrderList(), Orders()
    live: list[Order] = []
    for _ in range(5_000):
        if live and random.random() < ends:
            made.end(live.pop(random.randrange(len(live))))
        else:
            live.append(made.make())
            orders.add(live[-1])
    assert list(orders) == live
    after = random.randint(0, made.made)
    assert list(orders.after(after)) == [one for one in live if one.order_id > after]
    assert list(orders.after(0)) == live
    orders.clear()
    assert list(orders) == []


def test_it_keeps_few_done_orders_however_long_it_lives() -> None:
    orders, made = OrderList(), Orders()
    resting = [made.make() for _ in range(20 * CHUNK)]
    for order in resting:
        orders.add(order)
    for order in resting:
        made.end(order)
    for _ in range(100 * CHUNK):
        order = made.make()
        orders.add(order)
        made.end(order)
    assert kept(orders) <= 2 * CHUNK


def test_orders_of_any_age_can_join() -> None:
    orders, made = OrderList(), Orders()
    every = [made.make() for _ in range(3 * CHUNK)]
    for order in every[::2]:
        orders.add(order)
    orders.insert(every[1::2])
    assert list(orders) == every
    orders.add(made.make())
    assert [order.order_id for order in orders] == list(range(1, 3 * CHUNK + 2))

"""Orders by client_order_id, in parts."""

from random import Random

import pytest

from matcher.core.named_orders import PART_ORDERS, NamedOrders
from matcher.core.order import Order
from tests.unit.engine.plain_orders import plain_order


def named(number: int) -> Order:
    order = plain_order(number)
    order.client_order_id = f"order-{number}"
    return order


def parts_of(orders: NamedOrders) -> list[dict[str, Order]]:
    return orders._parts or [orders._first]


@pytest.mark.parametrize("seed", range(3))
def test_it_finds_what_a_dict_finds(seed: int) -> None:
    random, orders, known = Random(seed), NamedOrders(), dict[str, Order]()
    for number in range(10 * PART_ORDERS):
        order = named(number)
        orders.add(order)
        known[f"order-{number}"] = order
        if random.random() < 0.3:
            gone = known.pop(random.choice([f"order-{random.randrange(number + 1)}", f"order-{number}"]), None)
            if gone is not None:
                orders.remove(gone)
    assert len(orders) == len(known)
    assert {order.client_order_id for order in orders} == known.keys()
    for number in range(10 * PART_ORDERS):
        assert orders.get(f"order-{number}") is known.get(f"order-{number}")


def test_a_step_of_growth_moves_the_orders_of_one_part() -> None:
    orders = NamedOrders()
    for number in range(20 * PART_ORDERS):
        before = [id(part) for part in parts_of(orders)]
        orders.add(named(number))
        kept = sum(id(part) in before for part in parts_of(orders))
        assert kept >= len(before) - 1
    assert max(len(part) for part in parts_of(orders)) < 4 * PART_ORDERS
    assert len(parts_of(orders)) == 20

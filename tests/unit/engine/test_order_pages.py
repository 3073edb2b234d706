"""Orders by order_id, in pages."""

from random import Random

import pytest

from matcher.core.order import Order
from matcher.core.order_pages import PAGE_ORDERS, OrderPages
from tests.unit.engine.plain_orders import plain_order


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_what_a_dict_finds(seed: int) -> None:
    random = Random(seed)
    pages, known = OrderPages(), dict[int, Order]()
    for _ in range(5_000):
        order_id = random.randrange(1, 40 * PAGE_ORDERS)
        if order_id in known and random.random() < 0.7:
            pages.remove(known.pop(order_id))
        elif order_id not in known:
            known[order_id] = plain_order(order_id)
            pages.add(known[order_id])
        wanted = random.randrange(1, 41 * PAGE_ORDERS)
        assert pages.get(wanted) is known.get(wanted)
    assert len(pages) == len(known)
    assert sorted(order.order_id for order in pages) == sorted(known)


def test_an_order_that_is_not_there_is_a_key_error() -> None:
    pages = OrderPages()
    pages.add(plain_order(7))
    assert pages[7].order_id == 7
    for order_id in (6, PAGE_ORDERS + 7, 2**63 - 1):
        assert pages.get(order_id) is None
        with pytest.raises(KeyError, match=str(order_id)):
            pages[order_id]


def test_a_page_goes_with_its_last_order() -> None:
    pages = OrderPages()
    orders = [plain_order(order_id) for order_id in range(1, 10 * PAGE_ORDERS)]
    for order in orders:
        pages.add(order)
    for order in orders[:-1]:
        pages.remove(order)
    assert list(pages) == orders[-1:]
    assert len(pages._pages) == 1

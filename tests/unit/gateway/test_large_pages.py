"""That a list of many orders leaves the loop to others while it is made."""

import asyncio
from collections.abc import Iterator

import pytest
from msgspec import structs

from protocol.commands import OrdersQuery
from protocol.events import OrderPage, OrderState
from protocol.units import OrderStatus, OrderType, Side
from tests.unit.gateway.fakes import SEQUENCE, TIMESTAMP, Gateway

STATE = OrderState(
    1,
    None,
    "ann",
    "BTC-USDT",
    Side.BUY,
    OrderType.LIMIT,
    5,
    None,
    OrderStatus.OPEN,
    True,
    100,
    0,
    100,
    0,
    None,
    SEQUENCE,
    TIMESTAMP,
    [],
    updated_sequence=SEQUENCE,
    updated=TIMESTAMP,
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


def turns_of(gateway: Gateway, count: int) -> int:
    """How many turns the loop has while a list of so many orders is answered."""
    states = [structs.replace(STATE, order_id=number + 1) for number in range(count)]
    gateway.broker.results[OrdersQuery] = OrderPage(states, None)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def begin() -> "asyncio.Task[None]":
        return asyncio.ensure_future(turn())

    others = gateway.run(begin())
    answer = gateway.request("GET", "/orders?limit=1000")
    others.cancel()
    assert [order["order_id"] for order in answer.json["orders"]] == [str(number + 1) for number in range(count)]
    return turns


def test_a_large_page_is_made_a_little_at_a_time(gateway: Gateway) -> None:
    turns_of(gateway, 1)
    assert turns_of(gateway, 1000) - turns_of(gateway, 1) >= 19

"""The public clients on an exchange in process."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest

from matching_exchange import NotFound, OutcomeUnknown, Refused, Unauthorized
from matching_exchange.client.types.administration import Health
from matching_exchange.testing import InProcessExchange

SYMBOL = "ABC-USDT"


@pytest.fixture
def exchange() -> Iterator[InProcessExchange]:
    with InProcessExchange([SYMBOL]) as exchange:
        yield exchange


def test_a_client_trades(exchange: InProcessExchange) -> None:
    client = exchange.client(account="alice")
    placed = client.place(SYMBOL, "buy", quantity="2", price="10")
    exchange.client(account="bob").place(SYMBOL, "sell", quantity=1, price=10)
    assert client.order(placed.order_id).filled_quantity == Decimal(1)
    with pytest.raises(Refused) as refused:
        client.place(SYMBOL, "buy", quantity="2", price="10.001")
    assert refused.value.field == "price"


@pytest.mark.parametrize("fault", ["disconnect", "outcome_unknown"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_client_places_an_order_once_through_a_fault(exchange: InProcessExchange, fault: str, moment: str) -> None:
    fault_id = exchange.faults.add(fault, call="POST /orders", moment=moment, count=1)
    client = exchange.client(account="alice")
    order = client.place(SYMBOL, "buy", quantity="2", price="10", client_order_id="once")
    assert order.status == "open"
    assert exchange.faults.struck(fault_id) == 1
    assert [each.client_order_id for each in client.orders().orders] == ["once"]


def test_an_outcome_that_stays_unknown_is_told(exchange: InProcessExchange) -> None:
    exchange.faults.add("outcome_unknown", call="*")
    with pytest.raises(OutcomeUnknown):
        exchange.client(account="alice", timeout=0.2).place(SYMBOL, "buy", quantity="2", price="10")


def test_streams_of_an_async_client(exchange: InProcessExchange) -> None:
    async def listen() -> list[Decimal]:
        async with exchange.async_client(account="alice") as client, client.stream_trades(SYMBOL) as trades:
            await client.place(SYMBOL, "buy", quantity="2", price="10")
            exchange.client(account="bob").place(SYMBOL, "sell", quantity=1, price=10)
            first = await trades.receive()
            # The stream comes back by itself.
            exchange.faults.add("disconnect", call="WS *", moment="within", count=1)
            await client.place(SYMBOL, "sell", quantity="1", price="10")
            second = await trades.receive()
            return [getattr(each, "price", Decimal(0)) for each in (first, second)]

    assert asyncio.run(listen()) == [Decimal(10), Decimal(10)]


def test_streams_of_a_sync_client_are_refused_with_the_way_out(exchange: InProcessExchange) -> None:
    with pytest.raises(TypeError, match=r"async_client\(\)"):
        exchange.client().stream_trades(SYMBOL)


def test_keys_are_asked_for() -> None:
    with InProcessExchange([SYMBOL], keys=True) as exchange:
        with pytest.raises(Unauthorized):
            exchange.client().place(SYMBOL, "buy", quantity="2", price="10")
        key = exchange.make_key("alice", deposit={"USDT": "1000"})
        client = exchange.client(key=f"{key['key']}.{key['secret']}")
        assert client.place(SYMBOL, "buy", quantity="2", price="10").account == "alice"
        assert client.account().balances


def test_a_client_injects_and_removes_faults(exchange: InProcessExchange) -> None:
    client = exchange.client()
    fault = client.inject_fault("unavailable", call="GET /depth", chance="0.5", count=3)
    assert (fault.chance, fault.active, fault.struck) == (Decimal("0.5"), True, 0)
    assert [each.fault_id for each in client.faults().faults] == [fault.fault_id]
    health = client.health()
    assert isinstance(health, Health)
    assert health.faults == 1
    assert client.remove_fault(fault.fault_id).fault_id == fault.fault_id
    with pytest.raises(NotFound):
        client.remove_fault(fault.fault_id)
    assert client.clear_faults().faults == ()

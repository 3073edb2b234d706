"""Clients over ZeroMQ of several nodes: they find the one that leads, and go on with the next one."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from matching_exchange import AsyncZmqClient, InvalidValue, Unavailable, ZmqClient
from matching_exchange.client.types.markets import Trade
from protocol import topics
from protocol.client import CommandClient, MarketDataReader
from protocol.commands import CancelOrder, OrderQuery
from protocol.events import CommandRefused
from protocol.market_data import TradeMessage
from tests.exchange import PATIENCE, wait_until
from tests.nodes import Nodes

SYMBOL = "BTC-USDT"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with Nodes(tmp_path_factory.mktemp("nodes"), 2) as nodes:
        yield nodes


def goes_well(call: Callable[[], object]) -> bool:
    """Whether somebody leads who takes the call."""
    try:
        call()
    except Unavailable:
        return False
    return True


def test_a_command_on_its_way_is_answered_by_the_next_leader(nodes: Nodes) -> None:
    with CommandClient(matchers=nodes.addresses, timeout=PATIENCE) as client:
        first = client.command(CancelOrder(1_000_000))
        assert isinstance(first, CommandRefused)
        with nodes.leader.paused():
            client.send([CancelOrder(2_000_000), CancelOrder(3_000_000)])
            nodes.leader.kill()
        nodes.start_next()
        assert [client.receive().number for _ in range(2)] == [2, 3]
        assert client.query(OrderQuery(1)).sequence > 0


def test_market_data_goes_on_without_trades_twice(nodes: Nodes) -> None:
    def trade(client: ZmqClient) -> None:
        for side in ("sell", "buy"):
            client.place(SYMBOL, side, quantity="1", price="50")

    with (
        ZmqClient(matchers=nodes.addresses, timeout=PATIENCE) as client,
        MarketDataReader([topics.TRADES], matchers=nodes.addresses) as reader,
    ):
        heard: list[int] = []

        def hear(trade: Trade) -> None:
            heard.append(int(trade.trade_id))

        client.on_trade(SYMBOL, hear)

        def is_read() -> bool:
            trade(client)
            return reader.read(0.05) is not None

        wait_until(is_read, "a subscription of the reader")
        nodes.take_over()
        wait_until(lambda: goes_well(lambda: trade(client)), "the next leader")
        last = int(client.trades(SYMBOL).trades[-1].trade_id)
        wait_until(lambda: bool(heard) and heard[-1] == last, "the last trade")
        assert heard == list(range(heard[0], last + 1))
        while (update := reader.read(PATIENCE)) is not None:
            assert isinstance(update.message, TradeMessage)
            if update.message.trade_id == last:
                break


def test_both_clients_keep_what_was_answered(nodes: Nodes) -> None:
    with ZmqClient(account="threads", matchers=nodes.addresses, timeout=PATIENCE) as client:
        before = client.place(SYMBOL, "buy", quantity="1", price="10")
        nodes.take_over()
        wait_until(lambda: goes_well(lambda: client.place(SYMBOL, "buy", quantity="1", price="11")), "the next leader")
        prices = [order.price for order in client.orders().orders]
        assert prices == [before.price, 11]


def test_the_client_on_asyncio_too(nodes: Nodes) -> None:
    async def scenario() -> None:
        async with AsyncZmqClient(account="loop", matchers=nodes.addresses, timeout=PATIENCE) as client:
            before = await client.place(SYMBOL, "buy", quantity="1", price="10")
            with ThreadPoolExecutor() as threads:
                await asyncio.get_running_loop().run_in_executor(threads, nodes.take_over)
            while True:
                try:
                    after = await client.place(SYMBOL, "buy", quantity="1", price="11")
                    break
                except Unavailable:
                    await asyncio.sleep(0.01)
            found = {order.order_id for order in (await client.orders()).orders}
            assert found == {before.order_id, after.order_id}

    asyncio.run(scenario())


@pytest.mark.parametrize("matchers", ["a:5555", ["a"], ["a:5555", "a:0"], [5555]])
def test_what_is_no_base_address_is_refused(matchers: list[str]) -> None:
    with pytest.raises(InvalidValue) as caught:
        ZmqClient(matchers=matchers)
    assert caught.value.field == "matchers"
    with pytest.raises((ValueError, TypeError)):
        CommandClient(matchers=["a"])

"""The trade stream: no client misses a trade in silence."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.link.errors import MatcherUnavailableError
from protocol.commands import TradesQuery
from protocol.events import TradeHistory
from tests.unit.gateway.fakes import TIMESTAMP_TEXT, Gateway, eventually, instrument_message
from tests.unit.gateway.streams import INSTRUMENT, TRADES_PATH, Exchange, StreamClient, numbers


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


@pytest.fixture
def exchange(gateway: Gateway) -> Exchange:
    return Exchange(gateway)


def test_a_trade_is_told_with_its_fees(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> Any:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade()
        return await client.read()

    assert gateway.run(scenario()) == {
        "timestamp": TIMESTAMP_TEXT,
        "symbol": "BTC-USDT",
        "sequence": 101,
        "trade_id": "1",
        "price": "1",
        "quantity": "1",
        "aggressor_side": "buy",
        "maker_order_id": "1",
        "taker_order_id": "2",
        "maker_fee": "0.001",
        "taker_fee": "0.002",
    }


def test_fees_are_read_with_the_decimals_of_their_time(gateway: Gateway, exchange: Exchange) -> None:
    """Trades that wait for missing ones were published before the fees changed."""

    async def scenario() -> list[str]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(1)
        exchange.trade(1, published=False)
        exchange.trade(2)
        gateway.feed.publish(INSTRUMENT, instrument_message(fee_decimals=11))
        fees = [(await client.read())["maker_fee"] for _ in range(4)]
        exchange.trade(1)
        return [*fees, (await client.read())["maker_fee"]]

    assert gateway.run(scenario()) == ["0.001", "0.001", "0.001", "0.001", "0.0001"]


def test_a_client_gets_every_trade_from_its_beginning_on(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        exchange.trade(40)
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(3)
        return await numbers(client, 3)

    assert gateway.run(scenario()) == [41, 42, 43]


def test_a_client_is_accepted_when_nothing_can_be_missed_any_more(gateway: Gateway, exchange: Exchange) -> None:
    """Trades between the handshake's beginning and the subscription's are not promised; after the handshake's end none
    is missed."""

    async def scenario() -> list[int]:
        gateway.feed.current.clear()
        client = StreamClient(gateway, TRADES_PATH)
        await eventually(lambda: gateway.feed.subscribed(INSTRUMENT))
        exchange.trade(2, published=False)
        assert client.waiting() == 0
        gateway.feed.publish(INSTRUMENT, instrument_message())
        await client.accepted()
        exchange.trade(1, published=False)
        exchange.trade(1)
        return await numbers(client, 2)

    assert gateway.run(scenario()) == [3, 4]


def test_a_hole_is_filled_in_order(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(2)
        exchange.trade(5, published=False)
        exchange.trade(3)
        return await numbers(client, 10)

    assert gateway.run(scenario()) == list(range(1, 11))


def test_trades_that_come_while_a_hole_is_filled_wait(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(1)
        exchange.trade(1, published=False)
        exchange.trade(1)
        exchange.trade(1, published=False)
        exchange.trade(2)
        await asyncio.sleep(0)
        exchange.trade(1, published=False)
        exchange.trade(2)
        return await numbers(client, 9)

    assert gateway.run(scenario()) == list(range(1, 10))


def test_a_hole_behind_a_hole_is_filled_too(gateway: Gateway, exchange: Exchange) -> None:
    """The matcher answers as of its own moment: what is lost after it is asked for again."""

    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(1)
        exchange.trade(1, published=False)
        exchange.trade(1)
        as_of_three = TradeHistory("BTC-USDT", exchange.trades[1:])
        exchange.trade(1, published=False)
        exchange.trade(1)

        def answer(query: TradesQuery) -> TradeHistory:
            gateway.broker.results[TradesQuery] = exchange.history
            return as_of_three

        gateway.broker.results[TradesQuery] = answer
        return await numbers(client, 5)

    assert gateway.run(scenario()) == [1, 2, 3, 4, 5]


def test_the_end_of_a_burst_is_not_lost(gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """What overflows on the way is what came last: no later trade shows the hole."""
    monkeypatch.setattr("gateway.streams.channels.CHECK_SECONDS", 0.01)

    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(5)
        exchange.trade(3, published=False)
        return await numbers(client, 8)

    assert gateway.run(scenario()) == list(range(1, 9))


def test_trades_that_are_said_twice_are_told_once(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(3)
        for number in (1, 3, 2):
            exchange.publish(number)
        exchange.trade(1)
        return await numbers(client, 4)

    assert gateway.run(scenario()) == [1, 2, 3, 4]


def test_trades_of_an_outage_follow_when_the_matcher_is_back(
    gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trade need come after it: the instrument's message tells that the connection is new."""
    monkeypatch.setattr("gateway.streams.trades_follower.RETRY_SECONDS", 0.001)

    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(2)
        exchange.trade(4, published=False)
        gateway.broker.results[TradesQuery] = MatcherUnavailableError("")
        asked = len(gateway.broker.queries)
        gateway.feed.publish(INSTRUMENT, instrument_message(epoch=2))
        await eventually(lambda: len(gateway.broker.queries) > asked + 2)
        gateway.broker.results[TradesQuery] = exchange.history
        return await numbers(client, 6)

    assert gateway.run(scenario()) == [1, 2, 3, 4, 5, 6]


def test_a_client_is_closed_rather_than_made_to_miss_trades_that_nobody_has(
    gateway: Gateway, exchange: Exchange
) -> None:
    async def scenario() -> tuple[list[int], tuple[int, str]]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(2)
        before = await numbers(client, 2)
        exchange.kept = 3
        exchange.trade(9, published=False)
        exchange.trade(1)
        ending = await client.closed()
        after = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(1)
        assert await numbers(after, 1) == [13]
        return before, ending

    before, (code, reason) = gateway.run(scenario())
    assert before == [1, 2]
    assert (code, reason) == (4408, "trades 3 to 9 cannot be had any more")


def test_a_slow_client_of_trades_is_closed_and_others_miss_nothing(
    gateway: Gateway, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.streams.clients.TRADES_QUEUE", 100)

    async def scenario() -> tuple[list[int], list[int], tuple[int, str]]:
        slow = await StreamClient(gateway, TRADES_PATH).accepted()
        quick = await StreamClient(gateway, TRADES_PATH).accepted()
        slow.reads.clear()
        seen: list[int] = []
        for _ in range(30):
            exchange.trade(10)
            seen += await numbers(quick, 10)
        slow.reads.set()
        got = []
        message = await slow.next()
        while message["type"] == "websocket.send":
            got.append(message["text"])
            message = await slow.next()
        return seen, [len(got)], (message["code"], message["reason"])

    seen, [got], (code, reason) = gateway.run(scenario())
    assert seen == list(range(1, 301))
    assert got <= 1
    assert code == 4408
    assert "slow" in reason


def test_a_burst_that_fits_is_no_slowness(gateway: Gateway, exchange: Exchange) -> None:
    async def scenario() -> list[int]:
        client = await StreamClient(gateway, TRADES_PATH).accepted()
        exchange.trade(10_000)
        return await numbers(client, 10_000)

    assert gateway.run(scenario()) == list(range(1, 10_001))

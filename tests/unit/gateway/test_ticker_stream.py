"""WS /ws/ticker: the last 24 hours at once, then after each trade, each other best price, and each trade that leaves."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.streams import source
from history.schema.database import Database
from protocol import topics
from protocol.market_data import DepthMessage
from protocol.units import Side
from tests.unit.gateway.history_world import SECOND, START, World
from tests.unit.gateway.streams import StreamClient

PATH = "/ws/ticker?symbol=BTC-USDT"
DAY = 86_400 * SECOND


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(source, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(source, "TOLD_EVERY", 0.01)
    with World(database) as world:
        yield world


async def until(client: StreamClient, wanted: Callable[[Any], bool]) -> Any:
    while not wanted(ticker := await client.read()):
        pass
    return ticker


def test_trades_and_best_prices_are_told(world: World) -> None:
    world.trade(100, time=START)
    world.fill()
    world.trade(101, time=START + SECOND)

    async def scenario() -> Any:
        client = await StreamClient(world.gateway, PATH).accepted()
        first = await client.read()
        assert (first["count"], first["last_price"], first["bid"]) == (2, "101", None)
        world.trade(102, time=START + 2 * SECOND)
        world.publish()
        ticker = await until(client, lambda ticker: ticker["count"] == 3)
        assert (ticker["last_price"], ticker["change"], ticker["first_trade_id"]) == ("102", "2", "1")
        world.place("ann", Side.BUY, 100_000, 5_000)
        depth = DepthMessage(1, 9, 9, 8, world.time, "BTC-USDT", [(5_000, 100_000)], [])
        world.gateway.feed.publish(topics.depth("BTC-USDT"), depth)
        ticker = await until(client, lambda ticker: ticker["bid"] is not None)
        assert (ticker["bid"], ticker["ask"], ticker["count"]) == (["50", "1"], None, 3)
        await client.leave()
        return ticker

    ticker = world.gateway.run(scenario())
    assert ticker == world.good("/ticker", symbol="BTC-USDT")


def test_a_trade_leaves_the_window(world: World) -> None:
    world.trade(100, time=START)
    world.trade(110, time=START + 5 * SECOND)
    world.fill()
    world.gateway.broker.time = START + DAY - 20_000_000

    async def scenario() -> None:
        client = await StreamClient(world.gateway, PATH).accepted()
        first = await client.read()
        assert (first["count"], first["open"]) == (2, "100")
        world.gateway.broker.time = START + DAY
        ticker = await until(client, lambda ticker: ticker["count"] == 1)
        assert (ticker["open"], ticker["last_price"], ticker["open_time"]) == ("110", "110", "2025-10-24T00:00:01.000Z")
        await client.leave()

    world.gateway.run(scenario())


def test_lost_messages_are_made_good(world: World) -> None:
    world.trade(100, time=START)
    world.fill()

    async def scenario() -> None:
        client = await StreamClient(world.gateway, PATH).accepted()
        await client.read()
        world.trade(101, time=START + SECOND)
        world.trade(102, time=START + 2 * SECOND)
        world.publish()
        await until(client, lambda ticker: ticker["count"] == 3)
        world.trade(103, time=START + 3 * SECOND)
        world.publish()
        # The depth's message and another trade are lost.
        world.place("ann", Side.BUY, 100_000, 5_000)
        world.trade(104, time=START + 4 * SECOND)
        await until(client, lambda ticker: ticker["count"] == 5 and ticker["bid"] == ["50", "1"])
        await client.leave()

    world.gateway.run(scenario())


def test_all_tickers_in_one_stream(world: World) -> None:
    world.fill()

    async def scenario() -> None:
        client = await StreamClient(world.gateway, "/ws/ticker?symbol=*").accepted()
        first = await client.read()
        assert (first["symbol"], first["count"], first["last_price"]) == ("BTC-USDT", 0, None)
        world.trade(100, time=START + SECOND)
        world.publish()
        ticker = await until(client, lambda ticker: ticker["count"] == 1)
        assert ticker["last_price"] == "100"
        await client.leave()

    world.gateway.run(scenario())

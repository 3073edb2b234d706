"""WS /ws/candles: the newest candles at once, then each change; lost messages are made good."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.exchange.market_history import SETTLED
from gateway.streams import source, summary_client
from history.schema.database import Database
from protocol import topics
from protocol.commands import SetInstrument
from tests.history_tables import JOURNAL
from tests.unit.gateway.fakes import BTC, CONFIG, Gateway, eventually, instrument_message
from tests.unit.gateway.history_world import SECOND, START, World
from tests.unit.gateway.streams import StreamClient

PATH = "/ws/candles?symbol=BTC-USDT&interval=1m"
MINUTE = 60 * SECOND

Candles = dict[str, Any]


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(source, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(source, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(source, "TOLD_EVERY", 0.01)
    with World(database) as world:
        yield world


async def opened(world: World, path: str = PATH) -> StreamClient:
    return await StreamClient(world.gateway, path).accepted()


async def until(client: StreamClient, known: Candles, **wanted: Any) -> None:
    """Read until the newest candle has these fields."""
    while not (known and wanted.items() <= known[max(known)].items()):
        message = await client.read()
        assert set(message) == {"symbol", "interval", "candles"}
        times = [candle["open_time"] for candle in message["candles"]]
        assert times == sorted(times)
        known.update((candle["open_time"], candle) for candle in message["candles"])


def rest(world: World, **parameters: Any) -> Candles:
    answer = world.good("/candles", symbol="BTC-USDT", interval="1m", limit=1_000, **parameters)
    return {candle["open_time"]: candle for candle in answer["candles"]}


def test_a_stream_goes_on_from_an_answer(world: World) -> None:
    for minute in range(30):
        world.trade(100 + minute, time=START + minute * MINUTE)
    world.fill()
    known = rest(world)
    # What happens between the answer and the stream is in its first message.
    world.trade(200, time=START + 29 * MINUTE + 30 * SECOND)
    world.trade(210, time=START + 31 * MINUTE)

    async def scenario() -> None:
        client = await opened(world)
        await until(client, known, close="210", trades=1)
        world.trade(220, time=START + 31 * MINUTE + SECOND)
        world.publish()
        await until(client, known, close="220", trades=2)
        world.trade(230, time=START + 33 * MINUTE)
        world.publish()
        await until(client, known, close="230", trades=1)
        await client.leave()

    world.gateway.run(scenario())
    assert known == rest(world)
    assert [candle["complete"] for candle in known.values()] == [*[True] * 31, False]


def test_a_candle_ends_without_a_later_trade(world: World) -> None:
    world.trade(time=START + MINUTE - 20_000_000)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        known: Candles = {}
        await until(client, known, complete=False)
        world.gateway.broker.time = START + MINUTE + SETTLED
        await until(client, known, complete=True)
        # Nothing is told again.
        assert client.waiting() == 0
        await client.leave()

    world.gateway.run(scenario())


def test_a_trade_on_its_way_is_in_the_finished_candle(world: World) -> None:
    world.trade(time=START + MINUTE - 20_000_000)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        known: Candles = {}
        await until(client, known, complete=False)
        # It is made, and not told yet.
        world.trade(time=START + MINUTE - 1)
        world.gateway.broker.time = START + MINUTE + SETTLED
        await until(client, known, complete=True)
        assert [candle["trades"] for candle in known.values()] == [2]
        world.publish()
        await client.leave()

    world.gateway.run(scenario())


@pytest.mark.parametrize("told", ["the last", "an instrument"])
def test_lost_trades_are_made_good(world: World, told: str) -> None:
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        known: Candles = {}
        await until(client, known, trades=1)
        world.trade(time=START + SECOND)
        world.publish()
        await until(client, known, trades=2)
        for second in range(10):
            world.trade(time=START + 2 * SECOND + second)
        if told == "the last":
            world.publish()
        else:
            # A lost connection may be before it.
            world.gateway.feed.publish(topics.instruments("BTC-USDT"), instrument_message(2))
        await until(client, known, trades=12)
        await client.leave()

    world.gateway.run(scenario())


def test_a_candle_that_lacks_trades_is_not_told(world: World) -> None:
    world.trade(time=START + SECOND // 2)
    world.begin_late()
    world.trade(time=START + SECOND)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        world.trade(time=START + 2 * SECOND)
        world.publish()
        world.trade(time=START + MINUTE)
        world.publish()
        known: Candles = {}
        await until(client, known, trades=1)
        assert list(known) == ["2025-10-24T00:01:00.000Z"]
        await client.leave()

    world.gateway.run(scenario())


def test_what_the_memory_lacks_comes_from_the_tables(world: World) -> None:
    world.trade(time=START)
    world.fill()

    async def scenario() -> Candles:
        client = await opened(world)
        known: Candles = {}
        await until(client, known, trades=1)
        for second in range(1_500):
            world.trade(time=START + second * SECOND + SECOND)
        world.fill()
        world.publish()
        await until(client, known, open_time="2025-10-24T00:25:00.000Z", trades=1)
        await client.leave()
        return known

    known = world.gateway.run(scenario())
    assert known == rest(world)
    assert sum(candle["trades"] for candle in known.values()) == 1_501


def test_trades_that_come_twice_count_once(world: World) -> None:
    world.trade(time=START)
    world.trade(time=START + SECOND)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        known: Candles = {}
        await until(client, known, trades=2)
        world.publish(1)
        world.publish(2)
        world.trade(time=START + 2 * SECOND)
        world.publish()
        world.publish()
        await until(client, known, trades=3)
        await client.leave()

    world.gateway.run(scenario())


def test_many_changes_are_one_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "TOLD_EVERY", 0.1)
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        await until(client, {}, trades=1)
        before = asyncio.get_running_loop().time()
        messages = 0
        known: Candles = {}
        for second in range(300):
            world.trade(time=START + SECOND + second * 1_000_000)
            world.publish()
        while not known or known[max(known)]["trades"] < 301:
            message = await client.read()
            known.update((candle["open_time"], candle) for candle in message["candles"])
            messages += 1
        assert messages <= 2 + 10 * (asyncio.get_running_loop().time() - before)
        await client.leave()

    world.gateway.run(scenario())


def test_all_symbols_in_one_stream(world: World) -> None:
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        client = await opened(world, "/ws/candles?symbol=*&interval=1d")
        message = await client.read()
        assert (message["symbol"], message["interval"]) == ("BTC-USDT", "1d")
        world.do(SetInstrument.of(replace(BTC, symbol="ETH-USDT", base="ETH")))
        world.trade(time=START + SECOND)
        world.publish()
        message = await client.read()
        assert [candle["trades"] for candle in message["candles"]] == [2]
        # The new instrument is heard of by itself.
        await eventually(lambda: world.gateway.feed.subscribed(topics.trades("ETH-USDT")))
        await client.leave()
        assert not world.gateway.feed.subscribed(topics.trades("ETH-USDT"))

    world.gateway.run(scenario())


def test_a_slow_client_gets_the_last_state_or_is_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_client, "PARTS_WAITING", 20)
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        await until(client, {}, trades=1)
        client.reads.clear()
        for minute in range(15):
            world.trade(time=START + (minute + 1) * MINUTE)
            world.publish()
            await asyncio.sleep(0.02)
        client.reads.set()
        known: Candles = {}
        await until(client, known, open_time="2025-10-24T00:15:00.000Z")
        assert [candle["complete"] for candle in known.values()] == [*[True] * (len(known) - 1), False]
        assert len(known) in (15, 16)
        client.reads.clear()
        for minute in range(40):
            world.trade(time=START + (minute + 20) * MINUTE)
            world.publish()
            await asyncio.sleep(0.02)
        client.reads.set()
        message = await client.next()
        while message["type"] != "websocket.close":
            message = await client.next()
        assert message["code"] == 4408

    world.gateway.run(scenario())


def test_a_matcher_that_has_lost_its_end_ends_the_stream(world: World) -> None:
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        client = await opened(world)
        await until(client, {}, trades=1)
        world.trade(time=START + SECOND)
        world.publish()
        await until(client, {}, trades=2)
        book = world.state.registry.books["BTC-USDT"]
        book.trades.pop()
        book.last_trade_id -= 1
        world.gateway.feed.publish(topics.instruments("BTC-USDT"), instrument_message(2))
        code, reason = await client.closed()
        assert (code, reason) == (1012, "the exchange has lost trade 2: its history is another one")

    world.gateway.run(scenario())


def test_without_a_history_there_are_no_candles() -> None:
    with Gateway(CONFIG) as gateway:
        for path in (PATH, "/ws/ticker?symbol=BTC-USDT", "/ws/ticker?symbol=*"):

            async def scenario(path: str = path) -> tuple[int, str]:
                return await (await StreamClient(gateway, path).accepted()).closed()

            assert gateway.run(scenario()) == (
                4503,
                "history_unavailable: neither HISTORY_DATABASE nor MATCHER_DATA_DIR is set",
            )


def test_a_client_that_does_not_go_keeps_nobody_from_a_history_that_is_back(world: World) -> None:
    path = "/ws/candles?symbol=*&interval=1m"
    world.trade(time=START)
    world.fill()

    async def scenario() -> None:
        world.gateway.broker.journal = "another"
        stuck = StreamClient(world.gateway, path)
        stuck.reads.clear()
        await asyncio.wait_for(stuck.sending.wait(), 10)
        code, reason = await (await opened(world, path)).closed()
        assert (code, reason) == (4503, "history_unavailable: the tables are those of another journal")
        world.gateway.broker.journal = JOURNAL
        client = await opened(world, path)
        await until(client, {}, trades=1)
        await client.leave()
        stuck.reads.set()
        await stuck.accepted()
        assert (await stuck.closed())[0] == 4503

    world.gateway.run(scenario())


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("symbol=BTC-USDT", 4422, "interval"),
        ("interval=1m", 4422, "symbol"),
        ("symbol=BTC-USDT&interval=2m", 4422, "interval takes one of 1s, 1m"),
        ("symbol=BTC-USDT&interval=1m&limit=1", 4422, "symbol, interval"),
        ("symbol=XYZ&interval=1m", 4404, "No such instrument"),
    ],
)
def test_bad_parameters_close_the_stream(query: str, code: int, words: str) -> None:
    with Gateway(CONFIG) as gateway:

        async def scenario() -> tuple[int, str]:
            return await (await StreamClient(gateway, f"/ws/candles?{query}").accepted()).closed()

        closed, reason = gateway.run(scenario())
    assert closed == code
    assert words in reason

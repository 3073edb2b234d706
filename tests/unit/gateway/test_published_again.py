"""After a takeover the new leader publishes again what was told in the last seconds: no reader hears it twice."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import zmq

from gateway.binance.sockets.serving import CLOSING
from gateway.binance.streams.tape import Printed, Tape
from gateway.http.closing import CloseFrame
from gateway.link.feed import MarketDataFeed
from gateway.streams import source
from history.schema.database import Database
from protocol import topics
from protocol.codec import encode
from protocol.market_data import DepthMessage
from tests.unit.gateway.accounts import Accounts, begun
from tests.unit.gateway.fake_matcher import run
from tests.unit.gateway.fakes import BTC, Gateway, eventually
from tests.unit.gateway.history_world import SECOND, START, World
from tests.unit.gateway.streams import TRADES_PATH, Exchange, StreamClient, depth_message, numbers
from tests.unit.gateway.test_recent_market import Market, trade

if TYPE_CHECKING:
    from gateway.link.broker import Broker

NEXT_EPOCH = 2


def test_a_stream_of_trades_goes_on_once() -> None:
    with Gateway() as gateway:
        exchange = Exchange(gateway)

        async def scenario() -> list[int]:
            client = await StreamClient(gateway, TRADES_PATH).accepted()
            exchange.trade(5)
            # The last one was never published by the leader that died.
            exchange.trade(1, published=False)
            for number in range(3, 7):
                exchange.publish(number, NEXT_EPOCH)
            exchange.trade(1, published=False)
            exchange.publish(7, NEXT_EPOCH)
            return await numbers(client, 7)

        assert gateway.run(scenario()) == [1, 2, 3, 4, 5, 6, 7]


def test_the_tape_of_the_binance_dialect_goes_on_once() -> None:
    class Listener:
        def __init__(self) -> None:
            self.heard: list[int] = []

        def hear_trade(self, trade: Printed) -> None:
            self.heard.append(trade.trade_id)

        def end(self, frame: CloseFrame) -> None:
            raise AssertionError(frame)

    with Gateway() as gateway:
        exchange, listener = Exchange(gateway), Listener()

        async def scenario() -> None:
            tape = Tape(BTC, cast("Broker", gateway.broker), cast("MarketDataFeed", gateway.feed), CLOSING)
            tape.clients.add(listener)
            await tape.begun()
            exchange.trade(4)
            for number in range(1, 5):
                exchange.publish(number, NEXT_EPOCH)
            exchange.trade(1)
            await eventually(lambda: 5 in listener.heard)
            tape.close()

        gateway.run(scenario())
        assert listener.heard == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("path", ["/ws/candles?symbol=BTC-USDT&interval=1m", "/ws/ticker?symbol=BTC-USDT"])
def test_candles_and_tickers_count_each_trade_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(source, "TOLD_EVERY", 0.01)

    def count(message: dict[str, Any]) -> int:
        return int(message["candles"][-1]["trades"] if "candles" in message else message["count"])

    with World(database) as world:
        world.trade(time=START)
        world.fill()

        async def scenario() -> list[int]:
            client = await StreamClient(world.gateway, path).accepted()
            counts = [count(await client.read())]
            for second in (1, 2):
                world.trade(time=START + second * SECOND)
                world.publish()
            for number in (1, 2, 3):
                world.publish(number, NEXT_EPOCH)
            world.trade(time=START + 3 * SECOND)
            world.publish(epoch=NEXT_EPOCH)
            while counts[-1] < 4:
                counts.append(count(await client.read()))
            await client.leave()
            return counts

        assert world.gateway.run(scenario())[-1] == 4


def test_candles_of_what_was_heard_count_each_trade_once() -> None:
    with Gateway() as gateway:
        market = Market(gateway)
        market.trades = [trade(1, 0, 100)]
        assert market.candles(fill=False) == [(0, 100, 10, 1)]
        for number in (2, 3):
            market.trades.append(trade(number, 1, 100))
            market.publish(market.trades[-1])
        for told in market.trades:
            market.publish(told, NEXT_EPOCH)
        assert market.candles(fill=False) == [(0, 100, 10, 1), (1, 100, 20, 2)]


def test_updates_of_accounts_are_told_once() -> None:
    with Gateway() as gateway:
        accounts = Accounts(gateway)

        async def scenario() -> list[int]:
            reader = await begun(gateway)
            updates = [accounts.place() for _ in range(3)]
            gateway.broker.epoch = NEXT_EPOCH
            for callback in gateway.broker.openings:
                callback()
            for update in updates:
                gateway.broker.publish(update)
            accounts.place()
            await reader.read_up_to(accounts.sequence)
            return list(reader.updates)

        told = gateway.run(scenario())
        assert len(told) == 4
        assert told == sorted(set(told))


def test_the_feed_drops_what_a_former_leader_still_says(tmp_path: Path) -> None:
    endpoints = [f"ipc://{tmp_path}/{name}" for name in "ab"]
    context = zmq.Context()
    old, new = (context.socket(zmq.PUB) for _ in endpoints)
    for socket, endpoint in zip((old, new), endpoints, strict=True):
        socket.set(zmq.LINGER, 0)
        socket.bind(endpoint)
    topic, other = topics.depth("BTC-USDT"), topics.depth("ETH-USDT")

    def say(socket: "zmq.Socket[bytes]", topic: bytes, sequence: int, epoch: int) -> None:
        socket.send_multipart((topic, encode(depth_message(sequence, [], epoch))))

    async def scenario() -> None:
        feed = MarketDataFeed(endpoints[0], None, endpoints[1:])
        await feed.start()
        heard: list[tuple[int, int]] = []

        def hear(message: object) -> None:
            assert isinstance(message, DepthMessage)
            heard.append((message.epoch, message.sequence))

        for each in (topic, other):
            feed.subscribe(each, hear)

        def both_are_heard() -> bool:
            say(old, topic, 1, epoch=5)
            say(new, topic, 1, epoch=5)
            return heard.count((5, 1)) > 4

        await eventually(both_are_heard)

        def new_leads() -> bool:
            say(new, topic, 2, epoch=6)
            return (6, 2) in heard

        await eventually(new_leads)
        heard.clear()
        # Another topic counts too: it is the same leader that has gone.
        say(old, topic, 3, epoch=5)
        say(old, other, 3, epoch=5)
        # Its later words prove that those were read.
        say(old, topic, 4, epoch=6)
        await eventually(lambda: (6, 4) in heard)
        assert not [message for message in heard if message[0] == 5]
        say(new, other, 5, epoch=6)
        await eventually(lambda: (6, 5) in heard)
        await feed.stop()

    try:
        run(scenario)
    finally:
        context.destroy()

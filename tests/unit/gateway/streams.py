"""Clients of the gateway's streams, and the matcher's side of what they are told."""

import asyncio
import json
from typing import Any, Self

from starlette.types import Message

from protocol import topics
from protocol.commands import DepthQuery, TradesQuery
from protocol.events import Depth, Trade, TradeHistory
from protocol.market_data import DepthMessage, TradeMessage
from protocol.units import Side
from tests.unit.gateway.fakes import PATIENCE, TIMESTAMP, Gateway, scope

DEPTH = topics.depth("BTC-USDT")
TRADES = topics.trades("BTC-USDT")
INSTRUMENT = topics.instruments("BTC-USDT")
DEPTH_PATH = "/ws/marketdata?symbol=BTC-USDT"
TRADES_PATH = "/ws/trades?symbol=BTC-USDT"


class Exchange:
    """The matcher's trades: made here, published or lost, and kept for queries."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.trades: list[Trade] = []
        self.kept = 1000
        gateway.broker.results[TradesQuery] = self.history
        gateway.broker.results[DepthQuery] = Depth("BTC-USDT", [], [])

    def history(self, query: TradesQuery) -> TradeHistory:
        newer = [trade for trade in self.trades[-self.kept :] if trade.trade_id > query.after]
        return TradeHistory("BTC-USDT", newer[-query.limit :])

    def trade(self, count: int = 1, *, published: bool = True) -> None:
        for _ in range(count):
            number = len(self.trades) + 1
            self.trades.append(Trade("BTC-USDT", number, 100, 100_000, Side.BUY, 1, 2, 10, 20, number + 100, TIMESTAMP))
            if published:
                self.publish(number)

    def publish(self, number: int, epoch: int = 1) -> None:
        message = TradeMessage(
            epoch,
            number + 100,
            number,
            number - 1,
            TIMESTAMP,
            "BTC-USDT",
            number,
            100,
            100_000,
            "buy",
            1,
            2,
            100 * 100_000,
            200 * 100_000,
        )
        self.gateway.feed.publish(TRADES, message)


class StreamClient:
    """A WebSocket client in the gateway's loop. While `reads` is not set, what is sent to it does not get through."""

    def __init__(
        self,
        gateway: Gateway,
        target: str,
        headers: dict[str, str] | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        self.reads = asyncio.Event()
        self.reads.set()
        self.sending = asyncio.Event()
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        connection = scope("websocket", target, headers or {}, scheme="ws")
        connection["extensions"] = extensions or {}
        self.task = asyncio.get_running_loop().create_task(gateway.app(connection, self._incoming.get, self._send))

    async def _send(self, message: Message) -> None:
        self.sending.set()
        await self.reads.wait()
        self._sent.put_nowait(message)
        if message["type"] == "websocket.close":
            self._incoming.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    async def next(self) -> Message:
        return await asyncio.wait_for(self._sent.get(), PATIENCE)

    async def accepted(self) -> Self:
        assert (await self.next())["type"] == "websocket.accept"
        return self

    async def read(self) -> Any:
        """The next message of the stream."""
        message = await self.next()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the stream ends, and it ends."""
        message = await self.next()
        assert message["type"] == "websocket.close", message
        await asyncio.wait_for(self.task, PATIENCE)
        return message["code"], message["reason"]

    def waiting(self) -> int:
        """How many messages have come and were not read."""
        return self._sent.qsize()

    def say(self, text: str) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "text": text})

    async def leave(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, PATIENCE)


def depth_message(sequence: int, bids: list[tuple[int, int]], epoch: int = 1) -> DepthMessage:
    return DepthMessage(epoch, sequence, sequence, sequence - 1, TIMESTAMP, "BTC-USDT", bids, [])


async def numbers(client: StreamClient, count: int) -> list[int]:
    return [int((await client.read())["trade_id"]) for _ in range(count)]

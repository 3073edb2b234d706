"""The WebSockets: one symbol's depth or trades each, from channels that live as long as they have clients.

What a client sends is read and ignored. A stream that cannot begin is closed with a code and a reason, see `endings`.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Generic

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.broker import Broker, MatcherUnavailableError
from gateway.channels import Channel, Member
from gateway.clients import Client
from gateway.endings import START_AGAIN, Ending, close_stream, refuse_stream
from gateway.instruments import Instruments
from gateway.problems import ProblemError, unanswered
from gateway.resources import query_parameters, required
from protocol.instrument import Instrument

MAX_STREAMS: Final = 10_000
"""The most streams that one worker serves."""


class StreamCount:
    """How many streams of all kinds are open."""

    def __init__(self) -> None:
        self.open = 0


class Streams(Generic[Member]):
    """The WebSocket endpoint of one kind of stream."""

    def __init__(
        self, broker: Broker, instruments: Instruments, count: StreamCount, open_channel: Callable[[Instrument], Channel[Member]]
    ) -> None:
        self._instruments = instruments
        self._count = count
        self._open_channel = open_channel
        self._channels: dict[str, Channel[Member]] = {}
        broker.on_reset(self._start_again)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one stream, to its end."""
        self._count.open += 1
        try:
            if self._count.open > MAX_STREAMS:
                raise ProblemError("too_many_streams")
            symbol = required(query_parameters(websocket.scope, "symbol"), "symbol")
            await self._stream(websocket, await self._instruments.find(symbol))
        except ProblemError as problem:
            await refuse_stream(websocket, problem)
        except MatcherUnavailableError as failure:
            await refuse_stream(websocket, unanswered(failure))
        except WebSocketDisconnect:
            # The client has gone before its stream began.
            return
        finally:
            self._count.open -= 1

    async def _stream(self, websocket: WebSocket, instrument: Instrument) -> None:
        symbol = instrument.symbol
        channel = self._channels.get(symbol)
        if channel is None:
            channel = self._channels[symbol] = self._open_channel(instrument)
        client = channel.new_client()
        channel.clients.add(client)
        try:
            await channel.prepare(client)
            await websocket.accept()
            await _run(websocket, client)
        finally:
            channel.clients.discard(client)
            if not channel.clients and self._channels.get(symbol) is channel:
                del self._channels[symbol]
                channel.close()

    def _start_again(self) -> None:
        """The matcher has another journal: symbols may mean something else, numbers begin anew."""
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            channel.end_clients(Ending(START_AGAIN, "the exchange has begun a new journal"))
            channel.close()


async def _run(websocket: WebSocket, client: Client) -> None:
    """Write until the client's ending, read until it has gone."""
    try:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(_write(websocket, client))
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
            writer.cancel()
    except* WebSocketDisconnect:
        pass


async def _write(websocket: WebSocket, client: Client) -> None:
    try:
        while isinstance(text := await client.next(), str):
            await websocket.send_text(text)
        await close_stream(websocket, text)
    except RuntimeError as error:
        # The server has begun to close the connection by itself: no answer to a ping, or a message that is too large.
        raise WebSocketDisconnect from error

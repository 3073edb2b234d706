"""The WebSockets: one symbol's depth or trades each, or one account's updates, from channels that live as long as they
have clients.

What a client sends is read and ignored. A stream that cannot begin is closed with a code and a reason, see `endings`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Generic, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.http.frames import write_frame_of
from gateway.http.resources import query_parameters, required
from gateway.link.broker import Broker, MatcherUnavailableError
from gateway.link.instruments import Instruments
from gateway.native.problems import ProblemError, unanswered
from gateway.streams.channels import Channel, Member
from gateway.streams.clients import Client
from gateway.streams.endings import START_AGAIN, Ending, close_stream, refuse_stream
from protocol.instrument import Instrument

MAX_STREAMS: Final = 10_000
"""The most streams that one worker serves."""

Shared = TypeVar("Shared", bound=Channel[Any])


class StreamCount:
    """How many streams of all kinds are open."""

    def __init__(self) -> None:
        self.open = 0


async def serve_stream(
    websocket: WebSocket, count: StreamCount, stream: Callable[[WebSocket], Awaitable[None]]
) -> None:
    """Serve one stream, to its end; tell its client where it cannot begin."""
    count.open += 1
    try:
        if count.open > MAX_STREAMS:
            raise ProblemError(
                "too_many_streams", f"This gateway serves at most {MAX_STREAMS} streams; try again later."
            )
        await stream(websocket)
    except ProblemError as problem:
        await refuse_stream(websocket, problem)
    except MatcherUnavailableError as failure:
        await refuse_stream(websocket, unanswered(failure))
    except WebSocketDisconnect:
        # The client has gone before its stream began.
        return
    finally:
        count.open -= 1


class OpenChannels(Generic[Shared]):
    """The channels of one kind that have clients, by what they are about."""

    def __init__(self, broker: Broker) -> None:
        self._channels: dict[str, Shared] = {}
        broker.on_reset(self._start_again)

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Shared]:
        return iter(self._channels.values())

    async def attend(
        self,
        websocket: WebSocket,
        name: str,
        open_channel: Callable[[], Shared],
        new_client: Callable[[Shared], Client],
    ) -> None:
        """Serve a client of the channel, which is opened where it is not open yet."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = open_channel()
        client = new_client(channel)
        channel.clients.add(client)
        try:
            await channel.prepare(client)
            await websocket.accept()
            client.connect(write_frame_of(websocket.scope))
            await _run(websocket, client)
        finally:
            channel.clients.discard(client)
            if not channel.clients and self._channels.get(name) is channel:
                del self._channels[name]
                channel.close()

    def _start_again(self) -> None:
        """The matcher has another journal: symbols may mean something else, numbers begin anew."""
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            channel.end_clients(Ending(START_AGAIN, "the exchange has begun a new journal"))
            channel.close()


class Streams(Generic[Member]):
    """The WebSocket endpoint of one kind of market data."""

    def __init__(
        self,
        broker: Broker,
        instruments: Instruments,
        count: StreamCount,
        open_channel: Callable[[Instrument], Channel[Member]],
    ) -> None:
        self._instruments = instruments
        self._count = count
        self._open_channel = open_channel
        self._channels: OpenChannels[Channel[Member]] = OpenChannels(broker)

    async def serve(self, websocket: WebSocket) -> None:
        await serve_stream(websocket, self._count, self._stream)

    async def _stream(self, websocket: WebSocket) -> None:
        symbol = required(query_parameters(websocket.scope, "symbol"), "symbol")
        instrument = await self._instruments.find(symbol)
        await self._channels.attend(
            websocket, symbol, lambda: self._open_channel(instrument), lambda channel: channel.new_client()
        )


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

"""One WebSocket from beginning to end, and the channels that are open because they have clients.

What a client sends is read and ignored. A stream that cannot begin is closed with a code and a reason.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.http.callers import open_stream
from gateway.http.closing import START_AGAIN, CloseFrame, Closing, accept, close_stream, refuse_stream
from gateway.http.counting import ROUTE
from gateway.http.errors import HttpError
from gateway.http.frames import write_frame_of
from gateway.link.matcher_link import MatcherLink
from gateway.streams.channels import Channel, Ends, Follower
from gateway.streams.clients import Client

MAX_STREAMS: Final = 10_000
"""Streams that one worker serves at most."""


class Permit(Protocol):
    """What lets a stream go on."""

    async def allows(self) -> bool:
        """Whether the next message may be sent, as soon as that is known."""

    def watch(self, end: Callable[[], None]) -> Callable[[], None]:
        """Call `end` once the stream may not go on; the answer ends that."""


Shared = TypeVar("Shared", bound=Follower[Any])
Served = TypeVar("Served", bound=Channel[Any])


class StreamCount:
    """The number of open streams of all kinds."""

    def __init__(self) -> None:
        self.open = 0


async def serve_stream(
    websocket: WebSocket, count: StreamCount, closing: Closing, stream: Callable[[WebSocket], Awaitable[None]]
) -> None:
    """Serve one stream to its end. Close it with the reason if it cannot begin.

    Its path is a route, unless the scope tells another one.
    """
    websocket.scope.setdefault(ROUTE, websocket.scope["path"])
    count.open += 1
    try:
        if count.open > MAX_STREAMS:
            raise HttpError("too_many_streams", f"This gateway serves at most {MAX_STREAMS} streams; try again later.")
        place = open_stream(websocket.scope)
        try:
            await stream(websocket)
        finally:
            place.free()
    except WebSocketDisconnect:
        # The client has gone before its stream began.
        return
    except Exception as error:
        frame = closing.error(error)
        if frame is None:
            raise
        await refuse_stream(websocket, frame)
    finally:
        count.open -= 1


class OpenFollowers(Generic[Shared]):
    """The followers of one kind that have clients, by symbol or account."""

    def __init__(self, broker: MatcherLink) -> None:
        self._channels: dict[str, Shared] = {}
        broker.on_reset(self._start_again)

    def __len__(self) -> int:
        return len(self._channels)

    def __iter__(self) -> Iterator[Shared]:
        return iter(self._channels.values())

    def get(self, name: str) -> Shared | None:
        """The follower of that name, if it is open."""
        return self._channels.get(name)

    def open(self, name: str, open_channel: Callable[[], Shared]) -> Shared:
        """The follower of that name, opened if need be. It stays open while it has clients; add one before others
        run."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = open_channel()
        return channel

    def leave(self, name: str, channel: Shared, client: Ends) -> None:
        """The client hears no more. Close the channel with its last one."""
        channel.clients.discard(client)
        if not channel.clients and self._channels.get(name) is channel:
            del self._channels[name]
            channel.close()

    def _start_again(self) -> None:
        """The matcher has another journal: symbols and numbers may have another meaning."""
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            channel.end_clients(CloseFrame(START_AGAIN, "the exchange has begun a new journal"))
            channel.close()


class OpenChannels(OpenFollowers[Served]):
    """Channels of one kind."""

    async def attend(
        self,
        websocket: WebSocket,
        name: str,
        open_channel: Callable[[], Served],
        new_client: Callable[[Served], Client],
        permit: Permit | None = None,
        revoked: CloseFrame | None = None,
    ) -> None:
        """Serve a client of the channel; open the channel first if need be. Without a permit, anybody may hear it.

        revoked: how the stream is closed when its permit ends.
        """
        channel = self.open(name, open_channel)
        client = new_client(channel)
        channel.clients.add(client)
        leave = None
        if permit is not None and revoked is not None:
            leave = permit.watch(partial(client.end, revoked))
        try:
            await channel.prepare(client)
            await accept(websocket)
            client.connect(write_frame_of(websocket.scope))
            await run_stream(websocket, client, permit)
        finally:
            if leave is not None:
                leave()
            self.leave(name, channel, client)


async def run_stream(websocket: WebSocket, client: Client, permit: Permit | None) -> None:
    """Write until the stream is closed here, read until the client has gone."""
    try:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(_write(websocket, client, permit))
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
            writer.cancel()
    except* WebSocketDisconnect:
        pass


async def _write(websocket: WebSocket, client: Client, permit: Permit | None) -> None:
    try:
        while isinstance(text := await client.next(), str):
            if permit is None or await permit.allows():
                await websocket.send_text(text)
        await close_stream(websocket, text)
    except RuntimeError as error:
        # The server is closing the connection already: a ping had no answer, or a message was too large.
        raise WebSocketDisconnect from error

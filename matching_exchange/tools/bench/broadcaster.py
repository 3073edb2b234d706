"""python -m matching_exchange.tools.bench.broadcaster PORT TEXT: sends the text to all WebSocket clients, with the
current time inside. It uses `broadcast` of the package websockets, as often as a matcher publishes a depth. One is
left out while the last has not left."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Final

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from matching_exchange.tools.bench.listeners import STAMP

INTERVAL: Final = 0.01
"""Seconds from one text to the next: the matcher's default for depth."""

PAUSE: Final = 0.001
"""Seconds until it looks again whether all of the last one has left."""


async def run(port: int, text: str) -> None:
    before, after = text[: STAMP.start], text[STAMP.stop :]

    async def keep(_: ServerConnection) -> None:
        await asyncio.Event().wait()

    async with serve(keep, "127.0.0.1", port, compression=None, ping_interval=None) as server:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            connections = server.connections
            if any(connection.transport.get_write_buffer_size() for connection in connections):
                await asyncio.sleep(PAUSE)
                continue
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            broadcast(connections, before + stamp + after)
            due = max(due + INTERVAL, clock())
            await asyncio.sleep(due - clock())


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2]))

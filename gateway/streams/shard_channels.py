"""An account's stream where there are several shards: one ordered stream of each, in one WebSocket.

A text of a shard's channel begins with the sequence up to which its client knows all then, and a space; without the
sequence where the client does not know all yet. What is sent has the shard's name and a cursor in its place.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from msgspec import Struct
from starlette.websockets import WebSocket

from gateway.http.closing import CloseFrame, accept
from gateway.link.errors import MatcherUnavailableError
from gateway.streams.clients import Client
from gateway.streams.serve import Permit, run_stream
from gateway.streams.user_channel import UserChannel
from gateway.streams.user_channels import UserChannels
from gateway.streams.user_client import UserClient

DOT: Final = "."
"""Between the shards' parts of a cursor. That of a shard of which nothing is known is empty."""

Positions = Sequence[int | None]
"""For each shard, the sequence up to which all is known; None for nothing."""


class Entered(Struct):
    channels: UserChannels
    channel: UserChannel
    client: UserClient


class ShardedUserChannels:
    """Each shard's name, and its channels."""

    def __init__(self, shards: Sequence[tuple[str, UserChannels]]) -> None:
        self._shards = shards

    @property
    def count(self) -> int:
        """How many shards there are."""
        return len(self._shards)

    async def attend(
        self,
        websocket: WebSocket,
        account: str,
        after: Positions,
        permit: Permit | None = None,
        revoked: CloseFrame | None = None,
    ) -> None:
        """Serve a client that knows everything up to these sequences. A shard that is away begins when it is back.

        MatcherUnavailableError where all are away.
        """
        with ExitStack() as leaving:
            entered: list[Entered] = []
            for (_, channels), position in zip(self._shards, after, strict=True):
                channel, client = channels.enter(account, position)
                leaving.callback(channels.leave, account, channel, client)
                entered.append(Entered(channels, channel, client))
            joined = JoinedClient([name for name, _ in self._shards], [each.client for each in entered], after)
            leaving.callback(joined.close)
            if permit is not None and revoked is not None:
                leaving.callback(permit.watch(partial(joined.end, revoked)))
            await _prepare(entered)
            await accept(websocket)
            joined.begin()
            await run_stream(websocket, joined, permit)


async def _prepare(entered: Sequence[Entered]) -> None:
    there = [each for each in entered if each.channels.available]
    outcomes = await asyncio.gather(*(each.channel.prepare(each.client) for each in there), return_exceptions=True)
    away = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for outcome in away:
        if not isinstance(outcome, MatcherUnavailableError):
            raise outcome
    if len(away) == len(there):
        raise MatcherUnavailableError("no shard is there")


class JoinedClient(Client):
    """Sends what the clients of all shards have, one message of each in turn. It ends with the first of them."""

    def __init__(self, names: Sequence[str], clients: Sequence[UserClient], after: Positions) -> None:
        super().__init__()
        self._names = names
        self._clients = clients
        self._positions = list(after)
        self._texts: deque[tuple[int, str]] = deque()
        self._taken = [asyncio.Event() for _ in clients]
        self._pumps: list[asyncio.Task[None]] = []
        self._fault: BaseException | None = None

    def begin(self) -> None:
        """Take what the clients have, from now on."""
        loop = asyncio.get_running_loop()
        for number in range(len(self._clients)):
            pump = loop.create_task(self._pump(number))
            pump.add_done_callback(self._note_fault)
            self._pumps.append(pump)

    def close(self) -> None:
        for pump in self._pumps:
            pump.cancel()

    def _note_fault(self, pump: "asyncio.Task[None]") -> None:
        if not pump.cancelled() and pump.exception() is not None:
            self._fault = pump.exception()
            self._changed.set()

    async def _pump(self, number: int) -> None:
        """One message of a shard waits here at most: the others wait in its client, which bounds them."""
        taken = self._taken[number]
        while isinstance(text := await self._clients[number].next(), str):
            taken.clear()
            self._texts.append((number, text))
            self._changed.set()
            await taken.wait()
        self.end(text)

    def _take(self) -> str | None:
        if self._fault is not None:
            raise self._fault
        if not self._texts:
            return None
        number, text = self._texts.popleft()
        self._taken[number].set()
        position, _, message = text.partition(" ")
        if position:
            self._positions[number] = int(position)
        return f'{message[:-1]},"shard":"{self._names[number]}","cursor":"{cursor_text(self._positions)}"}}'


def cursor_text(positions: Positions) -> str:
    return DOT.join("" if position is None else str(position) for position in positions)


def cursor_positions(text: str, shards: int, highest: int) -> list[int | None] | None:
    """The positions of a cursor, for each shard; nothing is known of those that the map did not have then. None where
    the text is no cursor."""
    parts = text.split(DOT)
    if not 1 < len(parts) <= shards or not all(_is_position(part, highest) for part in parts):
        return None
    known: list[int | None] = [int(part) if part else None for part in parts]
    return known + [None] * (shards - len(known))


def _is_position(part: str, highest: int) -> bool:
    return not part or (part.isascii() and part.isdigit() and len(part) <= len(str(highest)) and int(part) <= highest)


def numbered(position: int | None, text: str) -> str:
    """The text of a channel, after which all up to the position is known."""
    return f"{'' if position is None else position} {text}"

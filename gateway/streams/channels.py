"""One symbol or account inside this worker: all its clients share a subscription, and each update is encoded once.

Messages may be lost. A channel asks the matcher for missing ones, and delivers in order. The last message before a
silence may be lost too. So some time after a message the channel asks once more.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Final, Generic, Protocol, TypeVar

from gateway.http.closing import CloseFrame, Closing
from gateway.link.errors import RefusedError
from gateway.streams.clients import Client

CHECK_SECONDS: Final = 1.0
"""Time after a message until the matcher is asked whether it was the last one."""


class Ends(Protocol):
    """Who hears what a follower tells."""

    def end(self, frame: CloseFrame) -> None:
        """Nothing more comes."""


Heard = TypeVar("Heard", bound=Ends)
Member = TypeVar("Member", bound=Client)


class Follower(ABC, Generic[Heard]):
    """One subscription and its clients. `closing` is how the dialect closes their streams."""

    def __init__(self, closing: Closing) -> None:
        self._closing = closing
        self.clients: set[Heard] = set()
        self._asking: asyncio.Task[None] | None = None
        self._check: asyncio.TimerHandle | None = None

    def end_clients(self, frame: CloseFrame) -> None:
        for client in self.clients:
            client.end(frame)

    def close(self) -> None:
        """Give the subscription up."""
        if self._asking is not None:
            self._asking.cancel()
        if self._check is not None:
            self._check.cancel()

    def _check_later(self) -> None:
        if self._check is None:
            self._check = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_now)

    def _check_now(self) -> None:
        self._check = None
        self._ask()

    def _ask(self) -> None:
        """Ask the matcher for lost messages."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_to_the_end())

    async def _ask_to_the_end(self) -> None:
        try:
            await self._catch_up()
        except RefusedError as error:
            self.end_clients(self._frame_of(error))
        finally:
            self._asking = None

    def _frame_of(self, error: RefusedError) -> CloseFrame:
        frame = self._closing.error(error)
        assert frame is not None, error
        return frame

    @abstractmethod
    async def _catch_up(self) -> None:
        """Ask, and offer the clients all that they have missed. RefusedError where the matcher refuses."""


class Channel(Follower[Member]):
    """A follower of which each client is one stream."""

    @abstractmethod
    def new_client(self) -> Member:
        """A client that is not among the clients yet."""

    @abstractmethod
    async def prepare(self, client: Member) -> None:
        """Give one of the clients its beginning."""

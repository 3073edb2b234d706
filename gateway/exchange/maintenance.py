"""The exchange itself: save and load a book, the digest of the state, the matcher's status."""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec import Struct

from gateway.link.answers import Stamped, expect
from gateway.link.broker import QUERY_TIMEOUT
from gateway.link.errors import MatcherUnavailableError, NoResultError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import DigestQuery, LoadBook, SaveBook, SessionsQuery, StatusQuery
from protocol.events import BookLoaded, BookSaved, Digest, MatcherStatus, SessionList
from protocol.saved_book import SavedBook

HEALTH_SECONDS: Final = 0.5
"""Time in which a healthy matcher tells its status."""

LONG_SECONDS: Final = 30.0
"""Time for a query whose work grows with the books: a save, a digest."""


Kind = TypeVar("Kind", Digest, SessionList)


class Status(Struct, frozen=True):
    """The matcher's status as of `sequence`.

    takes_commands: false between a restart of the matcher and its welcome.
    clock_difference: nanoseconds by which the matcher's time is ahead of this machine's clock.
    """

    sequence: int
    matcher: MatcherStatus
    takes_commands: bool
    clock_difference: int


class ShardStatus(Struct, frozen=True):
    """The status of one shard's matcher; None where it does not answer in time. shard: its name; empty where there is
    one matcher."""

    shard: str
    status: Status | None


class Maintenance:
    """shards: the name of each and the link to it; none where there is one matcher."""

    def __init__(self, broker: Link, instruments: Instruments, shards: Sequence[tuple[str, Link]] = ()) -> None:
        self._broker = broker
        self._shards = shards or [("", broker)]
        self._instruments = instruments

    async def save(self, symbol: str) -> Stamped[BookSaved]:
        """Save the book. OutcomeUnknownError where no result comes: the file may be written or not."""
        await self._instruments.find(symbol)
        try:
            answer = await self._broker.query(SaveBook(symbol), timeout=LONG_SECONDS, repeat=LONG_SECONDS)
        except NoResultError as error:
            raise OutcomeUnknownError(str(error)) from error
        return Stamped(answer.sequence, answer.timestamp, expect(BookSaved, answer.value))

    async def load(
        self, symbol: str, contents: SavedBook | None = None, *, new_order_ids: bool = False
    ) -> Stamped[BookLoaded]:
        """Load the contents, or the book's file where there are none."""
        await self._instruments.find(symbol)
        answer = await self._broker.submit(LoadBook(symbol, contents, new_order_ids))
        return Stamped(answer.sequence, answer.timestamp, expect(BookLoaded, answer.value))

    async def digests(self) -> list[tuple[str, Stamped[Digest]]]:
        """The name of each shard, and the digest of its state: each as of a sequence of its own."""
        return await self._of_each(Digest, DigestQuery(), LONG_SECONDS)

    async def sessions(self) -> list[tuple[str, Stamped[SessionList]]]:
        """The name of each shard, and its sessions."""
        return await self._of_each(SessionList, SessionsQuery(), QUERY_TIMEOUT)

    async def statuses(self) -> list[ShardStatus]:
        """The status of each shard. MatcherUnavailableError where none answers in time."""
        shards = self._shards
        found = await asyncio.gather(*(self._status(link) for _, link in shards), return_exceptions=True)
        statuses: list[ShardStatus] = []
        for (name, _), status in zip(shards, found, strict=True):
            if isinstance(status, BaseException) and not isinstance(status, MatcherUnavailableError):
                raise status
            statuses.append(ShardStatus(name, status if isinstance(status, Status) else None))
        if all(each.status is None for each in statuses):
            raise MatcherUnavailableError("no matcher answers")
        return statuses

    async def _of_each(
        self, kind: type[Kind], query: DigestQuery | SessionsQuery, seconds: float
    ) -> list[tuple[str, Stamped[Kind]]]:
        shards = self._shards
        answers = await asyncio.gather(*(link.query(query, timeout=seconds) for _, link in shards))
        return [
            (name, Stamped(answer.sequence, answer.timestamp, expect(kind, answer.value)))
            for (name, _), answer in zip(shards, answers, strict=True)
        ]

    @staticmethod
    async def _status(link: Link) -> Status:
        answer = await link.query(StatusQuery(), HEALTH_SECONDS)
        status = expect(MatcherStatus, answer.value)
        # A restarted matcher answers earlier queries before it welcomes this gateway.
        takes_commands = link.available and status.epoch <= link.epoch
        return Status(answer.sequence, status, takes_commands, link.clock_difference)

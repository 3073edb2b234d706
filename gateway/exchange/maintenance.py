"""The exchange itself: save and load a book, the digest of the state, the matcher's status."""

from typing import Final

from msgspec import Struct

from gateway.link.answers import Stamped, expect
from gateway.link.errors import NoResultError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import DigestQuery, LoadBook, SaveBook, SessionsQuery, StatusQuery
from protocol.events import BookLoaded, BookSaved, Digest, MatcherStatus, SessionList
from protocol.saved_book import SavedBook

HEALTH_SECONDS: Final = 0.5
"""Time in which a healthy matcher tells its status."""

LONG_SECONDS: Final = 30.0
"""Time for a query whose work grows with the books: a save, a digest."""


class Status(Struct, frozen=True):
    """The matcher's status as of `sequence`.

    takes_commands: false between a restart of the matcher and its welcome.
    clock_difference: nanoseconds by which the matcher's time is ahead of this machine's clock.
    """

    sequence: int
    matcher: MatcherStatus
    takes_commands: bool
    clock_difference: int


class Maintenance:
    def __init__(self, broker: Link, instruments: Instruments) -> None:
        self._broker = broker
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

    async def digest(self) -> Stamped[Digest]:
        answer = await self._broker.query(DigestQuery(), timeout=LONG_SECONDS)
        return Stamped(answer.sequence, answer.timestamp, expect(Digest, answer.value))

    async def sessions(self) -> Stamped[SessionList]:
        answer = await self._broker.query(SessionsQuery())
        return Stamped(answer.sequence, answer.timestamp, expect(SessionList, answer.value))

    async def status(self) -> Status:
        answer = await self._broker.query(StatusQuery(), HEALTH_SECONDS)
        status = expect(MatcherStatus, answer.value)
        # A restarted matcher answers earlier queries before it welcomes this gateway.
        takes_commands = self._broker.available and status.epoch <= self._broker.epoch
        return Status(answer.sequence, status, takes_commands, self._broker.clock_difference)

"""How the tables of the history and the matcher's memory make one list, without a gap and without a double.

The tables are read first. Then the matcher is asked for what is newer: its answer shows all that was said before. Where
its memory does not reach back to the tables, they are read again until they have caught up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gateway.link.answers import Stamped
from gateway.link.errors import HistoryBehindError
from gateway.link.on_behalf import Link
from gateway.link.tables import HistoryTables
from history.reading.database import Filled
from protocol.commands import Query
from protocol.events import Result

WAIT_SECONDS: Final = 1.0
"""Time in which the tables may catch up."""

AGAIN_SECONDS: Final = 0.05

Value = TypeVar("Value")


class Asked:
    """The matcher, for one call. Tables that are filled up to its first answer show all that was said before the call.

    time: by the matcher's clock, before it was asked first. Trades that come later have later stamps.
    """

    def __init__(self, link: Link) -> None:
        self.time = link.now()
        self._link = link
        self._sequence: int | None = None

    async def query(self, query: Query) -> Stamped[Result]:
        answer = await self._link.query(query)
        if self._sequence is None:
            self._sequence = answer.sequence
        return answer

    def covered(self, filled: Filled) -> bool:
        return self._sequence is not None and filled.sequence >= self._sequence


class Joining:
    """What the parts of the history share."""

    def __init__(self, link: Link, tables: HistoryTables) -> None:
        self.link = link
        self.tables = tables

    async def join(self, attempt: Callable[[Asked], Awaitable[Value | None]]) -> Value:
        """What the attempt gives as soon as that is something.

        HistoryBehindError where the tables do not catch up, HistoryUnavailableError where they cannot be read.
        """
        clock = asyncio.get_running_loop().time
        give_up = clock() + WAIT_SECONDS
        asked = Asked(self.link)
        while True:
            found = await attempt(asked)
            if found is not None:
                return found
            if clock() >= give_up:
                raise HistoryBehindError
            await asyncio.sleep(AGAIN_SECONDS)

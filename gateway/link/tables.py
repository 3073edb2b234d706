"""The tables of the history, read beside the event loop, and only those of the matcher's own journal."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from history.reading.database import MAX_CONNECTIONS, Filled, HistoryUnavailableError, Tables

MAX_QUESTIONS: Final = 512
"""Questions of one worker that wait for an answer, at most."""

NOT_SET: Final = "neither HISTORY_DATABASE nor MATCHER_DATA_DIR is set"

Value = TypeVar("Value")


class Found(Struct, Generic[Value], frozen=True):
    """An answer of the tables, and up to where they were filled then."""

    filled: Filled
    value: Value


class HistoryTables:
    """`tables` is None where no setting names any. `journal` tells the id of the matcher's journal, empty before the
    first one is known."""

    def __init__(self, tables: Tables | None, journal: Callable[[], str]) -> None:
        self._tables = tables
        self._journal = journal
        self._waiting = 0
        # It makes no thread before the first question.
        self._pool = ThreadPoolExecutor(MAX_CONNECTIONS, "history")

    @property
    def configured(self) -> bool:
        return self._tables is not None

    async def ask(self, question: Callable[[Connection], Value]) -> Found[Value]:
        """The answer to a question. HistoryUnavailableError where the tables cannot be read."""
        tables = self._tables
        if tables is None:
            raise HistoryUnavailableError(NOT_SET)
        if self._waiting >= MAX_QUESTIONS:
            raise HistoryUnavailableError("too many questions wait for the tables")
        self._waiting += 1
        try:
            filled, value = await asyncio.get_running_loop().run_in_executor(self._pool, tables.ask, question)
        finally:
            self._waiting -= 1
        journal = self._journal()
        if journal and filled.journal != journal:
            tables.close()
            raise HistoryUnavailableError("the tables are those of another journal")
        return Found(filled, value)

    async def close(self) -> None:
        """Give the connections up, once the questions that run have their answers."""
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)
        if self._tables is not None:
            self._tables.close()


NO_TABLES: Final = HistoryTables(None, str)

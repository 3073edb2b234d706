"""Reading a log in pages: how many records each asks for, and whether it goes on behind what was read. Pure."""

from typing import Final

from matcher.etcd.layout import Page
from matcher.storage.log import Position, RewoundError, TrimmedError

PAGE_BYTES: Final = 2 * 1024 * 1024
"""About what a page brings."""

FIRST_LIMIT: Final = 64
MIN_LIMIT: Final = 1
MAX_LIMIT: Final = 1_000


class Paging:
    """`limit` is the number of records to ask for."""

    def __init__(self) -> None:
        self.limit = FIRST_LIMIT

    def note(self, page: Page) -> None:
        """A page has come: the next one is to be of PAGE_BYTES."""
        if page.records:
            average = sum(len(packed) for _, packed in page.records) // len(page.records)
            self.limit = max(MIN_LIMIT, min(PAGE_BYTES // max(1, average), MAX_LIMIT))

    def failed(self) -> None:
        """A page has not come in time."""
        self.limit = max(MIN_LIMIT, self.limit // 4)


def check_goes_on(page: Page, after: Position) -> None:
    """That a page of the records behind `after` begins there. TrimmedError or RewoundError."""
    if page.head < after:
        raise RewoundError(f"the log ends at position {page.head}, and was read up to {after}")
    first = page.records[0][0] if page.records else page.head + 1
    if first > after + 1:
        raise TrimmedError(f"what comes behind position {after} is not in the log any more: it begins at {first}")

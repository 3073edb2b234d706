"""LOBSTER (Nasdaq, order by order): a file of messages and one of the shown levels after each message, both CSV without a header.

Message: time in s after midnight, type, order id, size, price (dollars x 10000), direction (1: the resting order is a buy, -1: a
sell). Row k of the order book: the state after message k; ask price 1, ask size 1, bid price 1, bid size 1, ask price 2, ... and a
size of 0 where there is no level. The rules:

- An execution (type 4) stands for an incoming order of the other side: it is sent as one that takes this size at this price and
  must hit the order that the message names.
- Messages exist only for the shown levels. After each row, levels deeper than the shown ones are forgotten (their orders are
  cancelled), and a level that newly appears is adopted as one anonymous order, first in its queue. Orders that were never
  announced, or were forgotten, take their cancels and executions from the anonymous order at their price.
- An order that the venue executes while others are before it in its queue, by its own messages, was executed out of turn: it is
  cancelled to that extent, so that one difference does not make more.
- Executions of hidden orders (5), cross trades (6) and trading halts (7) do not touch the shown book; they are ignored.
- Orders from before the opening are announced together in the first second, at one time: those of one price enter by their ids.
- The first row is where the replay starts: its state is adopted, so it is no comparison, and its message only counts if it
  announces an order.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Final

from msgspec import Struct

from protocol.units import Side
from tools.replay.readers import Reader
from tools.replay.recording import (
    Cancel,
    OutOfTurn,
    Place,
    Recording,
    RecordingError,
    Reduce,
    Step,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
    read_lines,
)

PRICE_DECIMALS: Final = 4
TICK_SIZE: Final = 100
NANOSECOND_DIGITS: Final = 9
SECOND: Final = 10**NANOSECOND_DIGITS
COLUMNS_PER_LEVEL: Final = 4

NEW, PARTIAL_CANCEL, DELETION, EXECUTION = 1, 2, 3, 4
IGNORED: Final = (5, 6, 7)

MESSAGE: Final = re.compile(r"(\d{1,6})(?:\.(\d+))?,([1-7]),(\d+),(\d+),(-?\d+),(-?1)", re.ASCII)
BOOK_ROW: Final = re.compile(r"-?\d+,\d+,-?\d+,\d+(?:,-?\d+,\d+,-?\d+,\d+)*", re.ASCII)
TICKER: Final = re.compile(r"([A-Z0-9]{1,16})_\d{4}-\d\d-\d\d_")


class Message(Struct, frozen=True, gc=False):
    time: int
    type: int
    order: str
    size: int
    price: int
    side: Side


class Queue(Struct):
    """The orders of one price that are known, first come first, with what is left of each."""

    remaining: dict[str, int]

    def owner(self, order: str) -> str | None:
        """The order itself, or the anonymous one that stands for it; None where neither is there."""
        if order in self.remaining:
            return order
        first = next(iter(self.remaining))
        return first if is_anonymous(first) else None


def recognises(first_line: str) -> bool:
    return MESSAGE.fullmatch(first_line) is not None or BOOK_ROW.fullmatch(first_line) is not None


def read(paths: Sequence[Path]) -> Recording:
    """The recording in a message file and an order book file; of one that is given alone, the other is found by its name."""
    messages_path, books_path = find_pair(paths)
    ticker_match = TICKER.match(messages_path.name)
    ticker = ticker_match[1] if ticker_match else "STOCK"
    replay = Shown()
    books = read_books(books_path)
    for number, message in enumerate(by_entry(list(read_messages(messages_path))), 1):
        row = next(books, None)
        if row is None:
            raise RecordingError(books_path, "ends before the messages do", number)
        replay.follow(message, row)
    if next(books, None) is not None:
        raise RecordingError(messages_path, "ends before the order book does", number + 1)
    return Recording("lobster", f"{ticker}-USD", ticker, "USD", PRICE_DECIMALS, 0, TICK_SIZE, 1, replay.finish())

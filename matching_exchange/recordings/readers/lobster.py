"""LOBSTER (Nasdaq, order by order): two CSV files without a header. One has the messages, the other the shown levels
after each message.

A message has: time in s after midnight, type, order id, size, price (dollars x 10000), direction. The direction is that
of the resting order: 1 to buy, -1 to sell. Row k of the order book is the state after message k. It has: ask price 1,
ask size 1, bid price 1, bid size 1, ask price 2, and so on. A missing level has a size of 0. The rules:

- An execution (type 4) becomes an incoming order of the other side. It takes this size at this price, and must hit the
  order that the message names.
- Messages exist only for the shown levels. After each row, levels deeper than the shown ones are forgotten: their
  orders are canceled. A level that newly appears becomes one anonymous order, first in its queue. Some orders were
  never announced, or were forgotten. The anonymous order at their price takes their cancels and executions.
- The place of the anonymous order before others in its queue is a guess. If the venue executes an order behind it, the
  anonymous order moves behind the known ones. Its own executions are sent only while it is at the head.
- An order that the venue executes although others are before it in the queue was executed out of turn. It is canceled
  to that extent, so one difference does not cause more.
- Types that do not touch the shown book are ignored: executions of hidden orders (5), cross trades (6), trading halts
  (7). A cross trade names a pseudo order with an id of 0 or below.
- The tick is the largest one that fits all shown prices: a stock below a dollar is quoted in 0.0001.
- Orders from before the opening are announced together in the first second, at one time. Those of one price enter in
  the order of their ids.
- The replay starts from the state of the first row. That row is not compared. Its message counts only if it announces
  an order.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.readers import Reader
from matching_exchange.recordings.recording import (
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
    greatest_tick,
)
from matching_exchange.recordings.source import Source
from matching_exchange.recordings.timeline import Timeline
from protocol.units import Side

PRICE_DECIMALS: Final = 4
SECOND_DECIMALS: Final = 9
SECOND: Final = 10**SECOND_DECIMALS
DAY: Final = 86_400 * SECOND

NEW, PARTIAL_CANCEL, DELETION, EXECUTION = 1, 2, 3, 4
IGNORED: Final = (5, 6, 7)

MESSAGE: Final = re.compile(r"(\d{1,6}(?:\.\d+)?),([1-7]),(-?\d{1,19}),(\d{1,18}),(-?\d{1,18}),(-?1)", re.ASCII)
BOOK_LEVEL: Final = r"(?:[1-9]\d{0,17},[1-9]\d{0,17}|-?\d{1,18},0)"
BOOK_ROW: Final = re.compile(rf"{BOOK_LEVEL},{BOOK_LEVEL}(?:,{BOOK_LEVEL},{BOOK_LEVEL})*", re.ASCII)
COLUMNS: Final = 4
"""A level of both sides: ask price, ask size, bid price, bid size."""

NO_LEVEL: Final = "0"
"""The size of a missing level."""

TICKER: Final = re.compile(r"([A-Z0-9]{1,16})_(\d{4}-\d\d-\d\d)_", re.ASCII)
ANONYMOUS: Final = "anonymous."

Queue = dict[str, int]
"""What is left of each known order of one price, first come first; never empty."""


class Message(Struct, frozen=True, gc=False):
    """`side` is that of the resting order."""

    time: int
    type: int
    order: str
    size: int
    price: int
    side: Side


def recognises(first_line: str) -> bool:
    return MESSAGE.fullmatch(first_line) is not None or BOOK_ROW.fullmatch(first_line) is not None


def read(files: Sequence[RecordingFile]) -> Recording:
    """The recording in a message file and an order book file. If only one is given, the other is found by its name."""
    message_file, book_file = pair(files)
    timeline = Timeline(message_file.path)
    steps = list(read_steps(message_file, book_file, timeline))
    ticker, _ = named_after(message_file.path, book_file.path)
    return Recording(
        "lobster", f"{ticker}-USD", ticker, "USD", PRICE_DECIMALS, 0, greatest_tick(steps), 1, steps, timeline.longest
    )


def read_lobster(path: Path | str, book: Path | str | None = None) -> Source:
    """A message file and its order book file, in any order. Without the second, its name is found by the first's.

    The recording's clock begins at the midnight (UTC) of the date in the name. Raises RecordingError.
    """
    paths = [Path(path)] if book is None else [Path(path), Path(book)]
    ticker, epoch = named_after(*paths)
    return Source(
        format="lobster",
        symbol=f"{ticker}-USD",
        base=ticker,
        quote="USD",
        price_decimals=PRICE_DECIMALS,
        quantity_decimals=0,
        steps=partial(steps_of, paths),
        epoch=epoch,
    )


def steps_of(paths: Sequence[Path]) -> Iterator[Step]:
    """The steps of a pair of files."""
    message_file, book_file = pair([RecordingFile(path) for path in paths])
    return read_steps(message_file, book_file, Timeline(message_file.path))


def named_after(*paths: Path) -> tuple[str, int]:
    """The ticker in a name, and the midnight of the date there."""
    for path in paths:
        if named := TICKER.match(path.name):
            try:
                day = date.fromisoformat(named[2])
            except ValueError as error:
                raise RecordingError(path, f"{named[2]} in its name: takes a date") from error
            return named[1], (day - date(1970, 1, 1)).days * DAY
    return "STOCK", 0


def read_steps(message_file: RecordingFile, book_file: RecordingFile, timeline: Timeline) -> Iterator[Step]:
    messages = read_messages(message_file, timeline)
    if not message_file.path.is_file():
        # Before the order book is opened: one writer may fill two pipes, one after the other.
        messages = iter(list(messages))
    first = next(messages)
    if MESSAGE.fullmatch(book_file.first_line()):
        raise RecordingError(book_file.path, "a second message file; takes one of each")
    rows = read_rows(book_file)
    shown = ShownBook()
    number = 0
    entries = by_entry(first, messages)
    for number, (message, entered) in enumerate(entries, 1):
        row = next(rows, None)
        if row is None:
            count = number + sum(1 for _ in entries)
            raise RecordingError(book_file.path, f"ends before the {count} messages do", number)
        yield from shown.follow(message, entered, row)
    if next(rows, None) is not None:
        raise RecordingError(message_file.path, "ends before the order book does", number)
    yield from shown.finish()


def pair(files: Sequence[RecordingFile]) -> tuple[RecordingFile, RecordingFile]:
    """The message file and the order book file, by what the first of the given ones is."""
    if len(files) > 2:
        raise RecordingError(files[2].path, "a LOBSTER recording is a message file and an order book file")
    first = files[0]
    if len(files) == 2 and first.is_same_pipe(files[1]):
        raise RecordingError(
            first.path, "the same pipe twice; takes one for the messages and another for the order book"
        )
    if MESSAGE.fullmatch(first.first_line()):
        return first, files[1] if len(files) == 2 else named_alike(first, "message", "orderbook")
    message_file = files[1] if len(files) == 2 else named_alike(first, "orderbook", "message")
    if BOOK_ROW.fullmatch(message_file.first_line()):
        raise RecordingError(message_file.path, "a second order book file; takes one of each")
    return message_file, first


def named_alike(known: RecordingFile, word: str, other: str) -> RecordingFile:
    """The file whose name has the other word."""
    if word not in known.path.name:
        raise RecordingError(known.path, f"give the {other} file too; the name does not tell it")
    return RecordingFile(known.path.with_name(known.path.name.replace(word, other)))


def read_messages(file: RecordingFile, timeline: Timeline) -> Iterator[Message]:
    for number, line in file.lines():
        match = MESSAGE.fullmatch(line)
        if match is None:
            raise RecordingError(file.path, "takes time,type,order id,size,price,direction", number)
        time_text, type_text, order, size_text, price_text, direction = match.groups()
        message = Message(
            nanoseconds(time_text),
            int(type_text),
            order,
            int(size_text),
            int(price_text),
            Side.BUY if direction == "1" else Side.SELL,
        )
        if message.type not in IGNORED and (message.size <= 0 or message.price <= 0 or order.startswith("-")):
            raise RecordingError(file.path, "takes a size and a price above zero, and no negative order id", number)
        timeline.check(message.time, number)
        yield message


def nanoseconds(text: str) -> int:
    """Seconds as a decimal, exactly; what is finer than a nanosecond is rounded."""
    whole, _, fraction = text.partition(".")
    if len(fraction) <= SECOND_DECIMALS:
        return int(whole) * SECOND + int(fraction.ljust(SECOND_DECIMALS, "0"))
    return int(Decimal(text).scaleb(SECOND_DECIMALS).to_integral_value(ROUND_HALF_EVEN))


def by_entry(first: Message, others: Iterator[Message]) -> Iterator[tuple[Message, Message]]:
    """Each message, and the one that takes its place: orders announced together in the first second, at one price,
    come in the order of their ids."""
    messages = [first]
    behind: Message | None = None
    for message in others:
        if message.time // SECOND != first.time // SECOND:
            behind = message
            break
        messages.append(message)
    positions: dict[tuple[int, Side, int], list[int]] = {}
    for position, message in enumerate(messages):
        if message.type == NEW:
            positions.setdefault((message.time, message.side, message.price), []).append(position)
    ordered = messages.copy()
    for group in positions.values():
        entered = sorted((messages[position] for position in group), key=lambda message: int(message.order))
        for position, message in zip(group, entered, strict=True):
            ordered[position] = message
    yield from zip(messages, ordered, strict=True)
    if behind is not None:
        yield behind, behind
        for message in others:
            yield message, message


def read_rows(file: RecordingFile) -> Iterator[list[str]]:
    """The columns of each row."""
    for number, line in file.lines():
        if BOOK_ROW.fullmatch(line) is None:
            raise RecordingError(
                file.path, "takes ask price,ask size,bid price,bid size, and so on for each level", number
            )
        yield line.split(",")


class ShownSide:
    """What is known of one side: `queues` by price, and the `prices` that were shown last, best first, as text."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.queues: dict[int, Queue] = {}
        self.prices: list[str] = []
        self.column = 0 if side is Side.SELL else 2

    def levels(self, row: list[str]) -> dict[int, int]:
        """Size by price of the shown levels."""
        prices, sizes = row[self.column :: COLUMNS], row[self.column + 1 :: COLUMNS]
        return {int(price): int(size) for price, size in zip(prices, sizes, strict=True) if size != NO_LEVEL}

    def best(self, row: list[str]) -> tuple[int, int] | None:
        price, size = row[self.column : self.column + 2]
        return None if size == NO_LEVEL else (int(price), int(size))

    def shows_others(self, row: list[str]) -> bool:
        """Whether the row shows other prices than the rows before, or than those that are known."""
        return row[self.column :: COLUMNS] != self.prices or len(self.queues) != len(self.prices)

    def deeper(self, price: int) -> list[int]:
        """The known prices behind this one."""
        return [known for known in self.queues if (known > price if self.side is Side.SELL else known < price)]


class ShownBook:
    """Follows the messages and the rows, and makes the steps of them."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._sides = {side: ShownSide(side) for side in Side}
        self._filled: dict[str, int] = {}
        self._placed = 0
        self._started = False

    def finish(self) -> Iterator[Step]:
        """The last steps, once the last row is in."""
        return (VenueFill(order, quantity) for order, quantity in self._filled.items())

    def follow(self, message: Message, entered: Message, row: list[str]) -> list[Step]:
        """The steps of one message. Takes the one that takes its place by the order of entry, and the row after it."""
        self._steps = []
        shown = self._sides[message.side]
        if message.type == NEW:
            self._announce(shown, entered, row, message.size)
        elif message.type not in IGNORED and self._started:
            self._take_away(shown, message)
        for side in self._sides.values():
            if side.shows_others(row):
                self._adjust(side, row, message.time)
        if self._started:
            self._steps.append(
                VenueBest(message.time, self._sides[Side.BUY].best(row), self._sides[Side.SELL].best(row))
            )
        self._started = True
        return self._steps

    def _announce(self, shown: ShownSide, message: Message, row: list[str], size_in_row: int) -> None:
        if message.price not in shown.queues:
            others = shown.levels(row).get(message.price, size_in_row) - size_in_row
            if others > 0:
                self._place_anonymous(shown, message.price, others, message.time)
        shown.queues.setdefault(message.price, {})[message.order] = message.size
        self._steps.append(Place(message.time, message.order, message.side, message.price, message.size))

    def _take_away(self, shown: ShownSide, message: Message) -> None:
        """A cancel or an execution of the order, or of the anonymous order that replaces it."""
        if message.type == EXECUTION:
            self._steps.append(VenueTrade(message.time, message.price, message.size))
        queue = shown.queues.get(message.price, {})
        known = message.order in queue
        order = message.order if known else next(filter(is_anonymous, queue), None)
        if order is None:
            return
        left = queue[order] - message.size
        if message.type == EXECUTION:
            if known:
                self._filled[order] = self._filled.get(order, 0) + message.size
                self._let_pass(shown, message)
            self._execute(order, message, first=next(iter(queue)), left=left)
        elif message.type == DELETION and known:
            left = 0
            self._steps.append(Cancel(message.time, order, message.size))
        else:
            self._cancel(order, message, left)
        if left > 0:
            queue[order] = left
        else:
            del queue[order]
            if not queue:
                del shown.queues[message.price]

    def _let_pass(self, shown: ShownSide, message: Message) -> None:
        """The anonymous order goes behind the known ones where nothing else is ahead of the order that is executed."""
        queue = shown.queues[message.price]
        first, *others = queue
        if is_anonymous(first) and others[0] == message.order:
            size = queue.pop(first)
            self._steps.append(Cancel(message.time, first, None))
            self._place_anonymous(shown, message.price, size, message.time)

    def _execute(self, order: str, message: Message, first: str, left: int) -> None:
        known = order == message.order
        if order == first:
            taker = Side.SELL if message.side is Side.BUY else Side.BUY
            self._steps.append(Take(message.time, taker, message.price, message.size, order if known else None))
        else:
            if known:
                self._steps.append(OutOfTurn(order))
            self._cancel(order, message, left)

    def _cancel(self, order: str, message: Message, left: int) -> None:
        """Take the message's size off the order. Returns what is left."""
        self._steps.append(Reduce(message.time, order, message.size) if left > 0 else Cancel(message.time, order, None))

    def _adjust(self, shown: ShownSide, row: list[str], time: int) -> None:
        """Forget what is deeper than the shown levels, adopt what is newly shown."""
        levels = shown.levels(row)
        shown.prices = row[shown.column :: COLUMNS]
        if len(levels) == len(shown.prices):
            for price in shown.deeper(next(reversed(levels))):
                self._steps.extend(Cancel(time, order, None) for order in shown.queues.pop(price))
        for price, size in levels.items():
            if price not in shown.queues:
                self._place_anonymous(shown, price, size, time)

    def _place_anonymous(self, shown: ShownSide, price: int, size: int, time: int) -> None:
        """An order that replaces the unknown ones, last in the queue of its price."""
        self._placed += 1
        order = f"{ANONYMOUS}{self._placed}"
        shown.queues.setdefault(price, {})[order] = size
        self._steps.append(Place(time, order, shown.side, price, size, announced=False))


def is_anonymous(order: str) -> bool:
    return order.startswith(ANONYMOUS)


READER: Final = Reader(
    "lobster", "LOBSTER message and orderbook files: .csv or .csv.xz, one finds the other by its name", recognises, read
)

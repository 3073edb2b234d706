"""Bitstamp, order by order: the events of its live feeds, one a line: `<local time in ms> <event> <JSON>`.

order_created has the amount before matching. So creations, cancels and re-pricings alone must make an exchange repeat
the venue's trades. The rules:

- An order without a created line, or with a created line after its deleted one, existed before the recording. Those are
  placed at the start, in the order of their ids. They have their first price and their largest amount.
- order_changed at the same price is a partial fill. With another price it is a replace.
- order_deleted with an amount cancels it. With none the order is filled. A cancel is sent all the same. It finds
  nothing unless the two books differ. Then it keeps one difference from causing more.
- Lines of an id after its deleted line are ignored, also a created one. Another deleted line is not: that cancel was
  sent, and is compared too.
- The order events may stand in a CSV file. Its header names them, and its volumes are whole satoshis.
- Ids, prices and amounts are JSON strings or numbers. A string beside the number (`price_str`, `amount_str`) goes
  first. A string is exact. A number is a binary float that the venue has printed. Its text is read exactly, and rounded
  to the nearest unit.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.readers import Reader
from matching_exchange.recordings.recording import (
    Cancel,
    Place,
    Recording,
    RecordingError,
    Replace,
    Step,
    VenueBest,
    VenueFill,
    VenueTrade,
    greatest_tick,
)
from matching_exchange.recordings.source import Source
from matching_exchange.recordings.timeline import Timeline
from protocol.instrument import DecimalError, parse_decimal
from protocol.units import MAX_INTEGER, Side

PRICE_DECIMALS: Final = 2
AMOUNT_DECIMALS: Final = 8
NANOSECONDS: Final = 1_000_000
MAX_TIME_DIGITS: Final = 13
"""The longest time: one of the year 2286."""

MAX_DIGITS: Final = 12
"""The longest price or amount before its point."""

MAX_SHOWN: Final = 40
"""Characters of a value that an error message shows."""

FLOAT_NOISE: Final = Decimal("0.001")
"""How far from a unit, in units, a number may be that is meant to be that unit."""

SIDES: Final = (Side.BUY, Side.SELL)

CSV_HEADER: Final = "id,timestamp,exchange.timestamp,price,volume,action,direction"
CSV_ROW: Final = re.compile(
    r"(\d{1,18}),(\d{1,13}),\d{1,13},(\d{1,12}(?:\.\d+)?),(\d{1,18}),(created|changed|deleted),(bid|ask)", re.ASCII
)


class OrderEvent(Struct, frozen=True):
    """`amount` is what remains of the order."""

    id: Raw
    price: Raw
    amount: Raw
    order_type: int
    price_str: str | None = None
    amount_str: str | None = None


class TradeEvent(Struct, frozen=True):
    price: Raw
    amount: Raw
    price_str: str | None = None
    amount_str: str | None = None


class BookEvent(Struct, frozen=True):
    """Levels, best first: [price, amount]."""

    bids: list[tuple[Raw, Raw]]
    asks: list[tuple[Raw, Raw]]


class Report(Struct, frozen=True, gc=False):
    """An order event in units."""

    time: int
    event: str
    order: int
    side: Side
    price: int
    amount: int


class History(Struct):
    """What is known of an order so far."""

    price: int
    amount: int
    filled: int = 0
    deleted: bool = False

    def report(self, report: Report) -> None:
        """Less at the same price was filled; a re-pricing may change the amount without a fill."""
        if report.price == self.price:
            self.filled += max(self.amount - report.amount, 0)
        self.price, self.amount = report.price, report.amount


ORDER_EVENTS: Final = ("order_created", "order_changed", "order_deleted")
DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    **dict.fromkeys(ORDER_EVENTS, msgspec.json.Decoder(OrderEvent)),
    "trade": msgspec.json.Decoder(TradeEvent),
    "order_book": msgspec.json.Decoder(BookEvent),
}


def recognises(first_line: str) -> bool:
    time, _, rest = first_line.partition(" ")
    return first_line == CSV_HEADER or (time.isdigit() and rest.partition(" ")[0] in DECODERS)


def read(files: Sequence[RecordingFile]) -> Recording:
    """The recording in the one file; RecordingError names the line that is at fault."""
    if len(files) != 1:
        raise RecordingError(files[1].path, "a Bitstamp recording is one file")
    timeline = Timeline(files[0].path)
    reports = list(read_reports(files[0], timeline))
    steps = list(to_steps(lambda: reports))
    tick = greatest_tick(steps)
    return Recording(
        "bitstamp", "BTC-USD", "BTC", "USD", PRICE_DECIMALS, AMOUNT_DECIMALS, tick, 1, steps, timeline.longest
    )


def read_bitstamp(path: Path | str, *, base: str = "BTC", quote: str = "USD") -> Source:
    """Bitstamp's event log, or its order events as CSV. Each look reads the file twice: the first time finds the
    orders that rested before. Needs memory for the ids of all orders. Raises RecordingError."""
    file = Path(path)
    return Source(
        format="bitstamp",
        symbol=f"{base}-{quote}",
        base=base,
        quote=quote,
        price_decimals=PRICE_DECIMALS,
        quantity_decimals=AMOUNT_DECIMALS,
        steps=partial(steps_of, file),
    )


def steps_of(path: Path) -> Iterator[Step]:
    """The steps of a file, which is read twice."""
    return to_steps(lambda: read_reports(RecordingFile(path), Timeline(path)))


def read_reports(file: RecordingFile, timeline: Timeline) -> Iterator[Report | VenueTrade | VenueBest]:
    """Every line in units."""
    read_line = read_row if file.first_line() == CSV_HEADER else read_report
    lines = file.lines()
    if read_line is read_row:
        next(lines)
    for number, line in lines:
        try:
            report = read_line(line)
        except ValueError as error:
            raise RecordingError(file.path, str(error), number) from error
        timeline.check(report.time, number)
        yield report


def read_row(line: str) -> Report:
    """A row of the CSV file. Its volume is a whole number of units."""
    row = CSV_ROW.fullmatch(line)
    if row is None:
        raise ValueError(f"takes {CSV_HEADER}")
    order, time, price_text, volume, action, direction = row.groups()
    price = parse_decimal(price_text, PRICE_DECIMALS)
    if not price or (action == "created" and not int(volume)):
        raise ValueError("takes a price above zero, and a volume above zero where an order is created")
    side = Side.BUY if direction == "bid" else Side.SELL
    return Report(int(time) * NANOSECONDS, f"order_{action}", int(order), side, price, int(volume))


def read_report(line: str) -> Report | VenueTrade | VenueBest:
    """ValueError says what is wrong with the line."""
    time_text, _, rest = line.partition(" ")
    event, _, body = rest.partition(" ")
    if not (time_text.isascii() and time_text.isdigit()) or event not in DECODERS:
        raise ValueError("takes <time in ms> <event> <JSON>")
    if len(time_text) > MAX_TIME_DIGITS:
        raise ValueError(f"takes a time in ms of at most {MAX_TIME_DIGITS} digits")
    time = int(time_text) * NANOSECONDS
    try:
        content = DECODERS[event].decode(body)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if isinstance(content, BookEvent):
        return VenueBest(time, best(content.bids), best(content.asks))
    price, amount = level(content.price, content.amount, content.price_str, content.amount_str)
    if isinstance(content, TradeEvent):
        if not amount:
            raise ValueError("amount 0: takes a positive number in a trade")
        return VenueTrade(time, price, amount)
    if content.order_type not in (0, 1):
        raise ValueError(f"order_type {content.order_type}: takes 0 (buy) or 1 (sell)")
    if event == "order_created" and not amount:
        raise ValueError("an order is created with an amount above zero")
    return Report(time, event, whole(content.id), SIDES[content.order_type], price, amount)


def level(price: Raw, amount: Raw, price_text: str | None = None, amount_text: str | None = None) -> tuple[int, int]:
    """A price and an amount in units; the texts are those that stand beside the two."""
    found = units("price", price, price_text, PRICE_DECIMALS), units("amount", amount, amount_text, AMOUNT_DECIMALS)
    if found[0] <= 0 or found[1] < 0:
        raise ValueError(
            f"price {found[0]}, amount {found[1]} in units: takes a positive price and an amount of zero or more"
        )
    return found


def best(levels: list[tuple[Raw, Raw]]) -> tuple[int, int] | None:
    return level(*levels[0]) if levels else None


def units(name: str, value: Raw, text: str | None, decimals: int) -> int:
    """The value in units of 10^-decimals, from the text, the JSON string or the JSON number."""
    if text is None:
        text = string_of(value)
    number = bytes(value).decode()
    try:
        return nearest_unit(number, decimals) if text is None else parse_decimal(text, decimals)
    except DecimalError as error:
        raise ValueError(f"{name} {(number if text is None else repr(text))[:MAX_SHOWN]}: {error}") from error


def nearest_unit(number: str, decimals: int) -> int:
    """The unit that the number is meant to be: the nearest binary float has digits that the venue never meant."""
    try:
        value = Decimal(number)
    except InvalidOperation as error:
        raise DecimalError("takes a number, or a string with one") from error
    if value and value.adjusted() >= MAX_DIGITS:
        raise DecimalError(f"takes at most {MAX_DIGITS} digits before its point")
    exact = value.scaleb(decimals)
    unit = exact.to_integral_value(ROUND_HALF_EVEN)
    if abs(exact - unit) > FLOAT_NOISE:
        raise DecimalError(f"takes at most {decimals} decimals")
    return int(unit)


def whole(value: Raw) -> int:
    """A JSON string or number that is an id."""
    text = string_of(value) or bytes(value).decode()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INTEGER)) and int(text) <= MAX_INTEGER):
        raise ValueError(f"id {text[:MAX_SHOWN]}: takes a whole number of at most {MAX_INTEGER}")
    return int(text)


def string_of(value: Raw) -> str | None:
    """The content of a JSON string; None if the value is no string."""
    return msgspec.json.decode(value, type=str) if bytes(value).startswith(b'"') else None


Reports = Iterable[Report | VenueTrade | VenueBest]


def to_steps(read: Callable[[], Reports]) -> Iterator[Step]:
    """The steps of what `read` reads at each of two calls."""
    begin, before = before_recording(read())
    for report in before:
        yield Place(begin, str(report.order), report.side, report.price, report.amount, announced=False)
    histories: dict[int, History] = {}
    for told in read():
        if isinstance(told, Report):
            yield from order_steps(told, histories)
        else:
            yield told
    for order, history in histories.items():
        if history.filled:
            yield VenueFill(str(order), history.filled)


def before_recording(reports: Reports) -> tuple[int, list[Report]]:
    """The time of the first line, and the orders without a created line, in the order of their ids. Each has its first
    report, and the largest amount of all."""
    begin: int | None = None
    created: set[int] = set()
    found: dict[int, Report] = {}
    for report in reports:
        if begin is None:
            begin = report.time
        if not isinstance(report, Report) or report.order in created:
            continue
        if report.event == "order_created":
            created.add(report.order)
            found.pop(report.order, None)
            continue
        first = found.setdefault(report.order, report)
        if report.amount > first.amount:
            found[report.order] = msgspec.structs.replace(first, amount=report.amount)
    return begin or 0, [report for _, report in sorted(found.items()) if report.amount]


def order_steps(report: Report, histories: dict[int, History]) -> list[Step]:
    """What the event sends to the exchange."""
    order = str(report.order)
    history = histories.get(report.order)
    if report.event == "order_created":
        if history is not None:
            return []
        histories[report.order] = History(report.price, report.amount)
        return [Place(report.time, order, report.side, report.price, report.amount)]
    if history is None:
        histories[report.order] = history = History(report.price, report.amount)
    if report.event == "order_deleted":
        history.report(report)
        history.deleted = True
        return [Cancel(report.time, order, report.amount or None)]
    if history.deleted:
        return []
    replaced = report.price != history.price and report.amount > 0
    history.report(report)
    return [Replace(report.time, order, report.price, report.amount)] if replaced else []


READER: Final = Reader("bitstamp", "Bitstamp event log, or its order events as CSV: one file", recognises, read)

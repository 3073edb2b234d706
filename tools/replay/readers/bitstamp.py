"""Bitstamp, order by order: the events of its live feeds, one a line: `<local time in ms> <event> <JSON>`.

order_created carries the amount before matching, so creations, cancels and re-pricings alone must make an exchange repeat the
venue's trades. The rules:

- An order without a created line (or whose created line comes after its deleted one) was there before the recording. Those are
  placed at the start, in the order of their ids, at their first price and with the largest amount reported.
- order_changed at the same price is a partial fill; with another price it is a replace.
- order_deleted with an amount cancels it. With none the order is filled: the cancel that is sent then finds nothing, unless the
  two books differ; it keeps one difference from making more.
- A created line after the same id's deleted one is ignored, as is whatever else comes after the deleted line, except another
  deleted line: that cancel was sent and is compared too.
- Trades bear binary floats as JSON numbers: their text is read exactly and rounded to the units.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from protocol.instrument import DecimalError, parse_decimal
from protocol.units import MAX_INTEGER, Side
from tools.replay.readers import Reader
from tools.replay.recording import (
    Cancel,
    Place,
    Recording,
    RecordingError,
    Replace,
    Step,
    VenueBest,
    VenueFill,
    VenueTrade,
    read_lines,
)

PRICE_DECIMALS: Final = 2
AMOUNT_DECIMALS: Final = 8
NANOSECONDS: Final = 1_000_000
MAX_DIGITS: Final = 12
"""The longest price or amount of a trade before its point."""

SIDES: Final = (Side.BUY, Side.SELL)


class OrderEvent(Struct, frozen=True):
    """`amount` is what remains of the order."""

    id: Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
    price: str
    amount: str
    order_type: int


class TradeEvent(Struct, frozen=True):
    """Numbers as they stand in the text."""

    price: msgspec.Raw
    amount: msgspec.Raw


class BookEvent(Struct, frozen=True):
    """Levels, best first: [price, amount]."""

    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


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
    return time.isdigit() and rest.partition(" ")[0] in DECODERS


def read(paths: Sequence[Path]) -> Recording:
    """The recording in the one file; RecordingError names the line that is at fault."""
    if len(paths) != 1:
        raise RecordingError(paths[1], "a Bitstamp recording is one file")
    return Recording("bitstamp", "BTC-USD", "BTC", "USD", PRICE_DECIMALS, AMOUNT_DECIMALS, 1, 1, to_steps(read_reports(paths[0])))


def read_reports(path: Path) -> list[Report | VenueTrade | VenueBest]:
    """Every line in units; a time that goes back is an error."""
    reports: list[Report | VenueTrade | VenueBest] = []
    before = 0
    for number, line in read_lines(path):
        try:
            report = read_report(line)
        except ValueError as error:
            raise RecordingError(path, str(error), number) from error
        if report.time < before:
            raise RecordingError(path, "the time goes back", number)
        before = report.time
        reports.append(report)
    return reports


def read_report(line: str) -> Report | VenueTrade | VenueBest:
    """ValueError says what is wrong with the line."""
    time_text, _, rest = line.partition(" ")
    event, _, body = rest.partition(" ")
    if not (time_text.isascii() and time_text.isdigit()) or event not in DECODERS:
        raise ValueError("takes <time in ms> <event> <JSON>")
    time = int(time_text) * NANOSECONDS
    content = DECODERS[event].decode(body)
    if isinstance(content, TradeEvent):
        return VenueTrade(time, rounded(content.price, PRICE_DECIMALS), rounded(content.amount, AMOUNT_DECIMALS))
    if isinstance(content, BookEvent):
        return VenueBest(time, best(content.bids), best(content.asks))
    if content.order_type not in (0, 1):
        raise ValueError(f"order_type {content.order_type}: takes 0 (buy) or 1 (sell)")
    price, amount = level((content.price, content.amount))
    if event == "order_created" and not amount:
        raise ValueError("an order is created with an amount above zero")
    return Report(time, event, content.id, SIDES[content.order_type], price, amount)


def level(texts: tuple[str, str]) -> tuple[int, int]:
    price_text, amount_text = texts
    try:
        price, amount = parse_decimal(price_text, PRICE_DECIMALS), parse_decimal(amount_text, AMOUNT_DECIMALS)
    except DecimalError as error:
        raise ValueError(f"price {price_text!r}, amount {amount_text!r}: {error}") from error
    if price <= 0 or amount < 0:
        raise ValueError(f"price {price_text!r}, amount {amount_text!r}: takes a positive price and an amount of zero or more")
    return price, amount


def best(levels: list[tuple[str, str]]) -> tuple[int, int] | None:
    return level(levels[0]) if levels else None


def rounded(number: msgspec.Raw, decimals: int) -> int:
    """The number's text in units of 10^-decimals, rounded: the nearest binary float has digits that the venue never meant."""
    text = bytes(number).decode()
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text}: takes a number") from error
    if value <= 0 or value.adjusted() >= MAX_DIGITS:
        raise ValueError(f"{text}: takes a positive number with at most {MAX_DIGITS} digits before its point")
    return int(value.scaleb(decimals).to_integral_value(ROUND_HALF_EVEN))


def to_steps(reports: Sequence[Report | VenueTrade | VenueBest]) -> list[Step]:
    steps: list[Step] = [
        Place(reports[0].time, str(report.order), report.side, report.price, report.amount, announced=False)
        for report in before_recording(reports)
    ]
    histories: dict[int, History] = {}
    for report in reports:
        if isinstance(report, Report):
            steps.extend(order_steps(report, histories))
        else:
            steps.append(report)
    steps.extend(VenueFill(str(order), history.filled) for order, history in histories.items() if history.filled)
    return steps


def before_recording(reports: Sequence[Report | VenueTrade | VenueBest]) -> list[Report]:
    """The orders without a created line, in the order of their ids: the first report of each, with the largest amount of all."""
    events = [report for report in reports if isinstance(report, Report)]
    created = {report.order for report in events if report.event == "order_created"}
    found: dict[int, Report] = {}
    for report in events:
        if report.order not in created:
            first = found.setdefault(report.order, report)
            if report.amount > first.amount:
                found[report.order] = msgspec.structs.replace(first, amount=report.amount)
    return [report for _, report in sorted(found.items()) if report.amount]


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


READER: Final = Reader("bitstamp", "Bitstamp event log: one .log or .log.xz file", recognises, read)

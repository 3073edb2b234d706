"""A format that is declared: which column is what, in which unit, and what the words of its events mean.

TICKS = Mapping(
    name="ticks", time="ts", time_unit="ms", event="what", order="id", side="bs", price="px", quantity="qty",
    words={"new": Action.ADD, "less": Action.REDUCE, "gone": Action.DELETE, "hit": Action.EXECUTE},
    buy=("B",), sell=("S",),
)
source = read_csv("day.csv", TICKS, "ABC-USD")
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Values
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.queues import RecordedQueues
from matching_exchange.recordings.recording import Levels, LevelStep, LevelTrade, RecordingError, Step, VenueTrade
from matching_exchange.recordings.source import Source
from matching_exchange.recordings.timeline import Timeline
from protocol.instrument import decimals_of, parse_decimal
from protocol.units import Side


class Action(Enum):
    """What a row does.

    ADD: an order enters, last in the queue of its price. It does not trade at once.
    REDUCE: `quantity` of the order is canceled. It keeps its place.
    CHANGE: `quantity` of the order is left, at this price. Less at the same price keeps its place, unless the column
        `loses_place` says otherwise.
    DELETE: what is left of the order is canceled.
    EXECUTE: `quantity` of the resting order has traded.
    LEVEL: the level has this quantity now; zero if it is gone. Rows of one time are one change.
    SNAPSHOT: a level of a whole book. The first of such rows empties the book.
    TRADE: a trade; of levels, `side` is the taker's.
    CLEAR: the book is empty.
    IGNORE: nothing.
    """

    ADD = "add"
    REDUCE = "reduce"
    CHANGE = "change"
    DELETE = "delete"
    EXECUTE = "execute"
    LEVEL = "level"
    SNAPSHOT = "snapshot"
    TRADE = "trade"
    CLEAR = "clear"
    IGNORE = "ignore"


BY_LEVEL: Final = (Action.LEVEL, Action.SNAPSHOT)

TIME_UNITS: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""Decimals of a nanosecond."""


class Mapping(Struct, frozen=True, kw_only=True):
    """A format of rows, each one event.

    time, event, side, price, quantity: names of columns. order: that of the order's id; None for levels.
    time_unit: s, ms, us or ns; decimals are read exactly. words: what each word of `event` means.
    buy, sell: the words of `side`.
    loses_place: a column that says true where a CHANGE moves the order to the end of its queue.
    header: the names of the columns, where the first line does not have them.
    trades_follow: of levels, whether a level's change is told before the trades that have caused it.
    price_in_units, quantity_in_units: whether whole numbers stand for units of so many decimals: 8 for satoshis. None
        for decimals.
    """

    name: str
    time: str
    event: str
    side: str
    price: str
    quantity: str
    words: dict[str, Action]
    order: str | None = None
    time_unit: str = "ns"
    buy: tuple[str, ...] = ("buy",)
    sell: tuple[str, ...] = ("sell",)
    loses_place: str | None = None
    header: tuple[str, ...] | None = None
    delimiter: str = ","
    price_in_units: int | None = None
    quantity_in_units: int | None = None
    trades_follow: bool = False

    def __post_init__(self) -> None:
        if self.time_unit not in TIME_UNITS:
            raise ValueError(f"time_unit {self.time_unit!r}: takes one of {', '.join(TIME_UNITS)}")
        if self.order is None and not self.by_level:
            raise ValueError("order: takes the column of the order's id, or words with LEVEL or SNAPSHOT")
        if len(self.delimiter) != 1:
            raise ValueError(f"delimiter {self.delimiter!r}: takes one character")
        if self.header is not None and (missing := self.missing(self.header)):
            raise ValueError(f"header: no column {missing}; there are {', '.join(self.header)}")

    def missing(self, columns: Sequence[str]) -> str | None:
        """The first column that is needed and not there."""
        needed = (self.time, self.event, self.side, self.price, self.quantity, self.order, self.loses_place)
        return next((name for name in needed if name is not None and name not in columns), None)

    @property
    def by_level(self) -> bool:
        """Whether its rows tell levels, not orders."""
        return self.order is None and any(action in BY_LEVEL for action in self.words.values())


Row = tuple[int, Values[str, str | None]]
"""The number of a row's line, and its values by column."""

Rows = Callable[[], Iterator[Row]]


def read_csv(path: Path | str, mapping: Mapping, symbol: str, *, epoch: int = 0) -> Source:
    """A CSV file, plain or compressed with xz or gzip, in a declared format. It is read once here, for its units.

    `symbol` is base and quote with a dash between. Raises RecordingError that names line and column.
    """
    file = Path(path)
    return mapped_source(file, mapping, symbol, partial(csv_rows, file, mapping), epoch=epoch)


def csv_rows(path: Path, mapping: Mapping) -> Iterator[Row]:
    """The rows of a file as texts."""
    numbered = RecordingFile(path).lines()
    columns = mapping.header
    for number, line in numbered:
        try:
            values = next(csv.reader([line], delimiter=mapping.delimiter), [])
        except csv.Error as error:
            raise RecordingError(path, f"takes a row of CSV: {error}", number) from error
        if columns is None:
            columns = tuple(values)
            if name := mapping.missing(columns):
                raise RecordingError(path, f"no column {name}; there are {', '.join(columns)}", number)
            continue
        if len(values) != len(columns):
            raise RecordingError(path, f"takes {len(columns)} columns, found {len(values)}", number)
        yield number, dict(zip(columns, values, strict=True))


def mapped_source(path: Path, mapping: Mapping, symbol: str, rows: Rows, *, epoch: int = 0) -> Source:
    """The recording in rows of a declared format."""
    base, dash, quote = symbol.partition("-")
    if not (base and dash and quote):
        raise RecordingError(path, f"symbol {symbol!r}: takes base and quote with a dash between, such as BTC-USD")
    price_decimals, quantity_decimals = _decimals(path, mapping, rows())
    reader = _Reader(path, mapping, price_decimals, quantity_decimals)
    return Source(
        format=mapping.name,
        symbol=symbol,
        base=base,
        quote=quote,
        price_decimals=price_decimals,
        quantity_decimals=quantity_decimals,
        steps=partial(reader.steps, rows),
        by_level=mapping.by_level,
        trades_follow=mapping.trades_follow,
        epoch=epoch,
    )


def _decimals(path: Path, mapping: Mapping, rows: Iterator[Row]) -> tuple[int, int]:
    """Those declared, or the most that a row has."""
    found = [mapping.price_in_units, mapping.quantity_in_units]
    columns = [(place, name) for place, name in enumerate((mapping.price, mapping.quantity)) if found[place] is None]
    texts: list[set[str]] = [set(), set()]
    for number, values in rows:
        if mapping.words.get(values[mapping.event] or "") is Action.IGNORE:
            continue
        for place, name in columns:
            text = values[name]
            if text and text not in texts[place]:
                texts[place].add(text)
                try:
                    found[place] = max(found[place] or 0, decimals_of(text))
                except ValueError as error:
                    raise RecordingError(path, f"{name}: {error}", number) from error
    return found[0] or 0, found[1] or 0


class _Reader:
    def __init__(self, path: Path, mapping: Mapping, price_decimals: int, quantity_decimals: int) -> None:
        self._path = path
        self._mapping = mapping
        self._sides = dict.fromkeys(mapping.buy, Side.BUY) | dict.fromkeys(mapping.sell, Side.SELL)
        self._price = 0 if mapping.price_in_units is not None else price_decimals
        self._quantity = 0 if mapping.quantity_in_units is not None else quantity_decimals

    def steps(self, rows: Rows) -> Iterator[Step | LevelStep]:
        """Those of the rows from the first on."""
        return self.level_steps(rows()) if self._mapping.by_level else self.order_steps(rows())

    def order_steps(self, rows: Iterator[Row]) -> Iterator[Step]:
        queues = RecordedQueues()
        for number, time, action, values in self._events(rows):
            try:
                yield from self._order_steps(queues, time, action, values)
            except ValueError as error:
                raise RecordingError(self._path, str(error), number) from error

    def level_steps(self, rows: Iterator[Row]) -> Iterator[LevelStep]:
        """Rows of one time and kind are one step."""
        sides: dict[Side, list[tuple[int, int]]] = {side: [] for side in Side}
        before: tuple[int, Action] | None = None
        for number, time, action, values in self._events(rows):
            if before is not None and (action not in BY_LEVEL or (time, action) != before):
                yield _levels(before, sides)
                before = None
            try:
                if action in BY_LEVEL:
                    before = (time, action)
                    sides[self._side(values)].append((self._number(values, "price"), self._number(values, "quantity")))
                elif action is Action.TRADE:
                    yield LevelTrade(
                        time, self._side(values), self._number(values, "price"), self._number(values, "quantity")
                    )
                elif action is Action.CLEAR:
                    yield Levels(time, (), (), whole=True)
                elif action is not Action.IGNORE:
                    raise ValueError(f"{action.name}: takes an order; this format tells levels")
            except ValueError as error:
                raise RecordingError(self._path, str(error), number) from error
        if before is not None:
            yield _levels(before, sides)

    def _events(self, rows: Iterable[Row]) -> Iterator[tuple[int, int, Action, Values[str, str | None]]]:
        mapping = self._mapping
        decimals = TIME_UNITS[mapping.time_unit]
        timeline = Timeline(self._path)
        for number, values in rows:
            try:
                time = parse_decimal(values[mapping.time] or "", decimals)
            except ValueError as error:
                raise RecordingError(self._path, f"{mapping.time}: {error}", number) from error
            timeline.check(time, number)
            word = values[mapping.event] or ""
            action = mapping.words.get(word)
            if action is None:
                words = ", ".join(mapping.words)
                raise RecordingError(self._path, f"{mapping.event} {word[:40]!r}: takes one of {words}", number)
            yield number, time, action, values

    def _order_steps(
        self, queues: RecordedQueues, time: int, action: Action, values: Values[str, str | None]
    ) -> list[Step]:
        if action is Action.IGNORE:
            return []
        if action is Action.CLEAR:
            return queues.clear(time)
        if action is Action.TRADE:
            return [VenueTrade(time, self._number(values, "price"), self._number(values, "quantity"))]
        if action in BY_LEVEL:
            raise ValueError(f"{action.name}: takes a level; this format tells orders")
        mapping = self._mapping
        assert mapping.order is not None, "the mapping has checked it"
        order = values[mapping.order]
        if not order:
            raise ValueError(f"{mapping.order}: takes the id of an order")
        if action is Action.DELETE:
            return queues.delete(time, order)
        quantity = self._number(values, "quantity", least=0 if action is Action.CHANGE else 1)
        if action is Action.REDUCE:
            return queues.reduce(time, order, quantity)
        price = self._number(values, "price")
        if action is Action.EXECUTE:
            return queues.execute(time, order, quantity, price)
        loses = mapping.loses_place is not None and values[mapping.loses_place] == "true"
        if action is Action.CHANGE and (order in queues.orders or not loses):
            return queues.change(time, order, price, quantity, loses_place=loses)
        # An iceberg that shows its next part comes back.
        return queues.add(time, order, self._side(values), price, quantity)

    def _side(self, values: Values[str, str | None]) -> Side:
        word = values[self._mapping.side] or ""
        side = self._sides.get(word)
        if side is None:
            raise ValueError(f"{self._mapping.side} {word[:40]!r}: takes one of {', '.join(self._sides)}")
        return side

    def _number(self, values: Values[str, str | None], field: str, least: int | None = None) -> int:
        """A price above zero, or a quantity of at least so many units."""
        price = field == "price"
        name = self._mapping.price if price else self._mapping.quantity
        if least is None:
            least = 1 if price or self._mapping.order is not None else 0
        try:
            value = parse_decimal(values[name] or "", self._price if price else self._quantity)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if value < least:
            raise ValueError(f"{name}: takes a number {'above zero' if least else 'of zero or more'}")
        return value


def _levels(before: tuple[int, Action], sides: dict[Side, list[tuple[int, int]]]) -> Levels:
    bids, asks = (tuple(sides[side]) for side in (Side.BUY, Side.SELL))
    for levels in sides.values():
        levels.clear()
    return Levels(before[0], bids, asks, whole=before[1] is Action.SNAPSHOT)


def texts_of(row: dict[str, Any]) -> dict[str, str | None]:
    """The values of a table's row as texts."""
    return {name: None if value is None else _text(value) for name, value in row.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)

"""What a unit is worth: the mark of a symbol at each time.

The mark is the mid of the best prices. While a side is empty it stays what it was. Before the first mid it is the last
trade's price. Marks are in tenths of the price unit, so that each mid is an integer.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from matching_exchange.sim.result.columns import Columns

TENTHS: Final = 10


class Marks:
    """The marks of one symbol.

    times: when something changed, rising. marks: from then on, in tenths of the price unit; 0 for none.
    rows: the rows of the record's quotes that they come from.
    """

    def __init__(self, times: Sequence[int], marks: Sequence[int], rows: Sequence[int]) -> None:
        self.times = times
        self.marks = marks
        self.rows = rows

    def at(self, time: int) -> int:
        """The mark at that time; 0 if there is none yet."""
        place = bisect_right(self.times, time)
        return self.marks[place - 1] if place else 0


def marks_of(record: Columns) -> list[Marks]:
    """One for each instrument."""
    count = len(record.instruments)
    times: list[list[int]] = [[] for _ in range(count)]
    marks: list[list[int]] = [[] for _ in range(count)]
    rows: list[list[int]] = [[] for _ in range(count)]
    mids = [0] * count
    quotes = record.quotes
    columns = zip(quotes.time, quotes.symbol, quotes.bid, quotes.ask, quotes.last, strict=True)
    for row, (time, symbol, bid, ask, last) in enumerate(columns):
        if bid and ask:
            mids[symbol] = (bid + ask) * (TENTHS // 2)
        times[symbol].append(time)
        marks[symbol].append(mids[symbol] or last * TENTHS)
        rows[symbol].append(row)
    return [Marks(*columns) for columns in zip(times, marks, rows, strict=True)]

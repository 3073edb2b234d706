"""Candles of every interval are those that Decimal makes of the same trades, however the trades arrive."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from history.candles.folding import Folder
from history.candles.intervals import DAY, INTERVALS, SECOND
from history.schema.candle_rows import candle_row
from protocol.units import MAX_PRICE, MAX_QUANTITY
from tests.history_tables import Played
from tests.oracle.commands_strategy import Tape, examples, tapes
from tests.oracle.naive_candles import NAMES, naive_candles, open_time

Trades = list[tuple[Any, ...]]

BEGIN = 1_709_000_000 * SECOND
"""Three days before a leap day's end."""

steps = st.tuples(
    st.sampled_from(("A-USD", "B-USD")),
    st.sampled_from((0, 1, SECOND // 2, SECOND, 7 * SECOND, 59 * SECOND, 3_600 * SECOND, DAY - 1, 3 * DAY, 40 * DAY)),
    st.one_of(st.integers(1, 20), st.integers(1, MAX_PRICE)),
    st.one_of(st.integers(1, 20), st.integers(1, MAX_QUANTITY)),
    st.sampled_from((1, 2)),
)


def rows_of(drawn: list[tuple[str, int, int, int, int]]) -> Trades:
    rows: Trades = []
    time, ids = BEGIN, {"A-USD": 0, "B-USD": 0}
    for sequence, (symbol, pause, price, quantity, side) in enumerate(drawn, 1):
        time += pause
        ids[symbol] += 1
        rows.append((symbol, ids[symbol], time, price, quantity, side, 1, 2, "ann", "bob", 0, 0, sequence))
    return rows


def in_order(trades: Trades) -> Trades:
    return sorted(trades, key=lambda trade: (trade[0], trade[1]))


@examples
@given(st.lists(steps, max_size=40), st.lists(st.integers(1, 10), min_size=40, max_size=40))
def test_candles_equal_those_of_decimal(drawn: list[tuple[str, int, int, int, int]], sizes: list[int]) -> None:
    trades = rows_of(drawn)
    folder, found, rest = Folder(), {}, trades
    for size in sizes:
        some, rest = in_order(rest[:size]), rest[size:]
        for row in [candle_row(*changed) for changed in folder.add(some)]:
            found[row[:3]] = row
    assert [found[key] for key in sorted(found)] == naive_candles(in_order(trades))


@examples
@given(st.sampled_from(NAMES), st.integers(0, 2**62))
def test_periods_are_those_of_the_calendar(name: str, time: int) -> None:
    interval = INTERVALS[name]
    begin = interval.open_time(time)
    assert begin == open_time(name, time)
    assert begin <= time < interval.close_time(begin)
    assert interval.open_time(interval.close_time(begin)) == interval.close_time(begin)


@examples
@given(tapes)
def test_candles_of_a_tape_are_those_of_its_trades(tape: Tape) -> None:
    played = Played()
    played.play(tape)
    rows = played.gatherer.take()
    assert sorted(rows.candles, key=lambda row: row[:3]) == naive_candles(rows.trades)

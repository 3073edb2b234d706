"""The parts of plots: axes, columns of a picture, the way of a line."""

from matching_exchange.sim.plots.axes import DAY, HOUR, SECOND, clock, time_axis, value_axis
from matching_exchange.sim.plots.bins import Bins
from matching_exchange.sim.plots.lines import steps
from matching_exchange.sim.plots.markup import Markup, at, element


def test_the_ticks_of_values_are_round_numbers_that_embrace_them() -> None:
    assert [text for _, text in value_axis(12, 387, 0).ticks] == ["0", "100", "200", "300", "400"]
    assert [text for _, text in value_axis(-1_234_567, 250, 2).ticks] == ["-15,000", "-10,000", "-5,000", "0", "5,000"]
    assert [text for _, text in value_axis(10, 13, 2, wanted=3).ticks] == ["0.10", "0.11", "0.12", "0.13"]
    assert value_axis(5, 5, 0).ticks[0][0] < 5 < value_axis(5, 5, 0).ticks[-1][0]


def test_the_ticks_of_times_are_whole_times_of_the_clock() -> None:
    start = 1_767_225_600 * SECOND + 90 * SECOND
    assert [text for _, text in time_axis(start, start + HOUR).ticks] == [
        "00:10", "00:20", "00:30", "00:40", "00:50", "01:00",
    ]  # fmt: skip
    assert clock(start + SECOND // 4, SECOND // 100) == "00:01:30.25"
    assert clock(start, DAY) == "2026-01-01"
    assert len(time_axis(start, start).ticks) <= 6


def test_a_column_of_the_picture_keeps_the_lowest_and_the_highest_value() -> None:
    bins = Bins(0, 1_000, columns=10)
    for time, value in ((0, 5), (210, 9), (220, 1), (230, 7)):
        bins.take(time, value)
    assert (bins.low[2], bins.high[2], bins.last[2]) == (1, 9, 7)
    assert bins.bounds == (1, 9)
    up = value_axis(0, 10, 0)
    # 0 is at the bottom (22 + 10), 10 at the top (22): one unit for each.
    assert steps(bins, up, 100) == "M0 27V27H2V23V31V25H10"


def test_each_time_has_its_column() -> None:
    for span, columns in ((7, 3), (10, 7), (3, 10)):
        bins = Bins(100, 100 + span, columns)
        for time in range(span + 1):
            bins.take(100 + time, time)
            assert bins.last[min(time * columns // span, columns - 1)] == time


def test_a_gap_of_a_line_stays_a_gap() -> None:
    bins = Bins(0, 1_000, columns=10)
    for time, value in ((100, 5), (300, None), (600, 5)):
        bins.take(time, value)
    path = steps(bins, value_axis(0, 10, 0), 100)
    assert path.count("M") == 2
    assert path.startswith("M1 27") and "H3M6 27" in path


def test_markup_is_escaped_once() -> None:
    inner = element("b", "1 < 2 & 3")
    assert inner == "<b>1 &lt; 2 &amp; 3</b>"
    assert element("p", inner, " > ", title='"a"', class_="x") == (
        '<p title="&quot;a&quot;" class="x"><b>1 &lt; 2 &amp; 3</b> &gt; </p>'
    )
    assert isinstance(inner, Markup)
    assert [at(value) for value in (0, 10, 15, -15, -3)] == ["0", "1", "1.5", "-1.5", "-0.3"]

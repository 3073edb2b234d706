"""Charts of values over time: steps, and marks at points."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from matching_exchange.sim.plots.axes import Axis, time_axis, value_axis
from matching_exchange.sim.plots.bins import COLUMNS, Bins
from matching_exchange.sim.plots.markup import Markup, at, element

TENTHS: Final = 10
X_LABELS: Final = 26
"""The height below the plot, for the labels of its times."""

TOP: Final = 22
"""The height above the highest gridline, for its label."""

CELL: Final = 6
"""Marks within the same square of so many units are drawn once."""


class Series(NamedTuple):
    """A line. style: its class, s1 to s6. filled: whether the area to zero is shaded."""

    name: str
    style: str
    bins: Bins
    filled: bool = False


class Marks(NamedTuple):
    """Triangles at (time, value). up: whether they point up."""

    name: str
    style: str
    points: Sequence[tuple[int, int]]
    up: bool


def time_chart(
    title: str,
    series: Sequence[Series],
    *,
    start: int,
    end: int,
    decimals: int,
    marks: Sequence[Marks] = (),
    height: int = 220,
    with_zero: bool = False,
) -> Markup:
    """Lines over time in one picture. Values are in units of 10^-decimals."""
    bounds = [line.bins.bounds for line in series]
    values = [value for pair in bounds if pair is not None for value in pair]
    values += [value for mark in marks for _, value in mark.points]
    if with_zero:
        values.append(0)
    across = time_axis(start, end)
    up = value_axis(min(values, default=0), max(values, default=0), decimals)
    plot = (height - X_LABELS - TOP) * TENTHS
    parts = [element("title", title), *_grid(across, up, plot)]
    for line in series:
        if line.filled:
            parts.append(element("path", d=area(line.bins, up, plot), class_=f"area {line.style}"))
        parts.append(element("path", d=steps(line.bins, up, plot), class_=f"line {line.style}"))
    parts += [element("path", d=_triangles(mark, across, up, plot), class_=f"mark {mark.style}") for mark in marks]
    parts += _labels(across, up, plot)
    return element("svg", *parts, viewBox=f"0 0 {COLUMNS} {height}", role="img", class_="chart")


def _y(value: int, up: Axis, plot: int) -> int:
    return TOP * TENTHS + plot - up.place(value, plot)


def steps(bins: Bins, up: Axis, plot: int) -> str:
    """The way of a line that is level until it changes. A column shows the lowest and the highest value that it had."""
    path: list[str] = []
    drawing = False
    for column in range(bins.columns):
        low, high, last = bins.low[column], bins.high[column], bins.last[column]
        if not bins.touched[column]:
            continue
        if low is not None and high is not None:
            values = [low, high] if last is None or last == high else [high, low, last]
            path.append(f"H{column}" if drawing else f"M{column} {at(_y(values[0], up, plot))}")
            path += [f"V{at(_y(value, up, plot))}" for value in (values if drawing else values[1:])]
        elif drawing:
            path.append(f"H{column}")
        drawing = last is not None
    if drawing:
        path.append(f"H{bins.columns}")
    # A step that goes nowhere is left out.
    return "".join(step for before, step in pairwise(["", *path]) if step != before)


def area(bins: Bins, up: Axis, plot: int) -> str:
    """The area between the line and zero. The line has no gap."""
    path = steps(bins, up, plot)
    if not path:
        return ""
    zero = at(_y(min(max(0, up.low), up.high), up, plot))
    start = path[1:].split(" ")[0]
    return f"{path}V{zero}H{start}Z"


def _triangles(mark: Marks, across: Axis, up: Axis, plot: int) -> str:
    cells = set()
    for time, value in mark.points:
        x, y = across.place(time, COLUMNS * TENTHS), _y(value, up, plot)
        cells.add((x // (CELL * TENTHS) * CELL, y // (CELL * TENTHS) * CELL))
    # The tip is at the price.
    form = "l-3.5 7h7z" if mark.up else "l-3.5-7h7z"
    return "".join(f"M{x + CELL // 2} {y + CELL // 2}{form}" for x, y in sorted(cells))


def _grid(across: Axis, up: Axis, plot: int) -> list[Markup]:
    bottom = at(TOP * TENTHS + plot)
    lines = [f"M0 {at(_y(value, up, plot))}H{COLUMNS}" for value, _ in up.ticks]
    lines += [f"M{at(across.place(time, COLUMNS * TENTHS))} {bottom}v5" for time, _ in across.ticks]
    parts = [element("path", d="".join(lines), class_="grid")]
    if up.low < 0 < up.high:
        parts.append(element("path", d=f"M0 {at(_y(0, up, plot))}H{COLUMNS}", class_="zero"))
    return parts


def _labels(across: Axis, up: Axis, plot: int) -> list[Markup]:
    parts = [
        element("text", text, x=2, y=at(_y(value, up, plot) - 4 * TENTHS), class_="label") for value, text in up.ticks
    ]
    below = at(TOP * TENTHS + plot + 20 * TENTHS)
    for time, text in across.ticks:
        x = across.place(time, COLUMNS * TENTHS)
        anchor = "start" if x < 30 * TENTHS else "end" if x > (COLUMNS - 30) * TENTHS else "middle"
        parts.append(element("text", text, x=at(x), y=below, text_anchor=anchor, class_="label"))
    return parts

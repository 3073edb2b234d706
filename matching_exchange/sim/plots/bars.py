"""Charts of bars: counts by class, and signed values side by side."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from matching_exchange.sim.plots.axes import value_axis
from matching_exchange.sim.plots.bins import COLUMNS
from matching_exchange.sim.plots.markup import Markup, at, element

TENTHS: Final = 10
ROW: Final = 30
"""The height of a bar with its label."""

NAME_WIDTH: Final = 190
COUNT_WIDTH: Final = 130

GROUP_HEIGHT: Final = 280
MARGIN: Final = 40
"""Above and below the bars of values, for their texts."""


def count_chart(title: str, rows: Sequence[tuple[str, int]], style: str) -> Markup:
    """A bar for each class: its name, the bar, its count."""
    most = max((count for _, count in rows), default=0) or 1
    room = (COLUMNS - NAME_WIDTH - COUNT_WIDTH) * TENTHS
    parts = [element("title", title)]
    for place, (name, count) in enumerate(rows):
        top = place * ROW
        width = count * room // most
        parts += [
            element("text", name, x=NAME_WIDTH - 10, y=top + 21, text_anchor="end", class_="label"),
            element("rect", x=NAME_WIDTH, y=top + 4, width=at(width), height=ROW - 8, class_=f"bar {style}"),
            element("text", f"{count:,}", x=at(NAME_WIDTH * TENTHS + width + 80), y=top + 21, class_="label strong"),
        ]
    return element("svg", *parts, viewBox=f"0 0 {COLUMNS} {len(rows) * ROW}", role="img", class_="chart")


class Bar(NamedTuple):
    """A value in units of 10^-decimals of its chart, and how it reads. None: nothing tells it."""

    value: int | None
    text: str
    style: str


def value_chart(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], decimals: int) -> Markup:
    """Bars from zero, up or down, in groups with a name each."""
    values = [bar.value for _, bars in groups for bar in bars if bar.value is not None]
    up = value_axis(min([0, *values]), max([0, *values]), decimals)
    plot = (GROUP_HEIGHT - 2 * MARGIN) * TENTHS

    def y(value: int) -> int:
        return MARGIN * TENTHS + plot - up.place(value, plot)

    grid = "".join(f"M0 {at(y(value))}H{COLUMNS}" for value, _ in up.ticks)
    parts = [
        element("title", title),
        element("path", d=grid, class_="grid"),
        element("path", d=f"M0 {at(y(0))}H{COLUMNS}", class_="zero"),
    ]
    room = COLUMNS * TENTHS // max(len(groups), 1)
    for place, (name, bars) in enumerate(groups):
        width = room * 7 // 10 // max(len(bars), 1)
        left = place * room + (room - width * len(bars)) // 2
        for bar in bars:
            parts += _bar(bar, left, width, y)
            left += width
        middle = at(place * room + room // 2)
        parts.append(element("text", name, x=middle, y=GROUP_HEIGHT - 4, text_anchor="middle", class_="label"))
    return element("svg", *parts, viewBox=f"0 0 {COLUMNS} {GROUP_HEIGHT}", role="img", class_="chart")


def _bar(bar: Bar, left: int, width: int, y: Callable[[int], int]) -> list[Markup]:
    middle = at(left + width // 2)
    if bar.value is None:
        return [element("text", bar.text, x=middle, y=at(y(0) - 60), text_anchor="middle", class_="label")]
    top, bottom = sorted((y(bar.value), y(0)))
    text_at = top - 60 if bar.value >= 0 else bottom + 180
    return [
        element(
            "rect", x=at(left + 15), y=at(top), width=at(width - 30), height=at(bottom - top), class_=f"bar {bar.style}"
        ),
        element("text", bar.text, x=middle, y=at(text_at), text_anchor="middle", class_="label strong"),
    ]

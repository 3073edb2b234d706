"""Charts of distributions: a row for each group, with its runs as dots, its quartiles, median and mean."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from matching_exchange.sim.plots.axes import value_axis
from matching_exchange.sim.plots.bins import COLUMNS
from matching_exchange.sim.plots.markup import Markup, at, element

TENTHS: Final = 10
ROW: Final = 52
AXIS: Final = 28


class Strip(NamedTuple):
    """Values in units of 10^-decimals of the chart. interval: of the mean; None of a single value."""

    name: str
    style: str
    values: Sequence[int]
    quartiles: tuple[int, int]
    median: int
    mean: int
    interval: tuple[int, int] | None


def strip_chart(title: str, strips: Sequence[Strip], decimals: int) -> Markup:
    """The distributions over one axis."""
    values = [value for strip in strips for value in (*strip.values, *(strip.interval or ()))]
    across = value_axis(min(values, default=0), max(values, default=0), decimals, wanted=5)
    height = len(strips) * ROW + AXIS

    def x(value: int) -> str:
        return at(across.place(value, COLUMNS * TENTHS))

    lines = "".join(f"M{x(value)} 0V{height - AXIS + 5}" for value, _ in across.ticks)
    parts = [element("title", title), element("path", d=lines, class_="grid")]
    if across.low < 0 < across.high:
        parts.append(element("path", d=f"M{x(0)} 0V{height - AXIS}", class_="zero"))
    for place, (value, text) in enumerate(across.ticks):
        anchor = "start" if not place else "end" if place == len(across.ticks) - 1 else "middle"
        parts.append(element("text", text, x=x(value), y=height - 4, text_anchor=anchor, class_="label"))
    for place, strip in enumerate(strips):
        top = place * ROW
        middle = top + 34
        # Dots at the same place are drawn once.
        dots = "".join(f"M{spot} {middle - 7}v14" for spot in sorted({x(value) for value in strip.values}))
        low, high = strip.quartiles
        box = f"M{x(low)} {middle - 11}H{x(high)}V{middle + 11}H{x(low)}Z"
        parts += [
            element("path", d=box, class_=f"area {strip.style}"),
            element("path", d=dots, class_=f"line dots {strip.style}"),
            element("path", d=f"M{x(strip.median)} {middle - 14}v28", class_="whisker"),
        ]
        if strip.interval is not None:
            low, high = strip.interval
            parts.append(element("path", d=f"M{x(low)} {middle}H{x(high)}", class_="whisker"))
        diamond = f"M{x(strip.mean)} {middle - 6}l6 6l-6 6l-6-6z"
        parts.append(element("path", d=diamond, class_="mark mean"))
        parts.append(element("text", strip.name, x=2, y=top + 16, class_="label strong"))
    return element("svg", *parts, viewBox=f"0 0 {COLUMNS} {height}", role="img", class_="chart")

"""A picture of latency distributions as an SVG: percentiles to the right, values up.

Both axes are logarithmic: the way from 90 % to 99 % is as long as that from 99 % to 99.9 %. Each suite has a panel of
its own.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor, log10
from typing import Final
from xml.sax.saxutils import escape

from matching_exchange.tools.bench.distribution import Distribution

WIDTH: Final = 960
PANEL: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 80, 300, 44, 44

COLOURS: Final = (
    "#1f6feb",
    "#d1242f",
    "#1a7f37",
    "#9a6700",
    "#8250df",
    "#0a7ea4",
    "#bf3989",
    "#57606a",
    "#e16f24",
    "#4d2d00",
)
FONT: Final = 'font-family="sans-serif" font-size="12"'

DASHES: Final = ("", "6 3", "2 3")
"""Curves that share a colour with an earlier one are dashed."""


def draw(panels: Sequence[tuple[str, Sequence[Distribution]]]) -> str:
    """Draw panels with titles. Each has at least one curve."""
    height = PANEL * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, distributions) in enumerate(panels):
        parts += _panel(title, distributions, number * PANEL)
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, distributions: Sequence[Distribution], top: int) -> Iterable[str]:
    points = [point for distribution in distributions for point in distribution.points]
    values = [point.value for point in points if point.value > 0]
    nines = max(1, ceil(max(_nines(point.percentile) for point in points)))
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high = max(high, low + 1)
    right, bottom = WIDTH - RIGHT, top + PANEL - BOTTOM

    def across(percentile: float) -> float:
        return LEFT + (right - LEFT) * _nines(percentile) / nines

    def up(value: float) -> float:
        return bottom - (bottom - top - TOP) * (log10(max(value, 10**low)) - low) / (high - low)

    yield f'<text x="{LEFT}" y="{top + 24}" font-size="16">{escape(title)}: latency by percentile</text>'
    for exponent in range(low, high + 1):
        y = up(10.0**exponent)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#d0d7de"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_time(exponent)}</text>'
    for nine in range(nines + 1):
        x = LEFT + (right - LEFT) * nine / nines
        yield f'<line x1="{x:.1f}" y1="{top + TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#d0d7de"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{_percent(nine)}</text>'
    for number, distribution in enumerate(distributions):
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        style = f'stroke="{colour}" stroke-width="1.5"' + (f' stroke-dasharray="{dash}"' if dash else "")
        path = " ".join(f"{across(point.percentile):.1f},{up(point.value):.1f}" for point in distribution.points)
        yield f'<polyline points="{path}" fill="none" {style}/>'
        y = top + TOP + 8 + 16 * number
        yield f'<line x1="{right + 16}" y1="{y}" x2="{right + 40}" y2="{y}" {style}/>'
        yield f'<text x="{right + 46}" y="{y + 4}">{escape(distribution.name)}</text>'


def _nines(percentile: float) -> float:
    """How many nines the percentile has: 1 for 90, 2 for 99."""
    return -log10(1 - percentile / 100)


def _percent(nines: int) -> str:
    return "0 %" if nines == 0 else f"{100 - 10 ** (2 - nines):.{max(0, nines - 2)}f} %"


def _time(exponent: int) -> str:
    """A power of ten of microseconds."""
    for unit, below in (("ns", -3), ("µs", 0), ("ms", 3)):
        if exponent < below + 3:
            return f"{10.0 ** (exponent - below):g} {unit}"
    return f"{10.0 ** (exponent - 6):g} s"

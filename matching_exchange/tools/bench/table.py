"""Rows of figures, each with its yardstick and its target, for people and for machines."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from msgspec import Struct
from rich.console import Console

from matching_exchange.tools.bench.distribution import Distribution
from matching_exchange.tools.bench.machine import Machine
from matching_exchange.tools.bench.measure import Spread
from matching_exchange.tools.tables import plain_table

WIDTH: Final = 180
"""Characters of a line. In a file, no cell is then broken."""

LOOK_UPS: Final = "look-ups"
"""The key of their times among measurements that take turns."""


class Yardstick(Struct, frozen=True):
    """What the figure is held against: it tells how much of the figure is the machine's."""

    name: str
    value: float
    unit: str


class Target(Struct, frozen=True):
    """A figure meets it if it is at least, or at most, `value`."""

    value: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value


class Row(Struct, frozen=True):
    """One figure. `met` is None without a target, or if the target is for another size."""

    name: str
    figure: Spread
    unit: str
    yardstick: Yardstick | None = None
    target: Target | None = None
    met: bool | None = None


class Suite(Struct, frozen=True):
    """`left_out` tells what was not measured, and why."""

    name: str
    rows: Sequence[Row]
    distributions: Sequence[Distribution] = ()
    left_out: Sequence[str] = ()


class Report(Struct, frozen=True):
    """`core` says which core ran where a row names none. `quick` figures mean nothing."""

    machine: Machine
    core: str
    rounds: int
    quick: bool
    seed: int
    seconds: float
    suites: Sequence[Suite]


def row(
    name: str,
    figure: Spread,
    unit: str,
    yardstick: Yardstick | None = None,
    target: Target | None = None,
    *,
    quick: bool = False,
) -> Row:
    """A row that says whether its median meets the target; a quick one does not."""
    met = None if target is None or quick else target.met_by(figure.median)
    return Row(name, figure, unit, yardstick, target, met)


def look_up_yardstick(seconds: Sequence[float]) -> Yardstick:
    """How long this machine's interpreter takes in the same rounds."""
    return Yardstick("10 million look-ups", median(seconds), "s")


def print_report(report: Report, console: Console) -> None:
    machine = report.machine
    console.print(report.core, highlight=False, markup=False)
    for suite in report.suites:
        table = plain_table(suite.name, ("what",), ("median", "(min to max)"))
        for title in ("unit", "yardstick", "target", "met"):
            table.add_column(title)
        for each in suite.rows:
            figure = each.figure
            yardstick = (
                ""
                if each.yardstick is None
                else f"{each.yardstick.name}: {text_of(each.yardstick.value)} {each.yardstick.unit}"
            )
            target = (
                ""
                if each.target is None
                else f"{'at most' if each.target.at_most else 'at least'} {text_of(each.target.value)}"
            )
            met = "" if each.met is None else "yes" if each.met else "NO"
            spread = f"({text_of(figure.minimum)} to {text_of(figure.maximum)})"
            table.add_row(each.name, text_of(figure.median), spread, each.unit, yardstick, target, met)
        console.print(table, highlight=False, markup=False)
        for reason in suite.left_out:
            console.print(f"left out: {reason}", highlight=False, markup=False)
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory:g} GiB, {machine.python}, "
        f"{machine.kernel}, {machine.filesystem}",
        highlight=False,
    )
    quick = "; quick: the sizes are small and the figures mean nothing" if report.quick else ""
    console.print(f"seed {report.seed}, rounds {report.rounds}, {report.seconds:.0f} s{quick}", highlight=False)


def text_of(value: float) -> str:
    """A figure with three digits at least."""
    magnitude = abs(value)
    if magnitude >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}" if magnitude >= 0.1 else f"{value:.3f}"

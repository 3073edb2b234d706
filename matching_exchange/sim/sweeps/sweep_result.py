"""What came out of many runs: rows, distributions, frames, files, a report."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matching_exchange.sim.extras import require
from matching_exchange.sim.result import text
from matching_exchange.sim.result.lines import BY_KEY, LINES
from matching_exchange.sim.sweeps.distribution import Distribution, distribution_of
from matching_exchange.sim.sweeps.outcomes import COLUMNS, Failure, Run, SweepError

if TYPE_CHECKING:
    from matching_exchange.sim.result.figures import Figures

PARAMETERS_AFTER: Final = 2
"""Columns that stand before those of the parameters: run and seed."""

DIGITS: Final = 38
"""Those of a decimal column."""

SUMMARY: Final = ("pnl", "max_drawdown", "turnover", "fill_ratio", "slippage_bps")
"""The figures that a summary tells."""


class Group:
    """The runs of one combination of parameters, as one agent's figures in one quote.

    figures: of the runs, in their order.
    """

    def __init__(self, parameters: dict[str, Any], agent: str, quote: str) -> None:
        self.parameters = parameters
        self.agent = agent
        self.quote = quote
        self.figures: list[Figures] = []

    @property
    def name(self) -> str:
        """Its parameters; empty without any."""
        return ", ".join(f"{name}={value}" for name, value in self.parameters.items())

    def values(self, key: str) -> list[float]:
        """The figure in each run that tells it."""
        found = [BY_KEY[key].value(figures) for figures in self.figures]
        return [float(value) for value in found if value is not None]

    def distribution(self, key: str) -> Distribution | None:
        """None if no run tells the figure."""
        return distribution_of(self.values(key))


class SweepResult:
    """The runs of a sweep.

    runs: those that ended well, in the order of combinations and seeds.
    failures: the others; each tells its seed, its parameters and what happened.
    parameters: their names.
    interrupted: whether Ctrl-C ended it early.
    """

    def __init__(
        self, runs: Sequence[Run], failures: Sequence[Failure], parameters: Sequence[str], *, interrupted: bool = False
    ) -> None:
        self.runs = list(runs)
        self.failures = list(failures)
        self.parameters = list(parameters)
        self.interrupted = interrupted

    def groups(self, agent: str | None = None) -> list[Group]:
        """The runs by combination of parameters, agent and quote. agent: only this one's; None for all.

        Raises SweepError if no run has that agent.
        """
        found: dict[tuple[str, ...], Group] = {}
        for run in self.runs:
            values = tuple(repr(value) for value in run.parameters.values())
            for figures in run.figures:
                if agent is None or figures.agent == agent:
                    key = (*values, figures.agent, figures.quote)
                    group = found.setdefault(key, Group(run.parameters, figures.agent, figures.quote))
                    group.figures.append(figures)
        if agent is not None and not found:
            raise SweepError(f"agent: takes one of {', '.join(self.agents) or 'none'}, not {agent}")
        return list(found.values())

    @property
    def agents(self) -> list[str]:
        return list(dict.fromkeys(figures.agent for run in self.runs for figures in run.figures))

    def columns(self) -> dict[str, list[Any]]:
        """A row for each run, agent and quote: values by column. Amounts are Decimals, durations nanoseconds."""
        names = [*COLUMNS[:PARAMETERS_AFTER], *self.parameters, *COLUMNS[PARAMETERS_AFTER:]]
        found: dict[str, list[Any]] = {name: [] for name in names}
        for run in self.runs:
            for figures in run.figures:
                row = [run.number, run.seed, *run.parameters.values(), figures.agent, figures.quote]
                row += [line.value(figures) for line in LINES]
                for column, value in zip(found.values(), [*row, run.digest], strict=True):
                    column.append(value)
        return found

    def to_arrow(self) -> Any:
        """The rows as a pyarrow table. Raises MissingExtraError."""
        pa = require("pyarrow")
        columns = {name: _array(pa, name, values) for name, values in self.columns().items()}
        return pa.table(columns)

    def to_polars(self) -> Any:
        """The rows as a polars frame. Raises MissingExtraError."""
        return require("polars").from_arrow(self.to_arrow())

    def to_pandas(self) -> Any:
        """The rows as a pandas frame, whose columns keep Arrow's types. Raises MissingExtraError."""
        return self.to_arrow().to_pandas(types_mapper=require("pandas").ArrowDtype)

    def write_parquet(self, path: str | Path) -> None:
        """Write the rows into one file. Raises MissingExtraError; OSError if the disk does not take it."""
        require("pyarrow.parquet").write_table(self.to_arrow(), path, compression="zstd")

    def write_csv(self, path: str | Path) -> None:
        """Write the rows as comma-separated values with a header. What is not there is empty."""
        columns = self.columns()
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            for row in zip(*columns.values(), strict=True):
                writer.writerow([_cell(value) for value in row])

    def summary(self) -> str:
        """Means with their 95 % intervals and medians as plain text, a block for each agent; and what failed."""
        lines = [f"{len(self.runs)} runs, {len(self.failures)} failed" + (", interrupted" if self.interrupted else "")]
        for group in self.groups():
            title = ", ".join(part for part in (group.agent, group.name) if part)
            lines += ["", f"{title} ({len(group.figures)} runs)"]
            rows = [["", "mean", "95 % interval", "median"]]
            rows += [row for key in SUMMARY if (row := _summary_row(group, key))]
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            lines += [
                "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
            ]
        lines += ["", *(f"failed: {failure.text}" for failure in self.failures)] if self.failures else []
        return "\n".join([*lines, ""])

    def report(self, path: str | Path, title: str = "Sweep", figures: Sequence[str] | None = None) -> None:
        """Write a page of distributions: one HTML file that loads nothing. The same runs give the same bytes.

        figures: the keys of those that have a plot; None for the usual ones.
        Raises SweepError; OSError if the disk does not take it.
        """
        from matching_exchange.sim.sweeps.report import report_of  # noqa: PLC0415

        Path(path).write_text(report_of(self, title, figures), encoding="utf-8", newline="\n")

    def __repr__(self) -> str:
        return f"<SweepResult runs={len(self.runs)} failures={len(self.failures)} interrupted={self.interrupted}>"


def _summary_row(group: Group, key: str) -> list[str] | None:
    found = group.distribution(key)
    if found is None:
        return None
    line = BY_KEY[key]
    unit = f", {group.quote}" if line.quote else ""
    return [f"{line.title}{unit}", told(key, found.mean), interval_text(key, found), told(key, found.median)]


def told(key: str, value: float | None) -> str:
    """A mean or a quantile of the figure, as the figure itself reads."""
    line = BY_KEY[key]
    if value is None:
        return text.NONE
    if line.text in (text.amount, text.quantity):
        return text.amount(Decimal(f"{value:.12g}"))
    if line.text in (text.duration, text.count):
        return line.text(round(value)) if line.text is text.duration else text.number(value)
    return line.text(value)


def interval_text(key: str, found: Distribution) -> str:
    if found.low is None:
        return text.NONE
    return f"{told(key, found.low)} … {told(key, found.high)}"


def _array(pa: Any, name: str, values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, Decimal) for value in known):
        scale = max(max(-int(value.as_tuple().exponent), 0) for value in known)
        return pa.array(values, pa.decimal128(DIGITS, scale))
    line = BY_KEY.get(name)
    if line is not None and not known:
        # Nothing tells the figure: its column is there all the same.
        return pa.array(values, pa.float64())
    kinds = {type(value) for value in known}
    if kinds <= {int, float, str, bool} and (len(kinds) == 1 or kinds == {int, float}):
        return pa.array([float(value) if kinds == {int, float} else value for value in values])
    # Parameters of any kind, or of several.
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)

"""What came out of a simulation: figures, frames, files, reports."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from matching_exchange.sim.durations import SECOND
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.result import files, frames
from matching_exchange.sim.result.book_keeping import Rows
from matching_exchange.sim.result.columns import Columns
from matching_exchange.sim.result.figures import Figures, figures_of
from matching_exchange.sim.result.tables import MAKERS, Table, equity_table

if TYPE_CHECKING:
    from matching_exchange.sim.sweeps.sweep_result import SweepResult

TABLES: Final = (*MAKERS, "equity")
"""The names of frames and files."""


class ResultError(ValueError):
    """A call asks for what is not there. The message names the argument and what it takes."""


class Result:
    """The outcome of a run. It only reads its record.

    parameters: what a report tells of the run besides its seed, such as the latency.
    interval: nanoseconds between the changes of equity that the Sharpe ratio is made of.
    """

    def __init__(self, record: Record, parameters: Mapping[str, str] | None = None, interval: int = SECOND) -> None:
        if interval < 1:
            raise ResultError(f"interval: takes nanoseconds, at least 1, not {interval}")
        self.record = record
        self.parameters = dict(parameters or {})
        self.interval = interval
        self._figures: dict[tuple[int, tuple[int, ...]], Figures] = {}

    @cached_property
    def digest(self) -> str:
        """Runs with the same digest are the same, in all that the record holds and in the exchange's last state."""
        return self.record.digest

    @property
    def seed(self) -> str:
        return self.record.seed

    @property
    def duration(self) -> int:
        """In nanoseconds."""
        return self.record.end - self.record.start

    @property
    def counts(self) -> Mapping[str, int]:
        """What the whole run came to: commands, trades and so on."""
        return self.record.counts

    @cached_property
    def rows(self) -> Rows:
        return Rows(Columns(self.record))

    @cached_property
    def agents(self) -> list[str]:
        """The agents that were measured."""
        pairs = zip(self.record.agents, self.record.measured, strict=True)
        return [name for name, measured in pairs if measured]

    def figures(self, agent: str | None = None, symbol: str | None = None) -> Figures:
        """The figures of one agent: in one symbol, or in all that it traded.

        agent: may be left out if only one was measured.
        symbol: has to be named if the agent's symbols have several quotes.
        """
        place = self._agent(agent)
        return self._figures_of(place, self._scope(place, symbol))

    def all_figures(self) -> list[Figures]:
        """For each agent of `agents` its symbols, and then the sum of those that share a quote."""
        found = []
        for agent in map(self._agent, self.agents):
            scopes = self.scopes_of(agent)
            found += [self._figures_of(agent, (symbol,)) for scope in scopes for symbol in scope]
            found += [self._figures_of(agent, scope) for scope in scopes if len(scope) > 1]
        return found

    def totals(self) -> list[Figures]:
        """For each agent of `agents` one for each quote, over all its symbols of that quote."""
        pairs = [(agent, scope) for agent in map(self._agent, self.agents) for scope in self.scopes_of(agent)]
        return [self._figures_of(agent, scope) for agent, scope in pairs]

    def scopes_of(self, agent: int) -> list[tuple[int, ...]]:
        """The symbols in which an agent had orders, by quote. One that had none has the first instrument."""
        quotes: dict[str, list[int]] = {}
        for symbol in self.rows.symbols_of(agent) or [0]:
            quotes.setdefault(self.record.instruments[symbol].quote, []).append(symbol)
        return [tuple(symbols) for symbols in quotes.values()]

    def _figures_of(self, agent: int, symbols: tuple[int, ...]) -> Figures:
        key = (agent, symbols)
        if key not in self._figures:
            self._figures[key] = figures_of(self.rows, agent, symbols, self.interval)
        return self._figures[key]

    def _agent(self, name: str | None) -> int:
        """The place of a measured agent."""
        if name is None and len(self.agents) == 1:
            name = self.agents[0]
        if name not in self.agents:
            raise ResultError(f"agent: takes one of {_listed(self.agents)}" + ("" if name is None else f", not {name}"))
        return self.record.agents.index(name)

    def _scope(self, agent: int, symbol: str | None) -> tuple[int, ...]:
        names = [instrument.symbol for instrument in self.record.instruments]
        if symbol is not None:
            if symbol not in names:
                raise ResultError(f"symbol: takes one of {_listed(names)}, not {symbol}")
            return (names.index(symbol),)
        scopes = self.scopes_of(agent)
        if len(scopes) > 1:
            traded = [names[place] for place in sorted(sum(scopes, ()))]
            raise ResultError(f"symbol: takes one of {_listed(traded)}: their profits are in several currencies")
        return scopes[0]

    def table(self, name: str, interval: int | None = None) -> Table:
        """The raw values of a table of TABLES. Raises ResultError.

        interval: nanoseconds between the rows of `equity`.
        """
        if interval is not None and (type(interval) is not int or interval < 1):
            raise ResultError(f"interval: takes nanoseconds, at least 1, not {interval!r}")
        if name in MAKERS:
            return MAKERS[name](self.rows)
        if name != "equity":
            raise ResultError(f"name: takes one of {_listed(TABLES)}, not {name}")
        agents = [self._agent(agent) for agent in self.agents]
        pairs = [(agent, symbol) for agent in agents for scope in self.scopes_of(agent) for symbol in scope]
        return equity_table(self.rows, pairs, interval or self.interval)

    def to_polars(self, name: str, *, exact: bool = True, interval: int | None = None) -> Any:
        """A polars frame of quotes, trades, orders, fills or equity.

        exact: prices and amounts as decimals, else as floats.
        interval: nanoseconds between the rows of `equity`.
        Raises MissingExtraError without the extra `lab`.
        """
        return frames.to_polars(self.table(name, interval), self.record.instruments, exact=exact)

    def to_pandas(self, name: str, *, exact: bool = True, interval: int | None = None) -> Any:
        """As `to_polars`, for pandas. Columns keep Arrow's types."""
        return frames.to_pandas(self.table(name, interval), self.record.instruments, exact=exact)

    def write_parquet(self, directory: str | Path) -> None:
        """Write each table of TABLES, and run.json. The directory is made; files of the same names are replaced."""
        files.write(Path(directory), self)

    @classmethod
    def read_parquet(cls, directory: str | Path) -> Self:
        """The result that `write_parquet` wrote. Raises FileError."""
        return cls(*files.read(Path(directory)))

    def summary(self) -> str:
        """The figures as a plain text table, a column for each agent and symbol."""
        from matching_exchange.sim.result.summary import summary_of  # noqa: PLC0415

        return summary_of(self)

    def report(self, path: str | Path, title: str = "Simulation", agents: Sequence[str] | None = None) -> None:
        """Write a page of figures and plots: one HTML file that loads nothing. The same record gives the same bytes.

        agents: those that it tells; None for all. The first six have charts.
        OSError if the disk does not take it.
        """
        from matching_exchange.sim.result.report.report import report_of  # noqa: PLC0415

        for agent in agents or ():
            self._agent(agent)
        Path(path).write_text(report_of(self, title, agents), encoding="utf-8", newline="\n")

    def compare(self, *others: "Result", names: Sequence[str] | None = None) -> "SweepResult":
        """This result beside others: rows, distributions and a report, as those of a sweep with a parameter `result`.

        names: one for each, this one's first; None for numbers from 1.
        """
        from matching_exchange.sim.sweeps.comparison import compared  # noqa: PLC0415

        return compared([self, *others], names)

    def __repr__(self) -> str:
        return f"<Result seed={self.seed} agents={len(self.agents)} digest={self.digest[:12]}>"


def _listed(names: "list[str] | tuple[str, ...]") -> str:
    return ", ".join(names) or "none: no agent is measured"

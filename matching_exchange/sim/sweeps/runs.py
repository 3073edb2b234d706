"""What one run of a sweep is asked, and how it is carried out."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from matching_exchange.sim.result.figures import Figures
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.sweeps.outcomes import COLUMNS, Failure, Run, SweepError
from protocol.units import MAX_INTEGER


class Task(NamedTuple):
    """number: its place among all, from 0."""

    number: int
    seed: int | str
    parameters: dict[str, Any]


class Plan(NamedTuple):
    """What all runs share.

    duration: nanoseconds; None if `build` tells it.
    agents: whose figures are kept; None for all that are measured.
    directory: where each run's files go; None for nowhere.
    """

    build: Callable[..., Any]
    duration: int | None
    agents: tuple[str, ...] | None
    directory: Path | None

    def carry_out(self, task: Task) -> Run | Failure:
        """Run it. What goes wrong in it is told, not raised."""
        try:
            result = self._result(self.build(task.seed, **task.parameters))
            if self.directory is not None:
                result.write_parquet(self.directory / name_of(task.number))
            figures = result.totals()
            if self.agents is not None:
                figures = [found for name in self.agents for found in _of(name, figures, result)]
        except (Exception, SystemExit) as error:
            told = f"{type(error).__name__}: {error}".splitlines()[0]
            return Failure(task.number, task.seed, task.parameters, told, traceback.format_exc())
        return Run(task.number, task.seed, task.parameters, result.digest, dict(result.counts), tuple(figures))

    def _result(self, built: Any) -> Result:
        if isinstance(built, Result):
            return built
        simulation, duration = built if isinstance(built, tuple) else (built, self.duration)
        if duration is None:
            raise SweepError("duration: takes nanoseconds; or let build return a simulation and its duration")
        result = simulation.run(duration)
        if not isinstance(result, Result):
            raise SweepError(f"build: takes a function that returns a Simulation, not {type(simulation).__name__}")
        return result


def _of(name: str, figures: Sequence[Figures], result: Result) -> list[Figures]:
    found = [each for each in figures if each.agent == name]
    if not found:
        raise SweepError(f"agents: takes some of {', '.join(result.agents)}, not {name}")
    return found


def name_of(number: int) -> str:
    """The directory of a run's files."""
    return f"run-{number:05}"


def tasks_of(seeds: Sequence[int | str], parameters: Mapping[str, Sequence[Any]]) -> list[Task]:
    """Each seed with each combination of parameters. All seeds of a combination stand together."""
    if not seeds:
        raise SweepError("seeds: takes at least one")
    if len({str(seed) for seed in seeds}) < len(seeds):
        raise SweepError("seeds: takes each one once: the same run counted twice would narrow the intervals")
    for seed in seeds:
        if isinstance(seed, int) and abs(seed) > MAX_INTEGER:
            raise SweepError(f"seeds: takes whole numbers of at most 63 bits, or texts, not {seed}")
    for name, values in parameters.items():
        if name in COLUMNS:
            raise SweepError(f"parameters: {name} is a column of the rows already; takes another name")
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise SweepError(f"parameters: {name}: takes a list of values, not {values!r}")
        if not values:
            raise SweepError(f"parameters: {name}: takes at least one value")
    grid = [dict(zip(parameters, values, strict=True)) for values in product(*parameters.values())]
    pairs = [(seed, combination) for combination in grid for seed in seeds]
    return [Task(number, seed, combination) for number, (seed, combination) in enumerate(pairs)]

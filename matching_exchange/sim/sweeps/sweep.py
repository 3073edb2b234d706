"""`sweep`: one simulation over seeds and parameters."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from matching_exchange.sim.sweeps.outcomes import Failure, Run, SweepError
from matching_exchange.sim.sweeps.runs import Plan, tasks_of
from matching_exchange.sim.sweeps.sweep_result import SweepResult
from matching_exchange.sim.sweeps.workers import runs_of, start_method

Outcomes = Generator[Run | Failure, None, None]


def sweep(
    build: Callable[..., Any],
    *,
    duration: int | None = None,
    seeds: Iterable[int | str] = range(100),
    parameters: Mapping[str, Sequence[Any]] | None = None,
    agents: Sequence[str] | None = None,
    workers: int | None = None,
    directory: str | Path | None = None,
    progress: bool | None = None,
) -> SweepResult:
    """Run `build(seed, **parameters)` for each seed and each combination of parameters. All figures come back.

    build: returns a Simulation; or a pair of it and its duration; or a Result.
    duration: nanoseconds of virtual time.
    parameters: by name, the values to try.
    agents: whose figures are kept; None for all that are measured.
    workers: processes; None for one on each core. 1 runs all in this process. The results are the same.
    directory: where each run writes its tables as Parquet, in `run-00000` and so on; None for nowhere.
    progress: whether a bar is shown; None for yes on a terminal.

    Processes are spawned, and import the module of `build`. They are forked if no fresh process could import it: if it
    stands in a script, in a notebook or in another function.
    A run that raises, or whose process dies, is among `failures`; the others go on. Ctrl-C ends the sweep early:
    `interrupted` says so, and what was done by then is kept. Raises SweepError.
    """
    tasks = tasks_of(list(seeds), parameters or {})
    if workers is not None and workers < 1:
        raise SweepError(f"workers: takes at least 1, not {workers}")
    place = None if directory is None else Path(directory)
    plan = Plan(build, duration, None if agents is None else tuple(agents), place)
    workers = min(workers or cores(), len(tasks))
    method = "" if workers == 1 else start_method(build, tasks)
    outcomes = map(plan.carry_out, tasks) if workers == 1 else runs_of(tasks, plan, workers, method)
    runs: list[Run] = []
    failures: list[Failure] = []
    interrupted = False
    try:
        with closing(_shown(_generated(outcomes), len(tasks), progress)) as shown:
            for outcome in shown:
                if isinstance(outcome, Run):
                    runs.append(outcome)
                else:
                    failures.append(outcome)
    except KeyboardInterrupt:
        interrupted = True
    runs.sort(key=lambda run: run.number)
    failures.sort(key=lambda failure: failure.number)
    return SweepResult(runs, failures, list(parameters or {}), interrupted=interrupted)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shown(outcomes: Outcomes, count: int, progress: bool | None) -> Outcomes:  # noqa: FBT001  given once
    """The outcomes, while a bar counts them. It has no thread: processes may still be forked."""
    # Only a sweep needs what draws it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    shown = console.is_terminal if progress is None else progress
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, auto_refresh=False, transient=True, disable=not shown)
    failed = 0
    with bar, closing(outcomes) as source:
        row = bar.add_task("runs", total=count, failed="")
        bar.refresh()
        for outcome in source:
            failed += isinstance(outcome, Failure)
            bar.update(row, advance=1, failed=f"{failed} failed" if failed else "")
            bar.refresh()
            yield outcome


def _generated(outcomes: Iterator[Run | Failure]) -> Outcomes:
    """Something that can be closed: processes end with it."""
    yield from outcomes

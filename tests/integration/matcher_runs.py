"""Matchers that are started to see how they end."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matching_exchange.tools.processes import free_ports
from tests.exchange import PATIENCE, clean_environment

Outcome = tuple[int, str, str]
"""Exit status, standard output, standard error."""

RunHere = Callable[..., Outcome]


def run(directory: Path, *arguments: str, **environment: str) -> Outcome:
    """What becomes of a matcher with these arguments and variables."""
    [outcome] = run_all(directory, (arguments, environment))
    return outcome


def run_all(directory: Path, *cases: tuple[Sequence[str], Mapping[str, str]]) -> list[Outcome]:
    """The same for several, side by side."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "matcher", *arguments],
            cwd=directory,
            env=clean_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments, environment in cases
    ]
    outcomes: list[Outcome] = []
    try:
        for process in started:
            output, error = process.communicate(timeout=PATIENCE)
            outcomes.append((process.returncode, output, error))
    finally:
        for process in started:
            process.kill()
            process.wait(PATIENCE)
    return outcomes


def own_endpoints() -> list[str]:
    return [
        f"--{name}=tcp://127.0.0.1:{port}"
        for name, port in zip(("commands", "market-data", "reports"), free_ports(3), strict=True)
    ]

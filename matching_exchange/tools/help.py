"""python -m matching_exchange.tools.help: writes what the scripts print for --help, which they do before anything is
installed.

The texts are those of the programs themselves. A test finds one that is out of date.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

COLUMNS: Final = 80

MODULES: Final = {
    "backup": "matching_exchange.tools.backup",
    "bench": "matching_exchange.tools.bench",
    "build": "matching_exchange.tools.build",
    "client_faults": "matching_exchange.tools.client_faults",
    "clients": "matching_exchange.recipes",
    "cluster": "matching_exchange.tools.cluster",
    "compatibility": "matching_exchange.tools.compatibility",
    "conformance": "matching_exchange.tools.conformance",
    "demo": "matching_exchange.tools.demo",
    "export": "matching_exchange.tools.export",
    "facts": "matching_exchange.tools.facts",
    "gateway": "gateway",
    "history": "history",
    "history_soak": "matching_exchange.tools.history_soak",
    "keys": "matching_exchange.tools.keys",
    "load_test": "matching_exchange.tools.load_test",
    "matcher": "matcher",
    "repair": "matcher.repair",
    "replay": "matching_exchange.tools.replay",
    "restore": "matching_exchange.tools.restore",
    "run": "matching_exchange.tools.run",
    "simulate_replication": "matching_exchange.tools.simulate_replication",
    "subscribe": "matching_exchange.tools.subscribe",
    "torture": "matching_exchange.tools.torture",
}
"""The module behind each script."""

DIRECTORY: Final = Path(__file__).parents[2] / "scripts" / "help"


def text_of(script: str) -> str:
    """What the script's program says of itself."""
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-m", MODULES[script], "--help"]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout  # noqa: S603


def path_of(script: str) -> Path:
    return DIRECTORY / f"{script}.txt"


if __name__ == "__main__":
    for script in MODULES:
        path_of(script).write_text(text_of(script), encoding="utf-8")

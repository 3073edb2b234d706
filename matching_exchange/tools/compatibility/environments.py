"""An environment for each client: made once below a directory, used again as long as it is there."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matching_exchange.tools.compatibility.clients import Client

INSTALL_SECONDS: Final = 900
ASK_SECONDS: Final = 10

DONE: Final = "installed"
"""The file that says so."""

NEWER: Final = ("python3.12", "python3.13", "python3.14")


class InstallError(Exception):
    """A client cannot be installed here. Its text is one line."""


def install(client: Client, directory: Path, pythons: Sequence[str]) -> Path:
    """The program that runs its sessions: a Python, or node. Raises InstallError."""
    place = directory / f"{client.name}-{client.version}"
    if client.sessions[0].module.endswith(".mjs"):
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise InstallError("node and npm are not here")
        commands = [[npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), *client.packages]]
        program = Path(node)
    else:
        program = place / "bin" / "python"
        commands = [
            [_python(client.python, pythons), "-m", "venv", "--clear", str(place)],
            [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *client.packages],
        ]
    if not (place / DONE).exists():
        place.mkdir(parents=True, exist_ok=True)
        for command in commands:
            _run(command)
        (place / DONE).touch()
    return program


def _python(oldest: tuple[int, int], pythons: Sequence[str]) -> str:
    """The first interpreter that is new enough. Raises InstallError."""
    for candidate in (*pythons, sys.executable, *NEWER):
        program = shutil.which(candidate)
        question = f"import sys; sys.exit(sys.version_info < {oldest!r})"
        if program is not None and _status([program, "-c", question]) == 0:
            return program
    raise InstallError(f"no Python {'.'.join(map(str, oldest))} or newer was found: say --python PATH")


def _status(command: Sequence[str]) -> int | None:
    try:
        return subprocess.run(command, capture_output=True, timeout=ASK_SECONDS, check=False).returncode  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"it was not installed within {INSTALL_SECONDS} s") from None
    if done.returncode:
        raise InstallError((done.stderr.strip().splitlines() or ["the installer said nothing"])[-1])

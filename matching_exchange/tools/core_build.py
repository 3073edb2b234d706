"""A build of the compiled core that a start of the exchange asks for: before it, or beside it."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from matcher import CORE
from matcher.compiled import ALWAYS, INTERPRETED, VARIABLE
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line
from matching_exchange.tools.build import what_hinders
from matching_exchange.tools.tied import TiedProcess

MODULE: Final = "matching_exchange.tools.build"

STOP_TIMEOUT: Final = 10
"""How many seconds a build may take to remove its files."""


def build_before(program: str, environment: Mapping[str, str]) -> None:
    """Wait for the build that EXCHANGE_COMPILE=always needs. Ends the process if there is none."""
    if CORE.kind != INTERPRETED:
        return
    hindrance = what_hinders(ALWAYS, environment)
    if hindrance:
        end_with_line(program, f"{VARIABLE}={ALWAYS}: {CORE.reason}: {hindrance}", EXIT_FAILED)
    building = TiedProcess(MODULE, [], env=dict(environment), stdin=subprocess.DEVNULL)
    try:
        if building.wait():
            # It has said why.
            sys.exit(EXIT_FAILED)
    finally:
        _stop(building)


class BuildBeside:
    """The build that makes the next start faster, at the lowest priority. How it ends is no matter of the exchange."""

    def __init__(self, program: str, wanted: str, environment: Mapping[str, str], *, verbose: bool) -> None:
        """Start it where it can help, and say so."""
        self._program = program
        self._building: TiedProcess | None = None
        if CORE.kind != INTERPRETED:
            return
        hindrance = what_hinders(wanted, environment)
        if hindrance:
            if verbose:
                print(f"The core runs interpreted: {hindrance}.", flush=True)
            return
        silent = subprocess.DEVNULL
        self._building = TiedProcess(
            MODULE, ["--gently"], env=dict(environment), stdin=silent, stdout=silent, stderr=silent
        )
        print("The core runs interpreted. It is being compiled beside, for the next start.", flush=True)

    def look(self) -> None:
        """Say in one line how it has ended, once it has."""
        if self._building is None:
            return
        status = self._building.poll()
        if status is None:
            return
        self._building = None
        if status:
            print(f"{self._program}: the core was not compiled (scripts/build says why)", file=sys.stderr, flush=True)
        else:
            print("The core is compiled: the next start runs it.", flush=True)

    def stop(self) -> None:
        """End it, if it still runs. The next start begins anew."""
        if self._building is not None:
            _stop(self._building)


def _stop(building: TiedProcess) -> None:
    if building.poll() is None:
        building.terminate()
        try:
            building.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            building.kill()
            building.wait()

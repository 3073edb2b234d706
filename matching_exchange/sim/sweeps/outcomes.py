"""What the runs of a sweep come to."""

from typing import Any, Final

from msgspec import Struct

from matching_exchange.sim.result.figures import Figures
from matching_exchange.sim.result.lines import BY_KEY

COLUMNS: Final = ("run", "seed", "agent", "quote", *BY_KEY, "digest")
"""Those of a row, besides its parameters."""


class SweepError(ValueError):
    """A sweep cannot be made so. The message names the argument and what it takes."""


class Run(Struct, frozen=True):
    """A run that ended well. figures: of each agent, and of each quote that it traded in."""

    number: int
    seed: int | str
    parameters: dict[str, Any]
    digest: str
    counts: dict[str, int]
    figures: tuple[Figures, ...]


class Failure(Struct, frozen=True):
    """A run that did not. error: its kind and message, in one line. trace: where it was raised, if that is known."""

    number: int
    seed: int | str
    parameters: dict[str, Any]
    error: str
    trace: str = ""

    @property
    def text(self) -> str:
        """One line: which run it was, and what happened."""
        given = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"seed={self.seed!r}{given}: {self.error}"

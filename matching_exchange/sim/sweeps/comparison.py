"""Results side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matching_exchange.sim.sweeps.outcomes import Run, SweepError
from matching_exchange.sim.sweeps.sweep_result import SweepResult

if TYPE_CHECKING:
    from matching_exchange.sim.result.result import Result

PARAMETER = "result"


def compared(results: Sequence["Result"], names: Sequence[str] | None) -> SweepResult:
    """A sweep whose only parameter names the result. Raises SweepError."""
    given = [str(place) for place in range(1, len(results) + 1)] if names is None else list(names)
    if len(set(given)) != len(results) or len(given) != len(results):
        raise SweepError(f"names: takes {len(results)} different ones, not {', '.join(given)}")
    runs = [
        Run(number, result.seed, {PARAMETER: name}, result.digest, dict(result.counts), tuple(result.totals()))
        for number, (result, name) in enumerate(zip(results, given, strict=True))
    ]
    return SweepResult(runs, [], [PARAMETER])

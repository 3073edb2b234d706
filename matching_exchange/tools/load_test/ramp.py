"""The search for the highest rate within a limit. The rate grows by a factor until it misses the limit. Then the gap
between the last two rates is halved."""

from collections.abc import Callable
from typing import Final

from matching_exchange.tools.load_test.pace import Step

FACTOR: Final = 1.5
HALVINGS: Final = 3
"""How often the gap between the highest rate that holds and the lowest that does not is halved."""

MAX_STEPS: Final = 30


def within(step: Step, p99_limit: float) -> bool:
    """Whether all orders were answered, with a p99 within the limit."""
    return step.complete and step.p99 <= p99_limit


def ramp(measure: Callable[[float], Step], first: float, p99_limit: float) -> float | None:
    """The highest rate that was found to hold; None if the first one does not."""
    holds: float | None = None
    fails: float | None = None
    rate = first
    for _ in range(MAX_STEPS):
        if not within(measure(rate), p99_limit):
            fails = rate
            break
        holds, rate = rate, round(rate * FACTOR)
    if holds is None or fails is None:
        return holds
    for _ in range(HALVINGS):
        rate = round((holds + fails) / 2)
        if within(measure(rate), p99_limit):
            holds = rate
        else:
            fails = rate
    return holds

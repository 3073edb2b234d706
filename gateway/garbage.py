"""The garbage collector of a worker: old objects are rarely looked at.

A full collection looks at every object. With 10,000 streams these are more than a million, nearly all of them alive.
Each collection would stop the event loop for up to a second.
"""

import gc
import time
from collections.abc import Callable
from typing import Any, Final

OLDEST: Final = 2
"""The generation of a full collection."""

LOOK_AGAIN_SECONDS: Final = 900.0
"""Time for which garbage among old objects may stay."""


class Collector:
    """A callback of the collector, see `gc.callbacks`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._looked_at = clock()

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if info["generation"] != OLDEST:
            return
        if phase == "stop":
            gc.freeze()
        elif self._clock() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._looked_at = self._clock()
            gc.unfreeze()


def collect_little() -> None:
    """Let full collections of this process look at new objects only."""
    gc.callbacks.append(Collector())

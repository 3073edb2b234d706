"""The garbage collector of a worker: what has lived through a full collection is not looked at again for a while.

A full collection looks at every object that there is. With 10,000 streams these are more than a million, nearly all of
them alive, and each collection on the way there stops the event loop for longer, up to a second.
"""

import gc
import time
from collections.abc import Callable
from typing import Any, Final

OLDEST: Final = 2
"""The generation of a full collection."""

LOOK_AGAIN_SECONDS: Final = 900.0
"""How long garbage among what has lived through a collection may stay."""


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
    """Let full collections of this process look at what is new."""
    gc.callbacks.append(Collector())

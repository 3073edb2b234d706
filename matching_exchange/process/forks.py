"""What a fork takes beside libraries that have threads."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_garbage_collected() -> Iterator[None]:
    """Fork within it. The child begins without the collector: a library's thread may have held a lock as of the fork,
    and never gives it back there. Who collects in the child calls gc.freeze first."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()

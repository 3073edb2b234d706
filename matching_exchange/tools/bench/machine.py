"""The measured machine: its description, and yardsticks to compare figures of two machines."""

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from matching_exchange.process.files import sync_file
from matching_exchange.tools.bench.system import cores, filesystem_of, processor

APPENDED: Final = bytes(4096)

SYNCS: Final = 200
SYNC_SECONDS: Final = 1.0
"""A sync is timed this often, or as often as the time limit allows."""

LOOK_UPS: Final = 10_000_000


class Machine(Struct, frozen=True):
    """`filesystem` is the type of the one that the data directories lie on, `memory` is in GiB."""

    processor: str
    cores: int
    memory: float
    python: str
    kernel: str
    filesystem: str


def describe(directory: Path) -> Machine:
    """This machine, with the file system of the directory."""
    return Machine(
        processor(),
        cores(),
        round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{platform.system()} {platform.release()}",
        filesystem_of(directory),
    )


def time_sync(directory: Path) -> float:
    """The median time, in milliseconds, to append 4 KiB to a file in the directory and sync it."""
    path = directory / "yardstick"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    times: list[float] = []
    try:
        deadline = time.perf_counter() + SYNC_SECONDS
        while len(times) < SYNCS and (not times or time.perf_counter() < deadline):
            started = time.perf_counter()
            os.write(descriptor, APPENDED)
            sync_file(descriptor)
            times.append((time.perf_counter() - started) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(times)


def time_look_ups() -> float:
    """Seconds for ten million look-ups in a small dict, in a plain loop: how fast this machine's interpreter is."""
    d = dict.fromkeys(range(1024), 0)
    started = time.perf_counter()
    for i in range(LOOK_UPS):
        d[i & 1023]
    return time.perf_counter() - started

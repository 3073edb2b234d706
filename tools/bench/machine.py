"""The machine that was measured on: what it is, and yardsticks by which figures of two machines can be compared."""

import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Final

from msgspec import Struct

from process.files import sync_file

APPENDED: Final = bytes(4096)

SYNCS: Final = 200
SYNC_SECONDS: Final = 1.0
"""A sync is timed so often, or as often as it can be in so many seconds."""

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
        _line_of("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        len(os.sched_getaffinity(0)),
        round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{platform.system()} {platform.release()}",
        filesystem_of(directory, Path("/proc/self/mountinfo").read_text()),
    )


def filesystem_of(directory: Path, mounts: str) -> str:
    """The type of the file system that holds the directory; `mounts` is what /proc/self/mountinfo says."""
    found, kind = "", "unknown"
    path = directory.resolve()
    for line in mounts.splitlines():
        own, _, shared = line.partition(" - ")
        point = own.split()[4].encode().decode("unicode_escape")
        # A later mount hides an earlier one at the same place.
        if path.is_relative_to(point) and len(point) >= len(found):
            found, kind = point, shared.split()[0]
    return kind


def _line_of(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


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

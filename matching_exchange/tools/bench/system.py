"""What the system tells about itself and about processes. Linux has files below /proc; other systems tell less."""

import os
import platform
import subprocess
from pathlib import Path

from matching_exchange.tools.bench.measure import BenchError


def processor() -> str:
    """The processor's name, or its architecture if the system tells no more."""
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def filesystem_of(directory: Path) -> str:
    """The type of the file system that holds the directory."""
    return find_filesystem(directory, _read("/proc/self/mountinfo"))


def find_filesystem(directory: Path, mounts: str) -> str:
    """The same; `mounts` is what /proc/self/mountinfo says."""
    found, kind = "", "unknown"
    path = directory.resolve()
    for line in mounts.splitlines():
        own, _, shared = line.partition(" - ")
        point = own.split()[4].encode().decode("unicode_escape")
        # A later mount hides an earlier one at the same place.
        if path.is_relative_to(point) and len(point) >= len(found):
            found, kind = point, shared.split()[0]
    return kind


def resident_memory() -> int:
    """The memory of this process, in bytes."""
    pages = _read("/proc/self/statm").split()
    if pages:
        return int(pages[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, check=True)  # noqa: S603, S607
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"this system does not tell the memory of a process: {error}") from error
    return int(told.stdout) * 1024


def processor_time(pid: int) -> int | None:
    """Nanoseconds that all threads of the process have run; None if the system does not tell."""
    threads = [_read(str(path)).split() for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(told[0]) for told in threads if told) or None


def _read(path: str) -> str:
    """The content of the file; empty if it does not exist."""
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return ""

"""What every process tells of itself: since when it runs, how much it takes, which version it is."""

import os
import platform
import resource
import sys
import time
from functools import cache
from pathlib import Path
from typing import Final

from matching_exchange.metrics.families import NANOSECONDS, gauges
from matching_exchange.process.version import VERSION
from protocol.metrics import COUNTER, Family

STARTED: Final = time.time_ns()
"""When this process has begun, in nanoseconds since 1970."""

LABELS: Final = ("process", "worker")

_STATM: Final = Path("/proc/self/statm")


def own_families(process: str, core: str = "", worker: str = "") -> list[Family]:
    """`worker` is the number of one of several processes of that kind."""
    labels = process, worker
    return [
        gauges(
            "exchange_process_start_time_seconds",
            "When the process started, in seconds since 1970.",
            LABELS,
            {labels: STARTED},
            NANOSECONDS,
        ),
        gauges("exchange_process_resident_memory_bytes", "Memory that the process has.", LABELS, {labels: _resident()}),
        Family(
            "exchange_process_cpu_seconds_total",
            COUNTER,
            "Time that the process has computed.",
            LABELS,
            NANOSECONDS,
            [(labels, time.process_time_ns())],
        ),
        gauges(
            "exchange_process_info",
            "Always 1; the labels tell version, Python and core.",
            (*LABELS, "version", "python", "core"),
            {(*labels, VERSION, platform.python_version(), core): 1},
        ),
    ]


@cache
def _page() -> int:
    return os.sysconf("SC_PAGE_SIZE")


def _resident() -> int:
    """Bytes of memory; where the system does not tell them, the most that there ever were."""
    try:
        return int(_STATM.read_text().split()[1]) * _page()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024

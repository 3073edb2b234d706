"""The times of the replication, in nanoseconds.

All are measured on one clock of the machine, which also runs while the machine sleeps. What holds for 300 ms must not
hold for longer because somebody has closed the lid.
"""

import time
from typing import Final

MILLISECOND: Final = 1_000_000

SILENCE: Final = 600 * MILLISECOND
"""A standby of rank 0 that has received no record for this time thinks that nobody leads."""

RANK_PERCENT: Final = 30
"""By this part of SILENCE each further rank waits longer, so that standbys do not elect themselves at once."""

PROBE_EVERY: Final = 150 * MILLISECOND
"""From half of its silence on, a standby asks that often where the log ends."""

PROBE_SLOW: Final = 200 * MILLISECOND
"""An answer that takes longer shows that the log was away, and not the leader."""

LOG_IS_BACK: Final = 300 * MILLISECOND
"""The leader's waiting append goes first after the log was away."""

BEAT_EVERY: Final = 150 * MILLISECOND
"""A leader that has appended nothing for this time appends a Beat."""

LEASE: Final = 300 * MILLISECOND
"""A leader answers queries for this time from the begin of its last committed append. It is well below SILENCE: who
elects itself has received that record, and then waited for its silence."""

TRY: Final = 400 * MILLISECOND
"""A question to a log server that takes longer is asked again, at the next one."""

LATE: Final = 150 * MILLISECOND
"""An append that takes longer goes to the next server too. So one of two neighbours has it when the log is back,
although one may be cut off. It is well below LOG_IS_BACK."""

GIVEN_UP: Final = 3 * LATE
"""So long the answer of an earlier server counts too."""


def now() -> int:
    """The clock of the replication."""
    return time.clock_gettime_ns(BOOT_CLOCK)


BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""That of Linux counts the time that the machine sleeps. A replicated log runs there alone."""


def silence_of(rank: int) -> int:
    """How long the node of that rank waits for a record."""
    return SILENCE + SILENCE * RANK_PERCENT * rank // 100

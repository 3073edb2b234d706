"""The times of a recording's lines. They never go back, and a replay can wait through each gap."""

from pathlib import Path
from typing import Final

from matching_exchange.recordings.recording import Gap, RecordingError

SECOND: Final = 10**9

MAX_GAP: Final = 7 * 86_400 * SECOND
"""The longest gap between two lines. A gap of more than a week means a broken time."""

MAX_WAIT: Final = 86_400
"""The longest wait for a line at the speed of a replay, in seconds."""


class Timeline:
    """Takes the times of a file's lines, in nanoseconds. Knows the longest gap between two; None before the second
    line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: int | None = None
        self.longest: Gap | None = None

    def check(self, time: int, line: int) -> None:
        """Raises RecordingError if the time goes back, or ahead by more than MAX_GAP."""
        gap = 0 if self._before is None else time - self._before
        if gap < 0:
            raise RecordingError(self._path, "the time goes back", line)
        if gap > MAX_GAP:
            raise RecordingError(
                self._path, f"{seconds(gap)} after the line before; takes at most {seconds(MAX_GAP)}", line
            )
        if gap > (self.longest.nanoseconds if self.longest else 0):
            self.longest = Gap(self._path, line, gap)
        self._before = time


def check_speed(gap: Gap, speed: float) -> None:
    """Raises RecordingError if a replay at this speed would wait too long for the line after the gap."""
    wait = gap.nanoseconds / SECOND / speed
    if wait > MAX_WAIT:
        detail = f"{seconds(gap.nanoseconds)} after the line before, at this --speed a wait of {wait:,.0f} s"
        raise RecordingError(gap.path, f"{detail}; takes at most {MAX_WAIT:,} s", gap.line)


def seconds(nanoseconds: int) -> str:
    """Rounded up, so a value above a bound never looks like the bound."""
    return f"{-(-nanoseconds // SECOND):,} s"

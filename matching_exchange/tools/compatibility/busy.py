"""A busy phase with a restart of the matcher, and whether a book that a client keeps through it is the exchange's."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from threading import Timer
from typing import Any, Final

from matching_exchange.tools.compatibility import market

LEAST: Final = 100
"""Orders of each half of the phase at least, however short it is."""

SPARE_SECONDS: Final = 100.0
"""What a session may take beside the phase."""

COMPARED: Final = "the book is the exchange's after the busy phase"


def be_busy(url: str, seconds: float, restart: Callable[[], None]) -> None:
    """Place orders at many prices, and cancel some, for so long. `restart` is called in the middle."""
    numbers = count()
    for half in range(2):
        if half:
            restart()
        end = time.monotonic() + seconds / 2
        least = (half + 1) * LEAST
        for number in numbers:
            side, price = ("buy", 29_900 + number % 95) if number % 2 else ("sell", 30_101 - number % 95)
            account = f"busy-{number % 5}"
            answer = market.place(url, side, price, f"0.{1 + number % 7}", account)
            if number % 3 == 0 and answer["status"] == "open":
                market.call(url, "DELETE", f"/orders/{answer['order_id']}?account={account}")
            if number >= least and time.monotonic() >= end:
                break


def difference(url: str, kept: Any) -> str | None:
    """Where the book that a client has kept is not the exchange's; None where it is."""
    ours = market.call(url, "GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
    for side in ("bids", "asks"):
        theirs, wanted = ([[float(price), float(size)] for price, size in book[side]] for book in (kept, ours))
        if theirs != wanted:
            missing = [level for level in wanted if level not in theirs][:3]
            extra = [level for level in theirs if level not in wanted][:3]
            return f"{side}: it lacks {missing}, and has {extra} instead"
    return None


def run_books(
    command: Sequence[str], environment: Mapping[str, str], url: str, seconds: float, restart: Callable[[], None]
) -> list[Any]:
    """Run a session of `sessions.books` through a busy phase: its steps, and one that compares the books."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        watchdog = Timer(seconds + SPARE_SECONDS, process.kill)
        watchdog.start()
        try:
            session = _Session(process)
            if session.value("ready") is not None:
                be_busy(url, seconds, restart)
                market.place(url, "buy", market.MARK, "0.777", "marker")
                kept = session.value("book")
                if kept is not None:
                    session.steps.append({"call": COMPARED, "error": difference(url, kept)})
                session.value("nothing more")
            status = process.wait()
        finally:
            watchdog.cancel()
            process.kill()
        if status:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or ["it said nothing"])[-1]
            session.steps.append({"call": "the session", "error": f"it ended with status {status}: {last}"})
        return session.steps


class _Session:
    """What a running session tells. steps: so far."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.steps: list[Any] = []

    def value(self, name: str) -> Any:
        """Wait for that value. None where the session ends without it."""
        assert self._process.stdout is not None, "it is a pipe"
        for line in self._process.stdout:
            told = json.loads(line) if line.startswith("{") else {}
            if "call" in told:
                self.steps.append(told)
            elif told.get("value") == name:
                return told["is"]
        return None

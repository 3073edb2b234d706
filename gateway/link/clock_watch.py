"""Tells operators where the matcher's time and the gateway's clock differ."""

import structlog

log = structlog.get_logger("gateway")


class ClockWatch:
    """`deadline`: the greatest age of a command, in nanoseconds. Clocks that differ by more are told of."""

    def __init__(self, deadline: int) -> None:
        self._deadline = deadline
        self._differs = False

    def compare(self, difference: int) -> None:
        """Log once when the clocks differ by more than a deadline, and once when they agree again. Orders are taken in
        both cases. `difference` is in nanoseconds."""
        differs = abs(difference) > self._deadline
        if differs is self._differs:
            return
        self._differs = differs
        milliseconds = difference // 1_000_000
        if differs:
            log.warning(
                "the matcher's time and this clock differ: deadlines go by the matcher's",
                clock_difference_ms=milliseconds,
            )
        else:
            log.info("the matcher's time and this clock agree again", clock_difference_ms=milliseconds)

"""An open loop: orders arrive at a constant rate, whether or not those before them are answered.

An order's latency counts from when it was meant to be sent. So it holds every delay of the exchange and of this program
(no coordinated omission). An order without an answer counts with the time that it has waited at the end.
"""

import gc
import time
from collections.abc import Callable
from typing import Final

from hdrh.histogram import HdrHistogram
from msgspec import Struct

from matching_exchange.tools.load_test.check import Checker
from matching_exchange.tools.load_test.orders import Flow, Sent
from matching_exchange.tools.load_test.transport import Transport

GRACE: Final = 5.0
"""Seconds after the last order was meant to be sent, in which answers still count."""

LONGEST: Final = 3_600_000_000
DIGITS: Final = 3
"""The histogram: microseconds up to an hour, and their significant digits."""

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the progress."""

IDLE: Final = 0.02
"""The longest wait for replies, in seconds."""

COARSE: Final = 0.002
PAUSE: Final = 0.0003
"""Sockets are waited for in whole milliseconds. If an order is due within COARSE, sleep at most PAUSE seconds and look
again."""

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9, 100.0)


class Step(Struct, frozen=True):
    """What came of one rate. Latencies are in milliseconds. `busy` is the share of the time in which this program
    worked. `unknown` counts orders of an unknown outcome. `unsent` counts orders that were not sent in time."""

    rate: float
    planned: int
    answered: int
    refused: int
    unknown: int
    unsent: int
    seconds: float
    answered_per_second: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    longest: float
    busy: float

    @property
    def complete(self) -> bool:
        """Every order was answered."""
        return self.answered == self.planned


class Run:
    """Sends the orders of one rate. After an interrupt, `step` tells what came of it so far."""

    def __init__(self, transport: Transport, flow: Flow, checker: Checker, rate: float, seconds: float) -> None:
        self._transport = transport
        self._flow = flow
        self._checker = checker
        self._rate = rate
        self._seconds = seconds
        self.planned = max(1, round(rate * seconds))
        self.histogram = HdrHistogram(1, LONGEST, DIGITS)
        self.sent: list[Sent] = []
        self.details: dict[str, int] = {}
        self._waiting: dict[int, float] = {}
        self._due = 0
        self._counts = {"answered": 0, "refused": 0, "unknown": 0}
        self._began = self._ended = time.perf_counter()
        self._worked = 0.0

    def run(self, tell: Callable[[Step], None]) -> Step:
        """Send all orders, and wait for their answers. Give `tell` the state now and then."""
        # This program's own collector would hold up orders now and then.
        gc.disable()
        worked = time.process_time()
        self._began = time.perf_counter()
        last = self._began + self._seconds + GRACE
        look = self._began + LOOK_EVERY
        try:
            while (len(self.sent) < self.planned or self._waiting) and time.perf_counter() < last:
                self._turn()
                if self._ended >= look:
                    look += LOOK_EVERY
                    self._worked = time.process_time() - worked
                    tell(self.step())
        finally:
            gc.enable()
            self._ended = time.perf_counter()
            self._worked = time.process_time() - worked
            self._give_up()
        return self.step()

    def _turn(self) -> None:
        """Send what is due, take in what has come."""
        now = time.perf_counter()
        while len(self.sent) < self.planned and self._meant(len(self.sent)) <= now and self._transport.can_send():
            order = next(self._flow)
            self._waiting[len(self.sent)] = self._meant(len(self.sent))
            self._transport.send(len(self.sent), order)
            self.sent.append(order)
        early = self._meant(len(self.sent)) - time.perf_counter() if len(self.sent) < self.planned else IDLE
        wait = min(IDLE, early) if early > 0 else 0.0 if self._transport.can_send() else IDLE
        if 0 < wait < COARSE:
            time.sleep(min(wait, PAUSE))
            wait = 0.0
        for reply in self._transport.receive(wait):
            meant = self._waiting.pop(reply.number)
            self._counts[reply.outcome] += 1
            self._record(reply.at - meant)
            if reply.told is not None:
                self._checker.answered(self.sent[reply.number], reply.told)
            else:
                self.details[reply.detail] = self.details.get(reply.detail, 0) + 1
        self._ended = time.perf_counter()

    def _meant(self, number: int) -> float:
        """When the order is meant to be sent."""
        return self._began + number / self._rate

    def _record(self, seconds: float) -> None:
        self.histogram.record_value(min(LONGEST, max(1, round(seconds * 1_000_000))))

    def _give_up(self) -> None:
        """Count all orders without an answer with the time that they have waited."""
        self._transport.give_up()
        for meant in self._waiting.values():
            self._record(self._ended - meant)
        for number in range(len(self.sent), self.planned):
            if self._meant(number) < self._ended:
                self._record(self._ended - self._meant(number))

    def step(self) -> Step:
        seconds = max(self._ended - self._began, 1e-9)
        answered, refused = self._counts["answered"], self._counts["refused"]
        unknown = len(self.sent) - answered - refused
        unsent = self.planned - len(self.sent)
        p50, p90, p99, p99_9, longest = (
            self.histogram.get_value_at_percentile(percentile) / 1000 for percentile in PERCENTILES
        )
        latencies = (p50, p90, p99, p99_9, longest)
        counts = (self.planned, answered, refused, unknown, unsent)
        return Step(self._rate, *counts, seconds, answered / seconds, *latencies, self._worked / seconds)


def check_orders(transport: Transport, checker: Checker, orders: list[Sent], most: int) -> int:
    """Look up at most `most` of the orders, evenly spread. Returns how many."""
    every = max(1, -(-len(orders) // most))
    looked_up = 0
    for order, told in transport.look_up(orders[::every]):
        checker.looked_up(order, told)
        looked_up += 1
    return looked_up

"""Asks each node directly, past the gateway: a node that does not lead any more must not answer from its past.

Each result tells the sequence and the time of the state that it shows. A query that was sent after somebody had been
told of a later one must show that one too.
"""

import time
from collections.abc import Sequence
from threading import Event
from typing import Final

import zmq
from msgspec import Struct

from protocol.codec import decode_report, encode
from protocol.commands import VERSION, Ask
from protocol.events import QueryResult
from protocol.public_number import public_number
from protocol.queries import DepthQuery
from protocol.session import new_session
from protocol.sockets import open_commands, open_reports

ASK_EVERY: Final = 0.01
"""Seconds between two queries to each node."""

SYMBOL: Final = "BTC-USDT"


class Seen(Struct, frozen=True):
    """A query that was answered.

    asked, answered: when, in seconds of the clients' clock.
    sequence, timestamp: what its result told of the state."""

    node: int
    asked: float
    answered: float
    sequence: int
    timestamp: int


class _Ear:
    """The sockets to one node, and when each query to it was sent."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", node: int, endpoints: tuple[str, str]) -> None:
        self.node = node
        self.session = new_session()
        self.commands = open_commands(context, endpoints[0])
        self.reports = open_reports(context, endpoints[1], public_number(self.session))
        self.asked: list[float] = []

    def ask(self) -> None:
        # Its number is its place in the list. One that could not be sent has no answer.
        self.asked.append(time.monotonic())
        try:
            self.commands.send(encode(Ask(VERSION, self.session, len(self.asked), DepthQuery(SYMBOL, 1))), zmq.NOBLOCK)
        except zmq.Again:
            self.asked.pop()

    def close(self) -> None:
        self.commands.close()
        self.reports.close()


class Witness:
    """`run` it in a thread until `stop`. `endpoints` are commands and reports of each node.

    seen: the answered queries, in the order of their answers.
    asked: how many were sent to each node."""

    def __init__(self, endpoints: Sequence[tuple[str, str]]) -> None:
        self._endpoints = endpoints
        self.seen: list[Seen] = []
        self.asked: list[int] = []

    def run(self, stop: Event) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        ears = [_Ear(context, node, endpoints) for node, endpoints in enumerate(self._endpoints)]
        poller = zmq.Poller()
        for ear in ears:
            poller.register(ear.reports, zmq.POLLIN)
        try:
            due = time.monotonic()
            while not stop.is_set():
                now = time.monotonic()
                if now >= due:
                    due = now + ASK_EVERY
                    for ear in ears:
                        ear.ask()
                if poller.poll(max(0, int((due - now) * 1000))):
                    for ear in ears:
                        self._hear(ear)
        finally:
            self.asked = [len(ear.asked) for ear in ears]
            for ear in ears:
                ear.close()
            context.term()

    def _hear(self, ear: _Ear) -> None:
        while ear.reports.poll(0):
            report = decode_report(ear.reports.recv_multipart()[1])
            if isinstance(report, QueryResult):
                asked = ear.asked[report.request - 1]
                self.seen.append(Seen(ear.node, asked, time.monotonic(), report.sequence, report.timestamp))


class Known(Struct, frozen=True):
    """Somebody was told of the state of this sequence and time, `at` that moment."""

    at: float
    sequence: int
    timestamp: int


def stale(seen: Sequence[Seen], told: Sequence[Known]) -> list[str]:
    """The answers that show an earlier state than somebody had been told of before they were asked, in words."""
    known = [*told, *(Known(each.answered, each.sequence, each.timestamp) for each in seen)]
    known.sort(key=lambda each: each.at)
    faults = []
    number = sequence = timestamp = 0
    for each in sorted(seen, key=lambda one: one.asked):
        while number < len(known) and known[number].at < each.asked:
            sequence = max(sequence, known[number].sequence)
            timestamp = max(timestamp, known[number].timestamp)
            number += 1
        if each.sequence < sequence or each.timestamp < timestamp:
            faults.append(
                f"node {each.node} answered a query as of sequence {each.sequence} at {each.timestamp}, sequence "
                f"{sequence} at {timestamp} had been told before it was asked"
            )
    return faults

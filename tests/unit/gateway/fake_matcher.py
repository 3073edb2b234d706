"""A matcher that says what the test tells it to."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import zmq

from gateway.link.broker import Broker
from protocol import topics
from protocol.codec import encode, read_frame
from protocol.commands import VERSION, Ask, Frame, Hello
from protocol.events import AccountUpdate, MatcherStatus, NodePulse, Pulse, QueryResult, Report, Welcome
from protocol.public_number import public_number
from tests.unit.gateway.fakes import PATIENCE, eventually

JOURNAL = "journal"


class FakeMatcher:
    """The matcher's two sockets of a session: says what the test tells it to, and nothing else."""

    def __init__(self, directory: Path, name: str = "") -> None:
        self.endpoints = f"ipc://{directory}/{name}commands", f"ipc://{directory}/{name}reports"
        self._context = zmq.Context()
        self._commands, self._reports = self._context.socket(zmq.PULL), self._context.socket(zmq.PUB)
        for socket, endpoint in zip((self._commands, self._reports), self.endpoints, strict=True):
            socket.set(zmq.LINGER, 0)
            socket.bind(endpoint)

    def close(self) -> None:
        self._commands.close()
        self._reports.close()
        self._context.term()

    def say(self, report: Report, number: int = 0) -> None:
        """To the session with that public number, or to all."""
        self._reports.send_multipart((topics.reports(number) if number else topics.PULSE, encode(report)))

    def publish(self, update: AccountUpdate) -> None:
        self._reports.send_multipart((topics.account_updates(update.account), encode(update)))

    def pulse(self, epoch: int, version: int = VERSION) -> None:
        self.say(Pulse(version, epoch, JOURNAL, 0))

    def tell(self, told: NodePulse) -> None:
        """What the node tells of itself."""
        self._reports.send_multipart((topics.NODES, encode(told)))

    def welcome(self, session: int, epoch: int) -> None:
        number = public_number(session)
        self.say(Welcome(VERSION, number, epoch, JOURNAL, 0), number)

    def status(self, ask: Ask, epoch: int) -> None:
        """Answer a health check."""
        number = public_number(ask.session)
        self.say(QueryResult(number, ask.request, 7, 0, MatcherStatus(epoch, "always", 0, 0, 0)), number)

    def read(self) -> Frame | None:
        """The next frame that has come."""
        try:
            return read_frame(self._commands.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None

    async def next(self, kind: type[Frame]) -> Frame:
        """The next frame of the kind; others are passed over."""
        found: list[Frame] = []

        def has_come() -> bool:
            frame = self.read()
            if isinstance(frame, kind):
                found.append(frame)
            return bool(found)

        await eventually(has_come)
        return found[0]

    async def open(self, broker: Broker, epoch: int) -> int:
        """Welcome the gateway's session, again until it has heard it; its id."""
        hello = await self.next(Hello)

        def is_open() -> bool:
            self.welcome(hello.session, epoch)
            self.pulse(epoch)
            return broker.available

        await eventually(is_open)
        return hello.session


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scenario(), 6 * PATIENCE)

    asyncio.run(bounded())

"""A running matcher as the exchange of a replay: commands and queries over one session, many under way at once.

They leave through one socket, and the matcher takes them in order. So a query sees the state after the commands before
it. What is under way is bounded below what the sockets queue: nothing is dropped or turned away, and nothing
overtakes.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from matching_exchange.tools.replay.exchange import ExchangeError, Question, Subject
from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import Command
from protocol.curve import ClientKeys
from protocol.events import Answer, Result

MAX_UNDER_WAY: Final = 512
"""The most commands and queries that wait for an answer."""

FRAME_COMMANDS: Final = 64
"""Commands sent together if no query is between them."""


class _Awaited(NamedTuple):
    """An answer that is to come; `request` is that of a query, None for a command."""

    request: int | None
    receive: Callable[[Any, Any], None]
    subject: Any


class SocketExchange:
    """A matcher behind its sockets. Raises ExchangeError if none answers within `timeout` seconds, at the start or
    later."""

    def __init__(self, commands: str, reports: str, timeout: float = 10.0, keys: ClientKeys | None = None) -> None:
        self._endpoint = commands
        self._client = CommandClient(commands, reports, timeout, keys)
        self._unsent: list[Command] = []
        self._awaited: deque[_Awaited] = deque()
        self._sequence = 0
        try:
            with self._explained():
                self._client.connect()
        except ExchangeError:
            self._client.close()
            raise

    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        self._unsent.append(command)
        self._awaited.append(_Awaited(None, receive, subject))
        if len(self._unsent) >= FRAME_COMMANDS:
            with self._explained():
                self._flush()
                self._receive_all_but(MAX_UNDER_WAY)

    def ask(self, question: Question, receive: Callable[[Subject, Result], None], subject: Subject) -> None:
        with self._explained():
            self._flush()
            self._awaited.append(_Awaited(self._client.ask(question), receive, subject))
            self._receive_all_but(MAX_UNDER_WAY)

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self.settle()
        time.sleep(max(0.0, until - time.monotonic()))

    def settle(self) -> None:
        with self._explained():
            self._flush()
            self._receive_all_but(0)

    def close(self) -> None:
        self._client.close()

    def _flush(self) -> None:
        if self._unsent:
            self._client.send(self._unsent)
            self._unsent = []

    def _receive_all_but(self, count: int) -> None:
        """Take in answers, in the order of the questions, until at most `count` are missing."""
        while len(self._awaited) > count:
            awaited = self._awaited.popleft()
            if awaited.request is None:
                answered = self._client.receive()
                self._sequence = answered.sequence
                awaited.receive(awaited.subject, answered.answer)
            else:
                response = self._client.result(awaited.request)
                if response.sequence < self._sequence:
                    raise ExchangeError(
                        "the matcher answered a query before the commands ahead of it: messages were lost; replay again"
                    )
                awaited.receive(awaited.subject, response.result)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (MatcherAwayError, OutcomeUnknownError) as error:
            raise ExchangeError(f"{self._endpoint}: {error}") from error

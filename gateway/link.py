"""What the gateway asks of its connection to the matcher, and the three ways in which that fails.

`broker.Broker` and `feed.MarketDataFeed` are the real ones; routes and streams know no more of them than this page.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from protocol.commands import Command, Query
from protocol.events import Answer, QueryResult
from protocol.market_data import MarketDataMessage

Value = TypeVar("Value")

Handler = Callable[[MarketDataMessage], None]
Unsubscribe = Callable[[], None]


class Stamped(Struct, Generic[Value], frozen=True):
    """What the matcher said, with the sequence it is as of and that sequence's time in nanoseconds."""

    sequence: int
    timestamp: int
    value: Value


class MatcherUnavailable(Exception):
    """No matcher answers; a command was not taken and never will be."""


class TooMuchInFlight(Exception):
    """So much waits for answers that the command was not taken and never will be."""


class OutcomeUnknown(Exception):
    """No answer came in time: the command may have been executed, or may be later."""


class Matcher(Protocol):
    """The worker's session with the matcher."""

    @property
    def available(self) -> bool:
        """Whether a matcher is connected and knows the session."""

    def submit(self, command: Command) -> asyncio.Future[Stamped[Answer]]:
        """Send a command; the future brings its answer, or one of the three failures."""

    async def query(self, query: Query, timeout: float | None = None) -> Stamped[QueryResult]:
        """Ask; MatcherUnavailable where no answer comes within `timeout` seconds."""

    def on_reset(self, callback: Callable[[], None]) -> None:
        """Have `callback` called whenever the matcher turns out to have another journal than before."""


class MarketData(Protocol):
    """The worker's subscriptions to public market data."""

    def subscribe(self, topic: bytes, handler: Handler) -> Unsubscribe:
        """Have `handler` called with each message of the topic, in order; the matcher sends the current one of depth/ and
        instruments/ first."""

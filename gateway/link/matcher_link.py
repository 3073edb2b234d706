"""What the gateway asks of its matchers as a whole. A broker is this for one matcher, `ShardedLink` for all shards."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from gateway.link.answers import Stamped
from gateway.link.on_behalf import Link
from gateway.link.published import Handler, KeyHandler
from matching_exchange.process.histogram import Histogram
from protocol.commands import Command
from protocol.events import Answer
from protocol.metrics import Family

if TYPE_CHECKING:
    from gateway.link.broker import Broker
    from gateway.link.group import Group


class MatcherLink(Link, Protocol):
    """As the broker has these.

    brokers: one for each shard, in the order of the map; a broker's own are itself.
    """

    @property
    def brokers(self) -> "Sequence[Broker]": ...

    @property
    def groups(self) -> "Sequence[Group]": ...

    @property
    def journal(self) -> str: ...

    @property
    def submitted(self) -> int: ...

    @property
    def in_flight(self) -> tuple[int, int]: ...

    @property
    def metrics(self) -> list[Family]: ...

    @property
    def command_times(self) -> Histogram: ...

    def of(self, symbol: str) -> "Broker":
        """The broker of the matcher that owns the symbol."""
        ...

    def on_reset(self, callback: Callable[[], None]) -> None: ...

    def on_open(self, callback: Callable[[], None]) -> None: ...

    def subscribe(self, account: str, handler: Handler) -> Callable[[], None]: ...

    def subscribe_keys(self, handler: KeyHandler) -> None: ...

    async def command(self, command: Command) -> Stamped[Answer]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

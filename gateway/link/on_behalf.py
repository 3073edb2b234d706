"""What use cases ask of the matcher, and the same on behalf of a caller whose key may be revoked meanwhile."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from gateway.link.answers import Stamped
from gateway.link.broker import QUERY_REPEAT, QUERY_TIMEOUT
from protocol.commands import Command, Query
from protocol.events import Answer, Result

if TYPE_CHECKING:
    import asyncio


class Link(Protocol):
    """As the broker has these."""

    @property
    def available(self) -> bool: ...

    @property
    def epoch(self) -> int: ...

    @property
    def clock_difference(self) -> int: ...

    @property
    def sequence(self) -> int: ...

    def now(self) -> int: ...

    def deadline(self) -> int: ...

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]": ...

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]: ...


class OnBehalf:
    """A link for one call.

    confirm: raises what ends the call. It is asked before each command, and before and after each query.
    deadline: the latest time at which an order of the call may be executed; None for no other than the link's.
    """

    def __init__(self, link: Link, confirm: Callable[[], None], deadline: int | None) -> None:
        self._link = link
        self._confirm = confirm
        self._deadline = deadline

    @property
    def available(self) -> bool:
        return self._link.available

    @property
    def epoch(self) -> int:
        return self._link.epoch

    @property
    def clock_difference(self) -> int:
        return self._link.clock_difference

    @property
    def sequence(self) -> int:
        return self._link.sequence

    def now(self) -> int:
        return self._link.now()

    def deadline(self) -> int:
        deadline = self._link.deadline()
        return deadline if self._deadline is None else min(deadline, self._deadline)

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        self._confirm()
        return self._link.submit(command)

    async def query(
        self,
        query: Query,
        timeout: float = QUERY_TIMEOUT,  # noqa: ASYNC109
        repeat: float = QUERY_REPEAT,
    ) -> Stamped[Result]:
        self._confirm()
        result = await self._link.query(query, timeout, repeat)
        self._confirm()
        return result

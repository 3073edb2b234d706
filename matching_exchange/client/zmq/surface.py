"""Makes methods of calls: each call stands once, in `calls`, with its parameters and its documentation."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from matching_exchange.client.zmq.steps import Known, Step
from matching_exchange.client.zmq.tickets import Ticket

P = ParamSpec("P")
T = TypeVar("T")


class Waiting(ABC):
    """Carries calls out on threads."""

    known: Known

    @abstractmethod
    def begin(self, step: Step[T]) -> Ticket[T]:
        """Begin a call."""

    @abstractmethod
    def finish(self, ticket: Ticket[T]) -> T:
        """Wait for the end of a call that nobody else waits for."""


class Awaited(ABC):
    """Carries calls out on asyncio."""

    known: Known

    @abstractmethod
    async def carry_out(self, step: Step[T]) -> T:
        """The answer. Raises ExchangeError."""

    @abstractmethod
    def begin(self, step: Step[T]) -> asyncio.Future[T]:
        """Begin a call."""


def waiting(make: Callable[Concatenate[Known, P], Step[T]]) -> Callable[Concatenate[Waiting, P], T]:
    """The method that carries the call out and gives its answer."""

    @wraps(make)
    def method(self: Waiting, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.finish(self.begin(make(self.known, *args, **kwargs)))

    return method


def submitted(make: Callable[Concatenate[Known, P], Step[T]]) -> Callable[Concatenate[Waiting, P], Ticket[T]]:
    """The method that begins the call and gives its ticket."""

    @wraps(make)
    def method(self: Waiting, /, *args: P.args, **kwargs: P.kwargs) -> Ticket[T]:
        return self.begin(make(self.known, *args, **kwargs))

    return method


def awaited(
    make: Callable[Concatenate[Known, P], Step[T]],
) -> Callable[Concatenate[Awaited, P], Coroutine[Any, Any, T]]:
    """The method whose awaitable carries the call out."""

    @wraps(make)
    def method(self: Awaited, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return self.carry_out(make(self.known, *args, **kwargs))

    return method


def begun(make: Callable[Concatenate[Known, P], Step[T]]) -> Callable[Concatenate[Awaited, P], asyncio.Future[T]]:
    """The method that begins the call and gives its future."""

    @wraps(make)
    def method(self: Awaited, /, *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        return self.begin(make(self.known, *args, **kwargs))

    return method

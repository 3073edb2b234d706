"""Makes methods of calls: each call stands once, in `calls`, with its parameters and its documentation."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Concatenate, ParamSpec, TypeVar, get_args

from matching_exchange.client.call import Call
from matching_exchange.client.pages import Pages

P = ParamSpec("P")
T = TypeVar("T")
Page = TypeVar("Page")
Item = TypeVar("Item")
Method = TypeVar("Method", bound=Callable[..., Any])


class SyncCaller(ABC):
    """Carries calls out, and waits."""

    @abstractmethod
    def carry_out(self, call: Call[T]) -> T:
        """The answer. Raises ExchangeError."""


class AsyncCaller(ABC):
    """Carries calls out on asyncio."""

    @abstractmethod
    async def carry_out(self, call: Call[T]) -> T:
        """The answer. Raises ExchangeError."""


def waiting(make: Callable[P, Call[T]]) -> Callable[Concatenate[SyncCaller, P], T]:
    """The method that carries the call out and gives its answer."""

    @wraps(make)
    def method(self: SyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.carry_out(make(*args, **kwargs))

    return _described(method, make)


def awaited(make: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncCaller, P], Coroutine[Any, Any, T]]:
    """The method whose awaitable carries the call out."""

    @wraps(make)
    def method(self: AsyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return self.carry_out(make(*args, **kwargs))

    return _described(method, make)


def listed(make: Callable[P, Pages[Page, Item]]) -> Callable[Concatenate[SyncCaller, P], Iterator[Item]]:
    """The method that reads all pages, one after the other."""

    @wraps(make)
    def method(self: SyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Item]:
        return _all_of(self, make(*args, **kwargs))

    return _described(method, make, Iterator)


def listed_async(make: Callable[P, Pages[Page, Item]]) -> Callable[Concatenate[AsyncCaller, P], AsyncIterator[Item]]:
    """As `listed`, for `async for`."""

    @wraps(make)
    def method(self: AsyncCaller, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Item]:
        return _all_of_async(self, make(*args, **kwargs))

    return _described(method, make, AsyncIterator)


def _all_of(caller: SyncCaller, pages: Pages[Page, Item]) -> Iterator[Item]:
    call: Call[Page] | None = pages.first
    while call is not None:
        page = caller.carry_out(call)
        yield from pages.items(page)
        call = pages.following(page)


async def _all_of_async(caller: AsyncCaller, pages: Pages[Page, Item]) -> AsyncIterator[Item]:
    call: Call[Page] | None = pages.first
    while call is not None:
        page = await caller.carry_out(call)
        for item in pages.items(page):
            yield item
        call = pages.following(page)


def _described(method: Method, make: Callable[..., Any], iterator: Any = None) -> Method:
    """The method, with the parameters of the call, and with what it gives: its answer, or an iterator of items."""
    described = signature(make)
    parameters = [Parameter("self", Parameter.POSITIONAL_ONLY), *described.parameters.values()]
    given = get_args(described.return_annotation)[-1]
    answer = given if iterator is None else iterator[given]
    method.__signature__ = described.replace(parameters=parameters, return_annotation=answer)  # type: ignore[attr-defined]
    return method

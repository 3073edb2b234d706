"""Which row of the native API a call stands for."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from matching_exchange.client.call import Call

P = ParamSpec("P")
T = TypeVar("T")

ROUTES: dict[str, tuple[str, str]] = {}
"""Method and path of each call, by the name of its function."""


def route(method: str, path: str) -> Callable[[Callable[P, Call[T]]], Callable[P, Call[T]]]:
    """Note the row of a call. `path` is as the exchange's own document has it."""

    def noted(make: Callable[P, Call[T]]) -> Callable[P, Call[T]]:
        assert make.__name__ not in ROUTES, make.__name__
        ROUTES[make.__name__] = method, path
        return make

    return noted

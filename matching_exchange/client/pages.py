"""Lists that come in pages, read as one. The clients ask for the next page when it is needed."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from matching_exchange.client.call import Call

Page = TypeVar("Page")
Item = TypeVar("Item")


class Pages(Struct, Generic[Page, Item], frozen=True):
    """first: the call of the first page. items: those of a page. following: the call of the page after it, or None."""

    first: Call[Page]
    items: Callable[[Page], Sequence[Item]]
    following: Callable[[Page], Call[Page] | None]

"""How a snapshot's long lists are cut into parts."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

PART_ITEMS: Final = 5_000
"""Orders, accounts or ids in one part at most."""

Item = TypeVar("Item")


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in lists of PART_ITEMS, and a shorter last one."""
    iterator = iter(items)
    while chunk := list(islice(iterator, PART_ITEMS)):
        yield chunk

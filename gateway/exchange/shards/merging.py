"""One page out of the pages of several shards."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")
Cursor = TypeVar("Cursor")


class Page(Struct, Generic[Item, Cursor], frozen=True):
    """A page of one shard.

    after: the cursor that it was asked with. next: that of the following page; None if nothing follows.
    """

    items: Sequence[Item]
    after: Cursor
    next: Cursor | None


class Joined(Struct, Generic[Item, Cursor], frozen=True):
    """A page of all shards. next: the cursors of the following one, in the order of the map; None at the end."""

    items: list[Item]
    next: list[Cursor] | None


def joined_page(
    pages: Sequence[Page[Item, Cursor]],
    limit: int,
    order: Callable[[Item], Any],
    cursor: Callable[[Item], Cursor],
) -> Joined[Item, Cursor]:
    """The first items of all pages, as `order` sorts them; each page keeps the order that it has. Items of one shard
    with the same cursor stay together.

    It ends before `limit` where a page ends that others follow: what comes next is not known.
    """
    taken = [0] * len(pages)
    items: list[Item] = []
    while True:
        heads = [number for number, page in enumerate(pages) if taken[number] < len(page.items)]
        if any(page.next is not None and taken[number] == len(page.items) for number, page in enumerate(pages)):
            break
        if not heads or len(items) >= limit:
            break
        number = min(heads, key=lambda each: (order(pages[each].items[taken[each]]), each))
        page = pages[number]
        while True:
            last = page.items[taken[number]]
            items.append(last)
            taken[number] += 1
            if taken[number] == len(page.items) or cursor(page.items[taken[number]]) != cursor(last):
                break
    if all(page.next is None and count == len(page.items) for page, count in zip(pages, taken, strict=True)):
        return Joined(items, None)
    return Joined(items, [_cursor_after(page, count, cursor) for page, count in zip(pages, taken, strict=True)])


def _cursor_after(page: Page[Item, Cursor], count: int, cursor: Callable[[Item], Cursor]) -> Cursor:
    if count == len(page.items) and page.next is not None:
        return page.next
    return cursor(page.items[count - 1]) if count else page.after


def newest_of(
    pages: Sequence[Sequence[Item]],
    limit: int,
    order: Callable[[Item], Any],
    cursor: Callable[[Item], Cursor],
) -> list[Item]:
    """The newest items of all, oldest first. Items of one shard with the same cursor stay together."""
    numbered = sorted(
        ((order(item), number, place, item) for number, page in enumerate(pages) for place, item in enumerate(page)),
        key=lambda each: each[:3],
    )
    start = max(0, len(numbered) - limit)
    while 0 < start < len(numbered) and _same(numbered[start - 1], numbered[start], cursor):
        start -= 1
    return [item for *_, item in numbered[start:]]


def _same(one: tuple[Any, int, int, Item], other: tuple[Any, int, int, Item], cursor: Callable[[Item], Any]) -> bool:
    return one[1] == other[1] and cursor(one[3]) == cursor(other[3])

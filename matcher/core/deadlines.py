"""What falls due at a time: orders that expire, accounts whose cancel-after runs out.

The times stand in one ascending list, so the next is always the first. New ones mostly join near the end. What ends
earlier leaves at once: nothing piles up.
"""

from bisect import bisect_left, insort
from typing import Generic, TypeVar

Item = TypeVar("Item", int, str)


class Deadlines(Generic[Item]):
    """Items, order_ids or account names, each once, by the time at which they fall due. `count` tells how many.

    Times are in nanoseconds.
    """

    __slots__ = ("_by_time", "_times", "count")

    def __init__(self) -> None:
        self.count = 0
        self._times: list[int] = []
        self._by_time: dict[int, set[Item]] = {}

    @property
    def next(self) -> int | None:
        """The time at which something falls due next."""
        return self._times[0] if self._times else None

    def add(self, time: int, item: Item) -> None:
        self.count += 1
        items = self._by_time.get(time)
        if items is None:
            self._by_time[time] = {item}
            insort(self._times, time)
        else:
            items.add(item)

    def discard(self, time: int, item: Item) -> None:
        """Forget an item, if it is there."""
        items = self._by_time.get(time)
        if items is None or item not in items:
            return
        self.count -= 1
        items.remove(item)
        if not items:
            del self._by_time[time]
            del self._times[bisect_left(self._times, time)]

    def move(self, by: int) -> list[Item]:
        """Move all times by these nanoseconds. Returns the items by time, then by item."""
        self._times = [time + by for time in self._times]
        self._by_time = {time + by: items for time, items in self._by_time.items()}
        return [item for time in self._times for item in sorted(self._by_time[time])]

    def take_before(self, time: int, most: int | None = None) -> list[Item]:
        """Take out what falls due before the time, by time, then by item. Stops at a new time once it has `most`."""
        taken: list[Item] = []
        end = bisect_left(self._times, time)
        for place in range(end):
            if most is not None and len(taken) >= most:
                end = place
                break
            taken += sorted(self._by_time.pop(self._times[place]))
        del self._times[:end]
        self.count -= len(taken)
        return taken

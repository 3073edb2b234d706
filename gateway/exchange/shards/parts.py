"""The shards of an exchange, each with its link and its tables."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from gateway.link.errors import UnknownShardError
from gateway.link.on_behalf import Link, OnBehalf
from gateway.link.tables import HistoryTables
from protocol.shards import shard_of_order


class Part(Struct, frozen=True):
    """A shard. number: its place in the map. tables: of its own history."""

    number: int
    name: str
    link: Link
    tables: HistoryTables


class Parts:
    """All shards, in the order of the map; none where one matcher has every symbol. `number_of` tells the shard of a
    symbol."""

    def __init__(self, parts: Sequence[Part], number_of: Callable[[str], int]) -> None:
        self._parts = tuple(parts)
        self._number_of = number_of

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)

    @property
    def first(self) -> Part:
        return self._parts[0]

    @property
    def names(self) -> list[str]:
        return [part.name for part in self._parts]

    def of(self, symbol: str) -> Part:
        """The shard that owns the symbol."""
        return self._parts[self._number_of(symbol)]

    def of_order(self, order_id: int) -> Part:
        """The shard whose order this is. The first one knows no order of a shard that is not there."""
        number = shard_of_order(order_id)
        return self._parts[number if number < len(self._parts) else 0]

    def named(self, name: str, field: str = "shard") -> Part:
        """The shard that the field names. UnknownShardError where there is none."""
        for part in self._parts:
            if part.name == name:
                return part
        raise UnknownShardError(name, self.names, field)

    def on_behalf(self, confirm: Callable[[], None], deadline: int | None) -> "Parts":
        """The same for one call, as `OnBehalf` says."""
        parts = [
            Part(part.number, part.name, OnBehalf(part.link, confirm, deadline), part.tables) for part in self._parts
        ]
        return Parts(parts, self._number_of)


NO_PARTS: Final = Parts((), lambda _: 0)

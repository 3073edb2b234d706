"""What the process asks of the database, and of the reader of commands."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from history.candles.candle import Candle
from matcher.reply import Reply
from matcher.state import Caused


class StoreFailedError(Exception):
    """The database did not do what it was asked for. The message is one line that names it, without its password. The
    same call works once the database does again."""


class StoreRefusedError(StoreFailedError):
    """The database cannot be used by this release as it is: no later call works by itself. The message is one line."""


class Place(Struct, frozen=True):
    """A place in a journal: `sequence` is that of the record's last command, `crc` the record's, `time` its stamp."""

    journal: str
    sequence: int
    crc: int
    time: int


class Rows(Protocol):
    """The rows of some commands, in one transaction or not at all."""

    def __len__(self) -> int: ...


class Gatherer(Protocol):
    """Makes rows of what commands have caused. It watches a `State` that stands at the store's position.

    Make one with `gather.StateGatherer(state, store.last_candles())`, anew after a rewind, and with `begins=True`
    after `Store.begin`.
    """

    def observe(self, reply: Reply, caused: list[Caused]) -> None:
        """Hear of the commands of one frame, right after they have run. For `State.replay`."""

    def take(self) -> Rows:
        """All rows since the last call."""


class Store(Protocol):
    """The tables, for their one writer. A failure of the database is a StoreFailedError, with one line."""

    def position(self) -> Place | None:
        """Up to where the tables are filled; None for new ones."""

    def last_candles(self) -> Iterable[tuple[str, str, Candle]]:
        """The last candle of every symbol and interval, with both. A Gatherer that goes on from here needs them."""

    def coverage(self) -> Mapping[str, tuple[int, int]]:
        """By name of a table: the first sequence from which it is complete, and the time of that."""

    def checkpoints(self) -> Sequence[tuple[int, int]]:
        """(sequence, crc) of positions of before, the newest first."""

    def begin(self, place: Place) -> None:
        """Begin to fill tables behind a place: a sequence of zero is the beginning of the journal, another one that of
        a snapshot. With rows in them, there is a hole: their coverage begins anew."""

    def write(self, rows: Any, place: Place) -> None:
        """Add the rows, and the position and a checkpoint with them, in one transaction. After a failure, call it again
        with the same rows and place: it adds nothing twice."""

    def rewind(self, sequence: int) -> int:
        """Remove what is above a sequence of a checkpoint, or everything for zero. Returns how many rows it was. The
        position is that of the checkpoint then; None for zero."""

    def set_aside(self) -> str | None:
        """Put all tables aside and begin new ones. Returns the name under which the old ones are kept; None if there
        were none."""

    def retire(self, time: int) -> int:
        """Remove a bounded number of rows that are not to be kept any more at that time. Returns how many it was; the
        next call goes on."""

    def close(self) -> None: ...

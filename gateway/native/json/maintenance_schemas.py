"""Bodies of the calls of the exchange itself: saved books, sessions, the digest."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.native.json.field_types import Identifier, Sequence, SymbolText, Timestamp
from protocol.saved_book import SavedBook


class SavedBookView(Struct, frozen=True):
    """`file` is relative to the matcher's data directory. `orders` counts the orders in it."""

    symbol: SymbolText
    file: str
    orders: int
    sequence: Sequence
    timestamp: Timestamp


class LoadRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`book` is a saved book; left out, it is the one in the symbol's file.

    With `new_order_ids` its orders count as entered now, without client_order_ids: it may be loaded again and again.
    """

    book: SavedBook | None = None
    new_order_ids: bool = False


class LoadedBookView(Struct, frozen=True):
    """`restored` orders stand in the book again. Those in `skipped` were done after the save."""

    symbol: SymbolText
    restored: int
    skipped: list[Identifier]
    sequence: Sequence
    timestamp: Timestamp


DigestText = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class SessionView(Struct, frozen=True):
    """A client of the matcher: a worker of a gateway, or a program over ZeroMQ. `session` is its public number.

    `commands` of it were taken. `kept_answers` counts frames that it has not confirmed. `shard` is there with several
    shards only: a worker has a session with each.
    """

    session: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    commands: int
    kept_answers: int
    shard: str | UnsetType = UNSET


class SessionViews(Struct, frozen=True):
    """The sessions that the matcher knows; the one that has sent last comes first. With several shards, those of each
    shard follow those of the one before, and `sequence` is the sum of theirs."""

    sequence: Sequence
    timestamp: Timestamp
    sessions: list[SessionView]


class ShardDigestView(Struct, frozen=True):
    """The digest of one shard, by its name."""

    shard: str
    sequence: Sequence
    digest: DigestText


class DigestView(Struct, frozen=True):
    """`digest` is a SHA-256, in hexadecimal, over the state as of `sequence`. With several shards, `shards` stands in
    place of both: each has a digest and a sequence of its own."""

    sequence: Sequence | UnsetType = UNSET
    digest: DigestText | UnsetType = UNSET
    shards: list[ShardDigestView] | UnsetType = UNSET

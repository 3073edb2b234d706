"""Commands about API keys. `protocol.commands` holds all others, and says what holds for each."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from protocol.keys import Key, KeyId, KeyState
from protocol.units import Count

MAX_COPIED: Final = 100
"""Keys that one CopyKeys puts, and that one removes, at most. A frame holds them."""


class SetKey(Struct, frozen=True, array_like=True, tag=20, gc=False):
    """Add a key, or replace all that is set of a known one. The same command again changes nothing.

    A known key keeps its account and its type. Another secret or public key has the next generation. A key that is not
    known has generation zero: what was revoked does not come back.
    Answer: KeyState or CommandRefused.
    """

    key: Key


class RevokeKey(Struct, frozen=True, array_like=True, tag=21, gc=False):
    """Forget a key. Answer: KeyState or CommandRefused."""

    key: KeyId


class NoteKeyUse(Struct, frozen=True, array_like=True, tag=22, gc=False):
    """Note the minute of this command as that of the key's last use. Answer: KeyState or CommandRefused."""

    key: KeyId


class CopyKeys(Struct, frozen=True, array_like=True, tag=24):
    """Make keys those of another matcher, which decides about them. All of it is done, or none.

    base: the `changed` of this matcher's keys when they were compared. After another change the command is refused.
    put: keys as they are to stand. removed: ids of those that are to go.
    Answer: KeysCopied or CommandRefused.
    """

    base: Count
    put: Annotated[list[KeyState], Meta(max_length=MAX_COPIED)]
    removed: Annotated[list[KeyId], Meta(max_length=MAX_COPIED)]

"""Commands about API keys. `protocol.commands` holds all others, and says what holds for each."""

from msgspec import Struct

from protocol.keys import Key, KeyId


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

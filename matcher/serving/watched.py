"""A watched account, as a snapshot keeps it."""

from msgspec import Struct


class Watched(Struct, frozen=True):
    """since: the sequence of its first WatchAccount.
    last: that of its last update, or of the WatchAccount.
    complete_after: the sequence after which all its updates are kept.
    """

    account: str
    since: int
    last: int
    complete_after: int

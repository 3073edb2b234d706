"""What the client tells of its connection, and of what it has missed."""

from typing import Literal

from msgspec import Struct


class ConnectionState(Struct, frozen=True):
    """A change of the connection to the matcher.

    state: `open`: commands are taken. `away`: they are refused; what waits is answered when the matcher is back.
        `lost`: the session has ended, and what waited ends with an error. A new session begins.
    epoch: the number of the matcher's start; it grows with each. Zero where it is not known.
    detail: for people; often empty.
    other_history: the exchange has lost or replaced its journal. What was read before does not hold.
    """

    state: Literal["open", "away", "lost"]
    epoch: int
    detail: str = ""
    other_history: bool = False


class Hole(Struct, frozen=True):
    """Something was missed that the matcher cannot tell any more, or has not told one by one. `on_gap` hears of it.

    feed: what has the hole.
    name: its symbol, or its account.
    after, until: the last number before the hole, and the last one in it; None where that is not known. They are
        trade_ids, numbers of a book, or sequences of an account.
    detail: why.

    Of a book and of an account the whole state follows at once. Trades go on behind the hole.
    """

    feed: Literal["trades", "book", "account"]
    name: str
    after: int | None
    until: int | None
    detail: str

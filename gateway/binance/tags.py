"""What the dialect keeps in the tag of an order: the strategy's numbers, and whether a trailing stop takes profit.

A tag is `bn:` with three parts between colons, the last of which is `p` for a take-profit. Empty parts are left empty.
Another tag is that of an order which the native API placed.
"""

import re
from typing import Final

from msgspec import Struct

_TAG: Final = re.compile(r"bn:([0-9]{0,19}):([0-9]{0,19}):(p?)")


class Kept(Struct, frozen=True):
    """strategy, strategy_type: None where they were not sent. profit: a trailing stop was sent as a take-profit."""

    strategy: int | None = None
    strategy_type: int | None = None
    profit: bool = False


NOTHING: Final = Kept()


def tag_of(kept: Kept) -> str | None:
    """The tag that keeps it; None where there is nothing to keep."""
    if kept == NOTHING:
        return None
    strategy, strategy_type = ("" if each is None else str(each) for each in (kept.strategy, kept.strategy_type))
    return f"bn:{strategy}:{strategy_type}:{'p' if kept.profit else ''}"


def kept_in(tag: str | None) -> Kept:
    """What the tag keeps."""
    found = None if tag is None else _TAG.fullmatch(tag)
    if found is None:
        return NOTHING
    strategy, strategy_type, profit = found.groups()
    return Kept(int(strategy) if strategy else None, int(strategy_type) if strategy_type else None, profit == "p")

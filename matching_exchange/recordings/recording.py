"""A recording as a neutral stream of steps: what was sent to the venue, and what the venue did.

Prices and quantities are integers in the units of the recording. Times are nanoseconds on its own clock, and never go
back. Orders have the venue's ids, as text. What a format has of its own stays in its reader.
"""

import math
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from protocol.units import Side


class Place(Struct, frozen=True, gc=False):
    """A new limit order. `announced` is false if the recording does not show its entry. `replaces` is the order that
    was canceled for it, right before."""

    time: int
    order: str
    side: Side
    price: int
    quantity: int
    announced: bool = True
    replaces: str | None = None


class Take(Struct, frozen=True, gc=False):
    """An incoming order that is known only by its execution: it takes `quantity` at `price`, at once. `maker` is the
    resting order that the venue executed; None if the recording does not know it."""

    time: int
    side: Side
    price: int
    quantity: int
    maker: str | None


class Cancel(Struct, frozen=True, gc=False):
    """Cancel what is left of the order: `remaining` by the venue's account; None if the venue does not say it."""

    time: int
    order: str
    remaining: int | None


class Reduce(Struct, frozen=True, gc=False):
    """Cancel `quantity` of the order, less than is left of it; it keeps its place in the queue."""

    time: int
    order: str
    quantity: int


class Replace(Struct, frozen=True, gc=False):
    """Another price for what is left of the order, which is now `remaining`; it loses its place in the queue."""

    time: int
    order: str
    price: int
    remaining: int


class VenueTrade(Struct, frozen=True, gc=False):
    """A row of the venue's trade tape."""

    time: int
    price: int
    quantity: int


class VenueFill(Struct, frozen=True, gc=False):
    """All that the venue filled of the order, from first to last."""

    order: str
    quantity: int


class OutOfTurn(Struct, frozen=True, gc=False):
    """The venue executed the order though, by its own messages, it was not the first in its queue. No incoming order
    can do that, so it counts as a miss."""

    order: str


class VenueBest(Struct, frozen=True, gc=False):
    """The venue's best bid and ask at this point of the stream: (price, quantity) each, None for an empty side."""

    time: int
    bid: tuple[int, int] | None
    ask: tuple[int, int] | None


class Levels(Struct, frozen=True, gc=False):
    """Price levels as they are now: (price, quantity) each, quantity zero for one that is gone. `whole` replaces the
    book; else the other levels stay. `hidden_bids` and `hidden_asks` are prices too deep to be told of any more."""

    time: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    whole: bool = False
    hidden_bids: tuple[int, ...] = ()
    hidden_asks: tuple[int, ...] = ()


class LevelTrade(Struct, frozen=True, gc=False):
    """A trade that the venue tells beside its levels. `side` is the taker's. The level's change is another
    step."""

    time: int
    side: Side
    price: int
    quantity: int


class Hole(Struct, frozen=True, gc=False):
    """Messages are missing here. The book is not known until the next whole one."""

    time: int


Sent = Place | Take | Cancel | Reduce | Replace
"""The steps that are commands."""

Said = VenueTrade | VenueFill | OutOfTurn | VenueBest
"""The steps that say what the venue did."""

LevelStep = Levels | LevelTrade | Hole
"""The steps of a recording of levels. It has no orders."""

Step = Sent | Said


class Gap(Struct, frozen=True):
    """`nanoseconds` pass between this line and the one before."""

    path: Path
    line: int
    nanoseconds: int


class Recording(Struct, frozen=True):
    """The steps, in the order in which they happened, and what was traded, in which units. `symbol` is the usual
    one. `longest_gap` is the longest wait of a replay at the recorded speed; None if there is none."""

    format: str
    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: int
    lot_size: int
    steps: list[Step]
    longest_gap: Gap | None = None


def greatest_tick(steps: Iterable[Step]) -> int:
    """The largest tick that divides all prices of the recording; 1 if it has no price."""
    prices: list[int] = []
    for step in steps:
        if isinstance(step, Place | Take | Replace | VenueTrade):
            prices.append(step.price)
        elif isinstance(step, VenueBest):
            prices.extend(level[0] for level in (step.bid, step.ask) if level is not None)
    return math.gcd(*prices) or 1


class RecordingError(Exception):
    """A file cannot be read as a recording. The message names the file, the line or the offset in bytes
    if there is one, and the fault."""

    def __init__(self, path: Path, detail: str, line: int | None = None, offset: int | None = None) -> None:
        place = f", line {line}" if line is not None else f", offset {offset:,}" if offset is not None else ""
        super().__init__(f"{path}{place}: {detail}")

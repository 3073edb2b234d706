"""The command that runs now: its stamp, what it may still do, and what the ledger must read of it."""

from typing import TYPE_CHECKING

from matcher.core.prevented_matches import PreventedMatches
from protocol.units import UNLIMITED

if TYPE_CHECKING:
    from matcher.core.order import Order
    from protocol.events import Trade


class Running:
    """One for an engine, shared by its books.

    sequence, time: the command's stamp.
    trades_left: resting orders that its takers may still meet.
    moves_left: moves of trailing stops that it may still make. Below zero, fired orders take nothing.
    more: the command has left orders that it is meant to cancel. Sent again, it cancels them.
    takes: the takers so far, each with the makers that it traded with and the trades.
    ended: the orders that are done so far, in the order of their ends.
    resized: live orders that have changed in size or lost their partner, but not by a trade of theirs.
    paid_takes: how many of takes the ledgers have booked.
    prevented: the matches that self-trade prevention has kept from trading, of all commands.
    """

    __slots__ = (
        "ended",
        "more",
        "moves_left",
        "paid_takes",
        "prevented",
        "resized",
        "sequence",
        "takes",
        "time",
        "trades_left",
    )

    def __init__(self) -> None:
        self.sequence = 0
        self.time = 0
        self.trades_left = UNLIMITED
        self.moves_left = UNLIMITED
        self.more = False
        self.takes: list[tuple[Order, list[Order], list[Trade]]] = []
        self.ended: list[Order] = []
        self.resized: list[Order] = []
        self.paid_takes = 0
        self.prevented = PreventedMatches()

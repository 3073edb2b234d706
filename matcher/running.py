"""The command that is carried out: its stamp, and how much it may still do. One for an engine, shared by its books."""

from protocol.units import UNLIMITED


class Running:
    """`trades_left` is how many more resting orders takers of the command may meet, `moves_left` how often trailing
    stops may still move before fired orders take nothing more. `more` says that the command has left orders that it is
    meant to cancel: sent again, it goes on with them."""

    __slots__ = ("more", "moves_left", "sequence", "time", "trades_left")

    def __init__(self) -> None:
        self.sequence = 0
        self.time = 0
        self.trades_left = UNLIMITED
        self.moves_left = UNLIMITED
        self.more = False

"""What the loop counts of its turns: plain integers, read once a second."""

from matcher.serving.turn import TURN_TIME, Turn
from matching_exchange.process.histogram import SIZES, Histogram
from protocol.commands import CancelOrder, PlaceOrder
from protocol.events import (
    CancelFailed,
    CommandRefused,
    Event,
    OrderCanceled,
    OrderPlaced,
    OrderRejected,
    PlaceFailed,
    Trade,
)


class Tally:
    """Since the process started.

    placed, canceled: the commonest commands. others: all other ones, by type.
    rejected, refused: by the numbers of Reason and Refusal.
    turn_commands: the commands of each turn that had any.
    apply_times: how long such a turn took to read its frames and to carry them out, in nanoseconds.
    """

    def __init__(self) -> None:
        self.placed = 0
        self.canceled = 0
        self.others: dict[type, int] = {}
        self.trades = 0
        self.rejected: dict[int, int] = {}
        self.refused: dict[int, int] = {}
        self.turn_commands = Histogram(SIZES)
        self.apply_times = Histogram()

    def note_applied(self, turn: Turn, now: int) -> None:
        """The commands of the turn have run, at this monotonic time."""
        self.apply_times.observe(now - (turn.until - TURN_TIME))

    def count(self, turn: Turn) -> None:
        """Count what the turn has done."""
        caused = turn.caused
        if not caused:
            return
        self.turn_commands.observe(len(caused))
        # Looked up once: a name of another module costs more than a comparison.
        place, cancel, placed, canceled, trade = PlaceOrder, CancelOrder, OrderPlaced, OrderCanceled, Trade
        orders = cancels = trades = 0
        for each in caused:
            command = type(each.command)
            if command is place:
                orders += 1
            elif command is cancel:
                cancels += 1
            else:
                self.others[command] = self.others.get(command, 0) + 1
            for event in each.events:
                kind = type(event)
                if kind is trade:
                    trades += 1
                elif kind is not placed and kind is not canceled:
                    self._count_other(event)
        self.placed += orders
        self.canceled += cancels
        self.trades += trades

    def _count_other(self, event: Event) -> None:
        if isinstance(event, OrderRejected):
            self.rejected[event.reason] = self.rejected.get(event.reason, 0) + 1
        elif isinstance(event, CommandRefused | CancelFailed | PlaceFailed):
            self.refused[event.refusal] = self.refused.get(event.refusal, 0) + 1

"""What the exchange did against what the venue did.

Compares the steps of a recording with the exchange's answers and its depth. Knows no formats and no sockets. Every
score counts up to what is possible in the recording.
"""

from collections import Counter
from typing import Final

from msgspec import Struct

from matching_exchange.recordings.recording import (
    Cancel,
    OutOfTurn,
    Place,
    Replace,
    Sent,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from protocol.events import Answer, CommandRefused, Depth, OrderResult, OrderState, Result, Trade
from protocol.units import Refusal

TAPE_WINDOW: Final = 10 * 10**9
"""How far apart, in nanoseconds, the two trades of a pair may be: a venue may print late."""

Tape = dict[tuple[int, int], list[int]]
"""The times of the trades, by price and quantity."""


class Score(Struct):
    """`name` is a word for it, `title` says what is counted."""

    name: str
    title: str
    reached: int = 0
    possible: int = 0

    def count(self, *, reached: bool) -> None:
        self.possible += 1
        self.reached += reached


class Comparison:
    """Takes the steps in the order of the recording.

    refused: counts the refused commands by step and refusal.
    disputed: counts those that the venue took. A cancel of an order that is filled in both does not count.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.disputed = 0
        self._trades: Tape = {}
        self._venue_trades: Tape = {}
        self._order_ids: dict[str, int] = {}
        self._filled: Counter[int] = Counter()
        self._venue_fills: list[VenueFill] = []
        self._uncertain: set[str] = set()
        self._cancels = Score("cancels", "quantity found by cancels")
        self._queue = Score("queue", "executions at the queue's head")
        self._best = Score("best", "best bid and ask")
        self._quantities = Score("quantities", "the same, with quantities")

    def answered(self, step: Sent, answer: Answer) -> None:
        """The exchange's answer to the command that was made of the step."""
        trades: list[Trade] = []
        if isinstance(answer, OrderResult | OrderState):
            trades = answer.trades
        if isinstance(answer, CommandRefused):
            self.refused[f"{type(step).__name__} {answer.refusal.name}"] += 1
            agreed = isinstance(step, Cancel) and step.remaining is None and answer.refusal is Refusal.ORDER_NOT_OPEN
            self.disputed += not agreed
        for trade in trades:
            self._trades.setdefault((trade.price, trade.quantity), []).append(step.time)
            self._filled[trade.maker_order_id] += trade.quantity
            self._filled[trade.taker_order_id] += trade.quantity
        if isinstance(step, Place):
            if isinstance(answer, OrderResult):
                self._order_ids[step.order] = answer.order_id
            if not step.announced:
                self._uncertain.add(step.order)
        elif isinstance(step, Take):
            if step.maker is not None:
                hit = [(trade.maker_order_id, trade.price, trade.quantity) for trade in trades]
                self._queue.count(reached=hit == [(self._order_ids.get(step.maker), step.price, step.quantity)])
        elif isinstance(step, Cancel):
            if step.remaining is not None:
                self._cancels.count(
                    reached=isinstance(answer, OrderState)
                    and answer.quantity - answer.filled_quantity == step.remaining
                )
        elif isinstance(step, Replace):
            self._uncertain.add(step.order)

    def venue_traded(self, step: VenueTrade) -> None:
        self._venue_trades.setdefault((step.price, step.quantity), []).append(step.time)

    def venue_filled(self, step: VenueFill) -> None:
        self._venue_fills.append(step)

    def executed_out_of_turn(self, step: OutOfTurn) -> None:
        self._queue.count(reached=False)

    def looked(self, step: VenueBest, result: Result) -> None:
        """The exchange's depth at the point at which the venue said its best bid and ask."""
        venue = (step.bid, step.ask)
        exchange = (
            (result.bids[0] if result.bids else None, result.asks[0] if result.asks else None)
            if isinstance(result, Depth)
            else ()
        )
        self._quantities.count(reached=exchange == venue)
        self._best.count(reached=[level and level[0] for level in exchange] == [level and level[0] for level in venue])

    def scores(self) -> list[Score]:
        """The scores of all that can be compared in this recording."""
        tape = Score("tape", "trades on the tape")
        for key, venue_times in self._venue_trades.items():
            tape.possible += len(venue_times)
            tape.reached += pairs(venue_times, self._trades.get(key, []))
        filled = Score("filled", "filled quantity of orders")
        repriced = Score("repriced", "the same, re-priced or preloaded")
        for fill in self._venue_fills:
            order_id = self._order_ids.get(fill.order)
            same = order_id is not None and self._filled[order_id] == fill.quantity
            (repriced if fill.order in self._uncertain else filled).count(reached=same)
        every = (tape, filled, repriced, self._cancels, self._queue, self._best, self._quantities)
        return [score for score in every if score.possible]


def pairs(left: list[int], right: list[int]) -> int:
    """The most pairs of one time of each, within TAPE_WINDOW; both ascend."""
    count = position = 0
    for time in left:
        while position < len(right) and right[position] < time - TAPE_WINDOW:
            position += 1
        if position < len(right) and right[position] <= time + TAPE_WINDOW:
            count += 1
            position += 1
    return count

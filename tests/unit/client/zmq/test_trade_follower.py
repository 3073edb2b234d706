"""Trades are told once and in order, whatever is lost on the way."""

from collections.abc import Sequence
from itertools import pairwise

from matching_exchange.client.zmq.followers import FIRST_CHECK, LAST_CHECK
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.trade_follower import TradeFollower
from protocol.commands import TradesQuery
from protocol.events import Trade, TradeHistory
from protocol.market_data import TradeMessage
from protocol.units import Side
from tests.unit.client.zmq.desk import Desk


class Reader:
    def __init__(self, after: int | None = None) -> None:
        self.desk = Desk()
        self.told: list[int] = []
        self.holes: list[Hole] = []
        self.begun = 0
        self.follower = TradeFollower("S", self.desk, self._hear, self.holes.append, after)
        self.follower.on_begun = self._count
        self.follower.tick(0)

    def _hear(self, trade: TradeMessage | Trade) -> None:
        self.told.append(trade.trade_id)

    def _count(self) -> None:
        self.begun += 1

    def publish(self, *trade_ids: int) -> None:
        for number in trade_ids:
            message = TradeMessage(1, number, number, number - 1, 1, "S", number, 1, 1, "buy", 1, 2, 0, 0)
            self.follower.receive(message)

    def answer(self, trade_ids: Sequence[int]) -> None:
        self.desk.answer(TradeHistory("S", [Trade("S", n, 1, 1, Side.BUY, 1, 2, 0, 0, n, 1) for n in trade_ids]))


def test_it_begins_behind_the_last_trade() -> None:
    reader = Reader()
    reader.publish(8, 9)
    assert reader.told == []
    assert reader.desk.asked(TradesQuery) == TradesQuery("S", 1, 0)
    assert reader.begun < 1
    reader.answer([7])
    reader.publish(10)
    assert reader.told == [8, 9, 10]
    assert reader.begun == 1
    assert not reader.holes


def test_without_a_trade_it_begins_with_the_first() -> None:
    reader = Reader()
    reader.answer([])
    reader.publish(1, 2)
    assert reader.told == [1, 2]


def test_what_is_lost_is_asked_for_and_nothing_comes_twice() -> None:
    reader = Reader(after=4)
    reader.answer([])
    reader.publish(5, 8, 9)
    assert reader.told == [5]
    assert reader.desk.asked(TradesQuery).after == 5
    reader.publish(10)
    reader.answer([6, 7, 8])
    reader.publish(9, 10, 11)
    assert reader.told == [5, 6, 7, 8, 9, 10, 11]
    assert not reader.holes


def test_what_the_matcher_keeps_no_more_is_told_as_a_hole() -> None:
    reader = Reader(after=4)
    reader.answer([9, 10])
    assert reader.told == [9, 10]
    assert [(hole.feed, hole.name, hole.after, hole.until) for hole in reader.holes] == [("trades", "S", 4, 8)]


def test_a_loss_behind_an_early_answer_is_asked_for_again() -> None:
    reader = Reader(after=0)
    reader.publish(3)
    reader.answer([1])
    assert reader.told == [1]
    reader.answer([2, 3])
    assert reader.told == [1, 2, 3]
    assert not reader.desk.questions


def test_an_answer_that_brings_nothing_is_not_asked_for_at_once() -> None:
    reader = Reader(after=0)
    reader.publish(3)
    reader.answer([])
    # The message before it has set off one question more.
    while reader.desk.questions:
        reader.answer([])
    assert reader.told == []
    reader.follower.tick(FIRST_CHECK)
    reader.follower.tick(2 * FIRST_CHECK)
    reader.answer([1, 2])
    assert reader.told == [1, 2, 3]


def test_the_last_trades_before_a_silence_are_asked_for_ever_more_rarely() -> None:
    reader = Reader(after=0)
    reader.answer([])
    reader.publish(1)
    asked = []
    for tick in range(int(60 / FIRST_CHECK)):
        reader.follower.tick(1 + tick * FIRST_CHECK)
        if reader.desk.questions:
            asked.append(1 + tick * FIRST_CHECK)
            reader.answer([])
    pauses = [after - before for before, after in pairwise(asked)]
    assert asked[0] <= 1 + 2 * FIRST_CHECK
    assert pauses == sorted(pauses)
    assert pauses[-1] == LAST_CHECK


def test_a_matcher_that_is_back_is_asked() -> None:
    reader = Reader(after=4)
    reader.answer([])
    reader.follower.connection(ConnectionState("away", 1))
    assert not reader.desk.questions
    reader.follower.connection(ConnectionState("open", 2))
    assert reader.desk.asked(TradesQuery).after == 4


def test_another_history_is_told_and_it_begins_anew() -> None:
    reader = Reader(after=4)
    reader.answer([])
    reader.follower.connection(ConnectionState("open", 2, other_history=True))
    assert [(hole.after, hole.until) for hole in reader.holes] == [(None, None)]
    while reader.desk.questions:
        reader.answer([1])
    reader.publish(2)
    assert reader.told == [2]

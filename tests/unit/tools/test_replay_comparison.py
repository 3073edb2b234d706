"""The comparison: each score rises where exchange and venue agree, and falls where a venue's row, or the exchange, is
another."""

from collections.abc import Sequence

import pytest

from matching_exchange.recordings.recording import (
    Cancel,
    OutOfTurn,
    Place,
    Reduce,
    Replace,
    Sent,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from matching_exchange.tools.replay.comparison import TAPE_WINDOW, Comparison, pairs
from protocol.events import Answer, CommandRefused, Depth, OrderResult, OrderState, Result, Trade
from protocol.units import OrderStatus, OrderType, Reason, Refusal, Side

SECOND = 10**9
BUY, SELL = Side.BUY, Side.SELL


def trade(price: int, quantity: int, maker: int, taker: int) -> Trade:
    return Trade("COIN-USD", 1, price, quantity, BUY, maker, taker, 0, 0, 1, 1)


def result(order_id: int, *trades: Trade) -> OrderResult:
    return OrderResult(order_id, OrderStatus.OPEN, True, 0, 0, 0, None, list(trades))


def state(order_id: int, quantity: int, filled: int, *trades: Trade) -> OrderState:
    return OrderState(
        order_id,
        None,
        "replay",
        "COIN-USD",
        BUY,
        OrderType.LIMIT,
        100,
        None,
        OrderStatus.CANCELED,
        False,
        quantity,
        filled,
        0,
        0,
        Reason.REQUESTED,
        1,
        1,
        list(trades),
    )


def compared(
    answers: Sequence[tuple[Sent, Answer]] = (),
    trades: Sequence[VenueTrade] = (),
    fills: Sequence[VenueFill] = (),
    looks: Sequence[tuple[VenueBest, Result]] = (),
) -> dict[str, tuple[int, int]]:
    """Reached and possible, by the name of the score."""
    comparison = Comparison()
    for step, answer in answers:
        comparison.answered(step, answer)
    for venue_trade in trades:
        comparison.venue_traded(venue_trade)
    for fill in fills:
        comparison.venue_filled(fill)
    for best, depth in looks:
        comparison.looked(best, depth)
    return {score.name: (score.reached, score.possible) for score in comparison.scores()}


def test_nothing_to_compare_has_no_scores() -> None:
    assert compared([(Place(0, "a", BUY, 100, 5), result(1))]) == {}


@pytest.mark.parametrize(
    ("venue", "reached"),
    [
        (VenueTrade(0, 100, 5), 1),
        (VenueTrade(TAPE_WINDOW, 100, 5), 1),
        (VenueTrade(TAPE_WINDOW + 1, 100, 5), 0),
        (VenueTrade(0, 101, 5), 0),
        (VenueTrade(0, 100, 4), 0),
    ],
)
def test_a_row_of_the_tape(venue: VenueTrade, reached: int) -> None:
    taken = (Place(0, "a", BUY, 100, 5), result(2, trade(100, 5, maker=1, taker=2)))
    assert compared([taken], trades=[venue]) == {"tape": (reached, 1)}


def test_one_trade_is_one_row() -> None:
    taken = (Place(0, "a", BUY, 100, 5), result(2, trade(100, 5, maker=1, taker=2)))
    assert compared([taken], trades=[VenueTrade(0, 100, 5), VenueTrade(1, 100, 5)]) == {"tape": (1, 2)}


def test_pairs_are_as_many_as_there_can_be() -> None:
    window = TAPE_WINDOW
    assert pairs([0, window], [window, 2 * window]) == 2
    assert pairs([0, 1, 2], [1]) == 1
    assert pairs([5], []) == 0
    assert pairs([3 * window], [0, window, 3 * window]) == 1


@pytest.mark.parametrize(("venue", "reached"), [(7, 1), (6, 0), (8, 0)])
def test_the_filled_quantity_is_that_of_all_trades_on_either_side(venue: int, reached: int) -> None:
    answers: list[tuple[Sent, Answer]] = [
        (Place(0, "a", BUY, 100, 9), result(2, trade(100, 5, maker=1, taker=2))),
        (Take(0, SELL, 100, 2, None), result(3, trade(100, 2, maker=2, taker=3))),
    ]
    assert compared(answers, fills=[VenueFill("a", venue)]) == {"filled": (reached, 1)}


def test_an_order_that_was_refused_is_filled_with_nothing() -> None:
    refused = (Place(0, "a", BUY, 100, 9), CommandRefused(Refusal.PRICE_OFF_TICK))
    assert compared([refused], fills=[VenueFill("a", 9), VenueFill("never sent", 9)]) == {"filled": (0, 2)}


def test_repriced_and_preloaded_orders_are_counted_apart() -> None:
    answers: list[tuple[Sent, Answer]] = [
        (Place(0, "a", BUY, 100, 9, announced=False), result(1, trade(100, 5, maker=8, taker=1))),
        (Place(0, "b", BUY, 100, 9), result(2)),
        (Replace(0, "b", 101, 9), state(2, 9, 4, trade(101, 4, maker=9, taker=2))),
    ]
    assert compared(answers, fills=[VenueFill("a", 5), VenueFill("b", 3)]) == {"repriced": (1, 2)}


@pytest.mark.parametrize(
    ("answer", "reached"),
    [(state(1, 9, 4), 1), (state(1, 9, 3), 0), (state(1, 9, 5), 0), (CommandRefused(Refusal.ORDER_NOT_OPEN), 0)],
)
def test_what_a_cancel_finds(answer: Answer, reached: int) -> None:
    assert compared([(Cancel(0, "a", 5), answer)]) == {"cancels": (reached, 1)}


def test_a_cancel_of_which_the_venue_says_nothing_is_not_compared() -> None:
    assert compared([(Cancel(0, "a", None), state(1, 9, 4))]) == {}


@pytest.mark.parametrize(
    ("trades", "reached"),
    [
        ([trade(100, 5, maker=1, taker=3)], 1),
        ([trade(100, 5, maker=2, taker=3)], 0),
        ([trade(99, 5, maker=1, taker=3)], 0),
        ([trade(100, 4, maker=1, taker=3)], 0),
        ([trade(100, 4, maker=1, taker=3), trade(100, 1, maker=2, taker=3)], 0),
        ([], 0),
    ],
)
def test_an_execution_hits_the_order_that_the_venue_names(trades: list[Trade], reached: int) -> None:
    answers: list[tuple[Sent, Answer]] = [
        (Place(0, "a", SELL, 100, 9), result(1)),
        (Place(0, "b", SELL, 100, 9), result(2)),
        (Take(0, BUY, 100, 5, "a"), result(3, *trades)),
    ]
    assert compared(answers) == {"queue": (reached, 1)}


def test_an_execution_of_an_unknown_order_is_not_compared() -> None:
    assert compared([(Take(0, BUY, 100, 5, None), result(3))]) == {}


def test_an_execution_out_of_turn_is_a_miss() -> None:
    comparison = Comparison()
    comparison.executed_out_of_turn(OutOfTurn("a"))
    assert [(score.name, score.reached, score.possible) for score in comparison.scores()] == [("queue", 0, 1)]


@pytest.mark.parametrize(
    ("bids", "asks", "best", "quantities"),
    [
        ([(99, 5)], [(101, 6)], 1, 1),
        ([(99, 4)], [(101, 6)], 1, 0),
        ([(98, 5)], [(101, 6)], 0, 0),
        ([(99, 5)], [(102, 6)], 0, 0),
        ([], [(101, 6)], 0, 0),
    ],
)
def test_the_best_levels(bids: list[tuple[int, int]], asks: list[tuple[int, int]], best: int, quantities: int) -> None:
    look = (VenueBest(0, (99, 5), (101, 6)), Depth("COIN-USD", bids, asks))
    assert compared(looks=[look]) == {"best": (best, 1), "quantities": (quantities, 1)}


def test_an_empty_side_is_only_equal_to_an_empty_side() -> None:
    venue = VenueBest(0, None, (101, 6))
    both: list[tuple[VenueBest, Result]] = [
        (venue, Depth("COIN-USD", [], [(101, 6)])),
        (venue, Depth("COIN-USD", [(99, 5)], [(101, 6)])),
        (venue, CommandRefused(Refusal.UNKNOWN_SYMBOL)),
    ]
    assert compared(looks=both) == {"best": (1, 3), "quantities": (1, 3)}


def test_refused_commands_are_counted_by_kind() -> None:
    comparison = Comparison()
    for step in (Cancel(0, "a", None), Cancel(0, "b", None), Reduce(0, "c", 1)):
        comparison.answered(step, CommandRefused(Refusal.UNKNOWN_ORDER))
    assert comparison.refused == {"Cancel UNKNOWN_ORDER": 2, "Reduce UNKNOWN_ORDER": 1}

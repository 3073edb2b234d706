"""What the matcher counts of its turns and sessions, and how it tells that."""

from matcher.serving.tally import Tally
from matcher.serving.turn import TURN_TIME, new_turn
from matcher.sessions import MatcherSessions, Repeat
from matcher.state import Caused
from matching_exchange.metrics.exposition import exposition
from matching_exchange.metrics.families import histogram
from matching_exchange.process.histogram import Histogram
from protocol.commands import (
    VERSION,
    CancelOrder,
    CancelReplace,
    Command,
    Commands,
    Hello,
    PlaceOrder,
    SetAccountStatus,
)
from protocol.events import CancelFailed, CommandRefused, Event, OrderPlaced, OrderRejected, PlaceFailed, Trade
from protocol.units import OrderType, Reason, Refusal, Side

PLACE = PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000)
TRADE = Trade("BTC-USDT", 1, 6_000_000, 100_000, Side.BUY, 1, 2, 10, 20, 2, 1)


def test_commands_trades_and_rejects_of_a_turn_are_counted() -> None:
    tally, turn = Tally(), new_turn(1, 1, 1_000)
    done: list[tuple[Command, list[Event]]] = [
        (PLACE, [OrderPlaced(1)]),
        (PLACE, [OrderPlaced(2), TRADE, TRADE]),
        (PLACE, [OrderRejected(3, Reason.INSUFFICIENT_BALANCE)]),
        (PLACE, [CommandRefused(Refusal.UNKNOWN_SYMBOL)]),
        (CancelOrder(1), [CommandRefused(Refusal.UNKNOWN_ORDER)]),
        (
            CancelReplace(CancelOrder(1), PLACE),
            [CancelFailed(Refusal.UNKNOWN_ORDER), PlaceFailed(Refusal.UNKNOWN_SYMBOL)],
        ),
        (SetAccountStatus("ann", True), []),
    ]
    turn.caused = [Caused(number, command, events) for number, (command, events) in enumerate(done, 1)]
    tally.note_applied(turn, 1_000 + 70_000)
    for _ in range(2):
        tally.count(turn)
    assert (tally.placed, tally.canceled, tally.trades) == (8, 2, 4)
    assert tally.others == {CancelReplace: 2, SetAccountStatus: 2}
    assert tally.rejected == {Reason.INSUFFICIENT_BALANCE: 2}
    assert tally.refused == {Refusal.UNKNOWN_SYMBOL: 4, Refusal.UNKNOWN_ORDER: 4}
    assert (sum(tally.turn_commands.counts), tally.turn_commands.sum) == (2, 14)
    assert (sum(tally.apply_times.counts), tally.apply_times.sum) == (1, 70_000)


def test_a_turn_without_commands_is_none() -> None:
    tally = Tally()
    tally.count(new_turn(1, 1, TURN_TIME))
    assert sum(tally.turn_commands.counts) == 0


def test_a_frame_behind_missing_ones_is_a_gap_and_a_repeated_one_is_none() -> None:
    sessions: MatcherSessions[str] = MatcherSessions()
    sessions.hello(Hello(VERSION, 5, 0))
    late = sessions.receive(Commands(VERSION, 5, 2, 0, [PLACE]))
    assert isinstance(late, Repeat)
    assert late.gap
    sessions.receive(Commands(VERSION, 5, 1, 0, [PLACE]))
    again = sessions.receive(Commands(VERSION, 5, 1, 0, [PLACE]))
    assert isinstance(again, Repeat)
    assert not again.gap


def test_nanoseconds_are_shown_as_seconds_and_buckets_are_cumulated() -> None:
    times = Histogram((1_000_000, 2_500_000_000))
    for value in (1, 1_000_000, 2_000_000_000, 3_000_000_000):
        times.observe(value)
    lines = exposition([histogram("exchange_x_seconds", "Times.", times)]).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        'exchange_x_seconds_bucket{le="0.001"} 2.0',
        'exchange_x_seconds_bucket{le="2.5"} 3.0',
        'exchange_x_seconds_bucket{le="+Inf"} 4.0',
        "exchange_x_seconds_count 4.0",
        "exchange_x_seconds_sum 5.001000001",
    ]

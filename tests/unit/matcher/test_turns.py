"""A turn ends by time, also inside a frame; what is left of the frame is carried out in the next ones, once and in
order."""

from pathlib import Path

import pytest

from matcher.instrument_list import read_instruments
from matcher.serving.turn import Turn
from matcher.storage.entries import read_entry
from protocol.commands import VERSION, Command, Commands, Hello, PlaceOrder
from protocol.events import OrderResult
from protocol.units import OrderType, Side
from tests.unit.matcher.door import SESSION, Door


def orders(count: int, first: int = 1) -> list[Command]:
    return [
        PlaceOrder("BTC-USDT", "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=str(number))
        for number in range(first, first + count)
    ]


@pytest.fixture
def slow(tmp_path: Path) -> Door:
    """Each look at the clock is worth half of a turn."""
    door = Door(tmp_path, 10_000_000)
    door.send(Hello(VERSION, SESSION))
    door.turn()
    return door


def answered(turns: list[Turn]) -> list[int]:
    results = [answer for turn in turns for reply in turn.replies for answer in reply.answers]
    return [answer.order_id for answer in results if isinstance(answer, OrderResult)]


def test_a_frame_goes_on_in_the_next_turns(slow: Door) -> None:
    slow.send(Commands(VERSION, SESSION, 1, 0, orders(50)))
    turns = [slow.turn()]
    while slow.intake.waiting:
        turns.append(slow.turn())
    assert len(turns) > 2
    assert answered(turns) == list(range(1, 51))


def test_what_a_turn_logs_is_what_it_has_carried_out(slow: Door) -> None:
    slow.send(Commands(VERSION, SESSION, 1, 0, orders(50)))
    logged: list[Command] = []
    while True:
        turn = slow.turn()
        for payload in turn.entries:
            entry = read_entry(payload)
            assert isinstance(entry, Commands)
            assert entry.number == len(logged) + 1
            logged += entry.commands
        assert len(logged) == len(answered([turn])) + turn.first_sequence - 1 - len(read_instruments(None))
        if not slow.intake.waiting:
            break
    assert logged == orders(50)


def test_between_two_turns_the_session_has_taken_what_was_carried_out_and_no_more(slow: Door) -> None:
    slow.send(Commands(VERSION, SESSION, 1, 0, orders(50)))
    done = len(answered([slow.turn()]))
    assert 0 < done < 50
    ((_, taken, _),) = slow.state.sessions.known()
    assert taken == done


def test_a_frame_that_is_sent_again_meanwhile_changes_nothing(slow: Door) -> None:
    frame = Commands(VERSION, SESSION, 1, 0, orders(50))
    slow.send(frame)
    turns = [slow.turn()]
    slow.send(frame, Commands(VERSION, SESSION, 51, 0, orders(10, first=51)))
    while slow.intake.waiting or slow.waiting:
        turns.append(slow.turn())
    assert sorted(set(answered(turns))) == list(range(1, 61))
    assert slow.state.registry.last_order_id == 60


def test_no_other_frame_overtakes_the_rest_of_one(slow: Door) -> None:
    slow.send(Commands(VERSION, SESSION, 1, 0, orders(50)), Commands(VERSION, SESSION, 51, 0, orders(50, first=51)))
    turns = []
    while slow.waiting or slow.intake.waiting:
        turns.append(slow.turn())
    assert answered(turns) == list(range(1, 101))


def test_a_turn_in_time_takes_every_frame_that_waits(tmp_path: Path) -> None:
    door = Door(tmp_path, 1)
    door.send(
        Hello(VERSION, SESSION), *(Commands(VERSION, SESSION, 1 + 10 * n, 0, orders(10, 1 + 10 * n)) for n in range(9))
    )
    assert answered([door.turn()]) == list(range(1, 91))

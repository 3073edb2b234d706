"""A new leader tells again what the last two seconds have caused, and no more."""

from matcher.node.tail import MAX_TOLD_AGAIN, TOLD_AGAIN, Tail
from matcher.state import Caused
from protocol.commands import CancelAllOrders

COMMAND = CancelAllOrders("ann")


def caused(first: int, count: int = 1) -> list[Caused]:
    return [Caused(first + number, COMMAND, []) for number in range(count)]


def sequences(tail: Tail) -> list[int]:
    return [each.sequence for each in tail.take()]


def test_what_is_older_is_left_out() -> None:
    tail = Tail()
    tail.note(1_000, caused(1))
    tail.note(1_000 + TOLD_AGAIN, caused(2))
    tail.note(1_001 + TOLD_AGAIN, caused(3, 2))
    assert sequences(tail) == [2, 3, 4]
    assert sequences(tail) == []


def test_records_without_commands_make_it_older_too() -> None:
    tail = Tail()
    tail.note(1_000, caused(1))
    tail.note(1_001 + TOLD_AGAIN, [])
    assert sequences(tail) == []


def test_it_is_bounded() -> None:
    tail = Tail()
    for number in range(4):
        tail.note(number, caused(number * MAX_TOLD_AGAIN // 2, MAX_TOLD_AGAIN // 2))
    assert len(sequences(tail)) == MAX_TOLD_AGAIN

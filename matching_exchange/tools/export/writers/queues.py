"""Rows of level-3 as steps of the queues of a book, for formats that know no order that loses its place."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from matching_exchange.tools.export.kinds import Row


class Move(Enum):
    """`CLEAR` empties the book. The others are of one order."""

    CLEAR = "clear"
    ENTER = "enter"
    LEAVE = "leave"
    REDUCE = "reduce"
    EXECUTE = "execute"


class Step(NamedTuple):
    """One step of an order, at the end of whose queue it enters.

    quantity: what it enters or leaves with, what is taken off, or what has traded.
    left: what it shows then. An order that is executed leaves at zero.
    """

    move: Move
    time: int
    order_id: int
    side: str
    price: int
    quantity: int
    left: int


class Queues:
    """Knows what each order shows."""

    def __init__(self) -> None:
        self._shown: dict[int, tuple[str, int, int]] = {}

    def steps(self, row: Row) -> Iterator[Step]:
        """What the row does to the queues."""
        _, time, _, event, order_id, side, price, quantity, remaining, _, loses_priority = row
        match event:
            case "clear":
                self._shown.clear()
                yield Step(Move.CLEAR, time, 0, "", 0, 0, 0)
            case "execute":
                self._show(order_id, side, price, remaining)
                yield Step(Move.EXECUTE, time, order_id, side, price, quantity, remaining)
            case "delete":
                self._show(order_id, side, price, 0)
                yield Step(Move.LEAVE, time, order_id, side, price, quantity, 0)
            case "modify" if not loses_priority:
                _, _, shown = self._shown[order_id]
                self._show(order_id, side, price, quantity)
                yield Step(Move.REDUCE, time, order_id, side, price, shown - quantity, quantity)
            case _:
                if order_id in self._shown:
                    old_side, old_price, shown = self._shown[order_id]
                    yield Step(Move.LEAVE, time, order_id, old_side, old_price, shown, 0)
                self._show(order_id, side, price, quantity)
                yield Step(Move.ENTER, time, order_id, side, price, quantity, quantity)

    def _show(self, order_id: int, side: str, price: int, quantity: int) -> None:
        if quantity:
            self._shown[order_id] = (side, price, quantity)
        else:
            self._shown.pop(order_id, None)

"""Checks whether an order, as the exchange tells it, can be true. Quantities must add up. It must be the order that was
sent."""

from collections.abc import Callable
from typing import Final

from matching_exchange.tools.load_test.orders import Sent, Told
from protocol.units import Side

SHOWN: Final = 20
"""The faults that are told in words. All are counted."""


class Checker:
    """Takes in answers and look-ups. `count` counts those that cannot be true, `faults` tells the first ones."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.count = 0
        self._orders: dict[str, str] = {}
        self._filled: dict[str, int] = {}

    def answered(self, sent: Sent, told: Told) -> None:
        """The answer to a new order, with all the trades that it has had."""
        self._check(sent, told)
        traded = sum(quantity for _, quantity in told.trades)
        self._expect(sent, f"{told.filled} is filled, but the trades are of {traded}", holds=traded == told.filled)
        for price, _ in told.trades:
            within = price <= sent.price if sent.side is Side.BUY else price >= sent.price
            self._expect(sent, f"a trade at {price}, beyond the limit of {sent.price}", holds=within)
        first = self._orders.setdefault(told.order_id, sent.client_order_id)
        self._expect(sent, f"order_id {told.order_id} is that of {first} too", holds=first == sent.client_order_id)
        self._filled[sent.client_order_id] = told.filled

    def looked_up(self, sent: Sent, told: Told | None) -> None:
        """What a look-up finds later; None for nothing."""
        filled = self._filled.get(sent.client_order_id)
        if told is None:
            # An order of an unknown outcome may never have been taken.
            self._expect(sent, "was answered, but is lost", holds=filled is None)
            return
        self._check(sent, told)
        if filled is not None:
            self._expect(sent, f"{told.filled} is filled, but {filled} was before", holds=told.filled >= filled)
            known = self._orders.get(told.order_id) == sent.client_order_id
            self._expect(sent, f"was answered with another order_id than {told.order_id}", holds=known)

    def _check(self, sent: Sent, told: Told) -> None:
        same = (told.client_order_id, told.side, told.quantity, told.price) == (
            sent.client_order_id,
            sent.side,
            sent.quantity,
            sent.price,
        )
        self._expect(sent, f"is told as another order: {told}", holds=same)
        canceled = told.quantity - told.filled - told.remaining
        self._expect(sent, f"does not add up: {told}", holds=min(told.filled, told.remaining, canceled) >= 0)
        rule = RULES.get(told.status)
        self._expect(sent, f"cannot be {told.status}: {told}", holds=rule is not None and rule(told, canceled))

    def _expect(self, sent: Sent, fault: str, *, holds: bool) -> None:
        if not holds:
            self.count += 1
            if len(self.faults) < SHOWN:
                self.faults.append(f"{sent.client_order_id}: {fault}")


RULES: Final[dict[str, Callable[[Told, int], bool]]] = {
    "open": lambda told, canceled: told.filled == 0 and canceled == 0 and told.remaining > 0,
    "partially_filled": lambda told, canceled: told.filled > 0 and canceled == 0 and told.remaining > 0,
    "filled": lambda told, canceled: told.filled == told.quantity and canceled == 0,
    "canceled": lambda told, canceled: told.remaining == 0 and canceled > 0,
    "rejected": lambda told, canceled: told.remaining == 0 and canceled == told.quantity,
}
"""What holds for an order of each status, and for its canceled quantity."""

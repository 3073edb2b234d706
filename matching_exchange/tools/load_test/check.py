"""Whether what the exchange tells of an order can be true: quantities add up, and it is the order that was sent."""

from collections.abc import Callable
from typing import Final

from matching_exchange.tools.load_test.orders import Sent, Told
from protocol.units import Side

SHOWN: Final = 20
"""So many faults are told in words; all are counted."""


class Checker:
    """Takes in answers and look-ups. `faults` tells the first ones of them that cannot be true, `count` how many there
    are."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.count = 0
        self._orders: dict[str, str] = {}
        self._filled: dict[str, int] = {}

    def answered(self, sent: Sent, told: Told) -> None:
        """The answer to a new order, with all the trades that it has had."""
        self._check(sent, told)
        traded = sum(quantity for _, quantity in told.trades)
        self._expect(traded == told.filled, sent, f"{told.filled} is filled, but the trades are of {traded}")
        for price, _ in told.trades:
            within = price <= sent.price if sent.side is Side.BUY else price >= sent.price
            self._expect(within, sent, f"a trade at {price}, beyond the limit of {sent.price}")
        first = self._orders.setdefault(told.order_id, sent.client_order_id)
        self._expect(first == sent.client_order_id, sent, f"order_id {told.order_id} is that of {first} too")
        self._filled[sent.client_order_id] = told.filled

    def looked_up(self, sent: Sent, told: Told | None) -> None:
        """What a look-up finds later: `told` is None where it finds nothing."""
        filled = self._filled.get(sent.client_order_id)
        if told is None:
            # An order of an unknown outcome may never have been taken.
            self._expect(filled is None, sent, "was answered, but is lost")
            return
        self._check(sent, told)
        if filled is not None:
            self._expect(told.filled >= filled, sent, f"{told.filled} is filled, but {filled} was before")
            known = self._orders.get(told.order_id) == sent.client_order_id
            self._expect(known, sent, f"was answered with another order_id than {told.order_id}")

    def _check(self, sent: Sent, told: Told) -> None:
        same = (told.client_order_id, told.side, told.quantity, told.price) == (
            sent.client_order_id,
            sent.side,
            sent.quantity,
            sent.price,
        )
        self._expect(same, sent, f"is told as another order: {told}")
        canceled = told.quantity - told.filled - told.remaining
        self._expect(min(told.filled, told.remaining, canceled) >= 0, sent, f"does not add up: {told}")
        rule = RULES.get(told.status)
        self._expect(rule is not None and rule(told, canceled), sent, f"cannot be {told.status}: {told}")

    def _expect(self, true: bool, sent: Sent, fault: str) -> None:
        if not true:
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
"""What holds for an order of each status, and for what was canceled of it."""

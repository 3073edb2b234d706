"""The commands that a recording's steps stand for, and the instrument that takes them.

Orders are named by the venue's ids, behind a prefix. `prefix` and a venue's order id together are a client_order_id.
"""

from collections.abc import Sequence
from typing import Final

from matching_exchange.recordings.recording import Cancel, Place, Recording, Reduce, Replace, Step, Take
from protocol.commands import AmendOrder, CancelOrder, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OrderType

ACCOUNT: Final = "replay"


class RecordedOrders:
    """The orders of one run of a recording under `symbol`."""

    def __init__(self, symbol: str, prefix: str, account: str = ACCOUNT) -> None:
        self._symbol = symbol
        self._account = account
        self._prefix = prefix
        self._quantities: dict[str, int] = {}

    def again(self, prefix: str) -> "RecordedOrders":
        """The same orders under names that nobody has used."""
        orders = RecordedOrders(self._symbol, prefix, self._account)
        orders._quantities = dict(self._quantities)
        return orders

    def name(self, order: str) -> str:
        return self._prefix + order

    def order(self, name: str) -> str:
        """The venue's id of the order of that name."""
        return name.removeprefix(self._prefix)

    def place(self, step: Place) -> PlaceOrder:
        self._quantities[step.order] = step.quantity
        return self._limit(step, OrderType.LIMIT, self.name(step.order))

    def take(self, step: Take) -> PlaceOrder:
        return self._limit(step, OrderType.IOC, None)

    def cancel(self, step: Cancel) -> CancelOrder:
        return CancelOrder(None, self._account, self.name(step.order))

    def reduce(self, step: Reduce) -> AmendOrder:
        self._quantities[step.order] -= step.quantity
        return AmendOrder(None, self._account, self.name(step.order), self._quantities[step.order])

    def replace(self, step: Replace, filled: int) -> AmendOrder:
        """The recording tells what is left, the command takes the whole quantity: `filled` is what was filled here."""
        self._quantities[step.order] = filled + step.remaining
        return AmendOrder(None, self._account, self.name(step.order), filled + step.remaining, step.price)

    def _limit(self, step: Place | Take, order_type: OrderType, client_order_id: str | None) -> PlaceOrder:
        return PlaceOrder(
            self._symbol, self._account, step.side, order_type, step.quantity, step.price, None, client_order_id
        )


def recorded_instrument(recording: Recording, symbol: str) -> Instrument | None:
    """An instrument without fees that takes all orders of the recording; None where it holds none."""
    quantity = greatest_quantity(recording.steps)
    if not quantity:
        return None
    price = max(step.price for step in recording.steps if isinstance(step, Place | Take | Replace))
    return Instrument(
        symbol,
        recording.base,
        recording.quote,
        recording.price_decimals,
        recording.quantity_decimals,
        recording.tick_size,
        recording.lot_size,
        min_quantity=recording.lot_size,
        max_quantity=up_to(quantity, recording.lot_size),
        max_price=up_to(price, recording.tick_size),
        min_notional=0,
        maker_fee_bps=0,
        taker_fee_bps=0,
        status=InstrumentStatus.TRADING,
    )


def greatest_quantity(steps: Sequence[Step]) -> int:
    """The largest order of the recording; 0 if it has none."""
    return max((step.quantity for step in steps if isinstance(step, Place | Take)), default=0)


def up_to(value: int, unit: int) -> int:
    """The least multiple of the unit that is not below the value."""
    return -(-value // unit) * unit

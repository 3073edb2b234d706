"""What an agent has, by what it was told: its live orders, positions, and money. One for the market of each agent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from matching_exchange.sim.kernel.values import Order, OrderState, OrderUpdate, UpdateKind, as_decimal
from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.order_types import WAITS
from protocol.units import Side

BUY: Final = Side.BUY

PENDING: Final = OrderState.PENDING
OPEN: Final = OrderState.OPEN
FILLED: Final = OrderState.FILLED
CANCELED: Final = OrderState.CANCELED
REJECTED: Final = OrderState.REJECTED
REFUSED: Final = OrderState.REFUSED

TOLD_FILL: Final = UpdateKind.FILL
TOLD_ACCEPTED: Final = UpdateKind.ACCEPTED
TOLD_CANCELED: Final = UpdateKind.CANCELED
TOLD_TRIGGERED: Final = UpdateKind.TRIGGERED
TOLD_AMENDED: Final = UpdateKind.AMENDED
TOLD_REJECTED: Final = UpdateKind.REJECTED
TOLD_REFUSED: Final = UpdateKind.REFUSED


class Holdings:
    """live: orders that may still trade, by number, oldest first.

    positions: bought less sold, by symbol, in the quantity unit.
    """

    __slots__ = ("_cash", "_fees", "_instruments", "_start", "live", "positions")

    def __init__(self, instruments: Mapping[str, Instrument], start: Mapping[str, Decimal]) -> None:
        """`start`: what the agent has of each asset at the begin."""
        self._instruments = instruments
        self._start = start
        self.live: dict[int, Order] = {}
        self.positions: dict[str, int] = dict.fromkeys(instruments, 0)
        # Of each symbol's quote: in price unit times quantity unit, and in that of a fee.
        self._cash: dict[str, int] = dict.fromkeys(instruments, 0)
        self._fees: dict[str, int] = dict.fromkeys(instruments, 0)

    def take(self, update: OrderUpdate) -> None:
        """Take in what has become of an order."""
        order = update.order
        kind = update.kind
        order.reason = update.reason
        if kind is TOLD_FILL:
            self._fill(order, update)
        elif kind is TOLD_ACCEPTED:
            order.status = PENDING if WAITS[order.order_type] else OPEN
        elif kind is TOLD_CANCELED:
            order.remaining_units = update.quantity_units
            self.end(order, CANCELED)
        elif kind is TOLD_TRIGGERED:
            order.status = OPEN
        elif kind is TOLD_AMENDED:
            order.quantity_units = update.quantity_units
            order.remaining_units = update.quantity_units - order.filled_units
            order.price_units = update.price_units or None
            order.trigger_units = update.trigger_units or None
        elif kind is TOLD_REJECTED:
            self.end(order, REJECTED)
        elif kind is TOLD_REFUSED:
            self.end(order, REFUSED)

    def end(self, order: Order, state: OrderState) -> None:
        """An order trades no more."""
        order.status = state
        self.live.pop(order.number, None)

    def orders(self, symbol: str | None) -> list[Order]:
        """The live ones, oldest first; of one symbol, or all."""
        return [order for order in self.live.values() if symbol is None or order.instrument.symbol == symbol]

    def position(self, instrument: Instrument) -> Decimal:
        """Bought less sold."""
        return as_decimal(self.positions[instrument.symbol], instrument.quantity_decimals)

    def balance(self, asset: str) -> Decimal:
        """The start and all fills, fees taken off."""
        total: Decimal = self._start.get(asset, Decimal(0))
        for symbol, instrument in self._instruments.items():
            if instrument.base == asset:
                total += self.position(instrument)
            if instrument.quote == asset:
                total += as_decimal(self._cash[symbol], instrument.value_decimals)
                total -= as_decimal(self._fees[symbol], instrument.value_decimals + FEE_DECIMALS)
        return total

    def _fill(self, order: Order, update: OrderUpdate) -> None:
        quantity = update.quantity_units
        value = quantity * update.price_units
        order.filled_units += quantity
        order.filled_value += value
        order.remaining_units -= quantity
        symbol = order.instrument.symbol
        if order.side is BUY:
            self.positions[symbol] += quantity
            self._cash[symbol] -= value
        else:
            self.positions[symbol] -= quantity
            self._cash[symbol] += value
        if update.fee_bps:
            self._fees[symbol] += value * update.fee_bps
        if order.remaining_units <= 0:
            self.end(order, FILLED)

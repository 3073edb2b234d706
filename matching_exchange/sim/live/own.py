"""Own orders: what the account's stream tells becomes updates of the strategy's orders."""

from collections.abc import Iterable
from decimal import Decimal

from matching_exchange.client.types import account_stream as told
from matching_exchange.client.types.orders import Fill
from matching_exchange.client.types.orders import Order as State
from matching_exchange.client.types.words import Liquidity, OrderStatus
from matching_exchange.sim.kernel.values import Order, OrderState, OrderUpdate, UpdateKind, as_decimal
from matching_exchange.sim.live.desk import LiveDesk, fee_bps
from matching_exchange.sim.live.errors import LiveError
from matching_exchange.sim.live.instruments import whole


class OwnOrders:
    """Knows the strategy's orders by the exchange's names. `run` begins their client_order_ids: no other run has it.

    sequence: of the last command that the account's stream has told.
    """

    def __init__(self, desk: LiveDesk, run: str) -> None:
        self.sequence = 0
        self._desk = desk
        self._run = run
        self._sent: dict[str, Order] = {}
        """By client_order_id, up to their ends."""
        self._known: dict[int, Order] = {}
        """By order_id, up to their ends."""
        self._prevented: dict[Order, Decimal] = {}
        """What self-trade prevention has taken off live orders."""

    def name_of(self, order: Order) -> str:
        """The client_order_id under which the order is sent."""
        return f"{self._run}-{order.number}"

    def sending(self, order: Order) -> None:
        """The order is about to be sent: the stream may tell of it before the answer comes."""
        self._sent[self.name_of(order)] = order

    def refused(self, order: Order, reason: str) -> None:
        """The exchange has taken no such order."""
        self._sent.pop(self.name_of(order), None)
        if order.status is OrderState.SENT:
            self._hear(order, UpdateKind.REFUSED, self._desk.now, reason=reason)

    def updated(self, update: told.AccountUpdate) -> None:
        """Take in all that one command has changed."""
        for state in update.orders:
            order = self._sent.get(state.client_order_id or "")
            if order is not None:
                self._know(order, state.order_id)
        for change in update.changes:
            if not isinstance(change, told.AccountChanged) and change.order_id in self._known:
                self._changed(self._known[change.order_id], change, update.timestamp)
        self.sequence = update.sequence

    def among(self, states: Iterable[State]) -> list[State]:
        """Those of the states that are of own orders which were live."""
        return [state for state in states if state.client_order_id in self._sent]

    def missing(self, states: Iterable[State]) -> list[str]:
        """The client_order_ids of own orders that were live and are not among the states."""
        found = {state.client_order_id for state in states}
        return [name for name in self._sent if name not in found]

    def recovered(self, states: Iterable[State], fills: Iterable[Fill], sequence: int) -> None:
        """Go on after a hole of the stream, as of the command `sequence`.

        states: all own orders that were live before it, as they stand at that command or later. fills: those of the
        account in the hole, oldest first. Raises LiveError if they do not add up to what the orders have filled.
        """
        # One that was placed later comes as an update.
        ordered = [(self._sent[state.client_order_id or ""], state) for state in states if state.sequence <= sequence]
        for order, state in ordered:
            self._know(order, state.order_id)
            if order.status is OrderState.SENT and state.status is not OrderStatus.REJECTED:
                self._hear(order, UpdateKind.ACCEPTED, state.timestamp)
            if order.status is OrderState.PENDING and state.working_since is not None:
                self._hear(order, UpdateKind.TRIGGERED, state.working_since)
        for fill in fills:
            if fill.order_id in self._known and self.sequence < fill.sequence <= sequence:
                self._filled(self._known[fill.order_id], fill)
        for order, state in ordered:
            # What has changed since then comes as an update.
            if state.updated_sequence <= sequence:
                self._settle(order, state)
        self.sequence = sequence

    def lost(self, name: str, time: int) -> None:
        """The exchange does not know the order any more, which it had taken: another journal, or a very old order."""
        order = self._sent[name]
        self._hear(order, UpdateKind.CANCELED, time, quantity_units=order.remaining_units, reason="unknown_order")
        self._forget(order)

    def is_known(self, name: str) -> bool:
        """Whether the exchange has told of a live order of this client_order_id."""
        order = self._sent.get(name)
        return order is not None and order.order_id != 0

    def _know(self, order: Order, order_id: int) -> None:
        order.order_id = order_id
        self._known[order_id] = order

    def _changed(self, order: Order, change: told.Change, time: int) -> None:
        match change:
            case told.Placed():
                self._hear(order, UpdateKind.ACCEPTED, time)
            case told.Rejected():
                self._hear(order, UpdateKind.REJECTED, time, reason=change.reason)
            case told.Triggered():
                self._hear(order, UpdateKind.TRIGGERED, time)
            case told.PartiallyFilled() | told.Filled():
                self._filled(order, change.fill)
            case told.Canceled():
                left = whole(change.quantity, order.instrument.quantity_decimals)
                self._hear(order, UpdateKind.CANCELED, time, quantity_units=left, reason=change.reason)
            case told.Amended():
                # The exchange's total has in it what self-trade prevention took off.
                total = change.quantity - self._prevented.get(order, Decimal(0))
                self._amended(order, time, total, change.price, change.trigger_price)
            case told.Reduced() | told.Prevented():
                if isinstance(change, told.Prevented):
                    self._prevented[order] = self._prevented.get(order, Decimal(0)) + change.quantity
                self._amended(order, time, order.quantity - change.quantity, order.price, _trigger(order))
            case told.TriggerMoved():
                self._amended(order, time, order.quantity, order.price, change.trigger_price)
        if not order.is_live:
            self._forget(order)

    def _filled(self, order: Order, fill: Fill) -> None:
        instrument = order.instrument
        price = whole(fill.price, instrument.price_decimals)
        quantity = whole(fill.quantity, instrument.quantity_decimals)
        self._desk.hear(
            OrderUpdate(
                order,
                UpdateKind.FILL,
                int(fill.timestamp),
                price,
                quantity,
                is_maker=fill.liquidity is Liquidity.MAKER,
                fee_bps=fee_bps(instrument, fill.fee, price, quantity),
                trade_id=fill.trade_id,
            )
        )

    def _amended(
        self, order: Order, time: int, quantity: Decimal, price: Decimal | None, trigger_price: Decimal | None
    ) -> None:
        prices = order.instrument.price_decimals
        self._hear(
            order,
            UpdateKind.AMENDED,
            time,
            price_units=0 if price is None else whole(price, prices),
            quantity_units=whole(quantity, order.instrument.quantity_decimals),
            trigger_units=0 if trigger_price is None else whole(trigger_price, prices),
        )

    def _settle(self, order: Order, state: State) -> None:
        """Bring an order to where a look-up says that it is; its fills were told."""
        if state.filled_quantity != order.filled:
            raise LiveError(
                f"the exchange tells no more how order {state.order_id} was filled: {state.filled_quantity} instead of"
                f" {order.filled}. The position is not known."
            )
        self._prevented[order] = state.prevented_quantity
        if state.status is OrderStatus.REJECTED:
            self._hear(order, UpdateKind.REJECTED, state.updated, reason=state.reason or "")
        elif state.done:
            left = state.quantity - state.filled_quantity - state.prevented_quantity
            if state.status is OrderStatus.CANCELED:
                units = whole(left, order.instrument.quantity_decimals)
                self._hear(order, UpdateKind.CANCELED, state.updated, quantity_units=units, reason=state.reason or "")
        else:
            quantity = state.filled_quantity + state.remaining_quantity
            if (quantity, state.price, state.trigger_price) != (order.quantity, order.price, _trigger(order)):
                self._amended(order, state.updated, quantity, state.price, state.trigger_price)
        if not order.is_live:
            self._forget(order)

    def _hear(
        self,
        order: Order,
        kind: UpdateKind,
        time: int,
        *,
        price_units: int = 0,
        quantity_units: int = 0,
        trigger_units: int = 0,
        reason: str = "",
    ) -> None:
        self._desk.hear(
            OrderUpdate(order, kind, int(time), price_units, quantity_units, str(reason), trigger_units=trigger_units)
        )

    def _forget(self, order: Order) -> None:
        self._sent.pop(self.name_of(order), None)
        self._known.pop(order.order_id, None)
        self._prevented.pop(order, None)


def _trigger(order: Order) -> Decimal | None:
    return None if order.trigger_units is None else as_decimal(order.trigger_units, order.instrument.price_decimals)

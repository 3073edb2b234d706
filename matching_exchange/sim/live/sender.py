"""Sends what a strategy asks for, one call after the other, so that the exchange takes them in their order."""

import asyncio
from collections import deque
from decimal import Decimal
from typing import Any, Final

from matching_exchange.client.errors import InvalidValue, OutcomeUnknown, RateLimited, Refused, Unavailable
from matching_exchange.client.http.async_client import AsyncClient
from matching_exchange.client.types import words
from matching_exchange.client.types.orders import Order as State
from matching_exchange.sim.kernel.values import Order, OrderUpdate, UpdateKind, as_decimal
from matching_exchange.sim.live.desk import NOT_OPEN, Amending, Canceling, LiveDesk, Placing, Sent
from matching_exchange.sim.live.own import OwnOrders
from protocol.commands import OrderTerms
from protocol.instrument import Instrument
from protocol.units import SelfTradePrevention

RETRY_SECONDS: Final = 0.5
"""Between two attempts to find out what has become of an order."""


class Sender:
    """The queue of one strategy. `run` carries it out until it is canceled.

    A call whose outcome is not known is sent again under the same name until it is; the queue waits for that.
    """

    def __init__(self, client: AsyncClient, desk: LiveDesk, own: OwnOrders) -> None:
        self._client = client
        self._desk = desk
        self._own = own
        self.placing: Order | None = None
        """The order whose placing has begun and is not answered."""
        self.sequence = 0
        """Of the last command that an answer has told of."""
        self._queue: deque[Sent] = deque()
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def send(self, sent: Sent) -> None:
        self._queue.append(sent)
        self._idle.clear()
        self._more.set()

    def drop(self) -> None:
        """Forget what waits: orders that were never sent are refused."""
        waiting, self._queue = self._queue, deque()
        for sent in waiting:
            if isinstance(sent, Placing):
                self._own.refused(sent.order, "ended")

    async def idle(self) -> None:
        """Wait until all is sent and answered."""
        await self._idle.wait()

    async def run(self) -> None:
        while True:
            while self._queue:
                match self._queue.popleft():
                    case Placing(order, terms):
                        self.placing = order
                        await self._place(order, terms)
                        self.placing = None
                    case Canceling(order):
                        await self._change(order, UpdateKind.CANCEL_FAILED, None)
                    case Amending(order) as amending:
                        await self._change(order, UpdateKind.AMEND_FAILED, _changes(amending))
            self._idle.set()
            self._more.clear()
            await self._more.wait()

    async def _place(self, order: Order, terms: OrderTerms | None) -> None:
        self._own.sending(order)
        fields = _fields(order, terms)
        maybe_placed = False
        while True:
            try:
                state = await self._client.place(
                    order.symbol,
                    words.Side[order.side.name],
                    words.OrderType[order.order_type.name],
                    client_order_id=self._own.name_of(order),
                    **fields,
                )
                self._answered(state)
                return
            except OutcomeUnknown:
                maybe_placed = True
            except (Refused, InvalidValue) as error:
                self._own.refused(order, error.code)
                return
            except (RateLimited, Unavailable) as error:
                if not maybe_placed:
                    self._own.refused(order, error.code)
                    return
            await asyncio.sleep(RETRY_SECONDS)

    async def _change(self, order: Order, failed: UpdateKind, fields: dict[str, Any] | None) -> None:
        """Amend an order to these fields; None cancels it."""
        maybe_done = False
        while order.is_live:
            name = self._own.name_of(order)
            try:
                if fields is None:
                    state = await self._client.cancel(client_order_id=name)
                else:
                    state = await self._client.amend(client_order_id=name, **fields)
                self._answered(state)
                return
            except OutcomeUnknown:
                maybe_done = True
            except (Refused, InvalidValue) as error:
                if not (maybe_done and error.code == NOT_OPEN):
                    self._fail(order, failed, error.code)
                return
            except (RateLimited, Unavailable) as error:
                if not maybe_done:
                    self._fail(order, failed, error.code)
                    return
            await asyncio.sleep(RETRY_SECONDS)
        if not maybe_done:
            self._fail(order, failed, NOT_OPEN)

    def _answered(self, state: State) -> None:
        self.sequence = max(self.sequence, state.updated_sequence)

    def _fail(self, order: Order, kind: UpdateKind, reason: str) -> None:
        self._desk.failed(OrderUpdate(order, kind, self._desk.now, reason=reason))


def _fields(order: Order, terms: OrderTerms | None) -> dict[str, Any]:
    """What the order's call takes beside its name."""
    instrument = order.instrument
    fields: dict[str, Any] = {"quantity": order.quantity, "price": order.price}
    fields["trigger_price"] = _price(instrument, order.trigger_units)
    if terms is not None:
        prevention = terms.self_trade_prevention
        fields |= {
            "post_only": terms.post_only or None,
            "self_trade_prevention": None if prevention is SelfTradePrevention.NONE else prevention.name.lower(),
            "expire_time": terms.expire_time or None,
            "display_quantity": _quantity(instrument, terms.display_quantity),
            "trailing_bps": terms.trailing_bps,
            "trailing_amount": _price(instrument, terms.trailing_amount),
            "activation_price": _price(instrument, terms.activation_price),
            "max_slippage_bps": terms.max_slippage_bps,
            "reject_if_triggered": terms.reject_if_triggered or None,
            "time_in_force": terms.time_in_force.name.lower() if terms.time_in_force.value else None,
            "tag": terms.tag,
        }
    return {name: value for name, value in fields.items() if value is not None}


def _changes(amending: Amending) -> dict[str, Any]:
    instrument = amending.order.instrument
    fields = {
        "quantity": _quantity(instrument, amending.quantity_units),
        "price": _price(instrument, amending.price_units),
        "trigger_price": _price(instrument, amending.trigger_units),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _price(instrument: Instrument, units: int | None) -> Decimal | None:
    return None if units is None else as_decimal(units, instrument.price_decimals)


def _quantity(instrument: Instrument, units: int | None) -> Decimal | None:
    return None if units is None else as_decimal(units, instrument.quantity_decimals)

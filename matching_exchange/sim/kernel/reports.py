"""What commands have caused for the orders of agents: updates for them, and rows of the record."""

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from matching_exchange.sim.kernel.rows import Rows
from matching_exchange.sim.kernel.ticket import Ticket
from matching_exchange.sim.kernel.values import OrderUpdate, UpdateKind
from matching_exchange.sim.kernel.venue import Venue
from protocol.events import (
    CommandRefused,
    Event,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderPlaced,
    OrderReduced,
    OrderRejected,
    OrderTriggered,
    Trade,
    TriggerMoved,
)
from protocol.order_types import WAITS
from protocol.units import OrderStatus, Reason, Refusal

if TYPE_CHECKING:
    from matching_exchange.sim.kernel.desk import Desk


def _words(numbers: type[IntEnum]) -> list[str]:
    """The words of an enumeration, each at the place of its number."""
    named = {int(number): number.name.lower() for number in numbers}
    return [named.get(number, "") for number in range(max(named) + 1)]


FILLED: Final = int(OrderStatus.FILLED)
CANCELED: Final = int(OrderStatus.CANCELED)
REJECTED: Final = int(OrderStatus.REJECTED)
OPEN: Final = int(OrderStatus.OPEN)
PENDING: Final = int(OrderStatus.PENDING)

FILL: Final = UpdateKind.FILL
ACCEPTED: Final = UpdateKind.ACCEPTED
TOLD_CANCELED: Final = UpdateKind.CANCELED
AMENDED: Final = UpdateKind.AMENDED

REASONS: Final = tuple(_words(Reason))
REFUSALS: Final = tuple(_words(Refusal))
"""The words of the native API, by number."""

Told = list[tuple["Desk", list[OrderUpdate]]]


class Reports:
    """Knows the live orders of agents by their order_ids."""

    __slots__ = ("_desks", "_fills", "_live", "_orders", "_venue")

    def __init__(self, venue: Venue, desks: list["Desk"], orders: Rows, fills: Rows) -> None:
        self._venue = venue
        self._desks = desks
        self._live: dict[int, Ticket] = {}
        self._orders = orders
        self._fills = fills

    def entered(self, ticket: Ticket, event: Event, time: int) -> list[OrderUpdate]:
        """The update for a new order's first event."""
        if type(event) is OrderPlaced:
            ticket.venue_id = event.order_id
            ticket.state = PENDING if WAITS[ticket.order_type] else OPEN
            self._live[event.order_id] = ticket
            return [OrderUpdate(ticket, ACCEPTED, time)]
        if type(event) is OrderRejected:
            ticket.venue_id = event.order_id
            self._end(ticket, REJECTED, time)
            return [OrderUpdate(ticket, UpdateKind.REJECTED, time, reason=REASONS[int(event.reason)])]
        assert type(event) is CommandRefused, "a new order is placed, rejected or refused"
        self._end(ticket, 0, time)
        return [OrderUpdate(ticket, UpdateKind.REFUSED, time, reason=REFUSALS[int(event.refusal)])]

    def refusal(self, ticket: Ticket, events: Sequence[Event], kind: UpdateKind, time: int) -> OrderUpdate | None:
        """The update if the exchange has refused to change an order."""
        event = events[0] if events else None
        if type(event) is CommandRefused:
            return OrderUpdate(ticket, kind, time, reason=REFUSALS[int(event.refusal)])
        return None

    def canceled(self, ticket: Ticket, event: OrderCanceled, time: int) -> OrderUpdate:
        """The update for an order that is canceled."""
        self._end(ticket, CANCELED, time)
        return OrderUpdate(ticket, TOLD_CANCELED, time, 0, event.quantity, REASONS[int(event.reason)])

    def rests(self, ticket: Ticket, time: int) -> None:
        """Note that an order has begun to rest, if it does."""
        if ticket.measured and self._venue.rests(ticket.venue_id):
            ticket.rested_at = time
            ticket.ahead = self._venue.ahead(ticket.venue_id)

    def told(self, events: Sequence[Event], time: int, sender: "Desk | None", own: list[OrderUpdate] | None) -> Told:
        """The updates of each agent, in their order; the sender's first."""
        told: Told = []
        mine: list[OrderUpdate] = [] if own is None else own
        if sender is not None:
            told.append((sender, mine))
        live = self._live
        triggered: list[Ticket] = []
        for event in events:
            if type(event) is Trade:
                maker, taker = live.get(event.maker_order_id), live.get(event.taker_order_id)
                if taker is not None:
                    self._add(told, mine, sender, taker, self._fill(taker, event, time, is_maker=False))
                if maker is not None:
                    self._add(told, mine, sender, maker, self._fill(maker, event, time, is_maker=True))
                continue
            if type(event) is OrderPlaced:
                continue
            found = self._other(event, time)
            if found is not None:
                self._add(told, mine, sender, found[0], found[1])
                if type(event) is OrderTriggered:
                    triggered.append(found[0])
        for ticket in triggered:
            if not ticket.done_at:
                self.rests(ticket, time)
        if sender is not None and not mine:
            told.pop(0)
        return told

    def close(self) -> None:
        """Write down the orders that still live, and those that are on their way."""
        for ticket in self._live.values():
            if ticket.measured:
                self._orders.add(ticket.row())
        for desk in self._desks:
            for ticket in desk.on_their_way():
                if ticket.measured:
                    self._orders.add(ticket.row())
        self._orders.flush()
        self._fills.flush()

    def _add(
        self, told: Told, mine: list[OrderUpdate], sender: "Desk | None", ticket: Ticket, update: OrderUpdate
    ) -> None:
        desk = self._desks[ticket.agent]
        if desk is sender:
            mine.append(update)
        elif told and told[-1][0] is desk:
            told[-1][1].append(update)
        else:
            told.append((desk, [update]))

    def _fill(self, ticket: Ticket, event: Trade, time: int, *, is_maker: bool) -> OrderUpdate:
        quantity, price = event.quantity, event.price
        fee_bps = event.maker_fee_bps if is_maker else event.taker_fee_bps
        ticket.left -= quantity
        ticket.done += quantity
        ticket.value += quantity * price
        if not ticket.first_fill_at:
            ticket.first_fill_at = time
        if ticket.measured:
            side = int(ticket.side)
            maker = 1 if is_maker else 0
            self._fills.add(
                (
                    time,
                    ticket.agent,
                    ticket.number,
                    ticket.market,
                    side,
                    price,
                    quantity,
                    fee_bps,
                    maker,
                    event.trade_id,
                )
            )
        if ticket.left <= 0:
            self._end(ticket, FILLED, time)
        return OrderUpdate(ticket, FILL, time, price, quantity, "", is_maker, fee_bps, event.trade_id)

    def _other(self, event: Event, time: int) -> tuple[Ticket, OrderUpdate] | None:
        """The order that an event is about, with its update; None if no agent hears of it."""
        if type(event) is OrderCanceled:
            ticket = self._live.get(event.order_id)
            return None if ticket is None else (ticket, self.canceled(ticket, event, time))
        if type(event) is OrderTriggered:
            ticket = self._live.get(event.order_id)
            if ticket is None:
                return None
            ticket.state = OPEN
            return ticket, OrderUpdate(ticket, UpdateKind.TRIGGERED, time)
        if type(event) is OrderAmended:
            ticket = self._live.get(event.order_id)
            if ticket is None:
                return None
            # The exchange's total has in it what self-trade prevention took off.
            ticket.left = event.quantity - ticket.prevented - ticket.done
            ticket.venue_price, ticket.venue_trigger = event.price or 0, event.trigger_price or 0
            return ticket, _amended(ticket, time)
        if type(event) is OrderReduced or type(event) is OrderDecremented:
            ticket = self._live.get(event.order_id)
            if ticket is None:
                return None
            ticket.left -= event.quantity
            if type(event) is OrderDecremented:
                ticket.prevented += event.quantity
            return ticket, _amended(ticket, time)
        if type(event) is TriggerMoved:
            ticket = self._live.get(event.order_id)
            if ticket is None:
                return None
            ticket.venue_trigger = event.trigger_price
            return ticket, _amended(ticket, time)
        return None

    def _end(self, ticket: Ticket, state: int, time: int) -> None:
        ticket.state = state
        ticket.done_at = time
        self._live.pop(ticket.venue_id, None)
        if ticket.measured:
            self._orders.add(ticket.row())


def _amended(ticket: Ticket, time: int) -> OrderUpdate:
    ticket.venue_quantity = ticket.done + ticket.left
    return OrderUpdate(
        ticket, AMENDED, time, ticket.venue_price, ticket.venue_quantity, trigger_units=ticket.venue_trigger
    )

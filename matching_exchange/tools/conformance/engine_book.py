"""The engine behind the benchmark's messages: each message is one command, each report is read from its events and
answer."""

from typing import Final

from matcher.engine import Engine
from matcher.serving.answers import answer
from matcher.serving.queries import answer_query
from matching_exchange.tools.conformance.messages import (
    BUY,
    CANCEL,
    NEW,
    BookLevels,
    Message,
    cancel_ack,
    cancel_reject,
    modify_ack,
    modify_reject,
    order_ack,
    trade,
)
from protocol.commands import AmendOrder, CancelOrder, Command, DepthQuery, OrderQuery, PlaceOrder, SetInstrument
from protocol.events import CommandRefused, Depth, Event, OrderCanceled, OrderPlaced, OrderState, Trade
from protocol.units import DEFAULT_ACCOUNT, MAX_INTEGER, OrderType, Side

SYMBOL: Final = "BENCHMARK"

INSTRUMENT: Final = SetInstrument(
    SYMBOL,
    price_decimals=0,
    quantity_decimals=0,
    base="SHARE",
    quote="TICK",
    tick_size=1,
    lot_size=1,
    min_quantity=1,
    max_quantity=10**6,
    max_price=10**8,
    min_notional=0,
    maker_fee_bps=0,
    taker_fee_bps=0,
)


class EngineBook:
    """An engine of its own with one instrument. The benchmark reuses ids, the exchange does not: each maps to the last
    order that had it."""

    def __init__(self) -> None:
        self._engine = Engine()
        self._sequence = 0
        self._order_ids: dict[int, int] = {}
        self._ids: dict[int, int] = {}
        self._apply(INSTRUMENT)

    def take(self, message: Message) -> list[str]:
        if message.kind == NEW:
            return self._place(message)
        # An unknown id is sent too: the engine refuses it.
        order_id = self._order_ids.get(message.order_id, MAX_INTEGER)
        return self._cancel(message, order_id) if message.kind == CANCEL else self._modify(message, order_id)

    def levels(self) -> BookLevels:
        depth = answer_query(self._engine.registry, DepthQuery(SYMBOL, MAX_INTEGER))
        assert isinstance(depth, Depth), "the instrument is there"
        return BookLevels(depth.bids, depth.asks)

    def _apply(self, command: Command) -> list[Event]:
        self._sequence += 1
        return self._engine.apply(self._sequence, self._sequence, command)

    def _place(self, message: Message) -> list[str]:
        order_type = OrderType.IOC if message.ioc else OrderType.LIMIT
        side = Side.BUY if message.side == BUY else Side.SELL
        events = self._apply(PlaceOrder(SYMBOL, DEFAULT_ACCOUNT, side, order_type, message.quantity, message.price))
        placed = events[0]
        if not isinstance(placed, OrderPlaced):
            return []
        self._order_ids[message.order_id] = placed.order_id
        self._ids[placed.order_id] = message.order_id
        left = [
            cancel_ack(message, message.side, message.price) for event in events if isinstance(event, OrderCanceled)
        ]
        return [order_ack(message), *self._trades(message, events), *left]

    def _cancel(self, message: Message, order_id: int) -> list[str]:
        command = CancelOrder(order_id)
        state = answer(self._engine.registry, command, self._apply(command))
        if not isinstance(state, OrderState):
            return [cancel_reject(message)]
        assert state.price is not None, "only limit orders rest here"
        return [cancel_ack(message, int(state.side is Side.SELL), state.price)]

    def _modify(self, message: Message, order_id: int) -> list[str]:
        """The benchmark's quantity is what is to rest, an amended one includes what was filled."""
        state = answer_query(self._engine.registry, OrderQuery(order_id))
        filled = state.filled_quantity if isinstance(state, OrderState) else 0
        events = self._apply(AmendOrder(order_id, quantity=filled + message.quantity, price=message.price))
        if isinstance(events[0], CommandRefused):
            return [modify_reject(message)]
        return [*self._trades(message, events), modify_ack(message)]

    def _trades(self, message: Message, events: list[Event]) -> list[str]:
        return [
            trade(message, event.price, event.quantity, self._ids[event.maker_order_id])
            for event in events
            if isinstance(event, Trade)
        ]

"""The agents of several instruments, in steps of market time.

Whoever drives a crowd does the same at each step: takes its commands, carries them out in order, and tells it the
answers, then the new trades and the best prices of each instrument. So the same answers give the same commands.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Final, NamedTuple

from msgspec import Struct

from matching_exchange.sim.agents.world import STEP, World
from matching_exchange.sim.chance import Chance
from matching_exchange.sim.kernel.values import Book, Order, OrderUpdate, UpdateKind
from matching_exchange.sim.kernel.values import Trade as Print
from matching_exchange.sim.scenarios.cast import USUAL_CAST, WITNESS, members
from matching_exchange.tools.demo.desk import Desk, Sendable
from protocol.commands import CancelOrder, Command, PlaceOrder
from protocol.events import Answer, CommandRefused, Depth, OrderResult, OrderState, Trade
from protocol.instrument import Instrument, format_decimal
from protocol.units import OrderStatus, Refusal

ACCOUNTS: Final = ("demo-maker-1", "demo-maker-2", "demo-value", "demo-trend", "demo-noise", "demo-large")
"""The accounts of the agents, in the order in which they begin."""

NOT_LIVE: Final = (Refusal.ORDER_NOT_OPEN, Refusal.UNKNOWN_ORDER)


class _Known(Struct):
    """Whose order it is, and what may still trade of it."""

    desk: Desk
    order: Order
    remaining: int


class _Sent(NamedTuple):
    pit: "Pit"
    desk: Desk
    order: Order
    command: Sendable


class Pit:
    """The desks of one instrument, and what they know of it."""

    def __init__(self, instrument: Instrument, desks: Sequence[Desk]) -> None:
        self.instrument = instrument
        self.desks = desks
        self.last_trade_id = 0
        self._known: dict[int, _Known] = {}
        self._ended: list[tuple[Desk, Order, str]] = []

    def answered(self, desk: Desk, order: Order, command: Sendable, answer: Answer, time: int) -> None:
        if isinstance(command, PlaceOrder):
            self._placed(desk, order, answer, time)
        elif isinstance(answer, CommandRefused):
            reason = answer.refusal.name.lower()
            if answer.refusal in NOT_LIVE:
                # What it has traded before is told next.
                self._ended.append((desk, order, reason))
            else:
                failed = UpdateKind.CANCEL_FAILED if isinstance(command, CancelOrder) else UpdateKind.AMEND_FAILED
                desk.hear(OrderUpdate(order, failed, time, reason=reason))
        elif isinstance(command, CancelOrder):
            self._ended.append((desk, order, "requested"))
        elif isinstance(answer, OrderState):
            known = self._known.get(answer.order_id)
            if known is not None:
                known.remaining = answer.quantity - order.filled_units
            price, trigger = answer.price or 0, answer.trigger_price or 0
            desk.hear(OrderUpdate(order, UpdateKind.AMENDED, time, price, answer.quantity, trigger_units=trigger))

    def _placed(self, desk: Desk, order: Order, answer: Answer, time: int) -> None:
        if not isinstance(answer, OrderResult | OrderState):
            reason = answer.refusal.name.lower() if isinstance(answer, CommandRefused) else ""
            desk.hear(OrderUpdate(order, UpdateKind.REFUSED, time, reason=reason))
            return
        reason = "" if answer.reason is None else answer.reason.name.lower()
        if answer.status is OrderStatus.REJECTED:
            desk.hear(OrderUpdate(order, UpdateKind.REJECTED, time, reason=reason))
            return
        order.order_id = answer.order_id
        desk.hear(OrderUpdate(order, UpdateKind.ACCEPTED, time))
        live = answer.resting or answer.status is OrderStatus.PENDING
        remaining = order.quantity_units if live else answer.filled_quantity
        if remaining:
            self._known[answer.order_id] = _Known(desk, order, remaining)
        if not live and answer.status is not OrderStatus.FILLED:
            # Its trades are told first.
            self._ended.append((desk, order, reason))

    def saw(self, trades: Sequence[Trade], depth: Depth, time: int) -> None:
        """The trades after `last_trade_id`, and the best levels."""
        prints: list[Print] = []
        for trade in trades:
            self.last_trade_id = trade.trade_id
            shown = Print(self.instrument, trade.trade_id, time, trade.aggressor_side, trade.price, trade.quantity)
            prints.append(shown)
            self._filled(trade.maker_order_id, trade, time, is_maker=True)
            self._filled(trade.taker_order_id, trade, time, is_maker=False)
        for desk, order, reason in self._ended:
            self._known.pop(order.order_id, None)
            if order.is_live:
                remaining = order.remaining_units
                desk.hear(OrderUpdate(order, UpdateKind.CANCELED, time, 0, remaining, reason))
        self._ended.clear()
        self._show(prints, Book(self.instrument, time, tuple(depth.bids), tuple(depth.asks)))

    def _show(self, prints: Sequence[Print], book: Book) -> None:
        for desk in self.desks:
            changed = (book.bids_units, book.asks_units) != (desk.known_book.bids_units, desk.known_book.asks_units)
            desk.known_book = book
            for shown in prints:
                desk.known_trade = shown
                if desk.hears_trades:
                    desk.strategy.on_trade(desk, shown)
            if changed and desk.hears_books:
                desk.strategy.on_book(desk, book)

    def _filled(self, order_id: int, trade: Trade, time: int, *, is_maker: bool) -> None:
        known = self._known.get(order_id)
        if known is None:
            return
        known.remaining -= trade.quantity
        if known.remaining <= 0:
            del self._known[order_id]
        known.desk.hear(
            OrderUpdate(
                known.order,
                UpdateKind.FILL,
                time,
                trade.price,
                trade.quantity,
                is_maker=is_maker,
                fee_bps=trade.maker_fee_bps if is_maker else trade.taker_fee_bps,
                trade_id=trade.trade_id,
            )
        )

    def clear(self, time: int) -> None:
        """No order of the desks is live any more."""
        self._known.clear()
        self._ended.clear()
        for desk in self.desks:
            for order in desk.orders():
                desk.hear(OrderUpdate(order, UpdateKind.CANCELED, time, 0, order.remaining_units))


class Crowd:
    """All agents.

    bases: the instruments, and the prices to which their values are drawn back, in the price unit.
    starts: the values at which some begin, by symbol; the others begin at their base.
    run: begins the names of all orders. No other run on the same exchange may have it.
    """

    def __init__(
        self,
        bases: Sequence[tuple[Instrument, int]],
        seed: str,
        run: str,
        starts: Mapping[str, int] | None = None,
    ) -> None:
        self.time = 0
        """Market time since the beginning, in nanoseconds."""
        self.now = 0
        """That of the agent whose turn it is."""
        self._seed = seed
        self._run = run
        prices = [(each, format_decimal(base, each.price_decimals)) for each, base in bases]
        self._world = World(prices, seed, starts=starts)
        self._numbers = 0
        self._wakes: list[tuple[int, int, Desk]] = []
        self._sending: list[_Sent] = []
        self._sent: list[_Sent] = []
        self._begun = False
        self.pits = {instrument.symbol: self._pit(instrument) for instrument, _ in bases}

    def _pit(self, instrument: Instrument) -> Pit:
        symbol = instrument.symbol
        cast = members(instrument, self._world.value(symbol, 0), self._world, USUAL_CAST, amends=True)
        desks = [
            Desk(
                self,
                f"demo-{name}",
                strategy,
                instrument,
                Chance(f"{self._seed}-{symbol}-demo-{name}"),
                f"{self._run}-{instrument.base}-{number}-",
            )
            for number, (name, strategy) in enumerate(cast, 1)
        ]
        assert [desk.name for desk in desks] == [*ACCOUNTS, f"demo-{WITNESS}"], "the accounts are theirs"
        return Pit(instrument, desks)

    def value(self, symbol: str) -> int:
        """What the instrument is worth now."""
        return self._world.value(symbol, self.time)

    def wake(self, desk: Desk, time: int) -> None:
        self._numbers += 1
        heappush(self._wakes, (time, self._numbers, desk))

    def send(self, desk: Desk, order: Order, command: Sendable) -> None:
        self._sending.append(_Sent(self.pits[desk.symbol], desk, order, command))

    def act(self) -> list[Command]:
        """The commands of the next step. `answered` is to be told their answers."""
        if not self._begun:
            self._begun = True
            for pit in self.pits.values():
                for desk in pit.desks:
                    desk.strategy.on_start(desk)
        self.time += STEP
        while self._wakes and self._wakes[0][0] <= self.time:
            time, _, desk = heappop(self._wakes)
            self.now = max(self.now, time)
            desk.strategy.on_wakeup(desk)
        self.now = self.time
        self._sent, self._sending = self._sending, []
        return [sent.command for sent in self._sent]

    def answered(self, answers: Sequence[Answer]) -> None:
        """The answers to the commands of this step, in their order."""
        for sent, answer in zip(self._sent, answers, strict=True):
            sent.pit.answered(sent.desk, sent.order, sent.command, answer, self.time)
        self._sent = []

    def saw(self, trades: Sequence[Trade], depth: Depth) -> None:
        """The trades of a symbol after the last one that was told, and its best levels."""
        self.pits[depth.symbol].saw(trades, depth, self.time)

    def clear(self) -> None:
        """No order of the agents is live any more: they were canceled, or nobody knows."""
        self._sent = []
        self._sending = []
        for pit in self.pits.values():
            pit.clear(self.time)

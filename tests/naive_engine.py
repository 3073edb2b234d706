"""A second matching engine, written to be read rather than to be fast: the oracle for the tests of the real one.

It shares no code with the matcher. All orders stand in one list, each with a ticket, its place in line, drawn anew whenever it loses
it; a queue is a search through that list, sorted. Nothing is ever forgotten. Not known here: LoadBook.
"""

from dataclasses import dataclass
from itertools import count
from typing import Literal

from msgspec.structs import replace

from protocol import commands, events
from protocol.commands import PlaceOrder
from protocol.instrument import Instrument
from protocol.units import DEFAULT_ACCOUNT, InstrumentStatus, OrderType, Reason, Refusal, Side
from tests.naive_checks import RefusedError, changed_instrument, check_fields, check_names, check_terms


@dataclass(eq=False)
class NaiveOrder:
    order_id: int
    entered: PlaceOrder
    state: Literal["pending", "taking", "resting", "done"]
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    ticket: int = 0

    def price_rank(self) -> int:
        """Lower for a better resting price."""
        assert self.price is not None
        return -self.price if self.entered.side is Side.BUY else self.price

    def trigger_distance(self, price: int) -> int:
        """How far a trade at that price is from meeting the trigger; zero or less where it does."""
        assert self.trigger_price is not None
        rises = (self.entered.side is Side.BUY) != (self.entered.order_type is OrderType.TAKE_PROFIT)
        return self.trigger_price - price if rises else price - self.trigger_price


class NaiveEngine:
    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.orders: list[NaiveOrder] = []
        self.last_trades: dict[str, events.Trade] = {}
        self._tickets = count()

    def resting(self, symbol: str, side: Side) -> list[NaiveOrder]:
        """One side of the book, in the order in which it trades."""
        orders = [order for order in self.orders if (order.entered.symbol, order.entered.side, order.state) == (symbol, side, "resting")]
        return sorted(orders, key=lambda order: (order.price_rank(), order.ticket))

    def pending(self, symbol: str) -> list[NaiveOrder]:
        """The orders that wait for their trigger, by entry."""
        orders = [order for order in self.orders if (order.entered.symbol, order.state) == (symbol, "pending")]
        return sorted(orders, key=lambda order: order.ticket)

    def apply(self, sequence: int, time: int, command: commands.Command) -> list[events.Event]:
        self._stamp, self._said, self._takers = (sequence, time), list[events.Event](), list[NaiveOrder]()
        try:
            match command:
                case PlaceOrder():
                    self._place(command)
                case commands.CancelOrder():
                    self._cancel(self._find_live(command), Reason.REQUESTED)
                case commands.CancelAllOrders():
                    self._cancel_all(command)
                case commands.AmendOrder():
                    self._amend(self._find_live(command), command)
                case commands.SetInstrument():
                    instrument = changed_instrument(self.instruments.get(command.symbol), command)
                    self.instruments[command.symbol] = instrument
                    self._said.append(events.InstrumentSet(instrument))
                case commands.RefuseCommand():
                    raise RefusedError(command.refusal, "", command.detail)
                case commands.LoadBook():
                    raise NotImplementedError
        except RefusedError as error:
            return [events.CommandRefused(*error.args)]
        while self._takers:
            self._run(self._takers.pop(0))
        return self._said

    def _place(self, command: PlaceOrder) -> None:
        check_names(command)
        instrument = self.instruments.get(command.symbol)
        if instrument is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        for known in self.orders if command.client_order_id else []:
            if (known.entered.account, known.entered.client_order_id) == (command.account, command.client_order_id):
                if replace(known.entered, deadline=command.deadline) != command:
                    raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT)
                self._said.append(events.OrderDuplicated(known.order_id))
                return
        check_fields(command)
        terms = (command.quantity, command.price, command.trigger_price)
        check_terms(instrument, *terms)
        order = NaiveOrder(len(self.orders) + 1, command, "done", command.quantity, *terms)
        self.orders.append(order)
        if command.deadline and self._stamp[1] > command.deadline:
            self._said.append(events.OrderRejected(order.order_id, Reason.TOO_LATE))
        elif instrument.status is not InstrumentStatus.TRADING:
            self._said.append(events.OrderRejected(order.order_id, Reason["INSTRUMENT_" + instrument.status.name]))
        else:
            self._said.append(events.OrderPlaced(order.order_id))
            self._take(order) if order.trigger_price is None else self._wait(order)

    def _take(self, order: NaiveOrder) -> None:
        order.state = "taking"
        self._takers.append(order)

    def _wait(self, order: NaiveOrder) -> None:
        order.state, order.ticket = "pending", next(self._tickets)
        last = self.last_trades.get(order.entered.symbol)
        if last and order.trigger_distance(last.price) <= 0:
            self._fire(order)

    def _fire(self, order: NaiveOrder) -> None:
        self._said.append(events.OrderTriggered(order.order_id))
        self._take(order)

    def _run(self, taker: NaiveOrder) -> None:
        order_type = taker.entered.order_type
        if order_type is OrderType.FOK and sum(maker.remaining for maker in self._makers(taker)) < taker.remaining:
            self._cancel(taker, Reason.FOK_UNFILLABLE)
            return
        while taker.remaining and (makers := self._makers(taker)):
            self._trade(makers[0], taker)
        if not taker.remaining:
            taker.state = "done"
        elif taker.price is None:
            self._cancel(taker, Reason.NO_LIQUIDITY)
        elif order_type is OrderType.IOC:
            self._cancel(taker, Reason.IOC_REMAINDER)
        else:
            taker.state, taker.ticket = "resting", next(self._tickets)

    def _makers(self, taker: NaiveOrder) -> list[NaiveOrder]:
        """The orders that the taker may trade with, in the order in which it must."""
        book = self.resting(taker.entered.symbol, Side.SELL if taker.entered.side is Side.BUY else Side.BUY)
        return [maker for maker in book if taker.price is None or maker.price_rank() <= -taker.price_rank()]

    def _trade(self, maker: NaiveOrder, taker: NaiveOrder) -> None:
        symbol, quantity = taker.entered.symbol, min(maker.remaining, taker.remaining)
        earlier, instrument = self.last_trades.get(symbol), self.instruments[symbol]
        what = (symbol, earlier.trade_id + 1 if earlier else 1, abs(maker.price_rank()), quantity)
        who = (taker.entered.side, maker.order_id, taker.order_id)
        trade = events.Trade(*what, *who, instrument.maker_fee_bps, instrument.taker_fee_bps, *self._stamp)
        self._said.append(trade)
        self.last_trades[symbol] = trade
        maker.remaining -= quantity
        taker.remaining -= quantity
        if not maker.remaining:
            maker.state = "done"
        fired = [order for order in self.pending(symbol) if order.trigger_distance(trade.price) <= 0]
        if earlier:  # The nearest to the earlier price first; sorting leaves ties as they are, by entry.
            fired.sort(key=lambda order: order.trigger_distance(earlier.price))
        for order in fired:
            self._fire(order)

    def _find_live(self, command: commands.CancelOrder | commands.AmendOrder) -> NaiveOrder:
        name = (command.account or DEFAULT_ACCOUNT, command.client_order_id)
        for order in self.orders:
            if command.order_id is not None:
                found = command.order_id == order.order_id and command.account in (None, order.entered.account)
            else:
                found = command.client_order_id is not None and name == (order.entered.account, order.entered.client_order_id)
            if found:
                if order.state == "done":
                    raise RefusedError(Refusal.ORDER_NOT_OPEN)
                return order
        raise RefusedError(Refusal.UNKNOWN_ORDER)

    def _cancel(self, order: NaiveOrder, reason: Reason) -> None:
        order.state = "done"
        self._said.append(events.OrderCanceled(order.order_id, order.remaining, reason))

    def _cancel_all(self, command: commands.CancelAllOrders) -> None:
        if command.symbol is not None and command.symbol not in self.instruments:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        for order in self.orders:
            if order.state != "done" and order.entered.account == command.account and command.symbol in (None, order.entered.symbol):
                self._cancel(order, Reason.REQUESTED)

    def _amend(self, order: NaiveOrder, command: commands.AmendOrder) -> None:
        instrument = self.instruments[order.entered.symbol]
        if instrument.status is not InstrumentStatus.TRADING:
            raise RefusedError(Refusal["INSTRUMENT_" + instrument.status.name])
        if command.price is not None and order.price is None:
            raise RefusedError(Refusal.PRICE_NOT_ALLOWED)
        if command.trigger_price is not None and order.state != "pending":
            raise RefusedError(Refusal.TRIGGER_PRICE_NOT_ALLOWED)
        before, filled = (order.quantity, order.price, order.trigger_price), order.quantity - order.remaining
        after = (command.quantity or order.quantity, command.price or order.price, command.trigger_price or order.trigger_price)
        check_terms(instrument, *after)
        if after[0] <= filled:
            raise RefusedError(Refusal.QUANTITY_BELOW_FILLED)
        order.quantity, order.price, order.trigger_price = after
        order.remaining = order.quantity - filled
        self._said.append(events.OrderAmended(order.order_id, *after))
        if order.state == "pending" and after[2] != before[2]:
            self._wait(order)
        elif order.state == "resting" and (after[0] > before[0] or after[1] != before[1]):
            self._take(order)

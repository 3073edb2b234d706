"""Writes down a live run in the columns of a simulation's record, so that its result is read the same way."""

from typing import Any

from matching_exchange.client.streams.account import AccountState
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.values import Book, Order, OrderState, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.simulation import QUOTE_EVERY
from protocol.instrument import Instrument

NEVER_TAKEN = (OrderState.SENT, OrderState.REFUSED)


class _Times:
    """Of one order: what its agent does not keep."""

    __slots__ = ("arrival_ask", "arrival_bid", "arrived_at", "done_at", "first_fill_at")

    def __init__(self, book: Book) -> None:
        self.arrival_bid = book.bid_units or 0
        self.arrival_ask = book.ask_units or 0
        self.arrived_at = 0
        self.first_fill_at = 0
        self.done_at = 0


class Recorder:
    """`record` grows with the run. Not known live, and 0 there: what stood before an order when it began to rest."""

    def __init__(self, instruments: list[Instrument], name: str, start: int) -> None:
        self.record = Record(instruments, "live", start, QUOTE_EVERY)
        self.record.agents.append(name)
        self.record.latencies.append("live")
        self.record.balances.append(None)
        self.record.measured.append(True)
        self._places = {instrument.symbol: place for place, instrument in enumerate(instruments)}
        self._orders: dict[Order, _Times] = {}
        self._quoted: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._books: dict[str, Book] = {}
        self._counts = dict.fromkeys(("commands", "trades", "refused"), 0)

    def begins_with(self, account: AccountState) -> None:
        """Note what the account has at the start."""
        if account.ledger:
            totals = ((asset, balance.free + balance.locked) for asset, balance in account.balances.items())
            self.record.balances[0] = {asset: f"{total:f}" for asset, total in totals if total}

    def traded(self, trade: Trade) -> None:
        self._last[trade.symbol] = trade.price_units
        self._counts["trades"] += 1
        place = self._places[trade.symbol]
        row = (trade.time, place, trade.trade_id, trade.price_units, trade.quantity_units, int(trade.side))
        _append(self.record.trades, row)

    def quoted(self, book: Book) -> None:
        self._books[book.symbol] = book
        last = self._quoted.get(book.symbol)
        if last is None or book.time - last >= self.record.quote_every:
            self._quote(book, book.time)

    def noted(self, order: Order, update: OrderUpdate | None, book: Book) -> None:
        """A new order, or what has become of one."""
        if update is None:
            self._counts["commands"] += 1
            self._orders[order] = _Times(book)
            return
        times = self._orders[order]
        match update.kind:
            case UpdateKind.ACCEPTED:
                times.arrived_at = update.time
            case UpdateKind.REFUSED:
                self._counts["refused"] += 1
            case UpdateKind.FILL:
                times.first_fill_at = times.first_fill_at or update.time
                self._filled(order, update)
        if not order.is_live:
            times.done_at = update.time

    def finished(self, end: int) -> Record:
        """The record, complete."""
        for book in self._books.values():
            self._quote(book, end)
        for order, times in self._orders.items():
            if order.status not in NEVER_TAKEN:
                _append(self.record.orders, self._row(order, times))
        self.record.end = end
        self.record.counts = dict(self._counts)
        return self.record

    def _quote(self, book: Book, time: int) -> None:
        self._quoted[book.symbol] = time
        bid, bid_quantity = book.bids_units[0] if book.bids_units else (0, 0)
        ask, ask_quantity = book.asks_units[0] if book.asks_units else (0, 0)
        last = self._last.get(book.symbol, 0)
        _append(self.record.quotes, (time, self._places[book.symbol], bid, ask, last, bid_quantity, ask_quantity))

    def _filled(self, order: Order, update: OrderUpdate) -> None:
        row = (
            update.time,
            0,
            order.number,
            self._places[order.symbol],
            int(order.side),
            update.price_units,
            update.quantity_units,
            update.fee_bps,
            int(update.is_maker),
            update.trade_id,
        )
        _append(self.record.fills, row)

    def _row(self, order: Order, times: _Times) -> tuple[int, ...]:
        return (
            0,
            order.number,
            self._places[order.symbol],
            int(order.side),
            int(order.order_type),
            order.price_units or 0,
            order.quantity_units,
            order.sent_at,
            times.arrived_at,
            # One that has ended as it came has never rested.
            0 if times.done_at == times.arrived_at else times.arrived_at,
            times.first_fill_at,
            times.done_at,
            order.filled_units,
            order.filled_value,
            int(order.status),
            times.arrival_bid,
            times.arrival_ask,
            0,
        )


def _append(table: dict[str, Any], row: tuple[int, ...]) -> None:
    for column, value in zip(table.values(), row, strict=True):
        column.append(value)

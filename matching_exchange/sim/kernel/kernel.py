"""The kernel: virtual time goes from one message to the next, and each comes to whom it is for."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any, Final

from matching_exchange.sim.kernel.desk import Desk
from matching_exchange.sim.kernel.errors import SimulationEndedError, TimeStandsStillError
from matching_exchange.sim.kernel.feeds import Feed, Hearers, Watch, first_levels
from matching_exchange.sim.kernel.record import Record
from matching_exchange.sim.kernel.reports import Reports
from matching_exchange.sim.kernel.rows import Rows
from matching_exchange.sim.kernel.ticket import Ticket
from matching_exchange.sim.kernel.values import Book, OrderUpdate, Trade, UpdateKind
from matching_exchange.sim.kernel.venue import Venue
from protocol.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from protocol.events import Event, OrderCanceled
from protocol.events import Trade as TradeEvent

WAKE: Final = 0
PLACE: Final = 1
CANCEL: Final = 2
AMEND: Final = 3
CANCEL_ALL: Final = 4
HEAR: Final = 5
TRADES: Final = 6
BOOK: Final = 7
TELL: Final = 8
TOLD: Final = 9
FLOW: Final = 10
QUOTE: Final = 11

CANCEL_FAILED: Final = UpdateKind.CANCEL_FAILED
AMEND_FAILED: Final = UpdateKind.AMEND_FAILED

MOST_AT_ONCE: Final = 1_000_000
MOST_OF_ONE: Final = 10_000
"""Messages of one moment at most, and more for each agent."""

MANY: Final = 1_000
"""So many entries that are done leave the list at once."""

UNKNOWN_ORDER: Final = "unknown_order"


class Kernel:
    """now: virtual time, in nanoseconds since 1970.

    venue: the exchange. record: what happens is noted there.
    commands: how many have reached the exchange from agents. trades: how many there were.
    most_at_once: after so many messages of one moment, and more for each agent, time counts as standing still.
    """

    __slots__ = (
        "_at_once",
        "_ended",
        "_flows",
        "_heap",
        "_markets",
        "_moment",
        "_next",
        "_number",
        "_quote_every",
        "_quotes",
        "_records_trades",
        "_reports",
        "_soon",
        "_trades",
        "commands",
        "desks",
        "feeds",
        "most_at_once",
        "now",
        "record",
        "refused",
        "trades",
        "venue",
    )

    def __init__(self, venue: Venue, feeds: dict[str, Feed], record: Record, records_trades: bool) -> None:  # noqa: FBT001  given once
        self.venue = venue
        self.feeds = feeds
        self._markets = list(feeds.values())
        self.record = record
        self.now = record.start
        self.desks: list[Desk] = []
        self.commands = 0
        self.trades = 0
        self.refused = 0
        self._heap: list[Any] = []
        # A list and a place in it: a compiled program handles them faster than a deque.
        self._soon: list[Any] = []
        self._next = 0
        self._number = 0
        self._flows: list[Any] = []
        self._ended = False
        self._at_once = 0
        self._moment = self.now
        self.most_at_once = MOST_AT_ONCE
        self._quote_every: int = record.quote_every
        self._records_trades = records_trades
        self._quotes = Rows(record.quotes)
        self._trades = Rows(record.trades)
        self._reports = Reports(venue, self.desks, Rows(record.orders), Rows(record.fills))

    def schedule(self, time: int, kind: int, first: Any, second: Any = None, third: Any = None) -> None:
        """Put something into the queue. At one time, first come is first done."""
        if time == self.now:
            # All that the heap has for this time came before.
            self._soon.append((kind, first, second, third))
            return
        self._number = number = self._number + 1
        heappush(self._heap, (time, number, kind, first, second, third))

    def add_flow(self, flow: Any) -> None:
        """Let a recorded market play. It has begun."""
        self._flows.append(flow)
        time = flow.next_time()
        if time is not None:
            self.schedule(max(time, self.now), FLOW, flow)

    def look(self) -> None:
        """See how the books stand at the begin."""
        for feed in self._markets:
            self._look(feed, self.now)

    def wake(self, desk: Desk, time: int) -> None:
        self._check_running()
        self.schedule(max(time, self.now), WAKE, desk)

    def send_order(self, desk: Desk, ticket: Ticket, command: PlaceOrder) -> None:
        self._check_running()
        self.schedule(desk.order_wire.arrival(self.now), PLACE, desk, ticket, command)

    def send_cancel(self, desk: Desk, ticket: Ticket) -> None:
        if self._ended:
            # All orders have ended with the run.
            return
        self.schedule(desk.order_wire.arrival(self.now), CANCEL, desk, ticket)

    def send_amend(
        self, desk: Desk, ticket: Ticket, quantity: int | None, price: int | None, trigger_price: int | None
    ) -> None:
        self._check_running()
        self.schedule(desk.order_wire.arrival(self.now), AMEND, desk, ticket, (quantity, price, trigger_price))

    def send_cancel_all(self, desk: Desk, symbol: str | None) -> None:
        if self._ended:
            return
        self.schedule(desk.order_wire.arrival(self.now), CANCEL_ALL, desk, symbol)

    def run_until(self, end: int) -> None:
        """Do all that happens up to that time, the time included."""
        heap, soon, venue = self._heap, self._soon, self.venue
        most = self.most_at_once + MOST_OF_ONE * len(self.desks)
        while True:
            time: int = heap[0][0] if heap else end + 1
            if self._next < len(soon) and time > self.now:
                entry = soon[self._next]
                self._next += 1
                if self._moment != self.now:
                    self._moment, self._at_once = self.now, 0
                self._at_once += 1
                if self._at_once > most:
                    raise TimeStandsStillError(
                        f"more than {most} messages at {self.now}: agents answer without end; give them a latency"
                    )
                if self._next >= MANY:
                    del soon[: self._next]
                    self._next = 0
                self._do(self.now, entry[0], entry[1], entry[2], entry[3])
                continue
            due = venue.due(min(time, end))
            if due >= 0:
                self._advance(due)
            elif time > end:
                break
            else:
                self.now = time
                entry = heappop(heap)
                self._do(time, entry[2], entry[3], entry[4], entry[5])
        if end > self.now:
            self.now = end

    def end(self) -> None:
        """Close the record. Nothing can be sent any more."""
        self._ended = True
        for feed in self.feeds.values():
            self._quote(feed, self.now)
        self._quotes.flush()
        self._trades.flush()
        self._reports.close()
        record = self.record
        record.end = self.now
        record.venue_digest = self.venue.digest()
        record.counts = {"commands": self.commands, "trades": self.trades, "refused": self.refused}
        for flow in self._flows:
            for name, count in flow.counts.items():
                record.counts[name] = record.counts.get(name, 0) + count

    def _check_running(self) -> None:
        if self._ended:
            raise SimulationEndedError("the simulation has ended: on_end cannot send orders")

    def _do(self, time: int, kind: int, first: Any, second: Any, third: Any) -> None:
        if kind == PLACE:
            self._arrive(time, first, second, third)
        elif kind == HEAR:
            desk: Desk = first
            updates: list[OrderUpdate] = second
            for update in updates:
                desk.hear(update)
        elif kind == WAKE:
            woken: Desk = first
            if woken.on_wakeup is not None:
                woken.on_wakeup(woken)
        elif kind == CANCEL:
            self._cancel(time, first, second)
        elif kind == TRADES:
            self._tell_trades(first, second)
        elif kind == BOOK:
            self._tell_book(first, second)
        elif kind == AMEND:
            self._amend(time, first, second, third)
        elif kind == TELL:
            self._throttle(time, first)
        elif kind == TOLD:
            _tell(first, second)
        elif kind == QUOTE:
            noted: Feed = first
            noted.quote_waits = False
            self._quote(noted, time)
        elif kind == CANCEL_ALL:
            self.commands += 1
            command = CancelAllOrders(first.name, second)
            self._spread(time, first, self.venue.apply(time, command), None, None)
        else:
            self._play(time, first)

    def _arrive(self, time: int, desk: Desk, ticket: Ticket, command: PlaceOrder) -> None:
        self.commands += 1
        ticket.arrived_at = time
        events = self.venue.apply(time, command)
        reports = self._reports
        own = reports.entered(ticket, events[0], time)
        if not ticket.venue_id:
            self.refused += 1
            self._report(desk, own, time)
            return
        if len(events) == 1:
            if not ticket.done_at:
                reports.rests(ticket, time)
            self._report(desk, own, time)
            self._look(self._markets[ticket.market], time)
            return
        self._spread(time, desk, events, own, self._markets[ticket.market])
        if not ticket.done_at:
            reports.rests(ticket, time)

    def _cancel(self, time: int, desk: Desk, ticket: Ticket) -> None:
        self.commands += 1
        if not ticket.venue_id:
            self.refused += 1
            failed = OrderUpdate(ticket, CANCEL_FAILED, time, reason=UNKNOWN_ORDER)
            self._report(desk, [failed], time)
            return
        events = self.venue.apply(time, CancelOrder(ticket.venue_id))
        refusal = self._reports.refusal(ticket, events, CANCEL_FAILED, time)
        if refusal is not None:
            self.refused += 1
            self._report(desk, [refusal], time)
            return
        first = events[0]
        if len(events) == 1 and type(first) is OrderCanceled:
            self._report(desk, [self._reports.canceled(ticket, first, time)], time)
            self._look(self._markets[ticket.market], time)
            return
        self._spread(time, desk, events, None, self._markets[ticket.market])

    def _amend(self, time: int, desk: Desk, ticket: Ticket, changes: tuple[int | None, int | None, int | None]) -> None:
        self.commands += 1
        if not ticket.venue_id:
            self.refused += 1
            failed = OrderUpdate(ticket, AMEND_FAILED, time, reason=UNKNOWN_ORDER)
            self._report(desk, [failed], time)
            return
        quantity, price, trigger_price = changes
        command = AmendOrder(ticket.venue_id, None, None, quantity, price, trigger_price)
        events = self.venue.apply(time, command)
        refusal = self._reports.refusal(ticket, events, AMEND_FAILED, time)
        if refusal is not None:
            self.refused += 1
            self._report(desk, [refusal], time)
            return
        self._spread(time, desk, events, None, self._markets[ticket.market])

    def _advance(self, due: int) -> None:
        self.now = max(self.now, due)
        self._spread(self.now, None, self.venue.advance(self.now), None, None)

    def _play(self, time: int, flow: Any) -> None:
        events: Sequence[Event] = flow.play(time)
        self._spread(time, None, events, None, None)
        following = flow.next_time()
        if following is not None:
            self.schedule(max(following, time), FLOW, flow)

    def _spread(
        self,
        time: int,
        desk: Desk | None,
        events: Sequence[Event],
        own: list[OrderUpdate] | None,
        changed: Feed | None,
    ) -> None:
        """Tell what a command has caused: its sender first, then the others, then the public.

        It has changed one symbol, or may have changed any."""
        told = self._reports.told(events, time, desk, own)
        for receiver, updates in told:
            self._report(receiver, updates, time)
        last: Feed | None = None
        trades: list[Trade] = []
        for event in events:
            if type(event) is TradeEvent:
                feed = changed if changed is not None else self.feeds[event.symbol]
                if feed is not last:
                    self._publish(last, trades, time)
                    last, trades = feed, []
                self._note_trade(feed, event)
                if feed.to_tell:
                    trades.append(feed.trade_of(event))
        self._publish(last, trades, time)
        if changed is not None:
            self._look(changed, time)
        else:
            for feed in self.feeds.values():
                self._look(feed, time)

    def _note_trade(self, feed: Feed, event: TradeEvent) -> None:
        self.trades += 1
        feed.traded(event)
        if self._records_trades:
            side = int(event.aggressor_side)
            self._trades.add((event.timestamp, feed.index, event.trade_id, event.price, event.quantity, side))

    def _publish(self, feed: Feed | None, trades: list[Trade], time: int) -> None:
        if feed is not None and trades:
            for hearers in feed.to_tell:
                self.schedule(hearers.wire.arrival(time), TRADES, hearers, trades)

    def _report(self, desk: Desk, updates: list[OrderUpdate], time: int) -> None:
        self.schedule(desk.report_wire.arrival(time), HEAR, desk, updates)

    def _look(self, feed: Feed, time: int) -> None:
        """See whether the book has changed. Tell those who want to hear of it."""
        if not feed.quote_waits:
            # What an instant comes to is noted after all of its commands; what changes sooner, once it may be.
            feed.quote_waits = True
            self.schedule(max(time, feed.next_quote), QUOTE, feed)
        if not feed.captures or not feed.change(self.venue, time):
            return
        book = feed.book
        for hearers in feed.books:
            self.schedule(hearers.wire.arrival(time), BOOK, hearers, book)
        for watch in feed.throttled:
            if not watch.waiting:
                watch.waiting = True
                self.schedule(max(time, watch.next), TELL, watch)

    def _quote(self, feed: Feed, time: int) -> None:
        """Note the quote if it is another one."""
        bids, asks = self.venue.top(feed.symbol, 1)
        bid, bid_quantity = bids[0] if bids else (0, 0)
        ask, ask_quantity = asks[0] if asks else (0, 0)
        quote = bid, ask, feed.last_price, bid_quantity, ask_quantity
        if quote != feed.quoted:
            feed.quoted = quote
            feed.next_quote = time + self._quote_every
            self._quotes.add((time, feed.index, *quote))

    def _throttle(self, time: int, watch: Watch) -> None:
        watch.waiting = False
        watch.next = time + watch.every
        self.schedule(watch.desk.data_wire.arrival(time), TOLD, watch, watch.feed.book)

    def _tell_trades(self, hearers: Hearers, trades: list[Trade]) -> None:
        for desk in hearers.desks:
            for trade in trades:
                desk.on_trade(desk, trade)

    def _tell_book(self, hearers: Hearers, book: Book) -> None:
        for watch in hearers.watches:
            _tell(watch, book)


def _tell(watch: Watch, book: Book) -> None:
    watch.known = known = first_levels(book, watch.levels)
    watch.desk.on_book(watch.desk, known)

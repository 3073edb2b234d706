"""The orders of the naive engine: which stand in line, which wait, and how they end."""

from collections import defaultdict
from fractions import Fraction

from protocol import commands, events
from protocol.instrument import Instrument
from protocol.units import Reason, Refusal, Side
from tests.oracle.naive_checks import RefusedError
from tests.oracle.naive_ledger import Amounts, NaiveLedger
from tests.oracle.naive_order import NaiveAccount, NaiveOrder, NaiveRun, Tickets

Met = tuple[int, int, int, int]

NOBODY: Met = (0, 0, 0, 0)


class NaiveBook:
    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.orders: list[NaiveOrder] = []
        self.taken_ids: list[tuple[NaiveOrder, str]] = []
        self.last_trades: dict[str, events.Trade] = {}
        self.prevented_matches: list[tuple[str, events.PreventedMatch]] = []
        self.accounts: defaultdict[str, NaiveAccount] = defaultdict(NaiveAccount)
        self.limits = commands.SetLimits()
        self.windows: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._tickets = Tickets()
        self.ledgers: dict[str, NaiveLedger] = {}
        self.fees, self.outside, self.deposited = Amounts(Fraction), Amounts(Fraction), Amounts(Fraction)
        self.transfers: dict[tuple[str, str], object] = {}
        self._begin(0, 0)

    def _begin(self, sequence: int, time: int) -> None:
        """What belongs to one command: its stamp, what it has said, who takes next, what its limits leave."""
        self._stamp, self._said, self._takers = (sequence, time), list[events.Event](), list[NaiveOrder]()
        self._trades_left, self._moves = self.limits.trades, 0
        self._cancel_id: str | None = None
        self._run_of_trades = NaiveRun()

    def live(self) -> list[NaiveOrder]:
        """Open and pending orders, oldest first."""
        return [order for order in self.orders if not order.is_done]

    def resting(self, symbol: str, side: Side) -> list[NaiveOrder]:
        """One side of the book, in the order in which it trades."""
        orders = [
            order
            for order in self.orders
            if order.state == "resting" and order.entered.symbol == symbol and order.side is side
        ]
        return sorted(orders, key=lambda order: (order.price_rank(), order.ticket))

    def pending(self, symbol: str) -> list[NaiveOrder]:
        """The orders that wait for their trigger, by entry."""
        orders = [order for order in self.orders if order.state == "pending" and order.entered.symbol == symbol]
        return sorted(orders, key=lambda order: order.ticket)

    def last_price(self, symbol: str) -> int | None:
        trade = self.last_trades.get(symbol)
        return None if trade is None else trade.price

    def _instrument(self, symbol: str) -> Instrument:
        if symbol not in self.instruments:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return self.instruments[symbol]

    def _makers(self, taker: NaiveOrder, price: int | None = None) -> list[NaiveOrder]:
        """The orders that the taker, at another price than its own if need be, may trade with, in the order in which it
        must, those beyond its bound too."""
        book = self.resting(taker.entered.symbol, Side.SELL if taker.side is Side.BUY else Side.BUY)
        limit = price or taker.price
        if limit is None:
            return book
        worst = limit if taker.side is Side.BUY else -limit
        return [maker for maker in book if maker.price_rank() <= worst]

    def _take(self, order: NaiveOrder) -> None:
        order.state = "taking"
        self._takers.append(order)

    # Ends of orders

    def _lower(self, order: NaiveOrder, quantity: int) -> None:
        """So much less remains of it; with nothing left it is done. The quantity of one with a quote_quantity grows
        instead."""
        if order.terms.quote_quantity is not None:
            order.quantity += quantity
            return
        order.remaining -= quantity
        if not order.remaining:
            order.state = "done"

    def _end(self, order: NaiveOrder, quantity: int, reason: Reason, met: Met = NOBODY) -> None:
        """`met`: which order of its own account it met, at which price, how much that has taken off it, and the number
        of the match."""
        order.state, order.reason = "done", reason
        self._said.append(events.OrderCanceled(order.order_id, quantity, reason, self._cancel_id, *met))
        by_user = reason in (Reason.REQUESTED, Reason.CANCEL_AFTER)
        self._cancel_partner(order, Reason.OCO_CANCELED if by_user else Reason.OCO)

    def _cancel(self, order: NaiveOrder, reason: Reason) -> None:
        self._end(order, order.remaining, reason)

    def _cancel_each(self, orders: list[NaiveOrder], reason: Reason) -> None:
        for order in orders:
            if not order.is_done:  # The other leg of its OCO may have ended it before its turn.
                self._cancel(order, reason)

    def _cancel_partner(self, order: NaiveOrder, cause: Reason) -> None:
        """An order that has ended, or fired, ends the other leg of its OCO, and is bound to it no more."""
        partner = order.partner
        if partner is not None:
            order.partner = partner.partner = None
            if not partner.is_done:
                self._cancel(partner, cause if order.ends_its_partner else Reason.OCO)

    def _reduce_partner(self, order: NaiveOrder, partner: NaiveOrder, quantity: int, *, traded: bool) -> None:
        """A leg of an OCO has traded, or lost without a trade, so much."""
        if order.remaining and not (traded and order.ends_its_partner):
            partner.quantity -= quantity
            partner.remaining -= quantity
            self._said.append(events.OrderReduced(partner.order_id, quantity))
        else:
            self._cancel_partner(order, Reason.OCO_TRIGGERED)

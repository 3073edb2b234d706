"""Orders of the naive engine that wait for a trade: when they fire, and how trailing stops follow the price."""

from protocol import events
from protocol.units import Reason
from tests.oracle.naive_book import NaiveBook
from tests.oracle.naive_order import NaiveOrder


class NaiveTriggers(NaiveBook):
    def _wait(self, order: NaiveOrder) -> None:
        order.state, order.ticket = "pending", next(self._tickets)
        last = self.last_price(order.entered.symbol)
        if order.trails:
            activation = order.terms.activation_price
            order.active = activation is None or activation == last
        elif last is not None and order.trigger_distance(last) <= 0:
            self._fire(order)

    def _fire(self, order: NaiveOrder) -> None:
        order.fired = self._stamp[1]
        self._said.append(events.OrderTriggered(order.order_id))
        self._take(order)
        self._cancel_partner(order, Reason.OCO_TRIGGERED)

    def _look_at_triggers(self, symbol: str, earlier: int | None, price: int) -> None:
        """A trade has printed at that price after one at the earlier price: orders fire, then the trailing stops that
        are left follow."""
        run = self._run_of_trades
        if run.turns(price):
            self._follow_run()
        fired = [order for order in self.pending(symbol) if order.fires(earlier, price)]
        if earlier is not None:  # The nearest to the earlier price first; sorting leaves ties as they are, by entry.
            fired.sort(key=lambda order: order.trigger_distance(earlier))
        for order in fired:
            self._fire(order)
        behind = run.side_behind(earlier, price)
        for order in self._trailing(symbol):
            order.active = order.active or order.is_activated(earlier, price)
            at_once = order.mark is None or (price != earlier and order.side is not behind)
            if order.active and at_once and order.follows(price) and self._mark(order, price):
                self._say_moved(order)
                if behind is not None:
                    run.moved[order.order_id] = len(run.prices)
        if behind is not None:
            run.symbol, run.behind = symbol, behind
            run.prices.append(price)

    def _trailing(self, symbol: str) -> list[NaiveOrder]:
        trailing = [order for order in self.orders if order.trails and order.state == "pending"]
        return [order for order in trailing if order.entered.symbol == symbol]

    def _mark(self, order: NaiveOrder, price: int) -> bool:
        """Give the order its mark; whether that moves its trigger."""
        order.mark = price
        before, order.trigger_price = (
            order.trigger_price,
            order.trailing_trigger(self.instruments[order.entered.symbol].tick_size),
        )
        if order.trigger_price == before:
            return False
        order.ticket = next(self._tickets)
        return True

    def _say_moved(self, order: NaiveOrder) -> None:
        assert order.trigger_price is not None
        self._moves += 1
        self._said.append(events.TriggerMoved(order.order_id, order.trigger_price))

    def _follow_run(self) -> None:
        """Let the orders that are behind follow the run price by price, and tell of each once, by the trade that moved
        it last."""
        run = self._run_of_trades
        if not run.prices:
            return
        moved: dict[int, int] = {}
        for trade, price in enumerate(run.prices):
            for order in self._trailing(run.symbol):
                if (
                    order.side is run.behind
                    and order.mark is not None
                    and order.follows(price)
                    and self._mark(order, price)
                ):
                    moved[order.order_id] = trade
        last = {**run.moved, **moved}
        for order_id in sorted(last, key=lambda order_id: (last[order_id], order_id)):
            order = self.orders[order_id - 1]
            if order.state == "pending":
                order.ticket = next(self._tickets)
                if order_id in moved:
                    self._say_moved(order)
        run.prices, run.moved = [], {}

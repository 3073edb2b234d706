"""Changes of the naive engine's orders."""

from dataclasses import replace

from protocol import commands, events
from protocol.units import InstrumentStatus, Refusal, Side
from tests.oracle.naive_checks import RefusedError, check_limits
from tests.oracle.naive_ids import NaiveIds
from tests.oracle.naive_locks import NaiveLocks
from tests.oracle.naive_order import NaiveOrder
from tests.oracle.naive_protection import NaiveProtection
from tests.oracle.naive_triggers import NaiveTriggers


class NaiveAmends(NaiveTriggers, NaiveLocks, NaiveProtection, NaiveIds):
    def _amend(self, order: NaiveOrder, command: commands.AmendOrder) -> None:
        instrument = self.instruments[order.entered.symbol]
        if instrument.status is not InstrumentStatus.TRADING:
            raise RefusedError(Refusal["INSTRUMENT_" + instrument.status.name])
        if command.price is not None and order.price is None:
            raise RefusedError(Refusal.PRICE_NOT_ALLOWED)
        if command.trigger_price is not None and (order.state != "pending" or order.trails):
            raise RefusedError(Refusal.TRIGGER_PRICE_NOT_ALLOWED)
        before, gone = (order.quantity, order.price, order.trigger_price), order.quantity - order.remaining
        after = (
            command.quantity or order.quantity,
            command.price or order.price,
            command.trigger_price or order.trigger_price,
        )
        more, other_price, other_trigger = after[0] - before[0], after[1] != before[1], after[2] != before[2]
        check_limits(instrument, after[0], after[1], None if order.trails else after[2])
        self._check_protection(order, after[0], after[1])
        self._check_parts(order, more)
        if after[0] <= gone:
            raise RefusedError(Refusal.QUANTITY_BELOW_FILLED)
        if order.state == "pending" and other_trigger and order.terms.reject_if_triggered:
            self._check_moved(replace(order, trigger_price=after[2]))
        loses_place = order.state == "resting" and (more > 0 or other_price)
        if loses_place and order.terms.post_only and self._makers(order, after[1]):
            raise RefusedError(Refusal.POST_ONLY_WOULD_CROSS)
        if order.partner is not None:
            self._check_legs(order, after[1:], order.partner)
        self._check_rename(order, command.new_client_order_id)
        self._check_lock(order, after[1:], more)
        order.quantity, order.price, order.trigger_price = after
        order.remaining = order.quantity - gone
        order.slice = min(order.slice, order.remaining)
        ids = self._rename(order, command.new_client_order_id)
        self._said.append(events.OrderAmended(order.order_id, *after, *ids))
        if order.partner is not None and more:
            self._amend_partner(order.partner, more)
        if order.state == "pending" and other_trigger:
            self._wait(order)
        elif loses_place:
            self._take(order)

    def _check_legs(self, order: NaiveOrder, prices: tuple[int | None, int | None], partner: NaiveOrder) -> None:
        """The limit leg of an OCO, or the trigger of its take-profit leg, stays beyond the trigger of the stop leg."""
        changed = replace(order, price=prices[0], trigger_price=prices[1])
        is_first = order.order_id == order.oco_id
        first, stop = (changed, partner) if is_first else (partner, changed)
        price = first.trigger_price if first.waits else first.price
        assert price is not None and stop.trigger_price is not None
        if price <= stop.trigger_price if order.side is Side.SELL else price >= stop.trigger_price:
            at_price = is_first and not first.waits
            raise RefusedError(Refusal.PRICE_ON_WRONG_SIDE if at_price else Refusal.TRIGGER_PRICE_ON_WRONG_SIDE)

    def _check_parts(self, order: NaiveOrder, more: int) -> None:
        """Refuse an iceberg of so much more that shows more than its quantity, or has too many parts; the other leg of
        its OCO has as much more."""
        display = order.terms.display_quantity
        if display is not None and order.quantity + more < display <= order.quantity:
            raise RefusedError(Refusal.DISPLAY_QUANTITY_TOO_LARGE)
        legs = [order] if order.partner is None else [order, order.partner]
        for leg in legs if more > 0 else []:
            display = leg.terms.display_quantity
            if display is not None and leg.quantity + more > display * self.limits.iceberg_parts:
                raise RefusedError(Refusal.DISPLAY_QUANTITY_TOO_SMALL)

    def _check_moved(self, moved: NaiveOrder) -> None:
        if moved.would_fire(self.last_price(moved.entered.symbol)):
            raise RefusedError(Refusal.WOULD_TRIGGER_IMMEDIATELY)

    def _check_lock(self, order: NaiveOrder, prices: tuple[int | None, int | None], more: int) -> None:
        """Refuse to lock more for the order, or for it and the other leg of its OCO, than its account has free."""
        if order.account not in self.ledgers:
            return
        price, trigger_price = prices
        legs = [order] if order.partner is None else [order, order.partner]
        changed = [replace(leg, remaining=leg.remaining + more) for leg in legs]
        changed[0] = replace(changed[0], price=price, trigger_price=trigger_price)
        difference = self._lock_of(*changed) - self._lock_of(*legs)
        if difference > self.free(order.account, self.asset_of(order)):
            raise RefusedError(Refusal.INSUFFICIENT_BALANCE)

    def _amend_partner(self, partner: NaiveOrder, more: int) -> None:
        """The quantity of the other leg of an OCO was changed by so much."""
        partner.quantity += more
        partner.remaining += more
        partner.slice = min(partner.slice, partner.remaining)
        if more > 0 and partner.state == "resting":
            partner.ticket = next(self._tickets)
            partner.show_next_slice()
        self._said.append(events.OrderAmended(partner.order_id, partner.quantity, partner.price, partner.trigger_price))

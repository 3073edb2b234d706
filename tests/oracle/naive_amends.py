"""Changes of the naive engine's orders."""

from dataclasses import replace

from protocol import commands, events
from protocol.units import InstrumentStatus, OrderType, Refusal
from tests.oracle.naive_checks import RefusedError, check_legs, check_limits
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
        if command.trigger_price is not None and (
            order.state != "pending" or order.entered.order_type is OrderType.TRAILING_STOP
        ):
            raise RefusedError(Refusal.TRIGGER_PRICE_NOT_ALLOWED)
        before, gone = (order.quantity, order.price, order.trigger_price), order.quantity - order.remaining
        after = (
            command.quantity or order.quantity,
            command.price or order.price,
            command.trigger_price or order.trigger_price,
        )
        more, other_price, other_trigger = after[0] - before[0], after[1] != before[1], after[2] != before[2]
        follows = order.entered.order_type is OrderType.TRAILING_STOP
        check_limits(instrument, after[0], after[1], None if follows else after[2])
        self._check_protection(order, after[0], after[1])
        if order.terms.display_quantity is not None and order.terms.display_quantity > after[0]:
            raise RefusedError(Refusal.DISPLAY_QUANTITY_TOO_LARGE)
        if (
            order.terms.display_quantity is not None
            and more > 0
            and after[0] > order.terms.display_quantity * self.limits.iceberg_parts
        ):
            raise RefusedError(Refusal.DISPLAY_QUANTITY_TOO_SMALL)
        if after[0] <= gone:
            raise RefusedError(Refusal.QUANTITY_BELOW_FILLED)
        if order.partner is not None:
            check_legs(order.side, after[1:], (order.partner.price, order.partner.trigger_price))
        loses_place = order.state == "resting" and (more > 0 or other_price)
        if loses_place and order.terms.post_only and self._makers(order, after[1]):
            raise RefusedError(Refusal.POST_ONLY_WOULD_CROSS)
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
        if more > 0 and partner.state == "resting":
            partner.ticket = next(self._tickets)
        self._said.append(events.OrderAmended(partner.order_id, partner.quantity, partner.price, partner.trigger_price))

"""New orders of the naive engine: what is refused, what is rejected, and what then takes or waits."""

from fractions import Fraction
from math import floor

from protocol import events
from protocol.commands import CancelReplace, OrderTerms, PlaceOco, PlaceOrder
from protocol.units import (
    NAME_LENGTH,
    STOP_LEG_SUFFIX,
    InstrumentStatus,
    OrderType,
    Reason,
    Refusal,
    Side,
)
from tests.oracle.naive_accounts import NaiveAccounts
from tests.oracle.naive_checks import (
    RefusedError,
    check_fields,
    check_limits,
    check_name,
    check_oco,
    check_sides,
    check_terms,
)
from tests.oracle.naive_ids import NaiveIds
from tests.oracle.naive_locks import quantity_of, value_of, with_fee
from tests.oracle.naive_matching import NaiveMatching
from tests.oracle.naive_order import NaiveOrder, same_order
from tests.oracle.naive_protection import NaiveProtection


class NaiveEntry(NaiveMatching, NaiveAccounts, NaiveProtection, NaiveIds):
    def _place(self, command: PlaceOrder) -> None:
        known = self._find_sent(command)
        if known is not None:
            self._said.append(events.OrderDuplicated(known.order_id))
            return
        self._check_new(command)
        self._check_id_free(command.account, command.client_order_id, open_only=command.open_only_client_order_id)
        self._check_account(command.account)
        terms = command.terms or OrderTerms()
        order = self._enter(command)
        reason = self._why_rejected(command) or self._why_protected(order)
        if reason is None and command.order_type is OrderType.LIMIT and terms.post_only and self._makers(order):
            reason = Reason.POST_ONLY_WOULD_CROSS
        reason = reason or self._why_too_many(order) or self._why_short(order)
        if reason is not None:
            self._reject(order, reason)
            return
        self._take_id(order)
        self._set_budget(order)
        self._said.append(events.OrderPlaced(order.order_id))
        if command.trigger_price is None and command.order_type is not OrderType.TRAILING_STOP:
            self._take(order)
        else:
            self._wait(order)

    def _place_oco(self, command: PlaceOco) -> None:
        check_name("account", command.account)
        check_name("client_order_id", command.client_order_id)
        stop_name = command.client_order_id and command.client_order_id + STOP_LEG_SUFFIX
        if stop_name and len(stop_name) > NAME_LENGTH:
            raise RefusedError(Refusal.INVALID_NAME, "client_order_id")
        instrument = self._instrument(command.symbol)
        open_only = command.open_only_client_order_id
        names = (command.client_order_id, stop_name)
        known, other = (None if open_only else self._find_known(command.account, name) for name in names)
        if (
            known is not None
            and known.order_id == known.oco_id
            and same_order(known, command)
            and other is not None
            and other.order_id == known.order_id + 1
            and (known.names[0], other.names[0]) == names
        ):
            self._said += [events.OrderDuplicated(known.order_id), events.OrderDuplicated(known.order_id + 1)]
            return
        if known is not None or other is not None:
            raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT)
        check_oco(instrument, command, self._stamp[1])
        check_sides(command, self.last_price(command.symbol))
        for name in names:
            self._check_id_free(command.account, name, open_only=open_only)
        self._check_account(command.account)
        terms = OrderTerms(self_trade_prevention=command.self_trade_prevention, expire_time=command.expire_time)
        what = (command.symbol, command.account, command.side)
        stop_type = OrderType.STOP_MARKET if command.stop_price is None else OrderType.STOP_LIMIT
        stop_prices = (command.stop_price, command.stop_trigger_price)
        limit_leg = PlaceOrder(
            *what, OrderType.LIMIT, command.quantity, command.price, None, names[0], 0, terms, open_only
        )
        stop_leg = PlaceOrder(*what, stop_type, command.quantity, *stop_prices, stop_name, 0, terms, open_only)
        limit, stop = legs = self._enter(limit_leg), self._enter(stop_leg)
        for leg in legs:
            leg.oco, leg.oco_id = command, limit.order_id
        reason = self._why_rejected(command) or self._why_protected(limit) or self._why_protected(stop)
        reason = reason or self._why_too_many(stop) or self._why_short(*legs)
        if reason is not None:
            for leg in legs:
                self._reject(leg, reason)
            return
        limit.partner, stop.partner = stop, limit
        for leg in legs:
            self._take_id(leg)
        self._said += [events.OrderPlaced(leg.order_id) for leg in legs]
        self._wait(stop)
        self._take(limit)

    def _find_sent(self, command: PlaceOrder) -> NaiveOrder | None:
        """The order that the same command has made; refuses names, and ids that another command has used up."""
        check_name("account", command.account)
        check_name("client_order_id", command.client_order_id)
        self._instrument(command.symbol)
        if command.open_only_client_order_id:
            return None
        known = self._find_known(command.account, command.client_order_id)
        if known is not None and not same_order(known, command):
            raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT)
        return known

    def _check_new(self, command: PlaceOrder) -> None:
        instrument, terms = self._instrument(command.symbol), command.terms or OrderTerms()
        check_fields(command, terms)
        check_limits(instrument, command.quantity, command.price, command.trigger_price)
        check_terms(instrument, command.quantity, terms, self._stamp[1], self.limits.iceberg_parts)

    def _cancel_replace(self, command: CancelReplace) -> None:
        new = command.place
        check_name("cancel_client_order_id", command.cancel.cancel_client_order_id)
        known = self._find_sent(new)
        if known is not None:
            self._said.append(events.OrderDuplicated(known.order_id))
            return
        self._check_new(new)
        self._check_account(new.account)
        reason = self._why_rejected(new) or self._why_priced(self._make(new))
        if reason is not None:
            raise RefusedError(Refusal[reason.name])
        try:
            self._cancel_named(command.cancel)
        except RefusedError as error:
            self._said.append(events.CancelFailed(*error.args))
            if not command.allow_failure:
                return
        self._cancel_id = None
        try:
            self._place(new)
        except RefusedError as error:
            self._said.append(events.PlaceFailed(*error.args))

    def _enter(self, entered: PlaceOrder) -> NaiveOrder:
        order = self._make(entered)
        self.orders.append(order)
        return order

    def _make(self, entered: PlaceOrder) -> NaiveOrder:
        quantity, prices, terms = (
            entered.quantity,
            (entered.price, entered.trigger_price),
            entered.terms or OrderTerms(),
        )
        order = NaiveOrder(len(self.orders) + 1, entered, quantity, quantity, *prices, terms)
        instrument = self.instruments[entered.symbol]
        order.fee_cap = max(instrument.maker_fee_bps, instrument.taker_fee_bps)
        order.names = [entered.client_order_id]
        return order

    def _why_rejected(self, command: PlaceOrder | PlaceOco) -> Reason | None:
        status = self.instruments[command.symbol].status
        if command.deadline and self._stamp[1] > command.deadline:
            return Reason.TOO_LATE
        if status is not InstrumentStatus.TRADING:
            return Reason["INSTRUMENT_" + status.name]
        return Reason.ACCOUNT_SUSPENDED if self.accounts[command.account].suspended else None

    def _why_too_many(self, order: NaiveOrder) -> Reason | None:
        waits = order.trigger_price is not None or order.entered.order_type is OrderType.TRAILING_STOP
        if waits and len(self.pending(order.entered.symbol)) >= self.limits.trigger_orders:
            return Reason.TOO_MANY_TRIGGER_ORDERS
        expiring = [other for other in self.live() if other.terms.expire_time and other is not order]
        too_many = order.terms.expire_time and len(expiring) >= self.limits.expiring_orders
        return Reason.TOO_MANY_EXPIRING_ORDERS if too_many else None

    def _why_short(self, *legs: NaiveOrder) -> Reason | None:
        """Whether the account cannot lock what the order, or the two legs of an OCO, would lock."""
        order = legs[0]
        if order.account not in self.ledgers:
            return None
        is_market = order.entered.order_type is OrderType.MARKET
        needed = self._needed_by_market(order) if is_market else self._lock_of(*legs)
        is_short = needed > self.free(order.account, self.asset_of(order))
        return Reason.INSUFFICIENT_BALANCE if is_short else None

    def _needed_by_market(self, order: NaiveOrder) -> Fraction:
        instrument, quote_quantity = self.instruments[order.entered.symbol], order.terms.quote_quantity
        if order.side is Side.BUY:
            if quote_quantity is not None:
                return value_of(instrument, quote_quantity)
            return self._payment(self._would_trade(order))
        if quote_quantity is not None:
            return quantity_of(instrument, sum(trade.quantity for trade in self._would_trade(order)))
        return quantity_of(instrument, order.quantity)

    def _set_budget(self, order: NaiveOrder) -> None:
        """A quote_quantity that buys spends no more than what its account has free, with the fee."""
        quote_quantity = order.terms.quote_quantity
        if order.account in self.ledgers and order.side is Side.BUY and quote_quantity is not None:
            instrument = self.instruments[order.entered.symbol]
            most = self.free(order.account, instrument.quote) / with_fee(self._rate(order, instrument.taker_fee_bps))
            order.budget = min(quote_quantity, floor(most * 10**instrument.value_decimals))

    def _reject(self, order: NaiveOrder, reason: Reason) -> None:
        order.is_rejected, order.reason = True, reason
        self._said.append(events.OrderRejected(order.order_id, reason))

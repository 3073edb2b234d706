"""A second matching engine, written to be read rather than to be fast: the oracle for the tests of the real one.

It shares no code with the matcher. All orders stand in one list, each with a ticket, its place in line, drawn anew
whenever it loses it; a queue is a search through that list, sorted. Nothing is ever forgotten. Not known here:
LoadBook.
"""

from collections import defaultdict
from itertools import accumulate, count, groupby

from protocol import commands, events
from protocol.commands import OrderTerms, PlaceOco, PlaceOrder
from protocol.instrument import Instrument
from protocol.units import (
    DEFAULT_ACCOUNT,
    NAME_LENGTH,
    STOP_LEG_SUFFIX,
    InstrumentStatus,
    OrderType,
    Reason,
    Refusal,
    SelfTradePrevention,
    Side,
)
from tests.oracle.naive_checks import (
    RefusedError,
    changed_instrument,
    check_fields,
    check_legs,
    check_limits,
    check_name,
    check_oco,
    check_sides,
    check_terms,
)
from tests.oracle.naive_order import NaiveAccount, NaiveOrder, NaiveRun, same_order


class NaiveEngine:
    def __init__(self) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.orders: list[NaiveOrder] = []
        self.last_trades: dict[str, events.Trade] = {}
        self.accounts: defaultdict[str, NaiveAccount] = defaultdict(NaiveAccount)
        self.limits = commands.SetLimits()
        self._tickets = count()

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

    def is_due(self, time: int) -> bool:
        """Whether a command at that time must have an AdvanceTime before it."""
        if any(account.cancel_at is not None and account.cancel_at <= time for account in self.accounts.values()):
            return True
        return any(0 < order.terms.expire_time < time for order in self.live())

    def apply(self, sequence: int, time: int, command: commands.OwnCommand) -> list[events.Event]:
        self._stamp, self._said, self._takers = (sequence, time), list[events.Event](), list[NaiveOrder]()
        self._trades_left, self._moves = self.limits.trades, 0
        self._run_of_trades = NaiveRun()
        try:
            self._dispatch(command)
        except RefusedError as error:
            return [events.CommandRefused(*error.args)]
        while self._takers:
            if self._moves > self.limits.trigger_moves:
                self._trades_left = 0
            self._run(self._takers.pop(0))
        self._follow_run()
        return self._said

    def _dispatch(self, command: commands.OwnCommand) -> None:  # noqa: C901 - one case a command
        match command:
            case PlaceOrder():
                self._place(command)
            case PlaceOco():
                self._place_oco(command)
            case commands.CancelOrder():
                self._cancel(self._find_live(command), Reason.REQUESTED)
            case commands.CancelAllOrders():
                self._cancel_all_orders(command)
            case commands.AmendOrder():
                self._amend(self._find_live(command), command)
            case commands.SetInstrument():
                instrument = changed_instrument(self.instruments.get(command.symbol), command)
                self.instruments[command.symbol] = instrument
                self._said.append(events.InstrumentSet(instrument))
            case commands.SetLimits():
                self.limits = command
            case commands.SetAccountStatus(account, suspended):
                check_name("account", account)
                self._check_account(account)
                self.accounts[account].suspended = suspended
                if suspended:
                    self._cancel_account(account, Reason.ACCOUNT_SUSPENDED, self.limits.cancels)
                self._say_account(account)
            case commands.CancelAfter(account, timeout):
                check_name("account", account)
                self._check_account(account)
                self.accounts[account].cancel_at = self._stamp[1] + timeout if timeout else None
                self._say_account(account)
            case commands.AdvanceTime():
                self._advance()
            case commands.MoveTimers(by):
                timers = sorted(
                    (account.cancel_at, name)
                    for name, account in self.accounts.items()
                    if account.cancel_at is not None
                )
                for cancel_at, name in timers:
                    self.accounts[name].cancel_at = cancel_at + by
                    self._say_account(name)
            case commands.WatchAccount(account):
                check_name("account", account)
                self._said.append(events.AccountWatched(account))
            case commands.RefuseCommand():
                raise RefusedError(command.refusal, "", command.detail)
            case commands.LoadBook():
                raise NotImplementedError

    # New orders

    def _place(self, command: PlaceOrder) -> None:
        check_name("account", command.account)
        check_name("client_order_id", command.client_order_id)
        instrument = self._instrument(command.symbol)
        known = self._find_known(command.account, command.client_order_id)
        if known is not None:
            if not same_order(known, command):
                raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT)
            self._said.append(events.OrderDuplicated(known.order_id))
            return
        terms = command.terms or OrderTerms()
        check_fields(command, terms)
        check_limits(instrument, command.quantity, command.price, command.trigger_price)
        check_terms(instrument, command.quantity, terms, self._stamp[1], self.limits.iceberg_parts)
        self._check_account(command.account)
        order = self._enter(command)
        reason = self._why_rejected(command)
        if reason is None and command.order_type is OrderType.LIMIT and terms.post_only and self._makers(order):
            reason = Reason.POST_ONLY_WOULD_CROSS
        reason = reason or self._why_too_many(order)
        if reason is not None:
            self._reject(order, reason)
            return
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
        known = self._find_known(command.account, command.client_order_id)
        if known is not None and known.order_id == known.oco_id and same_order(known, command):
            self._said += [events.OrderDuplicated(known.order_id), events.OrderDuplicated(known.order_id + 1)]
            return
        if known is not None or self._find_known(command.account, stop_name) is not None:
            raise RefusedError(Refusal.CLIENT_ORDER_ID_CONFLICT)
        check_oco(instrument, command, self._stamp[1])
        check_sides(command, self.last_price(command.symbol))
        self._check_account(command.account)
        terms = OrderTerms(self_trade_prevention=command.self_trade_prevention, expire_time=command.expire_time)
        what = (command.symbol, command.account, command.side)
        stop_type = OrderType.STOP_MARKET if command.stop_price is None else OrderType.STOP_LIMIT
        stop_prices = (command.stop_price, command.stop_trigger_price)
        limit_leg = PlaceOrder(
            *what, OrderType.LIMIT, command.quantity, command.price, None, command.client_order_id, terms=terms
        )
        stop_leg = PlaceOrder(*what, stop_type, command.quantity, *stop_prices, stop_name, terms=terms)
        limit, stop = legs = self._enter(limit_leg), self._enter(stop_leg)
        for leg in legs:
            leg.oco, leg.oco_id = command, limit.order_id
        reason = self._why_rejected(command) or self._why_too_many(stop)
        if reason is not None:
            for leg in legs:
                self._reject(leg, reason)
            return
        limit.partner, stop.partner = stop, limit
        self._said += [events.OrderPlaced(leg.order_id) for leg in legs]
        self._wait(stop)
        self._take(limit)

    def _instrument(self, symbol: str) -> Instrument:
        if symbol not in self.instruments:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return self.instruments[symbol]

    def _find_known(self, account: str, client_order_id: str | None) -> NaiveOrder | None:
        for order in self.orders if client_order_id else []:
            if (order.account, order.entered.client_order_id) == (account, client_order_id):
                return order
        return None

    def _enter(self, entered: PlaceOrder) -> NaiveOrder:
        quantity, prices, terms = (
            entered.quantity,
            (entered.price, entered.trigger_price),
            entered.terms or OrderTerms(),
        )
        order = NaiveOrder(len(self.orders) + 1, entered, quantity, quantity, *prices, terms)
        self.orders.append(order)
        return order

    def _why_rejected(self, command: PlaceOrder | PlaceOco) -> Reason | None:
        status = self.instruments[command.symbol].status
        if command.deadline and self._stamp[1] > command.deadline:
            return Reason.TOO_LATE
        if status is not InstrumentStatus.TRADING:
            return Reason["INSTRUMENT_" + status.name]
        return Reason.ACCOUNT_SUSPENDED if self.accounts[command.account].suspended else None

    def _check_account(self, name: str) -> None:
        """Refuse a new account beside as many as there may be: those with orders, those that are suspended or have a
        timer."""
        known = {order.account for order in self.orders}
        known |= {name for name, account in self.accounts.items() if account.suspended or account.cancel_at is not None}
        if name not in known and len(known) >= self.limits.accounts:
            raise RefusedError(Refusal.TOO_MANY_ACCOUNTS, "account", "there are as many as there may be")

    def _why_too_many(self, order: NaiveOrder) -> Reason | None:
        waits = order.trigger_price is not None or order.entered.order_type is OrderType.TRAILING_STOP
        if waits and len(self.pending(order.entered.symbol)) >= self.limits.trigger_orders:
            return Reason.TOO_MANY_TRIGGER_ORDERS
        expiring = [other for other in self.live() if other.terms.expire_time and other is not order]
        too_many = order.terms.expire_time and len(expiring) >= self.limits.expiring_orders
        return Reason.TOO_MANY_EXPIRING_ORDERS if too_many else None

    def _reject(self, order: NaiveOrder, reason: Reason) -> None:
        order.is_rejected, order.reason = True, reason
        self._said.append(events.OrderRejected(order.order_id, reason))

    # Triggers

    def _take(self, order: NaiveOrder) -> None:
        order.state = "taking"
        self._takers.append(order)

    def _wait(self, order: NaiveOrder) -> None:
        order.state, order.ticket = "pending", next(self._tickets)
        last = self.last_price(order.entered.symbol)
        if order.entered.order_type is OrderType.TRAILING_STOP:
            activation = order.terms.activation_price
            order.active = activation is None or activation == last
        elif last is not None and order.trigger_distance(last) <= 0:
            self._fire(order)

    def _fire(self, order: NaiveOrder) -> None:
        self._said.append(events.OrderTriggered(order.order_id))
        self._take(order)
        self._cancel_partner(order)

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
                run.moved[order.order_id] = len(run.prices)
        if behind is not None:
            run.symbol, run.behind = symbol, behind
            run.prices.append(price)

    def _trailing(self, symbol: str) -> list[NaiveOrder]:
        trailing = [
            order
            for order in self.orders
            if order.entered.order_type is OrderType.TRAILING_STOP and order.state == "pending"
        ]
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

    # Matching

    def _run(self, taker: NaiveOrder) -> None:
        """Let an order take what it can; what is left of it rests or is canceled, as its type says."""
        order_type = taker.entered.order_type
        if taker.terms.post_only and self._makers(taker):
            self._cancel(taker, Reason.POST_ONLY_WOULD_CROSS)
        elif order_type is OrderType.FOK and not self._can_fill(taker):
            self._cancel(taker, Reason.FOK_UNFILLABLE)
        else:
            self._sweep(taker)
        if taker.is_done:
            return
        is_limited = not self._trades_left > 0 and bool(self._makers(taker))
        if taker.terms.quote_quantity is not None:
            if taker.filled:
                taker.state = "done"
            elif is_limited:
                self._cancel(taker, Reason.TOO_MANY_TRADES)
            else:
                self._cancel(taker, Reason.QUOTE_QUANTITY_TOO_SMALL if self._makers(taker) else Reason.NO_LIQUIDITY)
        elif is_limited:
            self._cancel(taker, Reason.TOO_MANY_TRADES)
        elif taker.price is None:
            self._cancel(taker, Reason.NO_LIQUIDITY)
        elif order_type is OrderType.IOC:
            self._cancel(taker, Reason.IOC_REMAINDER)
        else:
            taker.state, taker.ticket = "resting", next(self._tickets)
            taker.show_next_slice()

    def _makers(self, taker: NaiveOrder, price: int | None = None) -> list[NaiveOrder]:
        """The orders that the taker, at another price than its own if need be, may trade with, in the order in which it
        must."""
        book = self.resting(taker.entered.symbol, Side.SELL if taker.side is Side.BUY else Side.BUY)
        limit = price or taker.price
        if limit is None:
            return book
        worst = limit if taker.side is Side.BUY else -limit
        return [maker for maker in book if maker.price_rank() <= worst]

    def _can_fill(self, taker: NaiveOrder) -> bool:
        """Try it: let the order take what it can, and put all back as it was."""
        if self._meets_too_many(taker):
            return False
        kept = [(order, dict(vars(order))) for order in self.orders]
        last_trades, said, takers = dict(self.last_trades), list(self._said), list(self._takers)
        left, moves, self._run_of_trades = self._trades_left, self._moves, NaiveRun()
        self._sweep(taker)
        is_filled = taker.filled == taker.quantity
        for order, before in kept:
            vars(order).update(before)
        self.last_trades, self._said, self._takers = last_trades, said, takers
        self._trades_left, self._moves, self._run_of_trades = left, moves, NaiveRun()
        return is_filled

    def _meets_too_many(self, taker: NaiveOrder) -> bool:
        """Whether it may meet more orders than the command may: on each level that it needs those in turn up to its
        quantity, but with all their parts all of them where it comes to further parts of icebergs, prevents
        self-trades, or ends legs by what it fires."""
        symbol, mode, left, missing = (
            taker.entered.symbol,
            taker.terms.self_trade_prevention,
            self._trades_left,
            taker.remaining,
        )
        ended: set[int] | None = None
        for price, level in groupby(self._makers(taker), key=lambda maker: abs(maker.price_rank())):
            makers = list(level)
            skips = (
                ended is None
                and mode is SelfTradePrevention.CANCEL_OLDEST
                and all(maker.account == taker.account for maker in makers)
            )
            if ended is None and not skips:
                fired = [order for order in self.pending(symbol) if order.fires(self.last_price(symbol), price)]
                ended = {order.partner.order_id for order in fired if order.partner is not None}
            plain = mode is SelfTradePrevention.NONE and not ended
            reached = [
                number
                for number, total in enumerate(accumulate(maker.shown for maker in makers), 1)
                if total >= missing
            ]
            left -= reached[0] if plain and reached else sum(maker.parts for maker in makers)
            if left < 0:
                return True
            takes = [maker for maker in makers if maker.order_id not in (ended or ())]
            own = [maker.account == taker.account for maker in takes]
            if any(own) and mode not in (SelfTradePrevention.NONE, SelfTradePrevention.CANCEL_OLDEST):
                return False
            may = [
                maker.remaining for maker in takes if mode is SelfTradePrevention.NONE or maker.account != taker.account
            ]
            missing -= 0 if skips else sum(may)
            if missing <= 0:
                return False
        return False

    def _sweep(self, taker: NaiveOrder) -> None:
        mode = taker.terms.self_trade_prevention
        while taker.state == "taking" and self._trades_left > 0 and (makers := self._makers(taker)):
            maker = makers[0]
            most = self._most(taker, maker)
            if not most:
                break
            self._trades_left -= 1
            if maker.account == taker.account and mode is not SelfTradePrevention.NONE:
                self._prevent(mode, maker, taker, most)
            else:
                self._trade(maker, taker, min(maker.shown, most))

    def _most(self, taker: NaiveOrder, maker: NaiveOrder) -> int:
        """The most that the taker may take of the maker."""
        if taker.unspent is None:
            return taker.remaining
        instrument, price = self.instruments[taker.entered.symbol], abs(maker.price_rank())
        return min(
            taker.unspent // (price * instrument.lot_size) * instrument.lot_size,
            instrument.max_quantity - taker.quantity,
        )

    def _trade(self, maker: NaiveOrder, taker: NaiveOrder, quantity: int) -> None:
        symbol, price = taker.entered.symbol, abs(maker.price_rank())
        earlier, earlier_price, instrument = (
            self.last_trades.get(symbol),
            self.last_price(symbol),
            self.instruments[symbol],
        )
        what = (symbol, earlier.trade_id + 1 if earlier else 1, price, quantity)
        who = (taker.side, maker.order_id, taker.order_id)
        trade = events.Trade(*what, *who, instrument.maker_fee_bps, instrument.taker_fee_bps, *self._stamp)
        self._said.append(trade)
        self.last_trades[symbol] = trade
        legs = [(order, order.partner) for order in (maker, taker)]
        for order in (maker, taker):
            order.filled += quantity
            order.filled_value += price * quantity
            self._lower(order, quantity)
        maker.slice -= quantity
        if maker.remaining and not maker.shown:
            maker.ticket = next(self._tickets)
            maker.show_next_slice()
        self._look_at_triggers(symbol, earlier_price, price)
        for order, partner in legs:
            if partner is not None:
                self._reduce_partner(order, partner, quantity)

    def _lower(self, order: NaiveOrder, quantity: int) -> None:
        """So much less remains of it; with nothing left it is done. The quantity of one with a quote_quantity grows
        instead."""
        if order.terms.quote_quantity is not None:
            order.quantity += quantity
            return
        order.remaining -= quantity
        if not order.remaining:
            order.state = "done"

    def _reduce_partner(self, order: NaiveOrder, partner: NaiveOrder, quantity: int) -> None:
        """A leg of an OCO has traded, or lost without a trade, so much."""
        if order.remaining:
            partner.quantity -= quantity
            partner.remaining -= quantity
            self._said.append(events.OrderReduced(partner.order_id, quantity))
        else:
            self._cancel(partner, Reason.OCO)

    # Self-trade prevention

    def _prevent(self, mode: SelfTradePrevention, maker: NaiveOrder, taker: NaiveOrder, most: int) -> None:
        match mode:
            case SelfTradePrevention.CANCEL_NEWEST:
                self._prevent_all(taker)
            case SelfTradePrevention.CANCEL_OLDEST:
                self._prevent_all(maker)
            case SelfTradePrevention.CANCEL_BOTH:
                self._prevent_all(maker)
                self._prevent_all(taker)
            case SelfTradePrevention.DECREMENT:
                quantity = min(maker.remaining, most)
                self._decrement(maker, quantity)
                if taker.terms.quote_quantity is not None:
                    taker.prevented_value += abs(maker.price_rank()) * quantity
                self._decrement(taker, quantity)

    def _prevent_all(self, order: NaiveOrder) -> None:
        """Cancel it; but what a quote_quantity has filled already is all that it was for."""
        quantity = order.remaining
        order.prevented += quantity
        order.remaining = 0
        if order.filled and order.terms.quote_quantity is not None:
            order.state = "done"
        else:
            self._end(order, quantity, Reason.SELF_TRADE)

    def _decrement(self, order: NaiveOrder, quantity: int) -> None:
        order.prevented += quantity
        self._lower(order, quantity)
        order.slice = min(order.slice, order.remaining)
        if order.is_done:
            self._end(order, 0, Reason.SELF_TRADE)
            return
        self._said.append(events.OrderDecremented(order.order_id, quantity))
        if order.partner is not None:
            self._reduce_partner(order, order.partner, quantity)

    # Ends of orders

    def _end(self, order: NaiveOrder, quantity: int, reason: Reason) -> None:
        order.state, order.reason = "done", reason
        self._said.append(events.OrderCanceled(order.order_id, quantity, reason))
        self._cancel_partner(order)

    def _cancel(self, order: NaiveOrder, reason: Reason) -> None:
        self._end(order, order.remaining, reason)

    def _cancel_partner(self, order: NaiveOrder) -> None:
        """An order that has ended, or fired, ends the other leg of its OCO, and is bound to it no more."""
        partner = order.partner
        if partner is not None:
            order.partner = partner.partner = None
            if not partner.is_done:
                self._cancel(partner, Reason.OCO)

    def _cancel_each(self, orders: list[NaiveOrder], reason: Reason) -> None:
        for order in orders:
            if not order.is_done:  # The other leg of its OCO may have ended it before its turn.
                self._cancel(order, reason)

    def _cancel_account(self, account: str, reason: Reason, most: int) -> bool:
        """Cancel so many of its orders; whether that were all."""
        orders = [order for order in self.live() if order.account == account]
        self._cancel_each(orders[:most], reason)
        return len(orders) <= most

    def _cancel_all_orders(self, command: commands.CancelAllOrders) -> None:
        if command.symbol is not None:
            self._instrument(command.symbol)
        orders = [order for order in self.live() if order.account == command.account]
        orders = [order for order in orders if command.symbol in (None, order.entered.symbol)]
        self._cancel_each(orders[: self.limits.cancels], Reason.REQUESTED)

    def _advance(self) -> None:
        time = self._stamp[1]
        expired = [order for order in self.live() if 0 < order.terms.expire_time < time]
        self._cancel_each(sorted(expired, key=lambda order: (order.terms.expire_time, order.order_id)), Reason.EXPIRED)
        timers = [(account.cancel_at, name) for name, account in self.accounts.items() if account.cancel_at is not None]
        silent = sorted(timer for timer in timers if timer[0] <= time)
        most = left = self.limits.cancels
        for number, (cancel_at, name) in enumerate(silent):
            if left <= 0 or (number >= most and cancel_at != silent[most - 1][0]):
                break
            before = len(self._said)
            if not self._cancel_account(name, Reason.CANCEL_AFTER, left):
                break
            left -= len(self._said) - before
            self.accounts[name].cancel_at = None
            self._say_account(name)

    def _say_account(self, name: str) -> None:
        account = self.accounts[name]
        self._said.append(events.AccountSet(name, account.suspended, account.cancel_at))

    # Changes of orders

    def _find_live(self, command: commands.CancelOrder | commands.AmendOrder) -> NaiveOrder:
        name = (command.account or DEFAULT_ACCOUNT, command.client_order_id)
        for order in self.orders:
            if command.order_id is not None:
                found = command.order_id == order.order_id and command.account in (None, order.account)
            else:
                found = command.client_order_id is not None and name == (order.account, order.entered.client_order_id)
            if found:
                if order.is_done:
                    raise RefusedError(Refusal.ORDER_NOT_OPEN)
                return order
        raise RefusedError(Refusal.UNKNOWN_ORDER)

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
        order.quantity, order.price, order.trigger_price = after
        order.remaining = order.quantity - gone
        order.slice = min(order.slice, order.remaining)
        self._said.append(events.OrderAmended(order.order_id, *after))
        if order.partner is not None and more:
            self._amend_partner(order.partner, more)
        if order.state == "pending" and other_trigger:
            self._wait(order)
        elif loses_place:
            self._take(order)

    def _amend_partner(self, partner: NaiveOrder, more: int) -> None:
        """The quantity of the other leg of an OCO was changed by so much."""
        partner.quantity += more
        partner.remaining += more
        if more > 0 and partner.state == "resting":
            partner.ticket = next(self._tickets)
        self._said.append(events.OrderAmended(partner.order_id, partner.quantity, partner.price, partner.trigger_price))

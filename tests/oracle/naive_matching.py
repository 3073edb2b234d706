"""How an order of the naive engine takes: against whom, how much, and what becomes of the rest."""

from copy import deepcopy
from itertools import accumulate, groupby

from protocol import events
from protocol.units import OrderType, Reason, SelfTradePrevention, Side
from tests.oracle.naive_locks import NaiveLocks
from tests.oracle.naive_order import NaiveOrder
from tests.oracle.naive_protection import NaiveProtection
from tests.oracle.naive_triggers import NaiveTriggers

MARKETS_THAT_WAIT = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)


class NaiveMatching(NaiveTriggers, NaiveLocks, NaiveProtection):
    def _run(self, taker: NaiveOrder) -> None:
        """Let an order take what it can; what is left of it rests or is canceled, as its type says."""
        if taker.terms.post_only and self._makers(taker):
            self._cancel(taker, Reason.POST_ONLY_WOULD_CROSS)
        elif self._fired_outside_band(taker):
            self._cancel(taker, Reason.PRICE_OUTSIDE_BAND)
        elif taker.runs_as(OrderType.FOK) and not self._can_fill(taker):
            self._cancel(taker, Reason.FOK_UNFILLABLE)
        else:
            self._bound(taker)
            self._sweep(taker)
        if taker.is_done:
            return
        makers = self._makers(taker)
        stop = taker.stop if makers and taker.stops_before(abs(makers[0].price_rank())) else None
        is_limited = not self._trades_left > 0 and bool(makers) and stop is None
        if taker.terms.quote_quantity is not None:
            spent = taker.met is not None and not self._most(taker, taker.met)
            if taker.filled and (spent or not taker.is_open_only):
                taker.state = "done"
            elif is_limited:
                self._cancel(taker, Reason.TOO_MANY_TRADES)
            elif stop is not None:
                self._cancel(taker, stop)
            else:
                self._cancel(taker, Reason.QUOTE_QUANTITY_TOO_SMALL if self._makers(taker) else Reason.NO_LIQUIDITY)
        elif is_limited:
            self._cancel(taker, Reason.TOO_MANY_TRADES)
        elif taker.price is None:
            self._cancel(taker, stop or Reason.NO_LIQUIDITY)
        elif taker.runs_as(OrderType.IOC):
            self._cancel(taker, Reason.IOC_REMAINDER)
        else:
            taker.state, taker.ticket, taker.has_rested = "resting", next(self._tickets), True
            taker.show_next_slice()

    def _fired_outside_band(self, taker: NaiveOrder) -> bool:
        """Whether it has just fired, and its price is too far from the market now. An amend looks at a new price only."""
        waited = taker.waits and not taker.has_rested
        return waited and taker.price is not None and self._is_outside_band(taker.entered.symbol, taker.price)

    def _can_fill(self, taker: NaiveOrder) -> bool:
        """Try it on a copy of everything."""
        if self._meets_too_many(taker):
            return False
        tried = deepcopy(self)
        order = tried.orders[taker.order_id - 1]
        tried._sweep(order)
        return order.filled == order.quantity

    def _would_trade(self, taker: NaiveOrder) -> list[events.Trade]:
        """What the order would trade if it ran now: it runs in a copy of everything."""
        tried = deepcopy(self)
        order = tried.orders[taker.order_id - 1]
        order.state, tried._said = "taking", []
        tried._run(order)
        return [event for event in tried._said if isinstance(event, events.Trade)]

    def _has_fired_short(self, taker: NaiveOrder) -> bool:
        """Whether a market order that has waited, and buys, would pay more than it locks and what is free."""
        if (
            taker.account not in self.ledgers
            or taker.side is Side.SELL
            or taker.entered.order_type not in MARKETS_THAT_WAIT
        ):
            return False
        free = self.free(taker.account, self.asset_of(taker))
        return self._payment(self._would_trade(taker)) > self.reserved(taker) + free

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
            if taker.stops_before(abs(maker.price_rank())):
                break
            taker.met = abs(maker.price_rank())
            most = self._most(taker, taker.met)
            if not most:
                break
            self._trades_left -= 1
            if maker.account == taker.account and mode is not SelfTradePrevention.NONE:
                self._prevent(mode, maker, taker, most)
            else:
                self._trade(maker, taker, min(maker.shown, most))

    def _most(self, taker: NaiveOrder, price: int) -> int:
        """The most that the taker may take at the price."""
        if taker.affordable is None:
            return taker.remaining
        instrument = self.instruments[taker.entered.symbol]
        return min(
            taker.affordable // (price * instrument.lot_size) * instrument.lot_size,
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
        rates = (self._rate(maker, instrument.maker_fee_bps), self._rate(taker, instrument.taker_fee_bps))
        trade = events.Trade(*what, *who, *rates, *self._stamp)
        self._said.append(trade)
        self._settle(trade, maker, taker)
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
                self._reduce_partner(order, partner, quantity, traded=True)

    # Self-trade prevention

    def _prevent(self, mode: SelfTradePrevention, maker: NaiveOrder, taker: NaiveOrder, most: int) -> None:
        match mode:
            case SelfTradePrevention.CANCEL_NEWEST:
                self._note_match(mode, maker, taker, 0, taker.remaining)
                self._prevent_all(taker, maker)
            case SelfTradePrevention.CANCEL_OLDEST:
                self._note_match(mode, maker, taker, maker.remaining, 0)
                self._prevent_all(maker, taker)
            case SelfTradePrevention.CANCEL_BOTH:
                self._note_match(mode, maker, taker, maker.remaining, taker.remaining)
                self._prevent_all(maker, taker)
                self._prevent_all(taker, maker)
            case SelfTradePrevention.DECREMENT:
                quantity = min(maker.remaining, most)
                self._note_match(mode, maker, taker, quantity, quantity)
                self._decrement(maker, quantity, taker)
                if taker.terms.quote_quantity is not None:
                    taker.prevented_value += abs(maker.price_rank()) * quantity
                self._decrement(taker, quantity, maker)

    def _note_match(
        self, mode: SelfTradePrevention, maker: NaiveOrder, taker: NaiveOrder, from_maker: int, from_taker: int
    ) -> None:
        """Both orders lose this instead of trading. A match is numbered within its command, which is less than 2^20
        matches long."""
        sequence, time = self._stamp
        earlier = [match for match in self.prevented_matches if match[1].sequence == sequence]
        number = (sequence << 20) + len(earlier) + 1
        who = (taker.order_id, maker.order_id)
        price, lost = abs(maker.price_rank()), (from_taker, from_maker)
        match = events.PreventedMatch(number, taker.entered.symbol, *who, mode, price, *lost, sequence, time)
        self.prevented_matches.append((taker.entered.account, match))

    def _prevent_all(self, order: NaiveOrder, counter: NaiveOrder) -> None:
        """Cancel it; but what a quote_quantity has filled already is all that it was for, unless its id is open-only."""
        quantity = order.remaining
        order.prevented += quantity
        order.remaining = 0
        if order.filled and order.terms.quote_quantity is not None and not order.is_open_only:
            order.state = "done"
        elif order.terms.quote_quantity is not None or not order.is_open_only:
            self._end(order, quantity, Reason.SELF_TRADE)
        else:
            counter_id, price, number = self._meeting(order, counter)
            self._end(order, quantity, Reason.SELF_TRADE, (counter_id, price, quantity, number))

    def _meeting(self, order: NaiveOrder, counter: NaiveOrder) -> tuple[int, int, int]:
        """The other order, the price of the one of both that has rested, and the number of the match. Told of orders
        with open-only ids."""
        if not order.is_open_only:
            return 0, 0, 0
        price = (counter if order.state == "taking" else order).price
        assert price is not None, "an order that rests has a price"
        return counter.order_id, price, self.prevented_matches[-1][1].prevented_match_id

    def _decrement(self, order: NaiveOrder, quantity: int, counter: NaiveOrder) -> None:
        met = self._meeting(order, counter)
        order.prevented += quantity
        self._lower(order, quantity)
        order.slice = min(order.slice, order.remaining)
        if order.is_done:
            counter_id, price, number = met
            self._end(order, 0, Reason.SELF_TRADE, (counter_id, price, quantity if order.is_open_only else 0, number))
            return
        self._said.append(events.OrderDecremented(order.order_id, quantity, *met))
        if order.partner is not None:
            self._reduce_partner(order, order.partner, quantity, traded=False)

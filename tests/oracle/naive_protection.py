"""How the naive engine protects the price: bands, slippage, largest values, numbers of orders, and halts."""

from fractions import Fraction

from msgspec.structs import replace

from protocol import events
from protocol.instrument import Instrument
from protocol.units import InstrumentStatus, OrderType, Reason, Refusal, Side
from tests.oracle.naive_book import NaiveBook
from tests.oracle.naive_checks import RefusedError
from tests.oracle.naive_order import NaiveOrder

NEVER_STAYS = (OrderType.MARKET, OrderType.IOC, OrderType.FOK)
MILLISECOND = 1_000_000


def share(bps: int) -> Fraction:
    return Fraction(bps, 10_000)


class NaiveProtection(NaiveBook):
    def _reference(self, symbol: str) -> int | None:
        return self.last_price(symbol) or self.instruments[symbol].reference_price or None

    def _is_outside_band(self, symbol: str, price: int) -> bool:
        bps, reference = self.instruments[symbol].price_band_bps, self._reference(symbol)
        return bps > 0 and reference is not None and abs(price - reference) > reference * share(bps)

    def _notional(self, order: NaiveOrder, quantity: int, price: int | None) -> int:
        if order.terms.quote_quantity is not None:
            return order.terms.quote_quantity
        return (price or self._reference(order.entered.symbol) or 0) * quantity

    def _is_too_large(self, order: NaiveOrder, quantity: int, price: int | None) -> bool:
        most = self.instruments[order.entered.symbol].max_order_notional
        return most > 0 and self._notional(order, quantity, price) > most

    def _why_protected(self, order: NaiveOrder) -> Reason | None:
        """Why a new order, which is in the list already, is kept out."""
        symbol, order_type = order.entered.symbol, order.entered.order_type
        most = self.instruments[symbol].max_open_orders
        too_many = most and order_type not in NEVER_STAYS and self._places_taken(order) > most
        return self._why_priced(order) or (Reason.TOO_MANY_OPEN_ORDERS if too_many else None)

    def _why_priced(self, order: NaiveOrder) -> Reason | None:
        """Why a new order is kept out by its price or its value alone."""
        symbol = order.entered.symbol
        if order.price is not None and order.trigger_price is None and self._is_outside_band(symbol, order.price):
            return Reason.PRICE_OUTSIDE_BAND
        if self._is_too_large(order, order.quantity, order.price):
            return Reason.NOTIONAL_TOO_LARGE
        return None

    def _places_taken(self, order: NaiveOrder) -> int:
        """The live orders of the account there, with the new one; with both legs of a new OCO."""
        account, symbol = order.account, order.entered.symbol
        live = [other for other in self.live() if (other.account, other.entered.symbol) == (account, symbol)]
        return len(live) + (1 if order.oco is None else 2)

    def _check_protection(self, order: NaiveOrder, quantity: int, price: int | None) -> None:
        """Refuse an amend to these values."""
        if (
            price is not None
            and price != order.price
            and order.state == "resting"
            and self._is_outside_band(order.entered.symbol, price)
        ):
            raise RefusedError(Refusal.PRICE_OUTSIDE_BAND)
        if self._is_too_large(order, quantity, price):
            raise RefusedError(Refusal.NOTIONAL_TOO_LARGE)
        partner = order.partner
        if partner is not None:
            grown = partner.quantity + quantity - order.quantity
            if self._is_too_large(partner, grown, partner.price):
                raise RefusedError(Refusal.NOTIONAL_TOO_LARGE)

    def _bound(self, taker: NaiveOrder) -> None:
        """Set how far an order without a price may take, as it begins to run, and why it ends there."""
        if taker.price is not None:
            return
        symbol, away = taker.entered.symbol, 1 if taker.side is Side.BUY else -1
        bounds: list[tuple[Fraction, Reason]] = []
        bps, reference, slippage = (
            self.instruments[symbol].price_band_bps,
            self._reference(symbol),
            taker.terms.max_slippage_bps,
        )
        if bps and reference is not None:
            bounds.append((reference * (1 + away * share(bps)), Reason.PRICE_BAND))
        makers = self._makers(taker)
        if slippage is not None and makers:
            bounds.append((abs(makers[0].price_rank()) * (1 + away * share(slippage)), Reason.SLIPPAGE))
        if bounds:
            taker.bound, taker.stop = min(bounds, key=lambda bound: self._to_key(bound[0], away))

    def _to_key(self, price: Fraction, away: int) -> int:
        """The nearest whole price within, so that ascending is farther."""
        return int(price // 1) if away > 0 else int(price // -1)

    def _halt(self) -> None:
        """Halt the instrument of the command's trades if they moved its price too far."""
        trades = [event for event in self._said if isinstance(event, events.Trade)]
        if not trades or not self.instruments[trades[0].symbol].halt_bps:
            return
        symbol, time = trades[0].symbol, self._stamp[1]
        instrument = self.instruments[symbol]
        self.windows[symbol] += [(time, trade.price) for trade in trades]
        since, last = time - instrument.halt_window_ms * MILLISECOND, trades[-1].price
        prices = [price for at, price in self.windows[symbol] if at >= since]
        if any(abs(last - price) > price * share(instrument.halt_bps) for price in prices):
            until = time + instrument.halt_ms * MILLISECOND
            self._set_instrument(replace(instrument, status=InstrumentStatus.HALTED, halted_until=until))

    def _end_halts(self) -> None:
        over = [
            (instrument.halted_until, symbol)
            for symbol, instrument in self.instruments.items()
            if 0 < instrument.halted_until <= self._stamp[1]
        ]
        for _, symbol in sorted(over):
            trading = replace(self.instruments[symbol], status=InstrumentStatus.TRADING, halted_until=0)
            self._set_instrument(trading)

    def _move_halts(self, by: int) -> None:
        halted = [(each.halted_until, symbol) for symbol, each in self.instruments.items() if each.halted_until]
        for until, symbol in sorted(halted):
            self._set_instrument(replace(self.instruments[symbol], halted_until=until + by))

    def _set_instrument(self, after: Instrument) -> None:
        """Another status, or another rule of halting, lets the window begin anew."""
        before = self.instruments.get(after.symbol)
        looks = ("status", "halt_bps", "halt_window_ms")
        if before is None or any(getattr(before, field) != getattr(after, field) for field in looks):
            self.windows[after.symbol] = []
        self.instruments[after.symbol] = after
        self._said.append(events.InstrumentSet(after))

"""What the orders of the naive engine lock, and what their trades move.

No lock is kept: each is computed from its order whenever somebody asks.
"""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction

from protocol.events import Trade
from protocol.instrument import FEE_DECIMALS, Instrument
from protocol.units import OrderType, Side
from tests.oracle.naive_book import NaiveBook
from tests.oracle.naive_order import NaiveOrder


class NaiveLocks(NaiveBook):
    def assets(self) -> dict[str, int]:
        """How many decimals each asset has: the most that any instrument needs."""
        decimals: defaultdict[str, int] = defaultdict(int)
        for instrument in self.instruments.values():
            base, quote = instrument.base, instrument.quote
            decimals[base] = max(decimals[base], instrument.quantity_decimals)
            decimals[quote] = max(decimals[quote], instrument.value_decimals + FEE_DECIMALS)
        return dict(decimals)

    def free(self, account: str, asset: str) -> Fraction:
        return self.ledgers[account].totals.get(asset, Fraction(0)) - self.locked(account, asset)

    def locked(self, account: str, asset: str) -> Fraction:
        orders = [order for order in self.live() if order.account == account and self.asset_of(order) == asset]
        return Fraction(sum(self.reserved(order) for order in orders))

    def asset_of(self, order: NaiveOrder) -> str:
        """What the order gives."""
        instrument = self.instruments[order.entered.symbol]
        return instrument.quote if order.side is Side.BUY else instrument.base

    def reserved(self, order: NaiveOrder) -> Fraction:
        """What an order locks; of the two legs of an OCO the limit leg locks for both."""
        if order.is_done:
            return Fraction(0)
        if order.partner is None:
            return self._lock_of(order)
        return self._lock_of(order, order.partner) if order.order_id == order.oco_id else Fraction(0)

    def _lock_of(self, *legs: NaiveOrder) -> Fraction:
        """The lock of one order, or the one lock of the two legs of an OCO."""
        return max(self._lock_alone(leg) for leg in legs)

    def _lock_alone(self, order: NaiveOrder) -> Fraction:
        instrument = self.instruments[order.entered.symbol]
        if order.side is Side.SELL:
            return quantity_of(instrument, order.remaining)
        if order.entered.order_type is OrderType.TRAILING_STOP:
            return Fraction(0)
        price = order.price or order.trigger_price or 0  # A market order has neither, and locks nothing.
        return value_of(instrument, price * order.remaining) * with_fee(self._fee_cap(order))

    def _fee_cap(self, order: NaiveOrder) -> int:
        """The rate at which the order locks. A ledger that begins now would begin with the rates of now."""
        instrument = self.instruments[order.entered.symbol]
        now = max(instrument.maker_fee_bps, instrument.taker_fee_bps)
        return order.fee_cap if order.account in self.ledgers else now

    def _rate(self, order: NaiveOrder, rate: int) -> int:
        """What the order is charged, in basis points, where the instrument says so much."""
        return min(rate, order.fee_cap) if order.account in self.ledgers else rate

    def _payment(self, trades: Iterable[Trade]) -> Fraction:
        """What a taker that buys pays for the trades, fees included."""
        return Fraction(
            sum(
                value_of(self.instruments[trade.symbol], trade.price * trade.quantity) * with_fee(trade.taker_fee_bps)
                for trade in trades
            )
        )

    def _settle(self, trade: Trade, maker: NaiveOrder, taker: NaiveOrder) -> None:
        """Move what the trade moves. With no ledger on either side that is nothing."""
        if not {maker.account, taker.account} & set(self.ledgers):
            return
        instrument, value = self.instruments[trade.symbol], trade.price * trade.quantity
        sides = ((maker, trade.maker_fee_bps), (taker, trade.taker_fee_bps))
        for order, rate in sorted(sides, key=lambda each: each[0].side):
            sign = 1 if order.side is Side.BUY else -1
            fee = value_of(instrument, value) * Fraction(rate, 10_000)
            ledger = self.ledgers.get(order.account)
            totals = self.outside if ledger is None else ledger.totals
            totals[instrument.base] += sign * quantity_of(instrument, trade.quantity)
            totals[instrument.quote] -= sign * value_of(instrument, value) + fee
            self.fees[instrument.quote] += fee
            if ledger is not None:
                ledger.positions[trade.symbol].fill(sign, trade.quantity, trade.price, value * rate)


def quantity_of(instrument: Instrument, quantity: int) -> Fraction:
    return Fraction(quantity, 10**instrument.quantity_decimals)


def value_of(instrument: Instrument, value: int) -> Fraction:
    """An amount of the quote currency that is given in price unit times quantity unit."""
    return Fraction(value, 10**instrument.value_decimals)


def with_fee(rate: int) -> Fraction:
    """One, and a rate in basis points."""
    return 1 + Fraction(rate, 10_000)

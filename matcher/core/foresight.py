"""What an order without a price would trade if it ran now: the sum that its account must be able to pay or give.

A walk over the book in the order in which `matcher.core.matching_on_terms` would meet it. It changes nothing.
"""

from typing import Final

from matcher.core.assets import WHOLE
from matcher.core.book import Book
from matcher.core.ledger import Ledger
from matcher.core.levels import ANY_PRICE, shown_quantity
from matcher.core.locks import charged_rate
from matcher.core.matching_on_terms import legs_ended_by
from matcher.core.order import Level, Order
from matcher.core.payments import pay
from matcher.core.protection import market_limit
from protocol.units import SelfTradePrevention, Side

BUY: Final = Side.BUY
NO_PREVENTION: Final = SelfTradePrevention.NONE
CANCEL_OLDEST: Final = SelfTradePrevention.CANCEL_OLDEST
DECREMENT: Final = SelfTradePrevention.DECREMENT

STOPS: Final = -1
"""The order meets no further one."""


def covers_market(book: Book, order: Order, ledger: Ledger) -> bool:
    """Whether an account can pay or give what its new market order would trade now."""
    currencies = book.currencies
    quote_quantity = None if order.extra is None else order.extra.terms.quote_quantity
    if order.side is BUY:
        free = ledger.balance(currencies.quote).free
        if quote_quantity is not None:
            return quote_quantity * WHOLE * currencies.quote_unit <= free
        return covers_cost(book, order, free)
    free = ledger.balance(currencies.base).free
    if quote_quantity is None:
        return order.remaining * currencies.base_unit <= free
    walk = Walk(book, order, quote_quantity)
    walk.run()
    return walk.quantity * currencies.base_unit <= free


def covers_fired(book: Book, order: Order, ledger: Ledger) -> bool:
    """Whether an account can pay for its order that has fired: only one that buys at any price is looked at again."""
    if order.side is not BUY or order.price is not None:
        return True
    pay(book.running)
    return covers_cost(book, order, order.reserved + ledger.balance(book.currencies.quote).free)


def covers_cost(book: Book, order: Order, funds: int) -> bool:
    """Whether the funds cover what an order that buys would pay now, fees included."""
    currencies = book.currencies
    rate = WHOLE + charged_rate(order, book.rules.taker_fee_bps)
    most = funds // (rate * currencies.quote_unit)
    if (order.extra is None or order.terms.self_trade_prevention is NO_PREVENTION) and _costs_at_most(
        book, order, most
    ):
        return True
    walk = Walk(book, order, None)
    walk.run()
    return walk.value <= most


def _costs_at_most(book: Book, order: Order, most: int) -> bool:
    """Whether the order certainly trades for no more than this value: the sum over whole levels, which none leaves
    before the order comes to it."""
    levels = book.asks
    keys, by_key = levels.keys, levels.by_key
    if not keys:
        return True
    limit = ANY_PRICE if order.extra is None and not book.rules.price_band_bps else market_limit(book, order)
    if book.triggers.pending and legs_ended_by(book, -keys[-1]):
        return False
    missing, place = order.remaining, len(keys) - 1
    while place >= 0 and keys[place] >= limit:
        level = by_key[keys[place]]
        quantity = level.quantity + level.hidden
        if quantity >= missing:
            return level.price * missing <= most
        most -= level.price * quantity
        missing -= quantity
        place -= 1
    return most >= 0


class Walk:
    """What an order would trade. `budget` is what it may spend or receive; None if its quantity counts.

    value, quantity: the sums over its trades.
    """

    __slots__ = (
        "_account",
        "_book",
        "_budget",
        "_ended",
        "_limit",
        "_missing",
        "_order",
        "_prevention",
        "_spends",
        "_taken",
        "_trades_left",
        "quantity",
        "value",
    )

    def __init__(self, book: Book, order: Order, budget: int | None) -> None:
        self._book = book
        self._order = order
        self._account = order.account
        self._prevention = order.terms.self_trade_prevention
        self._limit = market_limit(book, order)
        self._trades_left = book.running.trades_left
        self._spends = budget is not None
        self._budget = 0 if budget is None else budget
        self._missing = order.remaining
        self._taken = 0
        self._ended: set[int] | None = None
        self.value = 0
        self.quantity = 0

    def run(self) -> None:
        """Walk until the order would end."""
        book = self._book
        for level in book.asks if self._order.side is BUY else book.bids:
            if level.key < self._limit or not self._take_level(level):
                return

    def _take_level(self, level: Level) -> bool:
        """Whether the order goes on behind the level."""
        again: list[tuple[Order, int]] = []
        for maker in level:
            if self._ended is None or maker.order_id not in self._ended:
                left = self._meet(level.price, maker, maker.remaining, shown_quantity(maker))
                if left == STOPS:
                    return False
                if left:
                    again.append((maker, left))
        while again:
            waiting, again = again, []
            for maker, remaining in waiting:
                display = maker.terms.display_quantity
                assert display is not None, "only an iceberg is met again"
                left = self._meet(level.price, maker, remaining, min(display, remaining))
                if left == STOPS:
                    return False
                if left:
                    again.append((maker, left))
        return True

    def _meet(self, price: int, maker: Order, remaining: int, shown: int) -> int:
        """Meet a maker. Returns what it would have left behind in the queue, or STOPS."""
        wanted = self._wanted(price)
        if not wanted or self._trades_left <= 0:
            return STOPS
        self._trades_left -= 1
        own = self._prevention is not NO_PREVENTION and maker.account is self._account
        if own and self._prevention is not DECREMENT:
            return 0 if self._prevention is CANCEL_OLDEST else STOPS
        offered = remaining if own else shown
        quantity = min(wanted, offered)
        self._budget -= price * quantity
        self._taken += quantity
        self._missing -= quantity
        if not own:
            self.value += price * quantity
            self.quantity += quantity
            if self._ended is None:
                self._ended = legs_ended_by(self._book, price)
        return remaining - quantity if quantity == offered else STOPS

    def _wanted(self, price: int) -> int:
        """The quantity that the order still takes at the price."""
        if not self._spends:
            return self._missing
        rules = self._book.rules
        return min(self._budget // (price * rules.lot_size) * rules.lot_size, rules.max_quantity - self._taken)

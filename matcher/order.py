"""Orders and accounts as the engine holds them.

An order links to its neighbours in its level's queue and to its account and book. Both are taken out of the cyclic
collector's sight (gc=False): the engine unlinks an order when it is done, so that counting references frees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from matcher.order_list import OrderList
from protocol.commands import NO_TERMS, OrderTerms
from protocol.events import Trade
from protocol.units import OrderStatus, OrderType, Reason, Side

if TYPE_CHECKING:
    from matcher.book import Book
    from matcher.levels import Level

MAX_FILLS = 100
"""How many of its last fills an order remembers."""

MAX_ACCOUNT_FILLS = 1_000
"""How many of its last fills as maker, and as many as taker, an account remembers."""

FILLS_KEPT = 1_250
"""How many it holds, before it drops those beyond MAX_ACCOUNT_FILLS at once."""

AsSent = tuple[int, int | None, int | None]
"""The quantity, price and trigger_price with which an order was sent."""

NONE_ENTERED: dict[str, AsSent] = {}
"""What all accounts share of which no order was amended; never changed."""


class Special(Struct, gc=False):
    """What only some orders have.

    `prevented` is the quantity that self-trade prevention took off the order, `shown` the shown part of a resting
    iceberg, `unspent` what a quote_quantity has left. `partner` is the other leg of an OCO while both live; `oco_id`
    stays. A trailing stop is `active` once its activation_price is reached, and has the `mark`, the best price since,
    from the first trade that it follows.
    """

    terms: OrderTerms = NO_TERMS
    prevented: int = 0
    shown: int = 0
    unspent: int | None = None
    partner: Order | None = None
    oco_id: int | None = None
    active: bool = False
    mark: int | None = None


PLAIN = Special()
"""What an order has that has nothing special; not to be changed."""


class Order(Struct, gc=False):
    """One order, live or done. `quantity` is the total, `remaining` the part that was neither filled nor prevented (of
    a canceled order: what was canceled), `filled_value` the sum of price x quantity over all fills. `status` is
    PENDING, OPEN (partly filled or not) or one of the done ones. While the order stands in a queue, of its price or of
    its trigger price, `level` is that queue, and `previous` and `next` are its neighbours there; once it is done they
    are those among the done ones of its account. `sequence` and `timestamp` are those of its entry, `updated_sequence`
    and `updated` those of its last change, zero where there was none since."""

    order_id: int
    account: Account
    book: Book
    client_order_id: str | None
    side: Side
    order_type: OrderType
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    sequence: int
    timestamp: int
    status: OrderStatus = OrderStatus.OPEN
    reason: Reason | None = None
    filled_value: int = 0
    fills: list[Trade] | None = None
    level: Level | None = None
    previous: Order | None = None
    next: Order | None = None
    special: Special | None = None
    updated_sequence: int = 0
    updated: int = 0

    @property
    def filled(self) -> int:
        """The quantity that has traded."""
        if self.special is None:
            return self.quantity - self.remaining
        return self.quantity - self.remaining - self.special.prevented

    @property
    def terms(self) -> OrderTerms:
        """The order's terms; those of an order without any are all at their defaults."""
        return NO_TERMS if self.special is None else self.special.terms


class Account(Struct, gc=False):
    """An account's orders: `orders` holds its live ones; `last_done` is the remembered one that was done last, linked
    to those before it by `previous`; `client_orders` has every remembered one that has a client_order_id; `entered` the
    quantity, price and trigger_price that amended ones of them were first sent with. `maker_fills` and `taker_fills`
    end with the account's last trades, None where it has none. A suspended account may
    not send orders; at `cancel_at`, a time, its orders are canceled."""

    name: str
    orders: OrderList = field(default_factory=OrderList)
    last_done: Order | None = None
    client_orders: dict[str, Order] = field(default_factory=dict)
    entered: dict[str, AsSent] = field(default_factory=lambda: NONE_ENTERED)
    maker_fills: list[Trade] | None = None
    taker_fills: list[Trade] | None = None
    suspended: bool = False
    cancel_at: int | None = None


def remember_done(order: Order) -> None:
    """Make an order that is done, and stands in no queue, the last of its account's."""
    account = order.account
    last = account.last_done
    if last is not None:
        last.next = order
    order.previous = last
    account.last_done = order


def forget_done(order: Order) -> None:
    """Take an order out of the done ones of its account, of which it is the first."""
    assert order.previous is None, "an account's orders end in the same order as all orders"
    following = order.next
    if following is None:
        order.account.last_done = None
    else:
        following.previous = order.next = None


def remember_maker_fill(account: Account, trade: Trade) -> None:
    """Add a trade to the fills that the account remembers as maker."""
    fills = account.maker_fills
    if fills is None:
        account.maker_fills = [trade]
    else:
        fills.append(trade)
        if len(fills) > FILLS_KEPT:
            del fills[:-MAX_ACCOUNT_FILLS]


def remember_taker_fills(account: Account, trades: list[Trade]) -> None:
    """Add trades to the fills that the account remembers as taker."""
    fills = account.taker_fills
    if fills is None:
        account.taker_fills = fills = []
    fills += trades
    if len(fills) > FILLS_KEPT:
        del fills[:-MAX_ACCOUNT_FILLS]


def last_fills(account: Account) -> tuple[list[Trade], list[Trade]]:
    """The fills that the account remembers, as maker and as taker."""
    maker, taker = account.maker_fills or [], account.taker_fills or []
    return maker[-MAX_ACCOUNT_FILLS:], taker[-MAX_ACCOUNT_FILLS:]


def remember_fills(order: Order, trades: list[Trade]) -> None:
    """Add an order's newest fills, a list that becomes its own, to those that it remembers."""
    if order.fills is None:
        order.fills = trades if len(trades) <= MAX_FILLS else trades[-MAX_FILLS:]
    else:
        order.fills += trades
        if len(order.fills) > MAX_FILLS:
            del order.fills[:-MAX_FILLS]


def as_sent(order: Order) -> AsSent:
    """The quantity, price and trigger_price with which an order was sent, before amends, trails and fills changed
    them."""
    if order.client_order_id is not None and order.client_order_id in order.account.entered:
        return order.account.entered[order.client_order_id]
    quantity = order.quantity if order.terms.quote_quantity is None else 0
    return quantity, order.price, None if order.order_type is OrderType.TRAILING_STOP else order.trigger_price


def remember_as_sent(order: Order) -> None:
    """Keep how an order was sent, before it is amended for the first time."""
    if order.client_order_id is not None:
        account = order.account
        if account.entered is NONE_ENTERED:
            account.entered = {}
        account.entered.setdefault(order.client_order_id, as_sent(order))

"""Orders as the exchange answers them. Prices, quantities and fees are exact Decimals; fees are in the quote currency.

A field that the order does not have is None, False where it is a flag.
"""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.words import (
    Liquidity,
    OrderStatus,
    OrderType,
    PartResult,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)


class ShardOutcome(Struct, frozen=True):
    """What a call for all shards has come to in one: done, not_taken or outcome_unknown.

    canceled: how many orders it has canceled there.
    """

    result: str
    canceled: int | None = None


class Problem(Struct, frozen=True):
    """Why a part of a call failed. `code` is a stable word; `field` names the field at fault, where one is."""

    code: str
    detail: str = ""
    status: int = 0
    field: str | None = None
    title: str = ""
    type: str = ""
    shards: dict[str, ShardOutcome] = {}
    pending_shards: tuple[str, ...] = ()


class OrderTrade(Struct, frozen=True):
    """A trade of an order, with the fees of both sides."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    aggressor_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_fee: Decimal
    taker_fee: Decimal


class Order(Struct, frozen=True, repr_omit_defaults=True):
    """An order.

    resting: some of it stands in the book.
    remaining_quantity: can still trade; zero once the order is done.
    prevented_quantity: taken off by self-trade prevention.
    average_price: exact, or 12 significant digits of endless decimals; None without a fill.
    trades: those of the answered command; in a look-up the last 100; empty in lists and streams.
    reason: why it was rejected or canceled.
    reserved: what it locks, base to sell, quote to buy; None for an account without a ledger.
    sequence, timestamp: of its entry. updated_sequence, updated: of its last change.
    working_since: when it entered the book or ran; None if it waits, or ended before that.
    trigger_price: of a trailing stop its current one; None before it has one.
    duplicate: the same order was sent before under this client_order_id; this is that order, as it stands now.
    unspent_quote_quantity: the rest of a quote_quantity.
    oco_id: the same for both orders of an OCO.
    previous_client_order_id: in the answer to an amend that has changed the client_order_id, the one before.
    prevented_match_id: the last match that self-trade prevention has kept it from.
    """

    order_id: int
    client_order_id: str | None
    account: str
    symbol: str
    side: Side
    order_type: OrderType
    price: Decimal | None
    trigger_price: Decimal | None
    status: OrderStatus
    resting: bool
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    prevented_quantity: Decimal
    average_price: Decimal | None
    trades: tuple[OrderTrade, ...]
    reason: Reason | None
    reserved: Decimal | None
    sequence: int
    timestamp: Time
    updated_sequence: int
    updated: Time
    working_since: Time | None
    duplicate: bool = False
    post_only: bool = False
    self_trade_prevention: SelfTradePrevention | None = None
    expire_time: Time | None = None
    display_quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    unspent_quote_quantity: Decimal | None = None
    trailing_bps: int | None = None
    trailing_amount: Decimal | None = None
    activation_price: Decimal | None = None
    oco_id: int | None = None
    max_slippage_bps: int | None = None
    previous_client_order_id: str | None = None
    reject_if_triggered: bool = False
    time_in_force: TimeInForce | None = None
    tag: str | None = None
    cancel_on_first_fill: bool = False
    list_client_order_id: str | None = None
    prevented_match_id: int | None = None

    @property
    def done(self) -> bool:
        """Whether nothing of it can trade any more."""
        return self.status in (OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED)


class OrderList(Struct, frozen=True):
    """`next` is the value of `after` for the following orders; None at the end."""

    orders: tuple[Order, ...]
    next: str | None


class CanceledOrders(Struct, frozen=True):
    """`canceled` counts the canceled orders; `orders` holds them, or the first 10,000 of more."""

    orders: tuple[Order, ...]
    canceled: int


class OcoOrders(Struct, frozen=True):
    """The limit order and the stop order."""

    orders: tuple[Order, Order]

    @property
    def limit(self) -> Order:
        return self.orders[0]

    @property
    def stop(self) -> Order:
        return self.orders[1]


class ReplacementPart(Struct, frozen=True):
    """What became of the cancel, or of the new order.

    order: as it stands; of a new order that failed, the rejected order.
    problem: why the part failed, if there is no such order.
    """

    result: PartResult
    order: Order | None = None
    problem: Problem | None = None


class Replacement(Struct, frozen=True):
    """What became of both parts. A new order that was sent before has `duplicate`, and nothing was canceled then."""

    cancel: ReplacementPart
    place: ReplacementPart


class Amendment(Struct, frozen=True):
    """What one amend has changed of its order: each value after it, and before it."""

    sequence: int
    timestamp: Time
    quantity: Decimal
    previous_quantity: Decimal
    price: Decimal | None
    previous_price: Decimal | None
    trigger_price: Decimal | None
    previous_trigger_price: Decimal | None
    client_order_id: str | None
    previous_client_order_id: str | None


class AmendmentList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following amends; None after the last."""

    amendments: tuple[Amendment, ...]
    next: str | None


class PreventedMatch(Struct, frozen=True):
    """Two orders of the account that self-trade prevention has kept from trading.

    self_trade_prevention: the taker's.
    price: the maker's.
    taker_quantity, maker_quantity: what was taken off each.
    """

    prevented_match_id: int
    symbol: str
    taker_order_id: int
    maker_order_id: int
    self_trade_prevention: SelfTradePrevention
    price: Decimal
    taker_quantity: Decimal
    maker_quantity: Decimal
    sequence: int
    timestamp: Time


class PreventedMatchList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following matches; None after the last."""

    prevented_matches: tuple[PreventedMatch, ...]
    next: str | None


class Fill(Struct, frozen=True):
    """One side of a trade, as its account sees it. `side`, `fee` and `liquidity` are of the account's order."""

    timestamp: Time
    sequence: int
    symbol: str
    trade_id: int
    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: Liquidity

    @property
    def cursor(self) -> str:
        """The value of `after` for the fills that follow this one."""
        return f"{self.sequence}-{self.trade_id}"


class FillList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following fills; None if no fill is newer."""

    fills: tuple[Fill, ...]
    next: str | None


class CancelAfter(Struct, frozen=True):
    """`cancel_at` is when the account's orders are canceled; None if that is off."""

    account: str
    timeout_ms: int
    cancel_at: Time | None


class AccountStatus(Struct, frozen=True):
    """`canceled` is how many orders were canceled; `orders` holds them, or the first 10,000 of more."""

    account: str
    suspended: bool
    orders: tuple[Order, ...]
    canceled: int

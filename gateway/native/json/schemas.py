"""The public JSON: the bodies of requests and answers. These structs are also the schemas of the OpenAPI document.

Prices, quantities and fees are decimal strings. Ids are opaque strings. Timestamps are UTC ISO 8601 with milliseconds
and `Z`.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.native.json.field_types import (
    MISSING,
    BatchedOrderIds,
    BatchedOrders,
    BatchResult,
    CancelAfterMilliseconds,
    Decimal,
    ExpireTime,
    ExpireTimeInput,
    Identifier,
    LiquidityWord,
    NameText,
    NumberInput,
    OcoNameText,
    OptionalNumber,
    OrderStatusWord,
    OrderTypeWord,
    ReasonWord,
    SelfTradePreventionWord,
    Sequence,
    SideWord,
    SlippageBasisPoints,
    SymbolText,
    TagText,
    TimeInForceWord,
    Timestamp,
    TrailingBasisPoints,
)
from protocol.saved_book import SavedBook


class OrderRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new order. These fields are taken by these order types only:

    * price: limit, ioc, fok, stop_limit, take_profit_limit, trailing_stop_limit
    * trigger_price: stop_market, stop_limit, take_profit, take_profit_limit
    * post_only: limit, stop_limit, take_profit_limit, trailing_stop_limit
    * expire_time: limit, stop_limit, take_profit_limit, trailing_stop_limit
    * display_quantity: limit, stop_limit, take_profit_limit, trailing_stop_limit
    * quote_quantity: market
    * trailing_bps: trailing_stop, trailing_stop_limit
    * trailing_amount: trailing_stop, trailing_stop_limit
    * activation_price: trailing_stop, trailing_stop_limit
    * max_slippage_bps: market, stop_market, take_profit, trailing_stop
    * reject_if_triggered: stop_market, stop_limit, take_profit, take_profit_limit, trailing_stop, trailing_stop_limit
    * time_in_force: stop_limit, take_profit_limit, trailing_stop_limit

    Such an order needs its price and its trigger_price. A trailing stop needs either trailing_bps or a trailing_amount.
    Every order needs a quantity, or a quote_quantity in its place. That is what it spends or receives at most, without
    fees. max_slippage_bps is how far from the best opposite price it takes, in basis points of that price; the rest is
    canceled. reject_if_triggered rejects an order whose condition the last trade already meets. time_in_force is what
    the fired order runs as; ioc and fok take no post_only and no display_quantity. tag is opaque: the order's states
    have it, public data never.

    With open_only_client_order_id the client_order_id is unique among live orders only. The same order sent again is
    then another order, or refused while the first one lives.
    """

    symbol: SymbolText
    order_type: OrderTypeWord
    side: SideWord
    quantity: OptionalNumber = MISSING
    price: OptionalNumber = MISSING
    trigger_price: OptionalNumber = MISSING
    client_order_id: NameText | None = None
    account: NameText | None = None
    post_only: bool | None = None
    self_trade_prevention: SelfTradePreventionWord | None = None
    expire_time: ExpireTimeInput | None = None
    display_quantity: OptionalNumber = MISSING
    quote_quantity: OptionalNumber = MISSING
    trailing_bps: TrailingBasisPoints | None = None
    trailing_amount: OptionalNumber = MISSING
    activation_price: OptionalNumber = MISSING
    max_slippage_bps: SlippageBasisPoints | None = None
    open_only_client_order_id: bool | None = None
    reject_if_triggered: bool | None = None
    time_in_force: TimeInForceWord | None = None
    tag: TagText | None = None


class AmendRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Changes of an order, at least one. `quantity` is the new total, including the filled part. Less quantity at the
    same price keeps the order's place in its queue. More quantity or another price loses it, and the order matches
    again at once. The order bears a `new_client_order_id` from then on."""

    quantity: OptionalNumber = MISSING
    price: OptionalNumber = MISSING
    trigger_price: OptionalNumber = MISSING
    new_client_order_id: NameText | None = None


class OcoRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Two orders; each cancels the other. One is a limit order at `price`. The other is a stop at `stop_trigger_price`.
    It becomes a limit order at `stop_price`, or a market order without one. To sell, the price lies above the last
    trade, and the stop_trigger_price below it. To buy, the price lies below, and the stop_trigger_price above. The
    limit order has the client_order_id, the stop has it with `:stop` behind it.

    * open_only_client_order_id: as in OrderRequest, for both
    * take_profit_trigger_price: the limit order waits for it, as a take_profit_limit; without a price as a take_profit
    * cancel_on_first_fill: the first trade of one order cancels the other; else it lowers it
    * post_only, display_quantity, time_in_force, tag: of the limit order, where its type takes them
    * stop_display_quantity, stop_time_in_force, stop_tag: of the stop, where its type takes them
    * stop_client_order_id: the stop's name in place of that with `:stop`
    * list_client_order_id: a name of both; no other open OCO of the account has it
    """

    symbol: SymbolText
    side: SideWord
    quantity: NumberInput
    stop_trigger_price: NumberInput
    price: OptionalNumber = MISSING
    take_profit_trigger_price: OptionalNumber = MISSING
    stop_price: OptionalNumber = MISSING
    client_order_id: OcoNameText | None = None
    stop_client_order_id: NameText | None = None
    list_client_order_id: NameText | None = None
    account: NameText | None = None
    self_trade_prevention: SelfTradePreventionWord | None = None
    expire_time: ExpireTimeInput | None = None
    open_only_client_order_id: bool | None = None
    cancel_on_first_fill: bool | None = None
    post_only: bool | None = None
    display_quantity: OptionalNumber = MISSING
    time_in_force: TimeInForceWord | None = None
    tag: TagText | None = None
    stop_display_quantity: OptionalNumber = MISSING
    stop_time_in_force: TimeInForceWord | None = None
    stop_tag: TagText | None = None


class OrderBatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """New orders, carried out in this order. A bad element is answered by its problem, and holds none of the others
    back."""

    orders: BatchedOrders


class CancelBatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Orders to cancel: each an order_id or client:<client_order_id>, of this account."""

    order_ids: BatchedOrderIds
    account: NameText | None = None


class OrderTrade(Struct, frozen=True):
    """A fill of an order. Fees are in the quote currency."""

    trade_id: Identifier
    price: Decimal
    quantity: Decimal
    aggressor_side: SideWord
    maker_order_id: Identifier
    taker_order_id: Identifier
    maker_fee: Decimal
    taker_fee: Decimal


class Order(Struct, frozen=True):
    """An order. Fields that are not required are there only if the order has them.

    * resting: some of it stands in the book
    * remaining_quantity: can still trade
    * prevented_quantity: taken off by self-trade prevention
    * average_price: exact, or 12 significant digits of endless decimals
    * trades: of the answered command; in a look-up the last 100; empty in lists
    * reserved: what it locks, of the base to sell, of the quote to buy; null if the account has no ledger
    * sequence, timestamp: of its entry
    * updated_sequence, updated: of its last change
    * working_since: when it entered the book or ran; null if it waits, or ended before that
    * trigger_price: of a trailing stop, its current one; null before it has one
    * quantity: of an order with a quote_quantity, the filled and prevented quantity
    * unspent_quote_quantity: the rest of a quote_quantity
    * oco_id: the same for both orders of an OCO
    * previous_client_order_id: in the answer to an amend that has changed the client_order_id, the one before
    * cancel_on_first_fill, list_client_order_id: those of its OCO
    * prevented_match_id: the last match that self-trade prevention has kept it from
    """

    order_id: Identifier
    client_order_id: NameText | None
    account: NameText
    symbol: SymbolText
    side: SideWord
    order_type: OrderTypeWord
    price: Decimal | None
    trigger_price: Decimal | None
    status: OrderStatusWord
    resting: bool
    quantity: Decimal
    filled_quantity: Decimal
    remaining_quantity: Decimal
    prevented_quantity: Decimal
    average_price: Decimal | None
    trades: list[OrderTrade]
    reason: ReasonWord | None
    reserved: Decimal | None
    sequence: Sequence
    timestamp: Timestamp
    updated_sequence: Sequence
    updated: Timestamp
    working_since: Timestamp | None
    duplicate: (
        Annotated[bool, Meta(description="There, and true, where the same order was sent before.")] | UnsetType
    ) = UNSET
    post_only: bool | UnsetType = UNSET
    self_trade_prevention: SelfTradePreventionWord | UnsetType = UNSET
    expire_time: ExpireTime | UnsetType = UNSET
    display_quantity: Decimal | UnsetType = UNSET
    quote_quantity: Decimal | UnsetType = UNSET
    unspent_quote_quantity: Decimal | UnsetType = UNSET
    trailing_bps: int | UnsetType = UNSET
    trailing_amount: Decimal | UnsetType = UNSET
    activation_price: Decimal | UnsetType = UNSET
    oco_id: Identifier | UnsetType = UNSET
    max_slippage_bps: int | UnsetType = UNSET
    previous_client_order_id: NameText | UnsetType = UNSET
    reject_if_triggered: bool | UnsetType = UNSET
    time_in_force: TimeInForceWord | UnsetType = UNSET
    tag: TagText | UnsetType = UNSET
    cancel_on_first_fill: bool | UnsetType = UNSET
    list_client_order_id: NameText | UnsetType = UNSET
    prevented_match_id: Identifier | UnsetType = UNSET


class AmendmentView(Struct, frozen=True):
    """What one amend has changed of its order: each value after it, and before it. `sequence` and `timestamp` are
    those of the amend."""

    sequence: Sequence
    timestamp: Timestamp
    quantity: Decimal
    previous_quantity: Decimal
    price: Decimal | None
    previous_price: Decimal | None
    trigger_price: Decimal | None
    previous_trigger_price: Decimal | None
    client_order_id: NameText | None
    previous_client_order_id: NameText | None


class AmendmentViews(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following amends; null after the last."""

    amendments: list[AmendmentView]
    next: str | None


class PreventedMatchView(Struct, frozen=True):
    """Two orders of the account that self-trade prevention has kept from trading.

    * self_trade_prevention: the taker's
    * price: the maker's
    * taker_quantity, maker_quantity: what was taken off each
    """

    prevented_match_id: Identifier
    symbol: SymbolText
    taker_order_id: Identifier
    maker_order_id: Identifier
    self_trade_prevention: SelfTradePreventionWord
    price: Decimal
    taker_quantity: Decimal
    maker_quantity: Decimal
    sequence: Sequence
    timestamp: Timestamp


class PreventedMatchViews(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following matches; null after the last."""

    prevented_matches: list[PreventedMatchView]
    next: str | None


class OrderList(Struct, frozen=True):
    """`next` is the value of `after` for the following orders; null at the end."""

    orders: list[Order]
    next: str | None


class CanceledOrders(Struct, frozen=True):
    """`canceled` counts the canceled orders; `orders` holds them, or the first 10,000 of more."""

    orders: list[Order]
    canceled: int


class OcoOrders(Struct, frozen=True):
    """The limit order and the stop order."""

    orders: Annotated[list[Order], Meta(min_length=2, max_length=2)]


class BatchResults(Struct, frozen=True):
    """For each element, in its place, the answer that it alone would have: the order or the problem."""

    results: list[BatchResult]


class CancelAfterRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """After this time without another such call, all of the account's orders are canceled. 0 switches that off."""

    timeout_ms: CancelAfterMilliseconds


class CancelAfterView(Struct, frozen=True):
    """`cancel_at` is when the account's orders are canceled; null if that is off."""

    account: NameText
    timeout_ms: int
    cancel_at: Timestamp | None


class AccountView(Struct, frozen=True):
    """`canceled` is how many orders were canceled; `orders` holds them, or the first 10,000 of more."""

    account: NameText
    suspended: bool
    orders: list[Order]
    canceled: int


class Fill(Struct, frozen=True):
    """One side of a trade, as its account sees it. `side`, `fee` and `liquidity` are of the account's order. The fee is
    in the quote currency."""

    timestamp: Timestamp
    sequence: Sequence
    symbol: SymbolText
    trade_id: Identifier
    order_id: Identifier
    side: SideWord
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: LiquidityWord


class FillList(Struct, frozen=True):
    """Oldest first. `next` is the value of `after` for the following fills; null if no fill is newer."""

    fills: list[Fill]
    next: str | None


class SavedBookView(Struct, frozen=True):
    """`file` is relative to the matcher's data directory. `orders` counts the orders in it."""

    symbol: SymbolText
    file: str
    orders: int
    sequence: Sequence
    timestamp: Timestamp


class LoadRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """`book` is a saved book; left out, it is the one in the symbol's file.

    With `new_order_ids` its orders count as entered now, without client_order_ids: it may be loaded again and again.
    """

    book: SavedBook | None = None
    new_order_ids: bool = False


class LoadedBookView(Struct, frozen=True):
    """`restored` orders stand in the book again. Those in `skipped` were done after the save."""

    symbol: SymbolText
    restored: int
    skipped: list[Identifier]
    sequence: Sequence
    timestamp: Timestamp


class SessionView(Struct, frozen=True):
    """A client of the matcher: a worker of a gateway, or a program over ZeroMQ. `session` is its public number.

    `commands` of it were taken. `kept_answers` counts frames that it has not confirmed.
    """

    session: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    commands: int
    kept_answers: int


class SessionViews(Struct, frozen=True):
    """The sessions that the matcher knows; the one that has sent last comes first."""

    sequence: Sequence
    timestamp: Timestamp
    sessions: list[SessionView]


class DigestView(Struct, frozen=True):
    """`digest` is a SHA-256, in hexadecimal, over the state as of `sequence`."""

    sequence: Sequence
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

"""All inputs of the matcher: commands, and the frames that carry them and queries (`protocol.queries`).

Only append fields and tags: journals hold these structs. Prices and quantities are the instrument's integers (see
`units`). A command that does not decode, or that the engine refuses, changes nothing.
"""

from typing import Final

from msgspec import Struct

from protocol.key_commands import CopyKeys, NoteKeyUse, RevokeKey, SetKey
from protocol.market_commands import LoadBook, SetInstrument
from protocol.money import (
    AccountQuery,
    AccountsQuery,
    BalancesQuery,
    CloseLedger,
    Deposit,
    MovementsQuery,
    ResetAccount,
    Transfer,
    Withdraw,
)
from protocol.node_frames import HandOver, NoteReader
from protocol.own_commands import AdvanceTime, MoveTimers, RefuseCommand, SetLimits, SetShard
from protocol.queries import (
    AccountUpdatesQuery,
    AccountVersionsQuery,
    AmendmentsQuery,
    BookUpdatesQuery,
    DepthQuery,
    DigestQuery,
    FillsQuery,
    InstrumentsQuery,
    KeysQuery,
    OrderQuery,
    OrdersQuery,
    PreventedMatchesQuery,
    Query,
    SaveBook,
    SessionsQuery,
    StatusQuery,
    TradesQuery,
)
from protocol.units import (
    CancelAfterTimeout,
    Count,
    Name,
    OnlyStatus,
    OrderId,
    OrderQuantity,
    OrderType,
    Price,
    Quantity,
    QuoteQuantity,
    SelfTradePrevention,
    SessionId,
    Side,
    SlippageBps,
    Symbol,
    Tag,
    Time,
    TimeInForce,
    TrailingBps,
)

__all__ = [
    "NO_TERMS",
    "VERSION",
    "AccountQuery",
    "AccountUpdatesQuery",
    "AccountVersionsQuery",
    "AccountsQuery",
    "AdvanceTime",
    "AmendOrder",
    "AmendmentsQuery",
    "Ask",
    "BalancesQuery",
    "BookUpdatesQuery",
    "CancelAfter",
    "CancelAllOrders",
    "CancelOrder",
    "CancelReplace",
    "CloseLedger",
    "Command",
    "Commands",
    "CopyKeys",
    "Deposit",
    "DepthQuery",
    "DigestQuery",
    "FillsQuery",
    "Frame",
    "Hello",
    "InstrumentsQuery",
    "KeysQuery",
    "LoadBook",
    "MoveTimers",
    "MovementsQuery",
    "NoteKeyUse",
    "OrderQuery",
    "OrderTerms",
    "OrdersQuery",
    "OwnCommand",
    "PlaceOco",
    "PlaceOrder",
    "PreventedMatchesQuery",
    "Query",
    "RefuseCommand",
    "ResetAccount",
    "RevokeKey",
    "SaveBook",
    "SessionsQuery",
    "SetAccountStatus",
    "SetInstrument",
    "SetKey",
    "SetLimits",
    "SetShard",
    "StatusQuery",
    "TradesQuery",
    "Transfer",
    "WatchAccount",
    "Withdraw",
]

VERSION = 2
"""The version of the messages between gateway and matcher; both sides refuse any other. Version 1 named sessions in
reports by their ids."""


class OrderTerms(Struct, frozen=True, array_like=True, gc=False):
    """Optional fields of an order, in addition to its type, price and quantity.

    post_only: rejects the order if it would trade at once.
    self_trade_prevention: the rule for an order that meets one of its own account.
    expire_time: the last moment at which the order may trade, in nanoseconds since 1970; zero means none.
    display_quantity: the part of an iceberg that the book shows.
    quote_quantity: the most that a market order spends or receives, in 10^-(price_decimals + quantity_decimals) of
        the quote currency.
    trailing_bps: the distance of a trailing stop, in basis points of the best price.
    trailing_amount: the distance of a trailing stop, in the price unit. It excludes trailing_bps.
    activation_price: the price at which a trailing stop begins to follow the market.
    max_slippage_bps: how far from the best opposite price a market order may take, in basis points of that price.
    reject_if_triggered: rejects an order that waits if the last trade already meets its condition: its trigger_price,
        or the activation_price of a trailing stop.
    time_in_force: what a fired order with a price runs as.
    tag: opaque text of its sender, of visible ASCII. No public data has it.
    """

    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    expire_time: Time = 0
    display_quantity: Quantity | None = None
    quote_quantity: QuoteQuantity | None = None
    trailing_bps: TrailingBps | None = None
    trailing_amount: Price | None = None
    activation_price: Price | None = None
    max_slippage_bps: SlippageBps | None = None
    reject_if_triggered: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    tag: Tag | None = None


NO_TERMS: Final = OrderTerms()
"""The terms of an order that names none: all defaults."""


class PlaceOrder(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Place one new order. Answer: OrderResult for a new order without terms, else OrderState; or CommandRefused.

    quantity: zero if the terms have a quote_quantity.
    deadline: the latest time at which the matcher may execute the command, in nanoseconds since 1970; zero means none.
    terms: None means all defaults.
    open_only_client_order_id: the client_order_id is unique among live orders only. While a live order bears it, the
        command is refused; else the id is this order's from now on. The same command again is another order.
    """

    symbol: Symbol
    account: Name
    side: Side
    order_type: OrderType
    quantity: OrderQuantity
    price: Price | None = None
    trigger_price: Price | None = None
    client_order_id: Name | None = None
    deadline: Time = 0
    terms: OrderTerms | None = None
    open_only_client_order_id: bool = False


class PlaceOco(Struct, frozen=True, array_like=True, tag=8, gc=False):
    """Place two orders of one side and quantity; if one trades or ends, the other is reduced or canceled.

    Answer: OrderStates with both legs, or CommandRefused.

    price: the price of the limit order.
    stop_trigger_price: the trigger price of the stop.
    stop_price: the stop's limit price; None makes it a stop_market order.
    client_order_id: that of the limit order. The stop's is the same with STOP_LEG_SUFFIX appended.
    cancel_on_first_fill: the first trade of one leg cancels the other.
    post_only, display_quantity, time_in_force, tag: terms of the limit order.
    take_profit_trigger_price: makes the limit order a take_profit_limit, or a take_profit without a price.
    stop_client_order_id: the stop's client_order_id. It takes a client_order_id beside it.
    list_client_order_id: a name of the pair, another one than those of all open pairs of the account.
    stop_display_quantity, stop_time_in_force, stop_tag: terms of the stop.
    open_only_client_order_id: as in PlaceOrder, for the ids of both.
    """

    symbol: Symbol
    account: Name
    side: Side
    quantity: Quantity
    price: Price | None
    stop_trigger_price: Price
    stop_price: Price | None = None
    client_order_id: Name | None = None
    deadline: Time = 0
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    expire_time: Time = 0
    cancel_on_first_fill: bool = False
    post_only: bool = False
    take_profit_trigger_price: Price | None = None
    stop_client_order_id: Name | None = None
    list_client_order_id: Name | None = None
    display_quantity: Quantity | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    tag: Tag | None = None
    stop_display_quantity: Quantity | None = None
    stop_time_in_force: TimeInForce = TimeInForce.GTC
    stop_tag: Tag | None = None
    open_only_client_order_id: bool = False


class CancelOrder(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Cancel what remains of one order. Name it by order_id, or by account and client_order_id.

    Answer: OrderState or CommandRefused.

    only_status: refuses to cancel an order of another status.
    cancel_client_order_id: a name for this cancel, told with the canceled orders. It need not be unique.
    symbol: an order of another symbol is unknown. So then is one of the order_id that bears another client_order_id.
    """

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None
    only_status: OnlyStatus | None = None
    cancel_client_order_id: Name | None = None
    symbol: Symbol | None = None


class CancelReplace(Struct, frozen=True, array_like=True, tag=23, gc=False):
    """Cancel one order and place another. Nothing comes between. Answer: CancelReplaced or CommandRefused.

    The new order's fields, its deadline and what the market's and its account's state forbid are checked first: then
    the command is refused and nothing is canceled. Balance, open-only ids, numbers of orders and the book are looked
    at after the cancel.

    allow_failure: places the new order also if the cancel is refused.
    """

    cancel: CancelOrder
    place: PlaceOrder
    allow_failure: bool = False


class CancelAllOrders(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """Cancel all open and pending orders of the account; `symbol` None means all symbols.

    `cancel_client_order_id` is as in CancelOrder. Answer: OrderStates or CommandRefused.
    """

    account: Name
    symbol: Symbol | None = None
    cancel_client_order_id: Name | None = None


class AmendOrder(Struct, frozen=True, array_like=True, tag=7, gc=False):
    """Change an open or pending order, named as in CancelOrder. Answer: OrderState or CommandRefused.

    `quantity` is the new total, the filled part included. None keeps a field. Less quantity at the same price keeps
    the place in the queue. After any other change the order matches again and joins the end of its queue.

    new_client_order_id: the order bears it from then on. An id that was unique for good stays used, and the new one is
        unique for good too; an open-only id is free then, and the new one is open-only.
    """

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None
    quantity: Quantity | None = None
    price: Price | None = None
    trigger_price: Price | None = None
    new_client_order_id: Name | None = None


class SetAccountStatus(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """Suspend an account, or let it trade again. Suspending cancels its orders and rejects new ones.

    Answer: AccountState or CommandRefused.

    version: orders the statuses of an account that several matchers hold. None takes effect always. Zero makes a new
        one: the time of this command, or what follows the account's last one. An older one changes nothing; of equal
        ones, the one that suspends counts.
    """

    account: Name
    suspended: bool
    version: Time | None = None


class CancelAfter(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """Cancel all orders of the account `timeout` nanoseconds from now. The next CancelAfter replaces this one.

    Zero switches it off. Answer: AccountState or CommandRefused.
    """

    account: Name
    timeout: CancelAfterTimeout


class WatchAccount(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """From now on, publish the changes of the account's orders, and keep them for queries.

    Answer: AccountState or CommandRefused.
    """

    account: Name


Command = (
    PlaceOrder
    | CancelOrder
    | CancelAllOrders
    | AmendOrder
    | SetInstrument
    | LoadBook
    | RefuseCommand
    | PlaceOco
    | SetAccountStatus
    | CancelAfter
    | AdvanceTime
    | WatchAccount
    | Deposit
    | Withdraw
    | Transfer
    | CloseLedger
    | ResetAccount
    | SetKey
    | RevokeKey
    | NoteKeyUse
    | CancelReplace
    | CopyKeys
)
"""What a session may send."""

OwnCommand = Command | MoveTimers | SetLimits | SetShard
"""All that the engine executes: also the commands that only the matcher itself sends."""


class Hello(Struct, frozen=True, array_like=True, tag=1):
    """Open a session, or ask which commands the matcher has taken. `answered` is as in Commands. Answer: Welcome."""

    version: int
    session: SessionId
    answered: Count = 0


class Commands(Struct, frozen=True, array_like=True, tag=2):
    """Commands of a session. Answer: Answers, SessionUnknown or FrameRefused.

    number: the number of the first command; the others have the next numbers.
    answered: the sender has all answers up to this number.
    """

    version: int
    session: SessionId
    number: SessionId
    answered: Count
    commands: list[Command]


class Ask(Struct, frozen=True, array_like=True, tag=3):
    """A query. It has no number in the session and is safe to repeat. Answer: QueryResult with the same `request`."""

    version: int
    session: SessionId
    request: Count
    query: Query


Frame = Hello | Commands | Ask | HandOver | NoteReader

"""All inputs of the matcher.

Fields and tags are only ever appended: these structs stand in journals. Prices and quantities are the instrument's
integers (see `units`). A command that does not decode, or that the engine refuses, changes nothing.
"""

from typing import Final

from msgspec import Struct

from protocol.saved_book import SavedBook
from protocol.units import (
    UNLIMITED,
    CancelAfterTimeout,
    Count,
    InstrumentStatus,
    Name,
    OrderId,
    OrderQuantity,
    OrderType,
    Price,
    Quantity,
    QuoteQuantity,
    Refusal,
    SelfTradePrevention,
    SessionId,
    Side,
    Symbol,
    Time,
    TimeShift,
    TrailingBps,
)

VERSION = 1
"""The version of the messages between gateway and matcher; both sides refuse any other."""


class OrderTerms(Struct, frozen=True, array_like=True, gc=False):
    """What an order may ask for beyond its type, price and quantity.

    `expire_time` is the last moment at which it may trade; zero for none. `display_quantity` is the part of an iceberg
    that is shown. `quote_quantity` is what a market order may spend or receive at most, in 10^-(price_decimals +
    quantity_decimals) of the quote currency. A trailing stop has a trail, of basis points of the price or an amount of
    it, and may have an `activation_price`.
    """

    post_only: bool = False
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    expire_time: Time = 0
    display_quantity: Quantity | None = None
    quote_quantity: QuoteQuantity | None = None
    trailing_bps: TrailingBps | None = None
    trailing_amount: Price | None = None
    activation_price: Price | None = None


NO_TERMS: Final = OrderTerms()
"""What an order asks for that has no terms."""


class PlaceOrder(Struct, frozen=True, array_like=True, tag=1, gc=False):
    """A new order. `deadline` is the latest time at which it may be executed; zero for none. `quantity` is zero where
    the terms have a quote_quantity in its place; `terms` is None where the order has none that differ from their
    defaults."""

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


class PlaceOco(Struct, frozen=True, array_like=True, tag=8, gc=False):
    """Two orders of one side and quantity of which one cancels the other: a limit order at `price`, and a stop at
    `stop_trigger_price` that becomes a limit order at `stop_price`, or a market order where there is none. The stop's
    client_order_id is the limit order's with STOP_LEG_SUFFIX behind it."""

    symbol: Symbol
    account: Name
    side: Side
    quantity: Quantity
    price: Price
    stop_trigger_price: Price
    stop_price: Price | None = None
    client_order_id: Name | None = None
    deadline: Time = 0
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.NONE
    expire_time: Time = 0


class CancelOrder(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Cancel what is left of one order, named by order_id or, within the account, by client_order_id."""

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None


class CancelAllOrders(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """Cancel all open and pending orders of the account, of one symbol or of all."""

    account: Name
    symbol: Symbol | None = None


class AmendOrder(Struct, frozen=True, array_like=True, tag=7, gc=False):
    """Change an order, named as in CancelOrder. `quantity` is the new total, the filled part included; None leaves a
    field as it is.

    Less quantity at the same price keeps the place in the queue; any other change loses it and matches again at once.
    """

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None
    quantity: Quantity | None = None
    price: Price | None = None
    trigger_price: Price | None = None


class SetAccountStatus(Struct, frozen=True, array_like=True, tag=9, gc=False):
    """Suspend an account, which cancels all its orders and rejects its new ones, or let it trade again."""

    account: Name
    suspended: bool


class CancelAfter(Struct, frozen=True, array_like=True, tag=10, gc=False):
    """Cancel all orders of the account when `timeout` nanoseconds have passed without another such command; zero
    switches it off."""

    account: Name
    timeout: CancelAfterTimeout


class AdvanceTime(Struct, frozen=True, array_like=True, tag=11, gc=False):
    """Do what the stamped time brings: orders expire, accounts that were silent too long are canceled. Only the matcher
    itself sends it."""


class MoveTimers(Struct, frozen=True, array_like=True, tag=13, gc=False):
    """Move the time of each account's cancel on silence by so many nanoseconds: the clock has gained them, or lost
    them, on a stopwatch."""

    by: TimeShift


class SetLimits(Struct, frozen=True, array_like=True, tag=14, gc=False):
    """From now on hold to these limits, so that no command costs the matcher more time than it has. Journals of earlier
    versions have none.

    `accounts` is how many there may be. One command makes at most `trades` trades, moves trailing stops at most
    `trigger_moves` times and cancels at most `cancels` orders of accounts. At most `trigger_orders` wait in one book,
    and `expiring_orders` in all have an expire_time. An iceberg has at most `iceberg_parts` parts.
    """

    accounts: Count = UNLIMITED
    trades: Count = UNLIMITED
    trigger_moves: Count = UNLIMITED
    cancels: Count = UNLIMITED
    trigger_orders: Count = UNLIMITED
    expiring_orders: Count = UNLIMITED
    iceberg_parts: Count = UNLIMITED


class WatchAccount(Struct, frozen=True, array_like=True, tag=12, gc=False):
    """From now on keep what happens to the account's orders, and publish it."""

    account: Name


class SetInstrument(Struct, frozen=True, array_like=True, tag=4):
    """Add an instrument or change its limits, fees or status; None leaves a known instrument's field as it is.

    The decimals say in which units the sender wrote the integers; they must be those of a known instrument.
    """

    symbol: Symbol
    price_decimals: Count
    quantity_decimals: Count
    base: str | None = None
    quote: str | None = None
    tick_size: Price | None = None
    lot_size: Quantity | None = None
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None
    max_price: Price | None = None
    min_notional: Count | None = None
    maker_fee_bps: Count | None = None
    taker_fee_bps: Count | None = None
    status: InstrumentStatus | None = None


class LoadBook(Struct, frozen=True, array_like=True, tag=5):
    """Make the saved book the symbol's book again. A gateway sends it without contents; the matcher reads and checks
    its file and stamps the command with the contents inside, so that a replay needs no file."""

    symbol: Symbol
    contents: SavedBook | None = None


class RefuseCommand(Struct, frozen=True, array_like=True, tag=6):
    """Stands in the place of a command that the matcher's shell refused before the engine saw it (a bad file, a command
    that crashed the engine), so that a replay refuses it too."""

    refusal: Refusal
    detail: str = ""


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
)
"""What a session may send."""

OwnCommand = Command | MoveTimers | SetLimits
"""What the engine carries out: also what only the matcher itself sends."""


class OrderQuery(Struct, frozen=True, array_like=True, tag=1):
    """One order as it stands now, named as in CancelOrder. Answer: OrderState or Refused."""

    order_id: OrderId | None = None
    account: Name | None = None
    client_order_id: Name | None = None


class OrdersQuery(Struct, frozen=True, array_like=True, tag=2):
    """Open and pending orders, oldest first, or done ones, newest first, after a cursor. Answer: OrderPage."""

    symbol: Symbol | None = None
    account: Name | None = None
    done: bool = False
    limit: Count = 100
    after: Count = 0


class DepthQuery(Struct, frozen=True, array_like=True, tag=3):
    """The best levels of a book. Answer: Depth or Refused."""

    symbol: Symbol
    levels: Count = 10


class TradesQuery(Struct, frozen=True, array_like=True, tag=4):
    """The last trades of a symbol with a trade_id above `after`, oldest first. Answer: TradeHistory or Refused."""

    symbol: Symbol
    limit: Count = 100
    after: Count = 0


class InstrumentsQuery(Struct, frozen=True, array_like=True, tag=5):
    """All instruments, or the one of that symbol, if there is one. Answer: InstrumentList."""

    symbol: Symbol | None = None


class StatusQuery(Struct, frozen=True, array_like=True, tag=6):
    """How the matcher does. Answer: MatcherStatus."""


class SaveBook(Struct, frozen=True, array_like=True, tag=7):
    """Write the symbol's book to its file. Answer: BookSaved or Refused."""

    symbol: Symbol


class DigestQuery(Struct, frozen=True, array_like=True, tag=8):
    """The digest of the state as it is now. Answer: Digest."""


class FillsQuery(Struct, frozen=True, array_like=True, tag=9):
    """The account's last fills, of one symbol or of all, oldest first: those after a cursor, where one is given, else
    the newest. A cursor is the sequence and the trade_id of a fill. Answer: FillPage or Refused."""

    account: Name
    symbol: Symbol | None = None
    limit: Count = 100
    after: tuple[Count, Count] | None = None


class AccountUpdatesQuery(Struct, frozen=True, array_like=True, tag=10):
    """What happened to the account's orders after the sequence, oldest first. Answer: AccountUpdates."""

    account: Name
    after: Count


Query = (
    OrderQuery
    | OrdersQuery
    | DepthQuery
    | TradesQuery
    | InstrumentsQuery
    | StatusQuery
    | SaveBook
    | DigestQuery
    | FillsQuery
    | AccountUpdatesQuery
)


class Hello(Struct, frozen=True, array_like=True, tag=1):
    """Opens a session, or asks where it stands. `answered` is as in Commands. Answer: Welcome."""

    version: int
    session: SessionId
    answered: Count = 0


class Commands(Struct, frozen=True, array_like=True, tag=2):
    """Commands of a session: the first bears `number`, the following the next ones. `answered` is the number up to
    which the sender has all answers. Answer: Answers, or SessionUnknown."""

    version: int
    session: SessionId
    number: SessionId
    answered: Count
    commands: list[Command]


class Ask(Struct, frozen=True, array_like=True, tag=3):
    """A query: outside the numbers of the session, safe to repeat. Answer: QueryAnswer with the same `request`."""

    version: int
    session: SessionId
    request: Count
    query: Query


Frame = Hello | Commands | Ask

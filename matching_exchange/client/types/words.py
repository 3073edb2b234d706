"""The words of the exchange. A member is a str: `order.status == "filled"` holds.

A word that a later exchange adds is read too: as a member that has this word alone.
"""

from enum import StrEnum
from typing import Literal


class Word(StrEnum):
    """A word of the exchange."""

    @classmethod
    def _missing_(cls, value: object) -> "Word | None":
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member


class Side(Word):
    BUY = "buy"
    SELL = "sell"


class OrderType(Word):
    MARKET = "market"
    LIMIT = "limit"
    IOC = "ioc"
    FOK = "fok"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"
    TRAILING_STOP_LIMIT = "trailing_stop_limit"


class TimeInForce(Word):
    """What an order with a price runs as once it has fired."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class SelfTradePrevention(Word):
    """What happens instead of a trade with an own order."""

    NONE = "none"
    CANCEL_NEWEST = "cancel_newest"
    CANCEL_OLDEST = "cancel_oldest"
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"


class OrderStatus(Word):
    """`pending` waits for its trigger; `open` and `partially_filled` rest; the others are done."""

    PENDING = "pending"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"


class InstrumentStatus(Word):
    TRADING = "trading"
    CANCEL_ONLY = "cancel_only"
    HALTED = "halted"


class Liquidity(Word):
    MAKER = "maker"
    TAKER = "taker"


class MovementKind(Word):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    FILL = "fill"
    FEE = "fee"


class PartResult(Word):
    DONE = "done"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"


class KeyType(Word):
    HMAC = "hmac"
    ED25519 = "ed25519"
    RSA = "rsa"


class Permission(Word):
    TRADE = "trade"
    USER_DATA = "user_data"
    USER_STREAM = "user_stream"


class Reason(Word):
    """Why an order was rejected or canceled."""

    TOO_LATE = "too_late"
    INSTRUMENT_CANCEL_ONLY = "instrument_cancel_only"
    INSTRUMENT_HALTED = "instrument_halted"
    NO_LIQUIDITY = "no_liquidity"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLABLE = "fok_unfillable"
    REQUESTED = "requested"
    BOOK_REPLACED = "book_replaced"
    POST_ONLY_WOULD_CROSS = "post_only_would_cross"
    SELF_TRADE = "self_trade"
    EXPIRED = "expired"
    OCO = "oco"
    CANCEL_AFTER = "cancel_after"
    ACCOUNT_SUSPENDED = "account_suspended"
    QUOTE_QUANTITY_TOO_SMALL = "quote_quantity_too_small"
    TOO_MANY_TRADES = "too_many_trades"
    TOO_MANY_TRIGGER_ORDERS = "too_many_trigger_orders"
    TOO_MANY_EXPIRING_ORDERS = "too_many_expiring_orders"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    PRICE_OUTSIDE_BAND = "price_outside_band"
    PRICE_BAND = "price_band"
    TOO_MANY_OPEN_ORDERS = "too_many_open_orders"
    NOTIONAL_TOO_LARGE = "notional_too_large"
    SLIPPAGE = "slippage"
    WOULD_TRIGGER_IMMEDIATELY = "would_trigger_immediately"
    OCO_TRIGGERED = "oco_triggered"
    OCO_CANCELED = "oco_canceled"


SideWord = Literal["buy", "sell"]
OrderTypeWord = Literal[
    "market",
    "limit",
    "ioc",
    "fok",
    "stop_market",
    "stop_limit",
    "take_profit",
    "take_profit_limit",
    "trailing_stop",
    "trailing_stop_limit",
]
TimeInForceWord = Literal["gtc", "ioc", "fok"]
SelfTradePreventionWord = Literal["none", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"]
OnlyStatusWord = Literal["new", "partially_filled"]
InstrumentStatusWord = Literal["trading", "cancel_only", "halted"]
KeyTypeWord = Literal["hmac", "ed25519", "rsa"]
PermissionWord = Literal["trade", "user_data", "user_stream"]
Interval = Literal["1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
"""The length of a candle's period, in UTC."""

"""Names for the integers and words that cross process borders.

A price counts units of 10^-price_decimals of the quote currency. A quantity counts units of 10^-quantity_decimals of
the base currency. The instrument has these decimals. Times are nanoseconds since 1970 UTC.

Only append members of an enumeration: journals hold their numbers.
"""

import re
from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta

MAX_INTEGER: Final = 2**63 - 1
"""The largest integer of any field. It fits a signed 64-bit integer in every language."""

UNLIMITED: Final = 2**62
"""The value of a limit that limits nothing."""

MAX_PRICE: Final = 10**13
"""The largest max_price of an instrument, in its smallest price unit."""

MAX_QUANTITY: Final = 10**13
"""The largest max_quantity of an instrument, in its smallest quantity unit. The total of 900,000 such orders fits in 63
bits."""

MAX_DECIMALS: Final = 12
"""The most decimals of a price or a quantity."""

MAX_FEE_BPS: Final = 10_000
"""The largest fee rate: the whole value of the trade."""

NAME_LENGTH: Final = 64
"""The longest account or client_order_id, in characters."""

TAG_LENGTH: Final = 64
"""The longest tag of an order, in bytes of visible ASCII."""

SYMBOL_LENGTH: Final = 32
"""The longest symbol, in characters."""

NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
SYMBOL_PATTERN: Final = re.compile(r"[A-Z0-9_-][A-Z0-9._-]{0,31}")
TAG_PATTERN: Final = re.compile(r"[!-~]{1,64}")
CURRENCY_PATTERN: Final = re.compile(r"[A-Z0-9]{1,16}")

DEFAULT_ACCOUNT: Final = "default"

STOP_LEG_SUFFIX: Final = ":stop"
"""Appended to the client_order_id of an OCO's limit leg, it makes that of the stop leg."""

MAX_RESET_ASSETS: Final = 2_000
"""Balances that one reset sets: the assets of 1,000 instruments."""

MAX_TRAILING_BPS: Final = 9_999
"""The largest distance of a trailing stop, in basis points: less than the whole price."""

MAX_SLIPPAGE_BPS: Final = 9_999
"""The largest slippage that a market order may ask for, in basis points: less than the whole price."""

MAX_PRICE_BAND_BPS: Final = 1_000_000
"""The widest price band, and the largest move before a halt, in basis points: a hundred times the price."""

MAX_OPEN_ORDERS: Final = 1_000_000
"""The largest max_open_orders of an instrument."""

MAX_HALT_WINDOW_MS: Final = 3_600_000
"""The longest window over which a halt looks for a move, in milliseconds: one hour. The window's prices are kept."""

MAX_HALT_MS: Final = 86_400_000
"""The longest halt that ends by itself, in milliseconds: one day."""

MIN_CANCEL_AFTER: Final = 100_000_000
MAX_CANCEL_AFTER: Final = 86_400_000_000_000
"""The bounds of a cancel-after timeout, in nanoseconds: 100 milliseconds to one day."""

Price = Annotated[int, Meta(ge=1, le=MAX_PRICE)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
OrderQuantity = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]
QuoteQuantity = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
CancelAfterTimeout = Annotated[int, Meta(ge=0, le=MAX_CANCEL_AFTER)]
TimeShift = Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
TrailingBps = Annotated[int, Meta(ge=1, le=MAX_TRAILING_BPS)]
SlippageBps = Annotated[int, Meta(ge=1, le=MAX_SLIPPAGE_BPS)]
OrderId = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Time = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
SessionId = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
Tag = Annotated[str, Meta(min_length=1, max_length=TAG_LENGTH)]
Symbol = Annotated[str, Meta(min_length=1, max_length=SYMBOL_LENGTH)]


class Side(IntEnum):
    """The numbers of FIX tag 54."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    MARKET = 1
    LIMIT = 2
    IOC = 3
    FOK = 4
    STOP_MARKET = 5
    STOP_LIMIT = 6
    TAKE_PROFIT = 7
    TAKE_PROFIT_LIMIT = 8
    TRAILING_STOP = 9
    TRAILING_STOP_LIMIT = 10


class TimeInForce(IntEnum):
    """What a fired order with a price runs as.

    GTC: takes up to its price; the rest rests.
    IOC: takes up to its price; the rest is canceled.
    FOK: takes all of its quantity up to its price, or nothing.
    """

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTradePrevention(IntEnum):
    """The rule for a taker that meets an order of its own account.

    NONE: they trade.
    CANCEL_NEWEST: cancels the taker.
    CANCEL_OLDEST: cancels the maker.
    CANCEL_BOTH: cancels both.
    DECREMENT: takes the smaller remaining quantity off both.
    """

    NONE = 1
    CANCEL_NEWEST = 2
    CANCEL_OLDEST = 3
    CANCEL_BOTH = 4
    DECREMENT = 5


class OrderStatus(IntEnum):
    PENDING = 1
    OPEN = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELED = 5
    REJECTED = 6


class OnlyStatus(IntEnum):
    """Which orders a cancel takes.

    NEW: those of which nothing is filled, also pending ones.
    PARTIALLY_FILLED: those of which something is filled.
    """

    NEW = 1
    PARTIALLY_FILLED = 2


class InstrumentStatus(IntEnum):
    TRADING = 1
    CANCEL_ONLY = 2
    HALTED = 3


class Reason(IntEnum):
    """Why an order was rejected or canceled."""

    TOO_LATE = 1
    INSTRUMENT_CANCEL_ONLY = 2
    INSTRUMENT_HALTED = 3
    NO_LIQUIDITY = 4
    IOC_REMAINDER = 5
    FOK_UNFILLABLE = 6
    REQUESTED = 7
    BOOK_REPLACED = 8
    POST_ONLY_WOULD_CROSS = 9
    SELF_TRADE = 10
    EXPIRED = 11
    OCO = 12
    CANCEL_AFTER = 13
    ACCOUNT_SUSPENDED = 14
    QUOTE_QUANTITY_TOO_SMALL = 15
    TOO_MANY_TRADES = 16
    TOO_MANY_TRIGGER_ORDERS = 17
    TOO_MANY_EXPIRING_ORDERS = 18
    INSUFFICIENT_BALANCE = 19
    PRICE_OUTSIDE_BAND = 20
    PRICE_BAND = 21
    TOO_MANY_OPEN_ORDERS = 22
    NOTIONAL_TOO_LARGE = 23
    SLIPPAGE = 24
    WOULD_TRIGGER_IMMEDIATELY = 25
    OCO_TRIGGERED = 26
    OCO_CANCELED = 27


class Refusal(IntEnum):
    """Why a command changed nothing."""

    INVALID_NAME = 1
    UNKNOWN_SYMBOL = 2
    CLIENT_ORDER_ID_CONFLICT = 3
    PRICE_REQUIRED = 4
    PRICE_NOT_ALLOWED = 5
    TRIGGER_PRICE_REQUIRED = 6
    TRIGGER_PRICE_NOT_ALLOWED = 7
    QUANTITY_OFF_LOT = 8
    QUANTITY_TOO_SMALL = 9
    QUANTITY_TOO_LARGE = 10
    PRICE_OFF_TICK = 11
    PRICE_TOO_LARGE = 12
    TRIGGER_PRICE_OFF_TICK = 13
    TRIGGER_PRICE_TOO_LARGE = 14
    BELOW_MIN_NOTIONAL = 15
    UNKNOWN_ORDER = 16
    ORDER_NOT_OPEN = 17
    INSTRUMENT_CANCEL_ONLY = 18
    INSTRUMENT_HALTED = 19
    QUANTITY_BELOW_FILLED = 20
    INVALID_INSTRUMENT = 21
    INSTRUMENT_FIXED = 22
    TOO_MANY_INSTRUMENTS = 23
    NO_SAVED_BOOK = 24
    INVALID_SAVED_BOOK = 25
    SAVED_BOOK_TOO_LARGE = 26
    COMMAND_REFUSED = 27
    SAVE_FAILED = 28
    POST_ONLY_NOT_ALLOWED = 29
    EXPIRE_TIME_NOT_ALLOWED = 30
    DISPLAY_QUANTITY_NOT_ALLOWED = 31
    QUOTE_QUANTITY_NOT_ALLOWED = 32
    TRAILING_BPS_NOT_ALLOWED = 33
    TRAILING_AMOUNT_NOT_ALLOWED = 34
    ACTIVATION_PRICE_NOT_ALLOWED = 35
    TRAILING_REQUIRED = 36
    QUANTITY_REQUIRED = 37
    QUANTITY_NOT_ALLOWED = 38
    DISPLAY_QUANTITY_OFF_LOT = 39
    DISPLAY_QUANTITY_TOO_LARGE = 40
    TRAILING_AMOUNT_OFF_TICK = 41
    TRAILING_AMOUNT_TOO_LARGE = 42
    ACTIVATION_PRICE_OFF_TICK = 43
    ACTIVATION_PRICE_TOO_LARGE = 44
    EXPIRE_TIME_PAST = 45
    POST_ONLY_WOULD_CROSS = 46
    NO_LAST_TRADE = 47
    PRICE_ON_WRONG_SIDE = 48
    TRIGGER_PRICE_ON_WRONG_SIDE = 49
    TOO_MANY_TIMERS = 50
    DISPLAY_QUANTITY_TOO_SMALL = 51
    TOO_MANY_ACCOUNTS = 52
    INSUFFICIENT_BALANCE = 53
    TRANSFER_ID_CONFLICT = 54
    OPEN_ORDERS = 55
    UNKNOWN_ASSET = 56
    NO_LEDGER = 57
    INVALID_AMOUNT = 58
    SAME_ACCOUNT = 59
    PRICE_OUTSIDE_BAND = 61
    NOTIONAL_TOO_LARGE = 63
    MAX_SLIPPAGE_BPS_NOT_ALLOWED = 64
    UNKNOWN_KEY = 65
    KEY_CONFLICT = 66
    TOO_MANY_KEYS = 67
    INVALID_KEY = 68
    WRONG_SHARD = 71
    REJECT_IF_TRIGGERED_NOT_ALLOWED = 73
    TIME_IN_FORCE_NOT_ALLOWED = 74
    INVALID_TAG = 75
    WOULD_TRIGGER_IMMEDIATELY = 76
    LIST_CLIENT_ORDER_ID_IN_USE = 77
    CLIENT_ORDER_ID_REQUIRED = 78
    CLIENT_ORDER_ID_IN_USE = 80
    CANCEL_RESTRICTED = 81
    TOO_LATE = 82
    ACCOUNT_SUSPENDED = 83

"""Every error of the dialect: its code and its exact text. Clients tell errors apart by both."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gateway.http.errors import NO_HEADERS


class Fault(Struct, frozen=True):
    """All errors of one kind. `text` holds `%s` for each word of the error."""

    code: int
    text: str
    status: int = 400


class DialectError(Exception):
    """Ends a call.

    words: stand in the text of the fault.
    headers: go with an answer over HTTP.
    data: what the answer holds beside the code and the text; None for nothing.
    """

    def __init__(
        self, fault: Fault, *words: object, headers: Mapping[str, str] = NO_HEADERS, data: dict[str, Any] | None = None
    ) -> None:
        self.code = fault.code
        self.message = fault.text % words if words else fault.text
        self.status = fault.status
        self.headers = headers
        self.data = data
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        """What tells it in an answer."""
        told: dict[str, Any] = {"code": self.code, "msg": self.message}
        return told if self.data is None else {**told, "data": self.data}


# The gateway and the matcher

NO_MATCHER: Final = Fault(-1001, "Internal error; unable to process your request. Please try again.", 503)
OUTCOME_UNKNOWN: Final = Fault(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    504,
)
QUEUE_FULL: Final = Fault(-1003, "Too many requests queued.", 429)
TOO_MUCH_WEIGHT: Final = Fault(
    -1003,
    "Too much request weight used; current limit is %s request weight per %s. "
    "Please use WebSocket Streams for live updates to avoid polling the API.",
    429,
)
BANNED: Final = Fault(
    -1003,
    "Way too much request weight used; IP banned until %s. "
    "Please use WebSocket Streams for live updates to avoid bans.",
    418,
)
TOO_MANY_ORDERS: Final = Fault(-1015, "Too many new orders; current limit is %s orders per %s.", 429)
TOO_MANY_REQUESTS: Final = Fault(-1003, "%s", 429)
INTERNAL: Final = Fault(-1000, "An unknown error occurred while processing the request.", 500)
HTTP_FAULT: Final = Fault(-1000, "%s")
RETIRED: Final = Fault(-1016, "This service is no longer available.", 410)
NOT_SUPPORTED: Final = Fault(-1020, "This operation is not supported.")
UNKNOWN_PATH: Final = Fault(-1020, "This operation is not supported.", 404)
UNKNOWN_METHOD: Final = Fault(-1020, "This operation is not supported.", 405)

# The WebSocket API

BAD_JSON: Final = Fault(-1000, "A request is an object in JSON with id, method and params: %s")
BAD_ID: Final = Fault(-1000, "The id of a request takes an integer, a text of at most 36 characters or null.")

# Keys and signatures

BAD_KEY_FORMAT: Final = Fault(-2014, "API-key format invalid.", 401)
BAD_KEY: Final = Fault(-2015, "Invalid API-key, IP, or permissions for action.", 401)
BAD_SIGNATURE: Final = Fault(-1022, "Signature for this request is not valid.")
AHEAD_OF_TIME: Final = Fault(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
OUTSIDE_WINDOW: Final = Fault(-1021, "Timestamp for this request is outside of the recvWindow.")

# Parameters

ILLEGAL: Final = Fault(-1100, "Illegal characters found in parameter '%s'; legal range is '%s'.")
TOO_MANY_PARAMETERS: Final = Fault(-1101, "Too many parameters sent for this endpoint.")
DUPLICATE: Final = Fault(-1101, "Duplicate values for a parameter detected.")
MISSING: Final = Fault(-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.")
MISSING_BOTH: Final = Fault(-1102, "Param '%s' or '%s' must be sent, but both were empty/null!")
NOT_READ: Final = Fault(-1104, "Not all sent parameters were read; read '%s' parameter(s) but was sent '%s'.")
EMPTY: Final = Fault(-1105, "Parameter '%s' was empty.")
NOT_REQUIRED: Final = Fault(-1106, "Parameter '%s' sent when not required.")
BAD_TIME_IN_FORCE: Final = Fault(-1115, "Invalid timeInForce.")
BAD_ORDER_TYPE: Final = Fault(-1116, "Invalid orderType.")
BAD_SIDE: Final = Fault(-1117, "Invalid side.")
BAD_INTERVAL: Final = Fault(-1120, "Invalid interval.")
BAD_SYMBOL: Final = Fault(-1121, "Invalid symbol.")
NO_LISTEN_KEY: Final = Fault(-1125, "This listenKey does not exist.")
TOO_LONG_A_RANGE: Final = Fault(-1127, "More than 24 hours between startTime and endTime.")
BAD_COMBINATION: Final = Fault(-1128, "Combination of optional parameters invalid.")
BAD_VALUE: Final = Fault(-1130, "Data sent for parameter '%s' is not valid.")
BAD_STRATEGY_TYPE: Final = Fault(-1134, "strategyType was less than 1000000.")
BAD_CANCEL_RESTRICTIONS: Final = Fault(-1145, "Invalid cancelRestrictions")
OTHER_STATUS: Final = Fault(-1220, "The symbol's status does not match the requested symbolStatus.")
NO_REFERENCE_PRICE: Final = Fault(-2043, "This symbol doesn't have a reference price.")

# Orders

UNSUPPORTED_COMBINATION: Final = Fault(-1014, "Unsupported order combination.")
BAD_QUANTITY: Final = Fault(-1013, "Invalid quantity.")
BAD_PRICE: Final = Fault(-1013, "Invalid price.")
MODE_NOT_ALLOWED: Final = Fault(-1013, "This symbol does not allow the specified self-trade prevention mode.")
MARKET_CLOSED: Final = Fault(-1013, "Market is closed.")
FILTER_FAILURE: Final = Fault(-1013, "Filter failure: %s")
ICEBERG_TOO_LARGE: Final = Fault(-2010, "IcebergQty exceeds QTY.")
INSUFFICIENT_BALANCE: Final = Fault(-2010, "Account has insufficient balance for requested action.")
WOULD_TAKE: Final = Fault(-2010, "Order would immediately match and take.")
WOULD_TRIGGER: Final = Fault(-2010, "Order would trigger immediately.")
DUPLICATE_ORDER: Final = Fault(-2010, "Duplicate order sent.")
MAY_NOT_TRADE: Final = Fault(-2010, "This account may not place or cancel orders.")
BAD_PRICE_RELATION: Final = Fault(-2010, "The relationship of the prices for the orders is not correct.")
NO_LIQUIDITY: Final = Fault(-2010, "Order book liquidity is less than symbol minimum quantity.")
ORDER_REFUSED: Final = Fault(-2010, "%s")
UNKNOWN_ORDER: Final = Fault(-2011, "Unknown order sent.")
UNKNOWN_ORDER_LIST: Final = Fault(-2011, "Unknown order list sent.")
CANCEL_RESTRICTED: Final = Fault(-2011, "Order was not canceled due to cancel restrictions.")
NO_SUCH_ORDER: Final = Fault(-2013, "Order does not exist.")
NO_SUCH_ORDER_LIST: Final = Fault(-2018, "Order list does not exist.")
REPLACE_HALF_DONE: Final = Fault(-2021, "Order cancel-replace partially failed.", 409)
REPLACE_FAILED: Final = Fault(-2022, "Order cancel-replace failed.")
AMEND_INCREASE: Final = Fault(-2038, "Order amend (quantity increase) is not supported.")
AMEND_NO_CHANGE: Final = Fault(-2038, "The requested action would change no state; rejecting")
AMEND_UNKNOWN: Final = Fault(-2038, "Unknown order sent.")
AMEND_BELOW_FILLED: Final = Fault(-2038, "newQty must be greater than the executed quantity.")

# Order lists

BAD_OCO_TYPE: Final = Fault(-1158, "Order type not supported in OCO.")
LIMIT_ABOVE_TO_BUY: Final = Fault(-1165, "A limit order in a buy OCO must be below.")
LIMIT_BELOW_TO_SELL: Final = Fault(-1166, "A limit order in a sell OCO must be above.")
TWO_LIMITS: Final = Fault(-1168, "At least one OCO order must be contingent.")
STOP_BELOW_TO_BUY: Final = Fault(-1196, "A stop loss order in a buy OCO must be above.")
STOP_ABOVE_TO_SELL: Final = Fault(-1197, "A stop loss order in a sell OCO must be below.")

# User data streams

ALREADY_SUBSCRIBED: Final = Fault(-2035, "User Data Stream subscription already active.")
NOT_SUBSCRIBED: Final = Fault(-2036, "User Data Stream subscription not active.")

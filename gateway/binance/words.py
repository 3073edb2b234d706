"""Our enumerations in the words of this dialect."""

from collections.abc import Mapping
from typing import Final

from protocol.units import (
    InstrumentStatus,
    OnlyStatus,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

SYMBOL_STATUS: Final[Mapping[InstrumentStatus, str]] = {
    InstrumentStatus.TRADING: "TRADING",
    InstrumentStatus.HALTED: "HALT",
    InstrumentStatus.CANCEL_ONLY: "CANCEL_ONLY",
}

SIDES: Final[Mapping[Side, str]] = {Side.BUY: "BUY", Side.SELL: "SELL"}
SIDE_OF: Final[Mapping[str, Side]] = {word: side for side, word in SIDES.items()}

PREVENTION: Final[Mapping[SelfTradePrevention, str]] = {
    SelfTradePrevention.NONE: "NONE",
    SelfTradePrevention.CANCEL_NEWEST: "EXPIRE_TAKER",
    SelfTradePrevention.CANCEL_OLDEST: "EXPIRE_MAKER",
    SelfTradePrevention.CANCEL_BOTH: "EXPIRE_BOTH",
    SelfTradePrevention.DECREMENT: "DECREMENT",
}
PREVENTION_OF: Final[Mapping[str, SelfTradePrevention]] = {word: mode for mode, word in PREVENTION.items()}

LIMIT: Final = "LIMIT"
LIMIT_MAKER: Final = "LIMIT_MAKER"
MARKET: Final = "MARKET"
STOP_LOSS: Final = "STOP_LOSS"
STOP_LOSS_LIMIT: Final = "STOP_LOSS_LIMIT"
TAKE_PROFIT: Final = "TAKE_PROFIT"
TAKE_PROFIT_LIMIT: Final = "TAKE_PROFIT_LIMIT"

TYPES: Final[Mapping[OrderType, str]] = {
    OrderType.MARKET: MARKET,
    OrderType.LIMIT: LIMIT,
    OrderType.IOC: LIMIT,
    OrderType.FOK: LIMIT,
    OrderType.STOP_MARKET: STOP_LOSS,
    OrderType.STOP_LIMIT: STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT: TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT: TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP: STOP_LOSS,
    OrderType.TRAILING_STOP_LIMIT: STOP_LOSS_LIMIT,
}
"""A limit order that is post-only is a LIMIT_MAKER. A trailing stop may have been sent as a take-profit."""

TIME_IN_FORCE: Final[Mapping[TimeInForce, str]] = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
}
TIME_IN_FORCE_OF: Final[Mapping[str, TimeInForce]] = {word: each for each, word in TIME_IN_FORCE.items()}

ONLY_STATUS_OF: Final[Mapping[str, OnlyStatus]] = {
    "ONLY_NEW": OnlyStatus.NEW,
    "ONLY_PARTIALLY_FILLED": OnlyStatus.PARTIALLY_FILLED,
}

CANCELED: Final = "CANCELED"
EXPIRED: Final = "EXPIRED"
EXPIRED_IN_MATCH: Final = "EXPIRED_IN_MATCH"

STATUS: Final[Mapping[OrderStatus, str]] = {
    OrderStatus.PENDING: "NEW",
    OrderStatus.OPEN: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: CANCELED,
    OrderStatus.REJECTED: "REJECTED",
}
"""What a canceled order reads as is told by `canceled_status`."""

BY_USER: Final = frozenset({Reason.REQUESTED, Reason.CANCEL_AFTER, Reason.OCO_CANCELED})
"""Reasons of orders that their holder has canceled."""

EXPIRY_REASONS: Final[Mapping[Reason, str]] = {
    Reason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    Reason.PRICE_BAND: "INSUFFICIENT_LIQUIDITY",
    Reason.SLIPPAGE: "INSUFFICIENT_LIQUIDITY",
    Reason.IOC_REMAINDER: "UNFILLED_IOC_QUANTITY_EXPIRED",
    Reason.FOK_UNFILLABLE: "UNFILLED_FOK_ORDER_EXPIRED",
    Reason.OCO: "OCO_TRIGGER",
    Reason.OCO_TRIGGERED: "OCO_TRIGGER",
    Reason.POST_ONLY_WOULD_CROSS: "REJECTED",
    Reason.INSUFFICIENT_BALANCE: "REJECTED",
    Reason.PRICE_OUTSIDE_BAND: "REJECTED",
}
"""Why an order has expired. What is not listed was done by the exchange."""

EXCHANGE_CANCELED: Final = "EXCHANGE_CANCELED"


def canceled_status(reason: Reason | None) -> str:
    """The status of an order that is canceled for this reason."""
    if reason is Reason.SELF_TRADE:
        return EXPIRED_IN_MATCH
    return CANCELED if reason in BY_USER else EXPIRED


def expiry_reason(reason: Reason | None) -> str | None:
    """Why an order that is canceled for this reason has expired; None where its status is another one."""
    if reason is None or canceled_status(reason) != EXPIRED:
        return None
    return EXPIRY_REASONS.get(reason, EXCHANGE_CANCELED)

"""The public words of the enumerations of `protocol.units`: each is the lower-case name of its member."""

from enum import IntEnum
from typing import Final

from protocol.money import MovementKind
from protocol.units import InstrumentStatus, OnlyStatus, OrderStatus, OrderType, Reason, SelfTradePrevention, Side


def word(member: IntEnum) -> str:
    """The member's public word."""
    return member.name.lower()


SIDE_WORDS: Final = {side: word(side) for side in Side}
ORDER_TYPE_WORDS: Final = {order_type: word(order_type) for order_type in OrderType}
STATUS_WORDS: Final = {status: word(status) for status in OrderStatus}
REASON_WORDS: Final = {reason: word(reason) for reason in Reason}
MOVEMENT_KIND_WORDS: Final = {kind: word(kind) for kind in MovementKind}
SELF_TRADE_PREVENTION_WORDS: Final = {mode: word(mode) for mode in SelfTradePrevention}

SIDES: Final = {text: side for side, text in SIDE_WORDS.items()}
ORDER_TYPES: Final = {text: order_type for order_type, text in ORDER_TYPE_WORDS.items()}
SELF_TRADE_PREVENTIONS: Final = {text: mode for mode, text in SELF_TRADE_PREVENTION_WORDS.items()}
ONLY_STATUSES: Final = {word(status): status for status in OnlyStatus}
INSTRUMENT_STATUSES: Final = {word(status): status for status in InstrumentStatus}
"""What each word stands for."""

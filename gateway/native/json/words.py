"""The words of the public JSON, each the lower-case name of the member of `protocol.units` that it stands for, and the
names that clients give."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, TypeVar

from gateway.native.problems import ProblemError
from protocol.units import NAME_PATTERN, OrderStatus, OrderType, Reason, SelfTradePrevention, Side

Member = TypeVar("Member", bound=IntEnum)


def word(member: IntEnum) -> str:
    """The member's public word."""
    return member.name.lower()


SIDE_WORDS: Final = {side: word(side) for side in Side}
ORDER_TYPE_WORDS: Final = {order_type: word(order_type) for order_type in OrderType}
STATUS_WORDS: Final = {status: word(status) for status in OrderStatus}
REASON_WORDS: Final = {reason: word(reason) for reason in Reason}
SELF_TRADE_PREVENTION_WORDS: Final = {mode: word(mode) for mode in SelfTradePrevention}

SIDES: Final = {text: side for side, text in SIDE_WORDS.items()}
SELF_TRADE_PREVENTIONS: Final = {text: mode for mode, text in SELF_TRADE_PREVENTION_WORDS.items()}


def read_word(field: str, text: str, words: dict[str, Member]) -> Member:
    """The member that the word stands for."""
    member = words.get(text)
    if member is None:
        raise not_a_word(field, words)
    return member


def not_a_word(field: str, words: Iterable[str]) -> ProblemError:
    return ProblemError("invalid_value", f"{field} takes one of {', '.join(words)}.", field)


def check_name(field: str, text: str) -> str:
    """The account or client_order_id; ProblemError where it is none."""
    if not NAME_PATTERN.fullmatch(text):
        raise ProblemError("invalid_name", field=field)
    return text

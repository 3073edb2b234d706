"""The words and names that clients send: members of enumerations, accounts, and how an order is named."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, TypeVar

from gateway.native.problems import ProblemError
from protocol.units import DEFAULT_ACCOUNT, MAX_INTEGER, NAME_PATTERN

CLIENT_PREFIX: Final = "client:"

Member = TypeVar("Member", bound=IntEnum)

OrderName = tuple[int | None, str | None, str | None]
"""order_id, account and client_order_id, as commands and queries name an order."""


def read_word(field: str, text: str, words: dict[str, Member]) -> Member:
    """The member that the word stands for."""
    member = words.get(text)
    if member is None:
        raise not_a_word(field, words)
    return member


def not_a_word(field: str, words: Iterable[str]) -> ProblemError:
    return ProblemError("invalid_value", f"{field} takes one of {', '.join(words)}.", field)


def check_name(field: str, text: str) -> str:
    """The account or client_order_id. ProblemError where the text cannot be one."""
    if not NAME_PATTERN.fullmatch(text):
        raise ProblemError("invalid_name", field=field)
    return text


def read_order_name(text: str, account: str | None) -> OrderName:
    """The order that an order_id or client:<client_order_id> names.

    `account` is a checked one, or None. ProblemError `unknown_order` where the text cannot name an order.
    """
    if text.startswith(CLIENT_PREFIX):
        client_order_id = text.removeprefix(CLIENT_PREFIX)
        if not NAME_PATTERN.fullmatch(client_order_id):
            raise ProblemError("unknown_order")
        return None, account or DEFAULT_ACCOUNT, client_order_id
    order_id = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INTEGER)) else 0
    if not 1 <= order_id <= MAX_INTEGER or str(order_id) != text:
        raise ProblemError("unknown_order")
    return order_id, account, None

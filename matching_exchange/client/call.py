"""One call of the native API before it is sent: what goes where, how its answer is read, when it may be repeated."""

from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from matching_exchange.client.errors import ExchangeError, InvalidValue
from matching_exchange.client.times import Time, parse_time

T = TypeVar("T")

DEFAULT_ACCOUNT: Final = "default"
"""The account of the exchange where none is named and no key is asked for."""


class Access(Enum):
    """What a call needs of its caller."""

    PUBLIC = auto()
    ACCOUNT = auto()
    ADMIN = auto()


class Repeat(Enum):
    """When a call may be sent again. docs/client.md has this rule for users.

    ALWAYS: it changes nothing, or its name (client_order_id, transfer_id, order_id) makes it one, however often sent.
    NOT_TAKEN: only where the exchange says that it was not taken, or where nothing was sent.
    """

    ALWAYS = auto()
    NOT_TAKEN = auto()


class AccountPlace(Enum):
    """Where a call names its account."""

    NOWHERE = auto()
    QUERY = auto()
    BODY = auto()
    PATH = auto()
    ELEMENTS = auto()
    """In each of the body's `orders` that names none."""
    PLACE = auto()
    """In the body's `place`."""


class Call(Struct, Generic[T], frozen=True):
    """A call that answers with a T.

    path: with {account} where the account stands in it.
    account: the one that the user has named; without it that of the client counts.
    client_order_id, transfer_id: what an OutcomeUnknown tells of it.
    answers: the statuses whose bodies `read` takes.
    settled_by: an error that answers a repeat, and the call that then tells whether the first attempt has done it.
    undecided: whether parts of an answer are still to be decided. `merged` puts a later answer over an earlier one.
    """

    method: str
    path: str
    read: Callable[[bytes], T]
    access: Access = Access.ACCOUNT
    repeat: Repeat = Repeat.NOT_TAKEN
    query: Sequence[tuple[str, str]] = ()
    body: dict[str, Any] | None = None
    account: str | None = None
    account_place: AccountPlace = AccountPlace.NOWHERE
    client_order_id: str | None = None
    transfer_id: str | None = None
    answers: tuple[int, ...] = (200, 201)
    settled_by: "tuple[str, Call[T], Callable[[T], bool]] | None" = None
    undecided: Callable[[T], bool] | None = None
    merged: Callable[[T, T], T] | None = None

    def needs_account(self, known: str | None) -> bool:
        """Whether the account has to be found out before the call can be sent."""
        return self.account_place is AccountPlace.PATH and self.account is None and known is None

    def target(self, account: str | None) -> tuple[str, str]:
        """Path and query, encoded. `account` is that of the client, or None."""
        named = self.account or account
        path, query = self.path, self.query
        if self.account_place is AccountPlace.PATH:
            path = path.replace("{account}", quote(named or DEFAULT_ACCOUNT, safe=""))
        elif self.account_place is AccountPlace.QUERY and named is not None:
            query = [*query, ("account", named)]
        return path, urlencode(query)

    def content(self, account: str | None) -> bytes | None:
        """The body; None where there is none."""
        body = self.body
        if body is None:
            return None
        named = self.account or account
        if named is not None:
            match self.account_place:
                case AccountPlace.BODY:
                    body = {**body, "account": named}
                case AccountPlace.PLACE:
                    body = {**body, "place": {**body["place"], "account": named}}
                case AccountPlace.ELEMENTS:
                    body = {**body, "orders": [{"account": named, **order} for order in body["orders"]]}
        try:
            return msgspec.json.encode(body)
        except TypeError as error:
            raise InvalidValue(f"The call takes no such value: {error}.") from error


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")


def _hook(kind: type, value: object) -> object:
    if kind is Time and isinstance(value, str):
        return parse_time(value)
    raise ValueError(f"no {kind.__name__}: {value!r}")


@lru_cache(maxsize=128)
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    # Ids are texts in JSON and ints here, which strict=False reads.
    return msgspec.json.Decoder(kind, strict=False, dec_hook=_hook)


def reader(kind: Any) -> Callable[[bytes | str], Any]:
    """What reads JSON into the type. ExchangeError `unreadable_answer` where it is not of its shape."""
    decode = _decoder(kind).decode

    def read(text: bytes | str) -> Any:
        try:
            return decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ExchangeError("unreadable_answer", f"The answer is no {_name(kind)}: {error}.") from error

    return read


def answer(kind: type[T]) -> Callable[[bytes], T]:
    """As `reader`, of one type."""
    return cast("Callable[[bytes], T]", reader(kind))


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def given(**values: object) -> list[tuple[str, str]]:
    """The query of the values that are not None. A name ends with _ where Python reserves it."""
    return [(name.rstrip("_"), str(value)) for name, value in values.items() if value is not None]

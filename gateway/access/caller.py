"""Who makes a call, and for which account he may act. The rule of accounts stands here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.http.errors import HttpError
from protocol.keys import Key
from protocol.units import DEFAULT_ACCOUNT

CALLER: Final = "gateway.caller"
"""The caller's place in the ASGI scope; nothing stands there where no key is asked for."""


def _goes_on() -> None:
    """Nobody can take it away."""


class Caller:
    """key: the one that he has proved; he acts for its account alone. None where no key is asked for: for any.

    confirm: raises what ends the call where his key is good no more.
    deadline: the latest time at which his order may be executed, in the matcher's nanoseconds; None for no own one.
    """

    __slots__ = ("_account", "confirm", "deadline", "key")

    def __init__(
        self, key: Key | None = None, confirm: Callable[[], None] = _goes_on, deadline: int | None = None
    ) -> None:
        self.key = key
        self._account = None if key is None else key.account
        self.confirm = confirm
        self.deadline = deadline

    def account(self, named: str | None) -> str:
        """The account of a call that names this one, or none. HttpError where the caller may not act for it."""
        return self.filter(named) or DEFAULT_ACCOUNT

    def filter(self, named: str | None) -> str | None:
        """As `account`, for a call that is about all accounts where none is named."""
        if self._account is None:
            return named
        if named is not None and named != self._account:
            raise HttpError("wrong_account")
        return self._account


ANYONE: Final = Caller()


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """The caller of a request or a stream."""
    caller: Caller = scope.get(CALLER, ANYONE)
    return caller

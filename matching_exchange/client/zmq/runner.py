"""Carries calls out over a link, step by step. Like the link, it has no thread and no clock."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from matching_exchange.client.errors import InvalidValue, OutcomeUnknown, Unavailable
from matching_exchange.client.zmq.link import NANOSECONDS, Found, Link, Order, Outcome
from matching_exchange.client.zmq.steps import Ask, Send, Step, Told
from protocol.checks import FieldError
from protocol.commands import Query
from protocol.events import QueryResult
from protocol.matcher_clock import MatcherClock

MAX_DEADLINE: Final = 3_600
"""Seconds of an order's deadline, less than these."""

T = TypeVar("T")

Settle = Callable[[T | Exception], None]
"""Takes what a call answers with, or why it does not."""


class Under:
    """A call under way.

    sent: whether a command of it may be carried out. carried_out: whether one was.
    request: the query that waits, for `forget`.
    """

    __slots__ = ("carried_out", "client_order_id", "request", "sent")

    def __init__(self) -> None:
        self.sent = self.carried_out = False
        self.client_order_id: str | None = None
        self.request: int | None = None


class Runner:
    """`now` gives the time of the link's clock."""

    def __init__(self, link: Link, now: Callable[[], float]) -> None:
        self._link = link
        self._now = now

    def submit(self, orders: Sequence[Order]) -> None:
        """As `Link.submit`. Raises InvalidValue for a field that is not of its type. Nothing was sent then."""
        try:
            self._link.submit(orders, self._now())
        except FieldError as error:
            raise _invalid(error) from error

    def ask(self, query: Query, found: Found) -> int:
        """As `Link.ask`. Raises InvalidValue for a field that is not of its type."""
        try:
            return self._link.ask(query, found, self._now())
        except FieldError as error:
            raise _invalid(error) from error

    def begin(self, step: Step[T], settle: Settle[T], under: Under) -> None:
        """Take the step, and those that its answers ask for; `settle` hears the end. Raises as `submit` and `ask`."""
        if isinstance(step, Send):
            self.submit([Order(step.command, lambda outcome: self._answered(step, outcome, settle, under))])
            under.sent, under.client_order_id = True, step.client_order_id
        else:
            under.request = self.ask(step.query, lambda found: self._answered(step, found, settle, under))

    def _answered(self, step: Step[T], outcome: Outcome | QueryResult, settle: Settle[T], under: Under) -> None:
        if isinstance(outcome, Exception):
            settle(_told_of(outcome, under))
            return
        under.carried_out = under.carried_out or isinstance(step, Send)
        value = outcome.result if isinstance(outcome, QueryResult) else outcome.answer
        try:
            following = step.read(Told(value, outcome.sequence, outcome.timestamp))
            if isinstance(following, Send | Ask):
                self.begin(following, settle, under)
                return
        except Exception as error:
            # Whoever waits for the call hears of it, whatever it is.
            settle(_told_of(error, under))
            return
        settle(following)


def _told_of(error: Exception, under: Under) -> Exception:
    """The error, as the whole call tells it. What has done a part of its work was not refused as a whole."""
    if isinstance(error, Unavailable) and under.carried_out:
        return OutcomeUnknown(f"A part was carried out, then: {error.message}", client_order_id=under.client_order_id)
    if isinstance(error, OutcomeUnknown):
        error.client_order_id = under.client_order_id
    return error


def deadlines(clock: MatcherClock, seconds: float | None) -> Callable[[], int]:
    """What makes the deadline of an order: so many seconds from now by the matcher's clock; None for none."""
    if seconds is None:
        return lambda: 0
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < MAX_DEADLINE:
        raise InvalidValue(
            f"order_deadline takes a number of seconds above 0 and below {MAX_DEADLINE}, or None, not {seconds!r}.",
            "order_deadline",
        )
    nanoseconds = int(seconds * NANOSECONDS)
    return lambda: clock.now() + nanoseconds


def _invalid(error: FieldError) -> InvalidValue:
    return InvalidValue(f"{error}.", error.field or None)

"""Carries calls out over a link, step by step. Like the link, it has no thread and no clock."""

from collections.abc import Callable
from typing import TypeVar

from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.zmq.link import Link, Order, Outcome
from matching_exchange.client.zmq.steps import Ask, Send, Step, Told
from protocol.checks import FieldError
from protocol.events import QueryResult

T = TypeVar("T")

Settle = Callable[["T | Exception"], None]
"""Takes what a call answers with, or why it does not."""


class Under:
    """A call under way.

    sent: whether a command of it may be carried out. request: the query that waits, for `forget`.
    """

    __slots__ = ("client_order_id", "request", "sent")

    def __init__(self) -> None:
        self.sent = False
        self.client_order_id: str | None = None
        self.request: int | None = None


class Runner:
    """`now` gives the time of the link's clock."""

    def __init__(self, link: Link, now: Callable[[], float]) -> None:
        self._link = link
        self._now = now

    def begin(self, step: Step[T], settle: Settle[T], under: Under) -> None:
        """Take the step, and those that its answers ask for; `settle` hears the end.

        Raises as `Link.submit`, with InvalidValue for a field that is not of its type. Nothing was sent then.
        """
        try:
            if isinstance(step, Send):
                order = Order(step.command, lambda outcome: self._answered(step, outcome, settle, under))
                self._link.submit([order], self._now())
                under.sent, under.client_order_id = True, step.client_order_id
            else:
                under.request = self._link.ask(
                    step.query, lambda found: self._answered(step, found, settle, under), self._now()
                )
        except FieldError as error:
            raise InvalidValue(f"{error}.", error.field or None) from error

    def _answered(self, step: Step[T], outcome: Outcome | QueryResult, settle: Settle[T], under: Under) -> None:
        if isinstance(outcome, Exception):
            settle(outcome)
            return
        value = outcome.result if isinstance(outcome, QueryResult) else outcome.answer
        try:
            following = step.read(Told(value, outcome.sequence, outcome.timestamp))
            if isinstance(following, Send | Ask):
                self.begin(following, settle, under)
                return
        except Exception as error:
            # Whoever waits for the call hears of it, whatever it is.
            settle(error)
            return
        settle(following)

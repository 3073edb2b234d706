"""What the matcher publishes on the socket of reports for all gateways, and who listens.

That is: updates of accounts, changes of API keys, the matcher's metrics.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from protocol import topics
from protocol.events import AccountUpdate, KeyRevoked, KeySet, ProcessMetrics
from protocol.metrics import Family

STALE_SECONDS: Final = 5.0
"""After this time without newer ones, metrics are those of a matcher that has gone."""

Handler = Callable[[AccountUpdate], None]
KeyHandler = Callable[[KeySet | KeyRevoked], None]

ForAll = AccountUpdate | KeySet | KeyRevoked | ProcessMetrics
"""All of these reports."""


class Reports(Protocol):
    """What is subscribed to by topics, as a socket of ZeroMQ is."""

    def subscribe(self, topic: bytes, /) -> None: ...

    def unsubscribe(self, topic: bytes, /) -> None: ...


class Published:
    """`read_soon` is called after each change of a subscription: the socket may have signalled nothing."""

    def __init__(self, reports: Reports, read_soon: Callable[[], object]) -> None:
        self._reports = reports
        self._read_soon = read_soon
        self._handlers: dict[str, list[Handler]] = {}
        self._key_handlers: list[KeyHandler] = []
        self._metrics: list[Family] = []
        self._metrics_at = float("-inf")
        reports.subscribe(topics.METRICS)

    @property
    def metrics(self) -> list[Family]:
        """What the matcher has told last; nothing if that was long ago."""
        return self._metrics if time.monotonic() - self._metrics_at < STALE_SECONDS else []

    def subscribe(self, account: str, handler: Handler) -> Callable[[], None]:
        """Hand each published update of the account to the handler; the answer ends that. Updates may be lost."""
        topic = topics.account_updates(account)
        handlers = self._handlers.get(account)
        if handlers is None:
            self._handlers[account] = [handler]
            self._reports.subscribe(topic)
            self._read_soon()
        else:
            handlers.append(handler)

        def unsubscribe() -> None:
            remaining = self._handlers[account]
            remaining.remove(handler)
            if not remaining:
                del self._handlers[account]
                self._reports.unsubscribe(topic)
                self._read_soon()

        return unsubscribe

    def subscribe_keys(self, handler: KeyHandler) -> None:
        """Hand each published change of an API key to the handler. Changes may be lost."""
        self._key_handlers.append(handler)
        self._reports.subscribe(topics.KEYS)
        self._read_soon()

    def hand_on(self, report: ForAll) -> None:
        """Give the report to those who listen."""
        if isinstance(report, AccountUpdate):
            for handler in list(self._handlers.get(report.account, ())):
                handler(report)
        elif isinstance(report, ProcessMetrics):
            self._metrics, self._metrics_at = report.families, time.monotonic()
        else:
            for key_handler in self._key_handlers:
                key_handler(report)

"""Compare an account's own stream with the journal: every update of the replay, once, in order, field by field.

A run has fewer updates than a matcher keeps: one fresh start is all that a follower needs.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from gateway.http.responses import encode
from gateway.native.json.translate import order
from gateway.native.json.user_messages import update_text
from matcher.engine import Engine
from matcher.serving.answers import order_state
from matcher.state import Caused
from matching_exchange.tools.torture.clients import decode
from matching_exchange.tools.torture.evidence import StreamEvidence
from matching_exchange.tools.torture.promises import Promise


class _Start(Struct, frozen=True):
    """A fresh start that was told to its end."""

    sequence: int
    orders: list[dict[str, Any]]


class _Update(Struct, frozen=True):
    """An update, as it was told or as the replay gives it."""

    sequence: int
    text: str


class StreamCheck:
    """Takes in a replay by `watch`; then `promise` says whether the stream has told it."""

    def __init__(self, evidence: StreamEvidence) -> None:
        self._evidence = evidence
        self._told = [message for connection in evidence.connections for message in _read(connection)]
        self._starts = {message.sequence: message for message in self._told if isinstance(message, _Start)}
        self._orders: dict[int, list[dict[str, Any]]] = {}
        self._updates: list[_Update] = []

    def watch(self, engine: Engine, caused: Caused) -> None:
        """Take in the next command of the replay; the engine stands after the last command of its frame."""
        account = self._evidence.account
        instruments = {symbol: book.instrument for symbol, book in engine.registry.books.items()}
        for update in caused.updates:
            if update.account == account:
                self._updates.append(_Update(update.sequence, update_text(update, instruments)))
        if caused.sequence in self._starts and account in engine.registry.accounts:
            states = [order_state(each, []) for each in engine.registry.accounts[account].orders]
            self._orders[caused.sequence] = [
                decode(encode(order(state, instruments[state.symbol]))) for state in states
            ]

    def promise(self) -> Promise:
        promise = Promise("told otherwise by an account's stream")
        for fault in self._evidence.faults:
            promise.breach(fault)
        if not self._starts:
            promise.breach("it has never begun")
        position = following = 0
        for message in self._told:
            if isinstance(message, _Start):
                orders = self._orders.get(message.sequence, [])
                if message.sequence < position or message.orders != orders:
                    promise.breach(f"fresh start after {position}: {message}, in the replay {orders}")
                elif position:
                    promise.breach(
                        f"fresh start after {position}, as of {message.sequence}, where all that was missed is "
                        "still kept"
                    )
            elif following == len(self._updates) or message != self._updates[following]:
                expected = self._updates[following] if following < len(self._updates) else None
                promise.breach(f"after {position}: {message}, in the replay {expected}")
            position = message.sequence
            following = bisect_right(self._updates, position, key=lambda update: update.sequence)
        for update in self._updates[following:]:
            promise.breach(f"never told: {update}")
        return promise


def _read(connection: list[str]) -> Iterator[_Start | _Update]:
    """The fresh starts that were told to their ends, and the updates, of one connection."""
    parts: list[dict[str, Any]] = []
    for text in connection:
        message = decode(text.encode())
        if message["type"] == "update":
            yield _Update(message["sequence"], text)
        elif message["type"] == "orders":
            parts += message["orders"]
            if not message["more"]:
                yield _Start(message["sequence"], parts)
                parts = []

"""One fault that was asked for: what it does, to which calls, how often."""

import re
from collections.abc import Sequence
from enum import Enum
from fnmatch import translate
from random import Random
from typing import Final

from msgspec import Struct

MILLION: Final = 1_000_000
"""A chance is told in millionths."""

RETRY_AFTER: Final = 1
"""Seconds, where a fault names none."""

CODE: Final = 1012
"""With which a WebSocket is closed where a fault names none: the server starts again."""


class Fault(Enum):
    """What becomes of a call.

    LATENCY: it, or its answer, comes later.
    UNAVAILABLE: it is refused as by an overloaded gateway.
    RATE_LIMITED: it is refused as by a limit of rate.
    OUTCOME_UNKNOWN: the answer is that nobody knows whether it was carried out.
    DISCONNECT: the connection breaks.
    CLOSE: a WebSocket is closed with a code.
    """

    LATENCY = "latency"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    OUTCOME_UNKNOWN = "outcome_unknown"
    DISCONNECT = "disconnect"
    CLOSE = "close"


class Moment(Enum):
    """When it strikes: before the call is carried out, after that, or within its answer."""

    BEFORE = "before"
    AFTER = "after"
    WITHIN = "within"


class Kind(Enum):
    """What is struck: a call of HTTP or of the WebSocket API, the opening of a WebSocket, a message that it sends."""

    CALL = "call"
    OPENING = "opening"
    MESSAGE = "message"


MOMENTS: Final = {
    Fault.LATENCY: (Moment.BEFORE, Moment.AFTER),
    Fault.UNAVAILABLE: (Moment.BEFORE,),
    Fault.RATE_LIMITED: (Moment.BEFORE,),
    Fault.OUTCOME_UNKNOWN: (Moment.BEFORE, Moment.AFTER),
    Fault.DISCONNECT: (Moment.BEFORE, Moment.AFTER, Moment.WITHIN),
    Fault.CLOSE: (Moment.BEFORE,),
}
"""The moments that each fault takes; the first is that of a fault that names none."""


class Rule(Struct, frozen=True):
    """What was asked for. None and empty mean any.

    call: a pattern of its name, with `*` for any characters. A name is `POST /orders`, `WS /ws/user`, or that of a
    method of the WebSocket API: `order.place`.
    chance: in millionths. seed: of what is drawn.
    skip: matching calls that it lets pass first. count: how often it strikes at most.
    seconds: how long it holds.
    delay, jitter: in seconds; up to the jitter is added, drawn evenly.
    retry_after: in seconds. code: of the frame that closes.
    """

    fault: Fault
    moment: Moment = Moment.BEFORE
    call: str | None = None
    account: str | None = None
    key: str | None = None
    chance: int = MILLION
    seed: int = 0
    skip: int = 0
    count: int | None = None
    seconds: float | None = None
    delay: float = 0.0
    jitter: float = 0.0
    retry_after: int = RETRY_AFTER
    code: int = CODE

    def takes(self, kind: Kind) -> bool:
        """Whether it can strike there."""
        if kind is Kind.CALL:
            return self.fault is not Fault.CLOSE
        if kind is Kind.OPENING:
            refuses = self.fault in (Fault.UNAVAILABLE, Fault.RATE_LIMITED)
            return refuses or (self.fault is Fault.DISCONNECT and self.moment is Moment.BEFORE)
        broken = self.fault is Fault.DISCONNECT and self.moment is not Moment.BEFORE
        return self.fault in (Fault.LATENCY, Fault.CLOSE) or broken


class Called(Struct, frozen=True):
    """A call that may be struck. accounts: those that it names; key: the one that it says to hold."""

    kind: Kind
    name: str
    accounts: frozenset[str] = frozenset()
    key: str | None = None


class Strike(Struct, frozen=True):
    """A fault strikes. delay: drawn, in seconds."""

    fault_id: int
    rule: Rule
    delay: float = 0.0


def delay_of(strikes: Sequence[Strike], moment: Moment) -> float:
    """Seconds of all latencies of the moment."""
    return sum(
        strike.delay for strike in strikes if strike.rule.fault is Fault.LATENCY and strike.rule.moment is moment
    )


def last_of(strikes: Sequence[Strike]) -> Strike | None:
    """What becomes of the call, beside its latencies."""
    return next((strike for strike in strikes if strike.rule.fault is not Fault.LATENCY), None)


class Asked:
    """A rule and what has become of it. until: the monotonic time up to which it holds; None for no end.

    matched: calls that it has looked at. struck: calls that it has struck.
    """

    __slots__ = ("_pattern", "_random", "fault_id", "matched", "rule", "struck", "until")

    def __init__(self, fault_id: int, rule: Rule, now: float) -> None:
        self.fault_id = fault_id
        self.rule = rule
        self.until = None if rule.seconds is None else now + rule.seconds
        self.matched = 0
        self.struck = 0
        self._random = Random(rule.seed)  # noqa: S311  the same seed gives the same faults
        self._pattern = None if rule.call is None else re.compile(translate(rule.call))

    def holds(self, now: float) -> bool:
        """Whether it may still strike."""
        used_up = self.rule.count is not None and self.struck >= self.rule.count
        return not used_up and (self.until is None or now < self.until)

    def look_at(self, called: Called, now: float) -> Strike | None:
        """What strikes the call. Each matching call draws the same numbers, whatever becomes of it."""
        if not self.holds(now) or not self._matches(called):
            return None
        self.matched += 1
        # Only `random()` draws the same in every version of Python.
        chance, jitter = self._random.random(), self._random.random()
        if self.matched <= self.rule.skip or int(chance * MILLION) >= self.rule.chance:
            return None
        self.struck += 1
        return Strike(self.fault_id, self.rule, self.rule.delay + jitter * self.rule.jitter)

    def _matches(self, called: Called) -> bool:
        rule = self.rule
        return (
            rule.takes(called.kind)
            and (rule.account is None or rule.account in called.accounts)
            and (rule.key is None or rule.key == called.key)
            and (self._pattern is None or self._pattern.fullmatch(called.name) is not None)
        )

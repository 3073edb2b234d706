"""What the calls about injected faults answer."""

from decimal import Decimal

from msgspec import Struct


class Fault(Struct, frozen=True):
    """An injected fault.

    fault: latency, unavailable, rate_limited, outcome_unknown, disconnect or close. moment: before, after or within.
    call, account, key: which calls it strikes; None for any.
    matched, struck: calls that it has looked at, and struck.
    active: whether it may still strike.
    """

    fault_id: int
    fault: str
    moment: str
    call: str | None
    account: str | None
    key: str | None
    chance: Decimal
    seed: int
    skip: int
    count: int | None
    duration_ms: int | None
    delay_ms: int
    jitter_ms: int
    retry_after: int
    code: int
    matched: int
    struck: int
    active: bool


class FaultList(Struct, frozen=True):
    """Injected faults, in the order in which they are looked at."""

    faults: tuple[Fault, ...]

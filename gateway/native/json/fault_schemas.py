"""The public JSON of injected faults."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gateway.injected.rule import Fault, Moment
from gateway.native.json.field_types import MISSING, Decimal, NameText, OptionalNumber

MAX_CALL: Final = 200
"""Characters of a pattern."""

MAX_COUNT: Final = 1_000_000_000
MAX_DURATION_MS: Final = 86_400_000
MAX_DELAY_MS: Final = 600_000
MAX_RETRY_AFTER: Final = 3_600
MIN_CODE: Final = 1_000
MAX_CODE: Final = 4_999
MAX_SEED: Final = 2**53 - 1


def _from_to(lowest: int, highest: int) -> Meta:
    return Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


FaultWord = Annotated[str, Meta(extra_json_schema={"enum": [fault.value for fault in Fault]})]
MomentWord = Annotated[str, Meta(extra_json_schema={"enum": [moment.value for moment in Moment]})]
CallText = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_CALL, "examples": ["POST /orders"]})]
FaultId = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]+$"})]
Count = Annotated[int, _from_to(1, MAX_COUNT)]
Skip = Annotated[int, _from_to(0, MAX_COUNT)]
Duration = Annotated[int, _from_to(1, MAX_DURATION_MS)]
Delay = Annotated[int, _from_to(0, MAX_DELAY_MS)]
RetryAfter = Annotated[int, _from_to(1, MAX_RETRY_AFTER)]
Code = Annotated[int, _from_to(MIN_CODE, MAX_CODE)]
Seed = Annotated[int, _from_to(0, MAX_SEED)]


class FaultRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault to inject. What is missing means any call, always.

    * fault: latency; unavailable (503); rate_limited (429); outcome_unknown (504); disconnect; close (of a WebSocket)
    * moment: before the call is carried out, after it, or within its answer; the first of these if it is missing.
      Latency and outcome_unknown take before and after, disconnect all three
    * call: a pattern of the call's method and path, or of a method of the WebSocket API, with * for any characters
    * account, key: only calls of this account, or of this key
    * chance: of each matching call, up to 1; seed: of what is drawn
    * skip: matching calls that pass first; count: how often it strikes at most
    * duration_ms: how long it holds
    * delay_ms, jitter_ms: of latency; up to the jitter is added
    * retry_after: seconds, of rate_limited
    * code: of close
    """

    fault: FaultWord
    moment: MomentWord | None = None
    call: CallText | None = None
    account: NameText | None = None
    key: str | None = None
    chance: OptionalNumber = MISSING
    seed: Seed = 0
    skip: Skip = 0
    count: Count | None = None
    duration_ms: Duration | None = None
    delay_ms: Delay | None = None
    jitter_ms: Delay | None = None
    retry_after: RetryAfter | None = None
    code: Code | None = None


class FaultView(Struct, frozen=True):
    """An injected fault. The other fields are as in FaultRequest.

    * matched, struck: calls that it has looked at, and struck
    * active: whether it may still strike
    """

    fault_id: FaultId
    fault: FaultWord
    moment: MomentWord
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


class FaultViews(Struct, frozen=True):
    """Injected faults, in the order in which they are looked at."""

    faults: list[FaultView]

"""How a call to the matcher fails. No protocol of clients is known here: each dialect tells these in its own words."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from protocol.units import Refusal

DONE: Final = "done"
NOT_TAKEN: Final = "not_taken"
UNKNOWN: Final = "outcome_unknown"
"""What a command that goes to all shards has come to in one of them."""


class RefusedError(Exception):
    """The matcher changed nothing. `field` and `detail` are empty where the refusal says it all."""

    def __init__(self, refusal: Refusal, field: str = "", detail: str = "") -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.field = field
        self.detail = detail


class MatcherUnavailableError(Exception):
    """There is no matcher: it will never take the command, and the query has no result."""


class TooMuchInFlightError(MatcherUnavailableError):
    """Too many commands or queries wait for their answers: this one was not taken."""


class NoResultError(MatcherUnavailableError):
    """The query was sent, and no result came in time."""


class OutcomeUnknownError(Exception):
    """No answer came in time: the command may have been executed or not."""


class HistoryBehindError(Exception):
    """The tables of the history lack what the matcher has forgotten already. They catch up by themselves."""


class ShardOutcome(Struct, frozen=True, omit_defaults=True):
    """What a command has come to in one shard.

    * result: done, not_taken (it never will be), or outcome_unknown
    * canceled: how many orders it has canceled there, where it is done and cancels
    """

    result: str
    canceled: int | None = None


class ShardsOutcomeError(OutcomeUnknownError):
    """Not every shard has answered to a command for all of them. `shards` tells the outcome in each, by its name."""

    def __init__(self, shards: Mapping[str, ShardOutcome]) -> None:
        super().__init__("not every shard has answered")
        self.shards = dict(shards)


class ShardsPendingError(Exception):
    """These shards lack a change that the others have. The gateway brings it to them once they are back."""

    def __init__(self, pending: Sequence[str]) -> None:
        super().__init__(f"shards that lack it: {', '.join(pending)}")
        self.pending = list(pending)


class UnknownShardError(Exception):
    """No shard has that name. `names` are those that there are; none where the exchange has no shards."""

    def __init__(self, name: str, names: Sequence[str], field: str = "shard") -> None:
        super().__init__(name)
        self.names = list(names)
        self.field = field

"""How a call to the matcher fails. No protocol of clients is known here: each dialect tells these in its own words."""

from protocol.units import Refusal


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

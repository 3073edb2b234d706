"""What the matcher refuses, as the errors and problems of the public client."""

from typing import Final

from matching_exchange.client.errors import Conflict, NotFound, Refused
from matching_exchange.client.types.orders import Problem
from protocol.events import CommandRefused
from protocol.instrument import Instrument
from protocol.refusals import LIMIT_NAMES, REFUSALS, limits_of, refusal_code

_KINDS: Final[dict[int, type[Refused]]] = {404: NotFound, 409: Conflict}
"""The classes of errors with a status of their own."""


def problem(refused: CommandRefused, instrument: Instrument | None = None) -> Problem:
    """The refusal in words. With the instrument, the sentence has the numbers of its limits."""
    code = refusal_code(refused.refusal)
    kind = REFUSALS[code]
    field = refused.field or kind.field
    return Problem(code, refused.detail or _sentence(code, field, instrument), kind.status, field or None, kind.title)


def error_of(refused: CommandRefused, instrument: Instrument | None = None) -> Refused:
    """The error to raise."""
    told = problem(refused, instrument)
    return error(told.code, told.detail, told.field)


def error(code: str, message: str = "", field: str | None = None, *, instrument: Instrument | None = None) -> Refused:
    """The error of a code that the matcher tells too."""
    kind = REFUSALS[code]
    named = field or kind.field
    text = message or _sentence(code, named, instrument)
    return _KINDS.get(kind.status, Refused)(code, text, named or None, kind.status)


def _sentence(code: str, field: str, instrument: Instrument | None) -> str:
    limits = {} if instrument is None else limits_of(instrument)
    words = {name: f"{limits[name]}, {words}" if name in limits else words for name, words in LIMIT_NAMES.items()}
    return REFUSALS[code].detail.format_map({"field": field or "the field", **words})

"""What became of a cancel-replace, in the public JSON: pure functions."""

from collections.abc import Mapping
from typing import Final

from gateway.link.errors import RefusedError
from gateway.native.json.replacement_schemas import Replacement, ReplacementPart
from gateway.native.json.translate import order
from gateway.native.problems import known_problem
from protocol.events import CancelReplaced, CommandRefused, OrderState
from protocol.instrument import Instrument
from protocol.units import OrderStatus

NOT_ATTEMPTED: Final = ReplacementPart("not_attempted")


def replacement(result: CancelReplaced, instruments: Mapping[str, Instrument]) -> Replacement:
    """What became of both parts. The instruments of both orders are among these."""
    return Replacement(_part(result.canceled, instruments), _part(result.placed, instruments))


def _part(part: OrderState | CommandRefused | None, instruments: Mapping[str, Instrument]) -> ReplacementPart:
    if part is None:
        return NOT_ATTEMPTED
    if isinstance(part, OrderState):
        result = "failed" if part.status is OrderStatus.REJECTED else "done"
        return ReplacementPart(result, order(part, instruments[part.symbol]))
    problem = known_problem(RefusedError(part.refusal, part.field, part.detail))
    return ReplacementPart("failed", None, problem.document())

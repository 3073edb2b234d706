"""What a request costs before it begins, whichever dialect it speaks."""

from starlette.types import Scope

from gateway.binance import work as binance
from gateway.native import work as native


def work_of(scope: Scope) -> int:
    """How many orders the request counts as; zero for one that does not wait."""
    return native.work_of(scope) or binance.work_of(scope)

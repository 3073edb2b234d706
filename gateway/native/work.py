"""What a call costs before it begins: new orders and amends wait for their turn, everything else begins at once."""

from typing import Final

from starlette.types import Scope

from gateway.http.bounds import MAX_BODY_BYTES
from gateway.http.heads import declared_length

BYTES_OF_AN_ORDER: Final = 512
"""A batch counts as one order for each time that it holds this many bytes."""

_NEW_ORDERS: Final = frozenset({"/orders", "/orders/oco"})
_BATCH: Final = "/orders/batch"


def work_of(scope: Scope) -> int:
    """How many orders the request counts as; zero for one that does not wait."""
    method = scope["method"]
    if method == "POST":
        if scope["path"] in _NEW_ORDERS:
            return 1
        if scope["path"] == _BATCH:
            length = declared_length(scope["headers"])
            return 1 + (MAX_BODY_BYTES if length is None else length) // BYTES_OF_AN_ORDER
    return 1 if method == "PATCH" else 0

"""The call that tells the metrics."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.http.responses import NO_STORE, HttpResponse
from gateway.metrics.board import Board
from gateway.native.calls.parameters import query_parameters
from matching_exchange.metrics.exposition import CONTENT_TYPE

_TEXT: Final = b"content-type", CONTENT_TYPE.encode()


async def show(board: Board, scope: Scope, _: Receive) -> HttpResponse:
    """All metrics, as text."""
    query_parameters(scope)
    return HttpResponse(200, await board.page(), _TEXT, NO_STORE)

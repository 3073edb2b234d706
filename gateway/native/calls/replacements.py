"""POST /orders/cancel-replace: cancel one order and place another, in one command."""

from starlette.types import Receive, Scope

from gateway.access.caller import ANYONE, Caller, caller_of
from gateway.exchange.exchange import Exchange
from gateway.http.callers import count
from gateway.http.rates import Kind
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.link.errors import RefusedError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.parameters import query_parameters
from gateway.native.enum_words import ONLY_STATUSES
from gateway.native.json.names import check_name, read_order_name, read_word
from gateway.native.json.replacement_schemas import CancelReplaceRequest, CancelRequest
from gateway.native.json.replacement_views import replacement
from gateway.native.json.translate import place_order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError
from protocol.commands import CancelOrder, CancelReplace
from protocol.instrument import Instrument

_read_replacement = body_decoder(CancelReplaceRequest)


def cancel_order(request: CancelRequest, account: str) -> CancelOrder:
    """The command. ProblemError for the first field that cannot be."""
    only_status = None if request.only_status is None else read_word("only_status", request.only_status, ONLY_STATUSES)
    name = request.cancel_client_order_id
    if name is not None:
        check_name("cancel_client_order_id", name)
    return CancelOrder(*read_order_name(request.order_id, account), only_status, name)


def cancel_replace(
    request: CancelReplaceRequest, instrument: Instrument, deadline: int, caller: Caller = ANYONE
) -> CancelReplace:
    """The command. ProblemError for the first field that cannot be. Both orders are of one account."""
    new = place_order(request.place, instrument, deadline, caller)
    return CancelReplace(cancel_order(request.cancel, new.account), new, request.allow_failure)


async def replace(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    count(scope, Kind.ORDERS)
    deadline = exchange.orders.deadline()
    request = _read_replacement(await read_body(receive))
    instrument = await exchange.instruments.find(request.place.symbol)
    try:
        command = cancel_replace(request, instrument, deadline, caller_of(scope))
        result = await exchange.orders.cancel_replace(command)
    except (ProblemError, RefusedError) as error:
        raise await Limits(exchange.instruments).tell(error, instrument, request.place.quantity) from error
    return json_response(replacement(result, exchange.instruments.known))

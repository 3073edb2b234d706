"""POST /orders/oco: place two orders that cancel each other."""

from typing import Final

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
from gateway.native.enum_words import SIDES
from gateway.native.json.decimals import PRICE, QUANTITY, optional_number, price_field, read_number
from gateway.native.json.field_types import OCO_NAME_LENGTH
from gateway.native.json.names import check_name, read_word
from gateway.native.json.order_terms import read_expire_time, read_self_trade_prevention
from gateway.native.json.schemas import OcoOrders, OcoRequest
from gateway.native.json.translate import order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError
from protocol.commands import PlaceOco
from protocol.instrument import Instrument
from protocol.units import STOP_LEG_SUFFIX

LEGS: Final = 2
"""Orders that an OCO counts as."""

STOP_TRIGGER_PRICE: Final = price_field("stop_trigger_price", "trigger_price")
STOP_PRICE: Final = price_field("stop_price", "price")

_TOO_LONG: Final = (
    f"The client_order_id of an OCO takes at most {OCO_NAME_LENGTH} characters: "
    f"the stop order's has {STOP_LEG_SUFFIX} behind it."
)

_read_oco = body_decoder(OcoRequest)


def place_oco(request: OcoRequest, instrument: Instrument, deadline: int, caller: Caller = ANYONE) -> PlaceOco:
    """The command. ProblemError for the first field that cannot be."""
    side = read_word("side", request.side, SIDES)
    account = caller.account(None if request.account is None else check_name("account", request.account))
    client_order_id = request.client_order_id
    if client_order_id is not None and len(check_name("client_order_id", client_order_id)) > OCO_NAME_LENGTH:
        raise ProblemError("invalid_name", _TOO_LONG, "client_order_id")
    price_decimals = instrument.price_decimals
    return PlaceOco(
        instrument.symbol,
        account,
        side,
        read_number(request.quantity, QUANTITY, instrument.quantity_decimals),
        read_number(request.price, PRICE, price_decimals),
        read_number(request.stop_trigger_price, STOP_TRIGGER_PRICE, price_decimals),
        optional_number(request.stop_price, STOP_PRICE, price_decimals),
        client_order_id,
        deadline,
        read_self_trade_prevention(request.self_trade_prevention),
        read_expire_time(request.expire_time),
        request.open_only_client_order_id is True,
    )


async def place(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    count(scope, Kind.ORDERS, LEGS)
    deadline = exchange.orders.deadline()
    request = _read_oco(await read_body(receive))
    instrument = await exchange.instruments.find(request.symbol)
    try:
        states = await exchange.orders.place_oco(place_oco(request, instrument, deadline, caller_of(scope)))
    except (ProblemError, RefusedError) as error:
        raise await Limits(exchange.instruments).tell(error, instrument) from error
    return json_response(OcoOrders([order(state, instrument) for state in states]))

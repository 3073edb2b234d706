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
from gateway.native.json.decimals import PRICE, QUANTITY, optional_number, price_field, quantity_field, read_number
from gateway.native.json.field_types import OCO_NAME_LENGTH
from gateway.native.json.names import check_name, read_word
from gateway.native.json.order_terms import read_expire_time, read_self_trade_prevention, read_tag, read_time_in_force
from gateway.native.json.schemas import OcoOrders, OcoRequest
from gateway.native.json.translate import order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError
from protocol.commands import PlaceOco
from protocol.instrument import Instrument
from protocol.units import STOP_LEG_SUFFIX

LEGS: Final = 2
"""Orders that an OCO counts as."""

TAKE_PROFIT_TRIGGER_PRICE: Final = price_field("take_profit_trigger_price", "trigger_price")
STOP_TRIGGER_PRICE: Final = price_field("stop_trigger_price", "trigger_price")
STOP_PRICE: Final = price_field("stop_price", "price")
DISPLAY_QUANTITY: Final = quantity_field("display_quantity")
STOP_DISPLAY_QUANTITY: Final = quantity_field("stop_display_quantity", "display_quantity")

_TOO_LONG: Final = (
    f"The client_order_id of an OCO takes at most {OCO_NAME_LENGTH} characters: "
    f"the stop order's has {STOP_LEG_SUFFIX} behind it, unless it has a stop_client_order_id."
)

_read_oco = body_decoder(OcoRequest)


def place_oco(request: OcoRequest, instrument: Instrument, deadline: int, caller: Caller = ANYONE) -> PlaceOco:
    """The command. ProblemError for the first field that cannot be."""
    side = read_word("side", request.side, SIDES)
    account = caller.account(None if request.account is None else check_name("account", request.account))
    client_order_id, stop_name, list_name = _read_names(request)
    price_decimals, quantity_decimals = instrument.price_decimals, instrument.quantity_decimals
    price = optional_number(request.price, PRICE, price_decimals)
    take_profit = optional_number(request.take_profit_trigger_price, TAKE_PROFIT_TRIGGER_PRICE, price_decimals)
    if price is None and take_profit is None:
        raise ProblemError("price_required")
    return PlaceOco(
        instrument.symbol,
        account,
        side,
        read_number(request.quantity, QUANTITY, quantity_decimals),
        price,
        read_number(request.stop_trigger_price, STOP_TRIGGER_PRICE, price_decimals),
        optional_number(request.stop_price, STOP_PRICE, price_decimals),
        client_order_id,
        deadline,
        read_self_trade_prevention(request.self_trade_prevention),
        read_expire_time(request.expire_time),
        bool(request.cancel_on_first_fill),
        bool(request.post_only),
        take_profit,
        stop_name,
        list_name,
        optional_number(request.display_quantity, DISPLAY_QUANTITY, quantity_decimals),
        read_time_in_force("time_in_force", request.time_in_force),
        read_tag("tag", request.tag),
        optional_number(request.stop_display_quantity, STOP_DISPLAY_QUANTITY, quantity_decimals),
        read_time_in_force("stop_time_in_force", request.stop_time_in_force),
        read_tag("stop_tag", request.stop_tag),
        request.open_only_client_order_id is True,
    )


def _read_names(request: OcoRequest) -> tuple[str | None, str | None, str | None]:
    """The names of the limit order, of the stop and of both."""
    names = request.client_order_id, request.stop_client_order_id, request.list_client_order_id
    for field, name in zip(("client_order_id", "stop_client_order_id", "list_client_order_id"), names, strict=True):
        if name is not None:
            check_name(field, name)
    client_order_id, stop_name, _ = names
    if client_order_id is None:
        if stop_name is not None:
            raise ProblemError("client_order_id_required")
    elif stop_name is None and len(client_order_id) > OCO_NAME_LENGTH:
        raise ProblemError("invalid_name", _TOO_LONG, "client_order_id")
    return names


async def place(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    count(scope, Kind.ORDERS, LEGS)
    deadline = exchange.orders.deadline()
    request = _read_oco(await read_body(receive))
    instrument = await exchange.instruments.find(request.symbol)
    try:
        states = await exchange.orders.place_oco(place_oco(request, instrument, deadline, caller_of(scope)))
    except (ProblemError, RefusedError) as error:
        raise await Limits(exchange.instruments).tell(error, instrument, request.quantity) from error
    return json_response(OcoOrders([order(state, instrument) for state in states]))

"""PATCH /orders/{order_id}: change an order, which stays in the exchange at every moment. And what was changed."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.callers import count
from gateway.http.rates import Kind
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.link.errors import RefusedError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.orders import MAX_CURSOR, MAX_LISTED, check_symbol
from gateway.native.calls.parameters import order_with_parameters, whole_number
from gateway.native.json.decimals import PRICE, QUANTITY, TRIGGER_PRICE, is_given, optional_number
from gateway.native.json.names import OrderName, check_name
from gateway.native.json.schemas import AmendmentViews, AmendRequest
from gateway.native.json.translate import amendment, order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError
from protocol.commands import AmendmentsQuery, AmendOrder, OrderQuery
from protocol.events import OrderState
from protocol.instrument import Instrument, format_decimal
from protocol.refusals import refusal_code
from protocol.units import Refusal

_REFUSED: Final = {
    Refusal.PRICE_ON_WRONG_SIDE: (
        "price",
        "The limit leg of an OCO stays on its side of the stop leg's trigger_price.",
        409,
    ),
    Refusal.TRIGGER_PRICE_ON_WRONG_SIDE: (
        "trigger_price",
        "A leg of an OCO stays on its side of the other leg's price or trigger_price.",
        409,
    ),
    Refusal.DISPLAY_QUANTITY_TOO_LARGE: (
        "quantity",
        "quantity takes at least {displayed}, the order's display_quantity.",
        422,
    ),
    Refusal.QUANTITY_BELOW_FILLED: (
        "quantity",
        "quantity takes more than {done}, the filled and prevented quantity.",
        409,
    ),
}
"""Field, detail and status of refusals that an amend tells differently, or with the order's own numbers."""

_read_amend = body_decoder(AmendRequest)


def amend_order(request: AmendRequest, name: OrderName, instrument: Instrument) -> AmendOrder:
    """The command. ProblemError where a number does not fit the instrument's units."""
    order_id, account, client_order_id = name
    new_client_order_id = request.new_client_order_id
    if new_client_order_id is not None:
        check_name("new_client_order_id", new_client_order_id)
    return AmendOrder(
        order_id,
        account,
        client_order_id,
        optional_number(request.quantity, QUANTITY, instrument.quantity_decimals),
        optional_number(request.price, PRICE, instrument.price_decimals),
        optional_number(request.trigger_price, TRIGGER_PRICE, instrument.price_decimals),
        new_client_order_id,
    )


async def amend(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    name, parameters = order_with_parameters(scope)
    count(scope, Kind.ORDERS)
    request = _read_amend(await read_body(receive))
    numbers = (request.quantity, request.price, request.trigger_price)
    if request.new_client_order_id is None and not any(is_given(number) for number in numbers):
        raise ProblemError(
            "missing_field",
            "The call needs at least one of quantity, price, trigger_price and new_client_order_id.",
            "quantity",
        )
    # The numbers are in the units of the order's instrument, which never change.
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
        exchange = exchange.of(symbol)
    found = await exchange.orders.look_up(OrderQuery(*name))
    check_symbol(found.symbol, symbol)
    instrument = exchange.instruments.known[found.symbol]
    try:
        state = await exchange.orders.amend(amend_order(request, name, instrument))
    except RefusedError as error:
        if error.refusal in _REFUSED:
            raise _refused(error.refusal, await exchange.orders.look_up(OrderQuery(*name)), instrument) from error
        raise await Limits(exchange.instruments).tell(error, instrument) from error
    except ProblemError as error:
        raise await Limits(exchange.instruments).tell(error, instrument) from error
    return json_response(order(state, instrument))


async def list_amendments(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    name, parameters = order_with_parameters(scope, "limit", "after")
    limit = whole_number(parameters, "limit", 100, 1, MAX_LISTED)
    after = whole_number(parameters, "after", 0, 0, MAX_CURSOR)
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
        exchange = exchange.of(symbol)
    found = await exchange.orders.amendments(AmendmentsQuery(*name, after, limit))
    check_symbol(found.symbol, symbol)
    instrument = exchange.instruments.known[found.symbol]
    views = [amendment(each, instrument) for each in found.amendments]
    return json_response(AmendmentViews(views, None if found.next is None else str(found.next)))


def _refused(refusal: Refusal, state: OrderState, instrument: Instrument) -> ProblemError:
    """The problem of a refusal of _REFUSED, with the order's current numbers."""
    field, detail, status = _REFUSED[refusal]
    displayed = 0 if state.terms is None else state.terms.display_quantity or 0
    numbers = {"displayed": displayed, "done": state.filled_quantity + state.prevented_quantity}
    texts = {name: format_decimal(number, instrument.quantity_decimals) for name, number in numbers.items()}
    return ProblemError(refusal_code(refusal), detail.format_map(texts), field, status)

"""Calls that put another order, or another quantity, into the place of an order."""

from typing import Final

from gateway.binance.desk import Context
from gateway.binance.errors import (
    AMEND_BELOW_FILLED,
    AMEND_INCREASE,
    AMEND_NO_CHANGE,
    AMEND_UNKNOWN,
    BAD_QUANTITY,
    NO_SUCH_ORDER,
    REPLACE_FAILED,
    REPLACE_HALF_DONE,
    DialectError,
    Fault,
)
from gateway.binance.gate import TRADE, USER_DATA
from gateway.binance.numbers import is_zero, new_client_id
from gateway.binance.parameters import DECIMAL, INTEGER, Parameter, Values
from gateway.binance.refusals import refused
from gateway.binance.row import Row
from gateway.binance.rows.filtering import check_filters
from gateway.binance.rows.finding import NOBODYS, cancel_of, find_order, order_of
from gateway.binance.rows.market import LIMIT
from gateway.binance.rows.orders import (
    CANCEL_RESTRICTIONS,
    CLIENT_ID,
    ORDER_ID,
    canceled_legs,
    placed_view,
)
from gateway.binance.rows.placing import (
    NEW_CLIENT_ID,
    NEW_ORDER,
    SYMBOL_OF_ORDER,
    check_client_id,
    check_new,
    place_order,
    quantity_of,
)
from gateway.binance.symbols import joined
from gateway.binance.views.filters import quantity_text
from gateway.binance.views.lists import canceled_list_view, list_view
from gateway.binance.views.orders import View, amended_view, cancel_view, execution_id
from gateway.link.errors import RefusedError
from protocol.commands import AmendmentsQuery, AmendOrder, CancelReplace
from protocol.events import CommandRefused, OrderState
from protocol.units import OrderStatus, Refusal

ALLOW_FAILURE: Final = "ALLOW_FAILURE"
CANCEL_ONLY: Final = "CANCEL_ONLY"
SUCCESS: Final = "SUCCESS"
FAILURE: Final = "FAILURE"
NOT_ATTEMPTED: Final = "NOT_ATTEMPTED"

CANCEL_NAMES: Final = ("cancelOrderId", "cancelOrigClientOrderId")

DEFAULT_AMENDMENTS: Final = 500

AMEND_FAULTS: Final = {
    Refusal.UNKNOWN_ORDER: AMEND_UNKNOWN,
    Refusal.ORDER_NOT_OPEN: AMEND_UNKNOWN,
    Refusal.QUANTITY_BELOW_FILLED: AMEND_BELOW_FILLED,
}


def _check_replace(values: Values) -> None:
    values.require_either("cancelOrigClientOrderId", "cancelOrderId")
    check_client_id(values, "cancelNewClientOrderId")
    check_new(values)


async def cancel_replace(context: Context, values: Values) -> View:
    place = place_order(context, values)
    name = values.text("cancelNewClientOrderId") or new_client_id()
    cancel = cancel_of(context, values, name, CANCEL_NAMES)
    allow_failure = values.text("cancelReplaceMode") == ALLOW_FAILURE
    result = await context.exchange.orders.cancel_replace(CancelReplace(cancel, place, allow_failure))
    canceled, cancel_response = await _canceled(context, values, result.canceled, name)
    placed, new_response = NOT_ATTEMPTED, None
    if isinstance(result.placed, CommandRefused):
        placed, new_response = FAILURE, refused(result.placed.refusal).body()
    elif result.placed is not None:
        try:
            placed, new_response = SUCCESS, placed_view(context, values, result.placed)
        except DialectError as error:
            placed, new_response = FAILURE, error.body()
    if placed == SUCCESS != canceled:
        context.desk.counts.add_orders(context.account, 1)
    return _told(canceled, cancel_response, placed, new_response)


def _told(canceled: str, cancel_response: View | None, placed: str, new_response: View | None) -> View:
    """What became of both parts. DialectError unless both went well."""
    told = {
        "cancelResult": canceled,
        "newOrderResult": placed,
        "cancelResponse": cancel_response,
        "newOrderResponse": new_response,
    }
    if canceled == placed == SUCCESS:
        return told
    raise DialectError(REPLACE_HALF_DONE if SUCCESS in (canceled, placed) else REPLACE_FAILED, data=told)


async def cancel_only(context: Context, values: Values, limit: DialectError) -> View:
    """What becomes of the call where the account may place no more orders: it cancels if it was asked to."""
    if values.text("orderRateLimitExceededMode") != CANCEL_ONLY:
        raise limit
    check_filters(values.instrument(), place_order(context, values))
    name = values.text("cancelNewClientOrderId") or new_client_id()
    part: OrderState | CommandRefused
    try:
        part = await context.exchange.orders.cancel(cancel_of(context, values, name, CANCEL_NAMES))
    except RefusedError as error:
        part = CommandRefused(error.refusal)
    canceled, response = await _canceled(context, values, part, name)
    if canceled == FAILURE and values.text("cancelReplaceMode") != ALLOW_FAILURE:
        return _told(canceled, response, NOT_ATTEMPTED, None)
    return _told(canceled, response, FAILURE, limit.body())


async def _canceled(
    context: Context, values: Values, part: OrderState | CommandRefused | None, name: str
) -> tuple[str, View | None]:
    if part is None:
        return NOT_ATTEMPTED, None
    if isinstance(part, CommandRefused):
        return FAILURE, refused(part.refusal).body()
    instrument = values.instrument()
    if part.oco_id is None:
        return SUCCESS, cancel_view(part, instrument, context.time, name)
    return SUCCESS, canceled_list_view(await canceled_legs(context, part), instrument, context.time, name)


def _check_amend(values: Values) -> None:
    values.require_either("origClientOrderId", "orderId")
    check_client_id(values, "newClientOrderId")
    if is_zero(values.text("newQty") or ""):
        raise DialectError(BAD_QUANTITY)


async def amend(context: Context, values: Values) -> View:
    instrument = values.instrument()
    quantity = quantity_of(values, "newQty", instrument)
    found = await find_order(context, values, AMEND_UNKNOWN)
    _check_quantity(found, quantity or 0)
    name = values.text("newClientOrderId") or new_client_id()
    command = AmendOrder(found.order_id, context.account, quantity=quantity, new_client_order_id=name)
    try:
        state = await context.exchange.orders.amend(command)
    except RefusedError as error:
        fault = AMEND_FAULTS.get(error.refusal)
        if fault is None:
            raise
        raise DialectError(fault) from error
    told = {
        "transactTime": context.time(state.updated),
        "executionId": execution_id(state.updated_sequence, 0),
        "amendedOrder": amended_view(state, instrument, context.time),
    }
    if state.oco_id is None:
        return told
    other = await order_of(context, state.oco_id + 1 if state.order_id == state.oco_id else state.oco_id)
    legs = sorted([state] if other is None else [state, other], key=lambda leg: leg.order_id)
    status = list_view(legs, instrument, 0)
    for left_out in ("listStatusType", "transactionTime"):
        del status[left_out]
    return {**told, "listStatus": status}


def _check_quantity(found: OrderState, quantity: int) -> None:
    fault: Fault | None = None
    if found.status not in (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED):
        fault = AMEND_UNKNOWN
    elif quantity > found.quantity:
        fault = AMEND_INCREASE
    elif quantity == found.quantity:
        fault = AMEND_NO_CHANGE
    if fault is not None:
        raise DialectError(fault)


async def amendments(context: Context, values: Values) -> list[View]:
    instrument, order_id = values.instrument(), values.number("orderId") or NOBODYS
    first = values.number("fromExecutionId") or 0
    after = max(0, (first >> 20) - (0 if first & ((1 << 20) - 1) else 1))
    query = AmendmentsQuery(order_id, context.account, after=after, limit=values.limit(DEFAULT_AMENDMENTS))
    try:
        found = await context.exchange.orders.amendments(query)
    except RefusedError as error:
        if error.refusal is not Refusal.UNKNOWN_ORDER:
            raise
        raise DialectError(NO_SUCH_ORDER) from error
    if found.symbol != instrument.symbol:
        raise DialectError(NO_SUCH_ORDER)
    return [
        {
            "symbol": joined(instrument),
            "orderId": each.order_id,
            "executionId": execution_id(each.sequence, 0),
            "origClientOrderId": each.previous_client_order_id,
            "newClientOrderId": each.client_order_id,
            "origQty": quantity_text(instrument, each.previous_quantity),
            "newQty": quantity_text(instrument, each.quantity),
            "time": context.time(each.timestamp),
        }
        for each in found.amendments
    ]


ROWS: Final = (
    Row(
        "POST",
        "/api/v3/order/cancelReplace",
        TRADE,
        1,
        cancel_replace,
        (
            *NEW_ORDER,
            Parameter("cancelReplaceMode", mandatory=True, words=("STOP_ON_FAILURE", ALLOW_FAILURE)),
            Parameter("cancelOrderId", INTEGER),
            Parameter("cancelOrigClientOrderId"),
            Parameter("cancelNewClientOrderId"),
            CANCEL_RESTRICTIONS,
            Parameter("orderRateLimitExceededMode", words=("DO_NOTHING", CANCEL_ONLY)),
        ),
        names=("order.cancelReplace",),
        orders=1,
        strict=True,
        check=_check_replace,
        beyond=cancel_only,
    ),
    Row(
        "PUT",
        "/api/v3/order/amend/keepPriority",
        TRADE,
        4,
        amend,
        (SYMBOL_OF_ORDER, ORDER_ID, CLIENT_ID, Parameter("newQty", DECIMAL, mandatory=True), NEW_CLIENT_ID),
        names=("order.amend.keepPriority",),
        strict=True,
        check=_check_amend,
    ),
    Row(
        "GET",
        "/api/v3/order/amendments",
        USER_DATA,
        4,
        amendments,
        (SYMBOL_OF_ORDER, Parameter("orderId", INTEGER, mandatory=True), Parameter("fromExecutionId", INTEGER), LIMIT),
        names=("order.amendments",),
    ),
)

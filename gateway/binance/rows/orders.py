"""Calls of single orders: place, test, cancel, look up, list."""

from typing import Final

from gateway.binance.desk import Context
from gateway.binance.errors import (
    BAD_CANCEL_RESTRICTIONS,
    NO_SUCH_ORDER,
    TOO_LONG_A_RANGE,
    UNKNOWN_ORDER,
    DialectError,
)
from gateway.binance.gate import TRADE, USER_DATA
from gateway.binance.given import Given
from gateway.binance.numbers import new_client_id
from gateway.binance.parameters import INTEGER, SYMBOL, Parameter, Values
from gateway.binance.refusals import rejected
from gateway.binance.row import Row
from gateway.binance.rows.filtering import check_filters
from gateway.binance.rows.finding import all_orders, cancel_of, find_order, live_orders, order_of
from gateway.binance.rows.market import END, LIMIT, START, time_range
from gateway.binance.rows.placing import (
    COMPUTE_RATES,
    NEW_CLIENT_ID,
    NEW_ORDER,
    SYMBOL_OF_ORDER,
    check_client_id,
    check_new,
    place_order,
    response_type,
)
from gateway.binance.views.commission import order_rates_view
from gateway.binance.views.lists import canceled_list_view, canceled_views
from gateway.binance.views.orders import RESPONSES, View, cancel_view, query_view, was_entered
from gateway.binance.words import ONLY_STATUS_OF
from protocol.commands import CancelAllOrders
from protocol.events import OrderState

DAY: Final = 86_400 * 10**9

ORDER_ID: Final = Parameter("orderId", INTEGER)
CLIENT_ID: Final = Parameter("origClientOrderId")
CANCEL_RESTRICTIONS: Final = Parameter("cancelRestrictions", words=tuple(ONLY_STATUS_OF), fault=BAD_CANCEL_RESTRICTIONS)


async def place(context: Context, values: Values) -> View:
    state = await context.exchange.orders.place(place_order(context, values))
    return placed_view(context, values, state)


def placed_view(context: Context, values: Values, state: OrderState) -> View:
    """The answer to a new order. DialectError where it was rejected at entry."""
    check_entered(state)
    if state.filled_quantity:
        # What trades is not counted.
        context.desk.counts.add_orders(context.account, -1)
    return RESPONSES[response_type(values)](state, values.instrument(), context.time)


def check_entered(state: OrderState) -> None:
    """DialectError where the order was not entered."""
    if not was_entered(state):
        assert state.reason is not None, "what was not entered has one"
        raise rejected(state.reason)


async def test_order(context: Context, values: Values) -> View:
    instrument = values.instrument()
    command = place_order(context, values)
    check_filters(instrument, command)
    if values.flag("computeCommissionRates"):
        return order_rates_view(instrument)
    return {}


def _check_ids(values: Values) -> None:
    values.require_either("origClientOrderId", "orderId")
    check_client_id(values, "newClientOrderId")


async def cancel(context: Context, values: Values) -> View:
    name = values.text("newClientOrderId") or new_client_id()
    state = await context.exchange.orders.cancel(cancel_of(context, values, name))
    instrument = values.instrument()
    if state.oco_id is None:
        return cancel_view(state, instrument, context.time, name)
    return canceled_list_view(await canceled_legs(context, state), instrument, context.time, name)


async def canceled_legs(context: Context, state: OrderState) -> list[OrderState]:
    """The leg that was canceled, and the other one if it ended with it, by order_id."""
    assert state.oco_id is not None, "it is a leg"
    other_id = state.oco_id + 1 if state.order_id == state.oco_id else state.oco_id
    other = await order_of(context, other_id)
    legs = [state] if other is None or other.updated_sequence != state.updated_sequence else [state, other]
    return sorted(legs, key=lambda leg: leg.order_id)


async def cancel_all(context: Context, values: Values) -> list[View]:
    instrument, name = values.instrument(), new_client_id()
    canceled = await context.exchange.accounts.cancel_all(CancelAllOrders(context.account, instrument.symbol, name))
    if not canceled.orders:
        raise DialectError(UNKNOWN_ORDER)
    return canceled_views(canceled.orders, instrument, context.time, name)


async def look_up(context: Context, values: Values) -> View:
    state = await find_order(context, values, NO_SUCH_ORDER)
    return query_view(state, values.instrument(), context.time)


async def open_orders(context: Context, values: Values) -> list[View]:
    return await views(context, await live_orders(context, values.optional_instrument()))


async def views(context: Context, states: list[OrderState]) -> list[View]:
    """Orders of any instrument of the dialect."""
    await context.desk.symbols.all()
    shown = []
    for state in states:
        instrument = context.exchange.instruments.known[state.symbol]
        if context.desk.symbols.has(instrument):
            shown.append(query_view(state, instrument, context.time))
    return shown


def _check_range(values: Values) -> None:
    begin, end = time_range(values)
    if begin is not None and end is not None and end - begin > DAY + 10**6:
        raise DialectError(TOO_LONG_A_RANGE)


async def list_orders(context: Context, values: Values) -> list[View]:
    instrument, limit = values.instrument(), values.limit()
    first = values.number("orderId")
    begin, end = time_range(values)
    since = begin
    if first is not None:
        # It may be of anyone: then nothing tells how far back the list must go.
        known = await order_of(context, first)
        since = max(begin or 0, 0 if known is None else known.timestamp)

    def wanted(state: OrderState) -> bool:
        return (
            (first is None or state.order_id >= first)
            and (begin is None or state.timestamp >= begin)
            and (end is None or state.timestamp < end)
        )

    found = await all_orders(context, instrument, wanted, limit, since)
    return [query_view(state, instrument, context.time) for state in found[:limit]]


def _open_weight(given: Given) -> int:
    return 6 if "symbol" in given.texts else 80


def _test_weight(given: Given) -> int:
    return 20 if given.texts.get("computeCommissionRates", "").lower() == "true" else 1


ROWS: Final = (
    Row(
        "POST",
        "/api/v3/order",
        TRADE,
        1,
        place,
        NEW_ORDER,
        names=("order.place",),
        orders=1,
        strict=True,
        check=check_new,
    ),
    Row(
        "POST",
        "/api/v3/order/test",
        TRADE,
        _test_weight,
        test_order,
        (*NEW_ORDER, COMPUTE_RATES),
        names=("order.test",),
        strict=True,
        check=check_new,
    ),
    Row(
        "DELETE",
        "/api/v3/order",
        TRADE,
        1,
        cancel,
        (SYMBOL_OF_ORDER, ORDER_ID, CLIENT_ID, NEW_CLIENT_ID, CANCEL_RESTRICTIONS),
        names=("order.cancel",),
        strict=True,
        check=_check_ids,
    ),
    Row(
        "DELETE",
        "/api/v3/openOrders",
        TRADE,
        1,
        cancel_all,
        (SYMBOL_OF_ORDER,),
        names=("openOrders.cancelAll",),
        strict=True,
    ),
    Row(
        "GET",
        "/api/v3/order",
        USER_DATA,
        4,
        look_up,
        (SYMBOL_OF_ORDER, ORDER_ID, CLIENT_ID),
        names=("order.status",),
        check=_check_ids,
    ),
    Row(
        "GET",
        "/api/v3/openOrders",
        USER_DATA,
        _open_weight,
        open_orders,
        (Parameter("symbol", SYMBOL),),
        names=("openOrders.status",),
    ),
    Row(
        "GET",
        "/api/v3/allOrders",
        USER_DATA,
        20,
        list_orders,
        (SYMBOL_OF_ORDER, ORDER_ID, START, END, LIMIT),
        names=("allOrders",),
        check=_check_range,
    ),
)

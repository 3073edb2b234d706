"""Calls of order lists, which are OCOs: place, cancel, look up, list."""

from collections.abc import Callable
from typing import Final

from gateway.binance.desk import Context
from gateway.binance.errors import (
    MISSING_BOTH,
    NO_SUCH_ORDER_LIST,
    NOT_SUPPORTED,
    UNKNOWN_ORDER_LIST,
    DialectError,
    Fault,
)
from gateway.binance.gate import TRADE, USER_DATA
from gateway.binance.numbers import new_client_id
from gateway.binance.parameters import INTEGER, Parameter, Values
from gateway.binance.refusals import refused, rejected
from gateway.binance.row import Row
from gateway.binance.rows.finding import all_orders, live_orders, order_of
from gateway.binance.rows.market import END, FROM_ID, LIMIT, START, time_range
from gateway.binance.rows.orders import canceled_legs
from gateway.binance.rows.pairs import (
    OLD_PAIR,
    PAIR,
    Legs,
    check_old_pair,
    check_pair,
    legs_of,
    old_legs_of,
    place_oco,
)
from gateway.binance.rows.placing import NEW_CLIENT_ID, SYMBOL_OF_ORDER, check_client_id
from gateway.binance.views.lists import LIVE, canceled_list_view, list_view
from gateway.binance.views.orders import RESPONSES, RESULT, View
from gateway.link.errors import RefusedError
from protocol.commands import CancelOrder
from protocol.events import OrderState
from protocol.units import OrderStatus, Refusal

PAGES_BY_NAME: Final = 5
"""Pages of done orders that are read for a list's name."""

LIST_ID: Final = Parameter("orderListId", INTEGER)


async def place(context: Context, values: Values) -> View:
    return await _place(context, values, legs_of(values))


async def place_old(context: Context, values: Values) -> View:
    return await _place(context, values, old_legs_of(values))


async def _place(context: Context, values: Values, legs: Legs) -> View:
    command = place_oco(context, values, legs)
    states = await context.exchange.orders.place_oco(command)
    first = states[0]
    if first.status is OrderStatus.REJECTED:
        assert first.reason is not None, "a rejected order has one"
        raise rejected(first.reason)
    instrument = values.instrument()
    view = RESPONSES[values.text("newOrderRespType") or RESULT]
    return {
        **list_view(states, instrument, context.time(first.timestamp)),
        "orderReports": [view(state, instrument, context.time) for state in states],
    }


async def not_supported(_: Context, __: Values) -> View:
    raise DialectError(NOT_SUPPORTED)


def _check_cancel(values: Values) -> None:
    if "orderListId" not in values and "listClientOrderId" not in values:
        raise DialectError(MISSING_BOTH, "orderListId", "listClientOrderId")
    check_client_id(values, "newClientOrderId")


async def cancel(context: Context, values: Values) -> View:
    instrument, name = values.instrument(), values.text("newClientOrderId") or new_client_id()
    legs = await _find(context, values, "listClientOrderId", UNKNOWN_ORDER_LIST)
    live = [leg for leg in legs if leg.status in LIVE and leg.symbol == instrument.symbol]
    if not live:
        raise DialectError(UNKNOWN_ORDER_LIST)
    command = CancelOrder(live[0].order_id, context.account, cancel_client_order_id=name)
    try:
        state = await context.exchange.orders.cancel(command)
    except RefusedError as error:
        if error.refusal in (Refusal.ORDER_NOT_OPEN, Refusal.UNKNOWN_ORDER):
            raise DialectError(UNKNOWN_ORDER_LIST) from error
        raise refused(error.refusal) from error
    return canceled_list_view(await canceled_legs(context, state), instrument, context.time, name)


def _check_look_up(values: Values) -> None:
    if "orderListId" not in values and "origClientOrderId" not in values:
        raise DialectError(MISSING_BOTH, "orderListId", "origClientOrderId")


async def look_up(context: Context, values: Values) -> View:
    legs = await _find(context, values, "origClientOrderId", NO_SUCH_ORDER_LIST)
    instrument = await context.exchange.instruments.find(legs[0].symbol)
    return list_view(legs, instrument, context.time(legs[0].timestamp))


async def _find(context: Context, values: Values, name: str, fault: Fault) -> list[OrderState]:
    """The legs of the list that the parameters name, by its id where both are there."""
    list_id, client_id = values.number("orderListId"), values.text(name)
    if list_id is None:
        legs = await _find_by_name(context, client_id or "")
    else:
        found = [await order_of(context, order_id) for order_id in (list_id, list_id + 1)]
        legs = [leg for leg in found if leg is not None and leg.oco_id == list_id]
    if not legs or (client_id is not None and legs[0].list_client_order_id != client_id):
        raise DialectError(fault)
    return legs


async def _find_by_name(context: Context, name: str) -> list[OrderState]:
    """The legs of the newest list of that name, of those that live or ended not long ago."""

    def wanted(state: OrderState) -> bool:
        return state.list_client_order_id == name

    found = [state for state in await live_orders(context, None) if wanted(state)]
    if not found:
        found = await all_orders(context, None, wanted, 1, most_pages=PAGES_BY_NAME)
    if not found:
        return []
    list_id = found[-1].oco_id
    assert list_id is not None, "only legs have such a name"
    legs = [await order_of(context, order_id) for order_id in (list_id, list_id + 1)]
    return [leg for leg in legs if leg is not None]


async def open_lists(context: Context, _: Values) -> list[View]:
    return await _views(context, [state for state in await live_orders(context, None) if state.oco_id is not None])


async def all_lists(context: Context, values: Values) -> list[View]:
    first, limit = values.number("fromId"), values.limit()
    begin, end = time_range(values)
    since = begin
    if first is not None:
        known = await order_of(context, first)
        since = 0 if known is None else known.timestamp
    found = await all_orders(context, None, _within(first, begin, end), 2 * limit, since)
    listed = await _views(context, found)
    return listed[:limit] if since is not None else listed[-limit:]


def _within(first: int | None, begin: int | None, end: int | None) -> Callable[[OrderState], bool]:
    def wanted(state: OrderState) -> bool:
        return (
            state.oco_id is not None
            and (first is None or state.oco_id >= first)
            and (begin is None or state.timestamp >= begin)
            and (end is None or state.timestamp < end)
        )

    return wanted


async def _views(context: Context, states: list[OrderState]) -> list[View]:
    """The lists of these legs, by their ids. A leg that is not among them is looked up."""
    await context.desk.symbols.all()
    legs = {state.order_id: state for state in states}
    shown = []
    for list_id in sorted({state.oco_id for state in states if state.oco_id is not None}):
        pair = []
        for order_id in (list_id, list_id + 1):
            leg = legs.get(order_id) or await order_of(context, order_id)
            if leg is not None:
                pair.append(leg)
        instrument = context.exchange.instruments.known[pair[0].symbol]
        if context.desk.symbols.has(instrument):
            shown.append(list_view(pair, instrument, context.time(pair[0].timestamp)))
    return shown


ROWS: Final = (
    Row(
        "POST",
        "/api/v3/orderList/oco",
        TRADE,
        1,
        place,
        PAIR,
        names=("orderList.place.oco",),
        orders=2,
        strict=True,
        check=check_pair,
    ),
    Row(
        "POST",
        "/api/v3/order/oco",
        TRADE,
        1,
        place_old,
        OLD_PAIR,
        names=("orderList.place",),
        orders=2,
        strict=True,
        check=check_old_pair,
    ),
    *(
        Row("POST", f"/api/v3/orderList/{kind}", TRADE, 1, not_supported, names=(f"orderList.place.{kind}",))
        for kind in ("oto", "otoco", "opo", "opoco")
    ),
    Row(
        "DELETE",
        "/api/v3/orderList",
        TRADE,
        1,
        cancel,
        (SYMBOL_OF_ORDER, LIST_ID, Parameter("listClientOrderId"), NEW_CLIENT_ID),
        names=("orderList.cancel",),
        strict=True,
        check=_check_cancel,
    ),
    Row(
        "GET",
        "/api/v3/orderList",
        USER_DATA,
        4,
        look_up,
        (LIST_ID, Parameter("origClientOrderId")),
        names=("orderList.status",),
        check=_check_look_up,
    ),
    Row(
        "GET",
        "/api/v3/allOrderList",
        USER_DATA,
        20,
        all_lists,
        (FROM_ID, START, END, LIMIT),
        names=("allOrderLists",),
    ),
    Row("GET", "/api/v3/openOrderList", USER_DATA, 6, open_lists, names=("openOrderLists.status",)),
)

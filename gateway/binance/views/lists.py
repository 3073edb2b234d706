"""Order lists, which are OCOs, as answers and events tell them. The legs come by order_id: the limit first."""

from collections.abc import Sequence
from typing import Any, Final

from gateway.binance.symbols import joined
from gateway.binance.views.market import Time
from gateway.binance.views.orders import View, cancel_view, client_id
from protocol.events import OrderState
from protocol.instrument import Instrument
from protocol.units import OrderStatus

EXEC_STARTED: Final = "EXEC_STARTED"
EXECUTING: Final = "EXECUTING"
ALL_DONE: Final = "ALL_DONE"

LIVE: Final = frozenset({OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})


def list_client_id(leg: OrderState) -> str:
    """What the list is called. The native API places some without a name."""
    return leg.list_client_order_id or f"native-{leg.oco_id}"


def is_live(legs: Sequence[OrderState]) -> bool:
    return any(leg.status in LIVE for leg in legs)


def list_view(legs: Sequence[OrderState], instrument: Instrument, time: int) -> View:
    """A list with at least one leg. `time` is told as its time."""
    symbol, live = joined(instrument), is_live(legs)
    return {
        "orderListId": legs[0].oco_id,
        "contingencyType": "OCO",
        "listStatusType": EXEC_STARTED if live else ALL_DONE,
        "listOrderStatus": EXECUTING if live else ALL_DONE,
        "listClientOrderId": list_client_id(legs[0]),
        "transactionTime": time,
        "symbol": symbol,
        "orders": [{"symbol": symbol, "orderId": leg.order_id, "clientOrderId": client_id(leg)} for leg in legs],
    }


def canceled_list_view(legs: Sequence[OrderState], instrument: Instrument, time: Time, cancel_id: str) -> View:
    """A list whose legs were canceled by one command."""
    reports = [cancel_view(leg, instrument, time, cancel_id) for leg in legs]
    return {**list_view(legs, instrument, time(legs[0].updated)), "orderReports": reports}


def canceled_views(
    states: Sequence[OrderState], instrument: Instrument, time: Time, cancel_id: str
) -> list[dict[str, Any]]:
    """Canceled orders, the legs of a list as one."""
    legs: dict[int, list[OrderState]] = {}
    for state in states:
        if state.oco_id is not None:
            legs.setdefault(state.oco_id, []).append(state)
    shown = []
    for state in states:
        if state.oco_id is None:
            shown.append(cancel_view(state, instrument, time, cancel_id))
        elif state.oco_id in legs:
            pair = sorted(legs.pop(state.oco_id), key=lambda leg: leg.order_id)
            shown.append(canceled_list_view(pair, instrument, time, cancel_id))
    return shown

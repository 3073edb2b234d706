"""Calls that place, change and cancel orders."""

from collections.abc import Sequence
from typing import Any

import msgspec

from matching_exchange.client.call import AccountPlace, Call, Repeat, answer, given, reader, segment
from matching_exchange.client.calls.requests import NewOrder, new_name, order_body, order_name, put, put_decimals
from matching_exchange.client.calls.route import route
from matching_exchange.client.decimals import DecimalInput
from matching_exchange.client.errors import InvalidValue
from matching_exchange.client.times import TimeInput, time_text
from matching_exchange.client.types.orders import CanceledOrders, OcoOrders, Order, Problem, Replacement
from matching_exchange.client.types.words import (
    OnlyStatusWord,
    OrderStatus,
    OrderType,
    OrderTypeWord,
    Reason,
    SelfTradePrevention,
    SelfTradePreventionWord,
    Side,
    SideWord,
    TimeInForce,
    TimeInForceWord,
)

_order = answer(Order)
_oco = answer(OcoOrders)
_canceled = answer(CanceledOrders)
_replacement = answer(Replacement)


class _Element(msgspec.Struct):
    order_id: str | None = None


class _Elements(msgspec.Struct):
    results: list[msgspec.Raw]


_elements = reader(_Elements)
_element = reader(_Element)
_problem = reader(Problem)


@route("POST", "/orders")
def place(
    symbol: str,
    side: Side | SideWord,
    order_type: OrderType | OrderTypeWord = "limit",
    *,
    quantity: DecimalInput | None = None,
    price: DecimalInput | None = None,
    trigger_price: DecimalInput | None = None,
    client_order_id: str | None = None,
    account: str | None = None,
    post_only: bool | None = None,
    self_trade_prevention: SelfTradePrevention | SelfTradePreventionWord | None = None,
    expire_time: TimeInput | None = None,
    display_quantity: DecimalInput | None = None,
    quote_quantity: DecimalInput | None = None,
    trailing_bps: int | None = None,
    trailing_amount: DecimalInput | None = None,
    activation_price: DecimalInput | None = None,
    max_slippage_bps: int | None = None,
    open_only_client_order_id: bool | None = None,
    reject_if_triggered: bool | None = None,
    time_in_force: TimeInForce | TimeInForceWord | None = None,
    tag: str | None = None,
) -> Call[Order]:
    """Place an order. Answers with it, and with the trades that it has made at once.

    quantity: in the base, a multiple of the instrument's lot_size. price: in the quote, a multiple of its tick_size.
    trigger_price: when a stop or a take-profit fires.
    client_order_id: its name, unique for good; made by the library if it is missing.
    quote_quantity: of a market order in place of quantity, what it spends or receives at most, without fees.
    expire_time: the last moment at which it may trade.
    display_quantity: an iceberg, the part that is shown.
    trailing_bps, trailing_amount, activation_price: how far a trailing stop's trigger trails, and from when on.
    max_slippage_bps: of a market order, take nothing farther from the best price.
    open_only_client_order_id: the name is unique among live orders only. Such an order is not sent again.
    docs/order-management.md says which order_type takes which field.

    The order is sent again under its name after a lost answer: never placed twice. After that `duplicate` is true.
    An order that the market forbids has status `rejected`, with a reason. Raises Refused for a bad field, Conflict for
    a used name, OutcomeUnknown if no answer came in time.
    """
    order = NewOrder(
        symbol,
        side,
        order_type,
        quantity,
        price,
        trigger_price,
        client_order_id,
        account,
        post_only,
        self_trade_prevention,
        expire_time,
        display_quantity,
        quote_quantity,
        trailing_bps,
        trailing_amount,
        activation_price,
        max_slippage_bps,
        open_only_client_order_id,
        reject_if_triggered,
        time_in_force,
        tag,
    )
    name = _name_of(order)
    return Call(
        "POST",
        "/orders",
        _order,
        repeat=_repeat(open_only_client_order_id),
        body=order_body(order, name),
        account=account,
        account_place=AccountPlace.BODY,
        client_order_id=name,
    )


@route("POST", "/orders/oco")
def place_oco(
    symbol: str,
    side: Side | SideWord,
    *,
    quantity: DecimalInput,
    stop_trigger_price: DecimalInput,
    price: DecimalInput | None = None,
    take_profit_trigger_price: DecimalInput | None = None,
    stop_price: DecimalInput | None = None,
    client_order_id: str | None = None,
    stop_client_order_id: str | None = None,
    list_client_order_id: str | None = None,
    account: str | None = None,
    self_trade_prevention: SelfTradePrevention | SelfTradePreventionWord | None = None,
    expire_time: TimeInput | None = None,
    open_only_client_order_id: bool | None = None,
    cancel_on_first_fill: bool | None = None,
    post_only: bool | None = None,
    display_quantity: DecimalInput | None = None,
    time_in_force: TimeInForce | TimeInForceWord | None = None,
    tag: str | None = None,
    stop_display_quantity: DecimalInput | None = None,
    stop_time_in_force: TimeInForce | TimeInForceWord | None = None,
    stop_tag: str | None = None,
) -> Call[OcoOrders]:
    """Place two orders, each of which cancels the other: a limit order at `price`, and a stop at `stop_trigger_price`.

    stop_price: the stop becomes a limit order at it; without it a market order.
    take_profit_trigger_price: the limit order waits for it.
    cancel_on_first_fill: the first trade of one order cancels the other; else it lowers it.
    client_order_id: of the limit order, at most 59 characters; the stop has it with `:stop` behind it.
    The fields that begin with stop_ are the stop's. Sent again and raises as `place`.
    """
    name = client_order_id or (None if open_only_client_order_id else new_name())
    body: dict[str, Any] = {"symbol": symbol, "side": side}
    put_decimals(
        body,
        quantity=quantity,
        stop_trigger_price=stop_trigger_price,
        price=price,
        take_profit_trigger_price=take_profit_trigger_price,
        stop_price=stop_price,
        display_quantity=display_quantity,
        stop_display_quantity=stop_display_quantity,
    )
    put(
        body,
        client_order_id=name,
        stop_client_order_id=stop_client_order_id,
        list_client_order_id=list_client_order_id,
        self_trade_prevention=self_trade_prevention,
        expire_time=None if expire_time is None else time_text(expire_time, "expire_time"),
        open_only_client_order_id=open_only_client_order_id,
        cancel_on_first_fill=cancel_on_first_fill,
        post_only=post_only,
        time_in_force=time_in_force,
        tag=tag,
        stop_time_in_force=stop_time_in_force,
        stop_tag=stop_tag,
    )
    return Call(
        "POST",
        "/orders/oco",
        _oco,
        repeat=_repeat(open_only_client_order_id),
        body=body,
        account=account,
        account_place=AccountPlace.BODY,
        client_order_id=name,
    )


@route("POST", "/orders/batch")
def place_batch(orders: Sequence[NewOrder], *, account: str | None = None) -> Call[tuple[Order | Problem, ...]]:
    """Place up to 100 orders, in their order, as if sent one by one. Answers for each with the order or its problem.

    account: of those that name none. Each order is sent again under its own name, as in `place`. A problem
    `outcome_unknown` in the answer means that its order may have been placed.
    """
    always = not any(order.open_only_client_order_id for order in orders)
    return Call(
        "POST",
        "/orders/batch",
        _read_results,
        repeat=Repeat.ALWAYS if always else Repeat.NOT_TAKEN,
        body={"orders": [order_body(order, _name_of(order)) for order in orders]},
        account=account,
        account_place=AccountPlace.ELEMENTS,
        undecided=_has_undecided if always else None,
        merged=_merged,
    )


@route("POST", "/orders/cancel-batch")
def cancel_batch(order_ids: Sequence[int | str], *, account: str | None = None) -> Call[tuple[Order | Problem, ...]]:
    """Cancel up to 100 orders. Answers for each with the order or its problem.

    order_ids: order_ids, or texts `client:<client_order_id>`. Not sent again after a lost answer: OutcomeUnknown.
    """
    if isinstance(order_ids, str | bytes):
        # Its characters would be order_ids: "12" would cancel the orders 1 and 2.
        raise InvalidValue("order_ids takes a list of order_ids, not one text.", "order_ids")
    return Call(
        "POST",
        "/orders/cancel-batch",
        _read_results,
        body={"order_ids": [order_name(order_id, None) for order_id in order_ids]},
        account=account,
        account_place=AccountPlace.BODY,
    )


@route("POST", "/orders/cancel-replace")
def cancel_replace(
    order_id: int | str | None = None,
    *,
    place: NewOrder,
    client_order_id: str | None = None,
    only_status: OnlyStatusWord | None = None,
    cancel_client_order_id: str | None = None,
    allow_failure: bool = False,
    account: str | None = None,
) -> Call[Replacement]:
    """Cancel one order and place another in one command. Nothing comes between.

    order_id, client_order_id: the order to cancel, one of both. place: the new order, of the same account.
    only_status: cancels only what nothing is filled of (new), or something (partially_filled).
    allow_failure: place the new order also if the cancel is refused.
    Answers with what became of both, also if a part failed. Sent again by the new order's client_order_id: then
    `place.order.duplicate` is true, and `cancel` is not_attempted although the first attempt has canceled.
    """
    name = _name_of(place)
    cancel_body: dict[str, Any] = {"order_id": order_name(order_id, client_order_id)}
    put(cancel_body, only_status=only_status, cancel_client_order_id=cancel_client_order_id)
    return Call(
        "POST",
        "/orders/cancel-replace",
        _replacement,
        repeat=_repeat(place.open_only_client_order_id),
        body={"cancel": cancel_body, "place": order_body(place, name), "allow_failure": allow_failure},
        account=account or place.account,
        account_place=AccountPlace.PLACE,
        client_order_id=name,
    )


@route("DELETE", "/orders/{order_id}")
def cancel(
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    only_status: OnlyStatusWord | None = None,
    cancel_client_order_id: str | None = None,
) -> Call[Order]:
    """Cancel what is left of an order: by its order_id or its client_order_id. Answers with the order as it ended.

    only_status: only if nothing of it is filled (new), or something (partially_filled).
    cancel_client_order_id: a name for the cancel, which the account's stream tells.
    Sent again after a lost answer. If the order is canceled by then, that is the answer. Raises NotFound for an unknown
    order, Conflict `order_not_open` for one that is done. With an open-only client_order_id name the order_id.
    """
    path = f"/orders/{segment(order_name(order_id, client_order_id))}"
    return Call(
        "DELETE",
        path,
        _order,
        repeat=Repeat.ALWAYS,
        query=given(only_status=only_status, cancel_client_order_id=cancel_client_order_id),
        account=account,
        account_place=AccountPlace.QUERY,
        settled_by=(
            "order_not_open",
            Call("GET", path, _order, repeat=Repeat.ALWAYS, account=account, account_place=AccountPlace.QUERY),
            _is_canceled,
        ),
    )


@route("DELETE", "/orders")
def cancel_all(
    *, symbol: str | None = None, account: str | None = None, cancel_client_order_id: str | None = None
) -> Call[CanceledOrders]:
    """Cancel all orders of an account, of one symbol or of all. Answers with the canceled ones and their number.

    Not sent again after a lost answer: OutcomeUnknown. Call it again; it then tells what was still there.
    """
    return Call(
        "DELETE",
        "/orders",
        _canceled,
        query=given(symbol=symbol, cancel_client_order_id=cancel_client_order_id),
        account=account,
        account_place=AccountPlace.QUERY,
    )


@route("PATCH", "/orders/{order_id}")
def amend(
    order_id: int | str | None = None,
    *,
    client_order_id: str | None = None,
    account: str | None = None,
    quantity: DecimalInput | None = None,
    price: DecimalInput | None = None,
    trigger_price: DecimalInput | None = None,
    new_client_order_id: str | None = None,
) -> Call[Order]:
    """Change an order in one command; it is never away. Answers with it, and with the trades that it has made.

    quantity: the new total, the filled part included. Less of it at the same price keeps the place in the queue.
    Not sent again after a lost answer: OutcomeUnknown. Look the order up then.
    """
    body: dict[str, Any] = {}
    put_decimals(body, quantity=quantity, price=price, trigger_price=trigger_price)
    put(body, new_client_order_id=new_client_order_id)
    if not body:
        raise InvalidValue("amend takes a quantity, a price, a trigger_price or a new_client_order_id.", "quantity")
    return Call(
        "PATCH",
        f"/orders/{segment(order_name(order_id, client_order_id))}",
        _order,
        body=body,
        account=account,
        account_place=AccountPlace.QUERY,
        client_order_id=client_order_id,
    )


def _name_of(order: NewOrder) -> str | None:
    """The name under which the order is sent. An open-only one says nothing that a retry could use."""
    return order.client_order_id or (None if order.open_only_client_order_id else new_name())


def _repeat(open_only: bool | None) -> Repeat:  # noqa: FBT001
    return Repeat.NOT_TAKEN if open_only else Repeat.ALWAYS


def _is_canceled(order: Order) -> bool:
    return order.status is OrderStatus.CANCELED and order.reason is Reason.REQUESTED


def _read_results(content: bytes) -> tuple[Order | Problem, ...]:
    elements = _elements(content).results
    return tuple(_problem(raw) if _element(raw).order_id is None else _order(raw) for raw in elements)


def _has_undecided(results: tuple[Order | Problem, ...]) -> bool:
    return any(isinstance(result, Problem) and result.status in (429, 503, 504) for result in results)


def _merged(earlier: tuple[Order | Problem, ...], later: tuple[Order | Problem, ...]) -> tuple[Order | Problem, ...]:
    """What the earlier answer has decided stays; the rest is as the later one tells it."""
    return tuple(
        before if isinstance(before, Order) or before.status not in (429, 503, 504) else after
        for before, after in zip(earlier, later, strict=True)
    )

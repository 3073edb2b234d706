"""Calls of single orders, and the list of them: read, carry out, answer."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace
from starlette.types import Receive, Scope

from gateway.access.caller import caller_of
from gateway.exchange.exchange import Exchange
from gateway.http.callers import count
from gateway.http.rates import Kind
from gateway.http.resources import read_body
from gateway.http.responses import JSON, HttpResponse, encode, json_response
from gateway.link.errors import RefusedError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.order_lists import orders
from gateway.native.calls.parameters import (
    cancel_name,
    order_with_parameters,
    query_parameters,
    whole_number,
)
from gateway.native.calls.shard_cursors import is_joined, numbers, numbers_text
from gateway.native.csv import listed
from gateway.native.enum_words import ONLY_STATUSES
from gateway.native.json.names import OrderName, check_name, read_word
from gateway.native.json.schemas import Order, OrderList, OrderRequest
from gateway.native.json.translate import order, place_order
from gateway.native.limits import Limits
from gateway.native.problems import ProblemError
from protocol.commands import CancelOrder, OrderQuery, OrdersQuery
from protocol.events import OrderState
from protocol.units import Refusal

MAX_LISTED: Final = 1000
"""Orders that one list holds at most."""

MAX_CURSOR: Final = 10**18 - 1

read_order = body_decoder(OrderRequest)


async def place(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    count(scope, Kind.ORDERS)
    deadline = exchange.orders.deadline()
    request = read_order(await read_body(receive))
    instrument = exchange.instruments.known.get(request.symbol)
    if instrument is None:
        instrument = await exchange.instruments.find(request.symbol)
    try:
        state = await exchange.orders.place(place_order(request, instrument, deadline, caller_of(scope)))
    except (ProblemError, RefusedError) as error:
        raise await Limits(exchange.instruments).tell(error, instrument, request.quantity) from error
    return HttpResponse(200, encode(order(state, instrument)), JSON)


async def look_up_of(exchange: Exchange, name: OrderName, symbol: str | None) -> OrderState:
    """The order of that name, also a forgotten one. RefusedError where it is none of the symbol, if one is named."""
    if symbol is None:
        return await exchange.history.accounts.look_up(OrderQuery(*name))
    await exchange.instruments.find(symbol)
    state = await exchange.of(symbol).history.accounts.look_up(OrderQuery(*name))
    check_symbol(state.symbol, symbol)
    return state


def check_symbol(found: str, symbol: str | None) -> None:
    """Refuse an order of another symbol than the one that the call names, if it names one."""
    if symbol is not None and found != symbol:
        raise RefusedError(Refusal.UNKNOWN_ORDER)


async def look_up(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    name, parameters = order_with_parameters(scope)
    state = await look_up_of(exchange, name, parameters.get("symbol"))
    return json_response(order(state, exchange.instruments.known[state.symbol]))


async def cancel(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    name, parameters = order_with_parameters(scope, "only_status", "cancel_client_order_id")
    word = parameters.get("only_status")
    only_status = None if word is None else read_word("only_status", word, ONLY_STATUSES)
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
    command = CancelOrder(*name, only_status, cancel_name(parameters), symbol)
    state = await exchange.orders.cancel(command)
    return json_response(order(state, exchange.instruments.known[state.symbol]))


async def list_orders(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "symbol", "account", "status", "limit", "after")
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
    account = parameters.get("account")
    if account is not None:
        check_name("account", account)
    status = parameters.get("status", "open")
    if status not in ("open", "done"):
        raise ProblemError("invalid_value", "status takes open or done.", "status")
    limit = whole_number(parameters, "limit", 100, 1, MAX_LISTED)
    query = OrdersQuery(symbol, caller_of(scope).filter(account), status == "done", limit)
    states, following = await _page(exchange, query, parameters)
    views = await orders(states, exchange.instruments.known)
    return listed(scope, OrderList(views, following), Order, views, following)


async def _page(
    exchange: Exchange, query: OrdersQuery, parameters: Mapping[str, str]
) -> tuple[list[OrderState], str | None]:
    """The orders of the page, and the cursor of the following one."""
    if is_joined(exchange, query.symbol):
        if query.done and query.account is None:
            detail = "Where the exchange has shards, a list of done orders takes an account or a symbol."
            raise ProblemError("missing_field", detail, "account")
        joined = await exchange.over_shards.joined_orders(query, numbers(exchange, parameters.get("after")))
        return joined.items, numbers_text(joined.next)
    query = replace(query, after=whole_number(parameters, "after", 0, 0, MAX_CURSOR))
    page = await exchange.history.accounts.orders(query)
    return page.orders, None if page.next is None else str(page.next)

"""Calls of whole accounts: cancel all orders, now or on silence, suspend and resume, the last fills."""

from typing import Final

from starlette.types import Receive, Scope

from gateway.exchange.exchange import Exchange
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.order_lists import orders
from gateway.native.calls.orders import MAX_CURSOR
from gateway.native.calls.parameters import (
    account_of_path,
    account_of_query,
    cancel_name,
    cursor,
    page_of_account,
    query_parameters,
    whole_number,
)
from gateway.native.csv import listed
from gateway.native.json.schemas import (
    AccountView,
    CancelAfterRequest,
    CancelAfterView,
    CanceledOrders,
    Fill,
    FillList,
    PreventedMatchViews,
)
from gateway.native.json.times import MILLISECOND, format_timestamp
from gateway.native.json.translate import fill, prevented_match
from gateway.native.problems import ProblemError
from protocol.commands import CancelAfter, CancelAllOrders, FillsQuery, PreventedMatchesQuery, SetAccountStatus
from protocol.units import MAX_CANCEL_AFTER, MIN_CANCEL_AFTER

SHORTEST: Final = MIN_CANCEL_AFTER // MILLISECOND
LONGEST: Final = MAX_CANCEL_AFTER // MILLISECOND
"""The bounds of a cancel on silence, in milliseconds."""

MAX_FILLS: Final = 1000
"""Fills that one page holds at most."""

_read_cancel_after = body_decoder(CancelAfterRequest)


async def cancel_all(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "symbol", "account", "cancel_client_order_id")
    account = account_of_query(scope, parameters)
    symbol, name = parameters.get("symbol"), cancel_name(parameters)
    if symbol is not None:
        await exchange.instruments.find(symbol)
    canceled = await exchange.accounts.cancel_all(CancelAllOrders(account, symbol, name))
    return json_response(CanceledOrders(await orders(canceled.orders, exchange.instruments.known), canceled.count))


async def cancel_after(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    account = account_of_path(scope)
    timeout = _read_cancel_after(await read_body(receive)).timeout_ms
    if timeout != 0 and not SHORTEST <= timeout <= LONGEST:
        detail = f"timeout_ms takes a whole number from {SHORTEST} to {LONGEST}, or 0 to switch it off."
        raise ProblemError("invalid_value", detail, "timeout_ms")
    state = await exchange.accounts.cancel_after(CancelAfter(account, timeout * MILLISECOND))
    cancel_at = None if state.cancel_at is None else format_timestamp(state.cancel_at)
    return json_response(CancelAfterView(state.account, timeout, cancel_at))


async def suspend(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    return await _set_status(exchange, scope, suspended=True)


async def resume(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    return await _set_status(exchange, scope, suspended=False)


async def list_fills(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "account", "symbol", "after", "limit")
    account = account_of_query(scope, parameters)
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
    limit = whole_number(parameters, "limit", 100, 1, MAX_FILLS)
    query = FillsQuery(account, symbol, limit, cursor(parameters.get("after")))
    page = await exchange.history.accounts.fills(query)
    known = exchange.instruments.known
    fills = [fill(entry.trade, known[entry.trade.symbol], maker=entry.maker) for entry in page.fills]
    following = None if page.next is None else "{}-{}".format(*page.next)
    return listed(scope, FillList(fills, following), Fill, fills, following)


async def list_prevented_matches(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "symbol", "after", "limit")
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
    after = whole_number(parameters, "after", 0, 0, MAX_CURSOR)
    limit = whole_number(parameters, "limit", 100, 1, MAX_FILLS)
    found = await exchange.orders.prevented_matches(PreventedMatchesQuery(account, symbol, None, after, limit))
    views = [prevented_match(each, exchange.instruments.known[each.symbol]) for each in found.matches]
    return json_response(PreventedMatchViews(views, None if found.next is None else str(found.next)))


async def _set_status(exchange: Exchange, scope: Scope, *, suspended: bool) -> HttpResponse:
    state, canceled = await exchange.accounts.suspend(SetAccountStatus(account_of_path(scope), suspended))
    views = await orders(canceled.orders, exchange.instruments.known)
    return json_response(AccountView(state.account, state.suspended, views, canceled.count))

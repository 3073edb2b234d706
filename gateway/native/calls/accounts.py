"""Calls of whole accounts: cancel all orders, now or on silence, suspend and resume, the last fills."""

from typing import Final

from msgspec.structs import replace
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
from gateway.native.calls.shard_cursors import is_joined, numbers, numbers_text, pairs, pairs_text
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
    after = parameters.get("after")
    if after is not None and is_joined(exchange, symbol):
        joined = await exchange.over_shards.joined_fills(FillsQuery(account, None, limit), pairs(exchange, after))
        found, following = joined.items, pairs_text(joined.next)
    else:
        page = await exchange.history.accounts.fills(FillsQuery(account, symbol, limit, cursor(after)))
        found, following = page.fills, None if page.next is None else "{}-{}".format(*page.next)
    known = exchange.instruments.known
    fills = [fill(entry.trade, known[entry.trade.symbol], maker=entry.maker) for entry in found]
    return listed(scope, FillList(fills, following), Fill, fills, following)


async def list_prevented_matches(exchange: Exchange, scope: Scope, _: Receive) -> HttpResponse:
    account, parameters = page_of_account(scope, "symbol", "after", "limit")
    symbol = parameters.get("symbol")
    if symbol is not None:
        await exchange.instruments.find(symbol)
    limit = whole_number(parameters, "limit", 100, 1, MAX_FILLS)
    query = PreventedMatchesQuery(account, symbol, None, 0, limit)
    if is_joined(exchange, symbol):
        joined = await exchange.over_shards.joined_matches(query, numbers(exchange, parameters.get("after")))
        matches, following = joined.items, numbers_text(joined.next)
    else:
        query = replace(query, after=whole_number(parameters, "after", 0, 0, MAX_CURSOR))
        found = await exchange.orders.prevented_matches(query)
        matches, following = found.matches, None if found.next is None else str(found.next)
    views = [prevented_match(each, exchange.instruments.known[each.symbol]) for each in matches]
    return json_response(PreventedMatchViews(views, following))


async def _set_status(exchange: Exchange, scope: Scope, *, suspended: bool) -> HttpResponse:
    state, canceled = await exchange.accounts.suspend(SetAccountStatus(account_of_path(scope), suspended))
    views = await orders(canceled.orders, exchange.instruments.known)
    return json_response(AccountView(state.account, state.suspended, views, canceled.count))

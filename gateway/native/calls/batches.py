"""Batches: many commands in one call, each as if it were sent alone.

The answer to each, or the reason why it could not be sent, stands in its place. None touches another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import MsgspecError, Raw
from starlette.types import Receive, Scope

from gateway.access.caller import Caller, caller_of
from gateway.exchange.exchange import Exchange
from gateway.exchange.orders import Outcome
from gateway.http.callers import count
from gateway.http.errors import HttpError
from gateway.http.rates import Kind
from gateway.http.resources import read_body
from gateway.http.responses import HttpResponse, json_response
from gateway.link.errors import MatcherUnavailableError, RefusedError
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.orders import read_order
from gateway.native.calls.parameters import query_parameters
from gateway.native.json.field_types import MAX_BATCH
from gateway.native.json.names import check_name, read_order_name
from gateway.native.json.schemas import BatchResults, CancelBatchRequest, Order, OrderBatchRequest, OrderRequest
from gateway.native.json.translate import order, place_order
from gateway.native.limits import Limits
from gateway.native.problems import Problem, ProblemError, known_problem
from protocol.commands import CancelOrder, PlaceOrder
from protocol.events import OrderState
from protocol.instrument import Instrument
from protocol.refusals import refusal_code
from protocol.units import Refusal

Sent = TypeVar("Sent", PlaceOrder, CancelOrder)

_read_orders = body_decoder(OrderBatchRequest)
_read_cancels = body_decoder(CancelBatchRequest)


async def place(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    deadline = exchange.orders.deadline()
    elements = _counted("orders", _read_orders(await read_body(receive)).orders)
    count(scope, Kind.ORDERS, len(elements))
    requests = [_read_element(element) for element in elements]
    symbols = {each.symbol for each in requests if isinstance(each, OrderRequest)}
    found, away = await _find(exchange.instruments, symbols)
    caller = caller_of(scope)
    commands = [_place(request, found, away, deadline, caller) for request in requests]
    outcomes = await _carry_out(commands, exchange.orders.place_each)
    limits = Limits(exchange.instruments)
    results: list[Order | Problem] = []
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, OrderState):
            results.append(order(outcome, found[outcome.symbol]))
            continue
        problem = known_problem(outcome)
        if isinstance(request, OrderRequest) and request.symbol in found:
            problem = await limits.tell(problem, found[request.symbol], request.quantity)
        results.append(problem.document())
    return json_response(BatchResults(results))


async def cancel(exchange: Exchange, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    request = _read_cancels(await read_body(receive))
    if request.account is not None:
        check_name("account", request.account)
    account = caller_of(scope).filter(request.account)
    commands = [_cancel(element, account) for element in _counted("order_ids", request.order_ids)]
    outcomes = await _carry_out(commands, exchange.orders.cancel_each)
    known = exchange.instruments.known
    return json_response(
        BatchResults(
            [
                order(outcome, known[outcome.symbol])
                if isinstance(outcome, OrderState)
                else known_problem(outcome).document()
                for outcome in outcomes
            ]
        )
    )


async def _carry_out(
    commands: Sequence[Sent | ProblemError], send: Callable[[Sequence[Sent]], Awaitable[list[Outcome]]]
) -> list[Outcome | ProblemError]:
    """Send the commands; the outcome of each in its place. A ProblemError stays in its place."""
    outcomes = iter(await send([command for command in commands if not isinstance(command, ProblemError)]))
    return [command if isinstance(command, ProblemError) else next(outcomes) for command in commands]


async def _find(
    instruments: Instruments, symbols: set[str]
) -> tuple[dict[str, Instrument], dict[str, MatcherUnavailableError]]:
    """The instruments of these symbols, without those that are unknown; and why no matcher knows the others.

    MatcherUnavailableError where that holds for all of them.
    """
    listed = list(symbols)
    outcomes = await asyncio.gather(*(instruments.find(symbol) for symbol in listed), return_exceptions=True)
    found: dict[str, Instrument] = {}
    away: dict[str, MatcherUnavailableError] = {}
    for symbol, outcome in zip(listed, outcomes, strict=True):
        if isinstance(outcome, Instrument):
            found[symbol] = outcome
        elif isinstance(outcome, MatcherUnavailableError):
            away[symbol] = outcome
        elif not isinstance(outcome, RefusedError):
            raise outcome
    if away and len(away) == len(listed):
        raise next(iter(away.values()))
    return found, away


def _counted(name: str, elements: list[Raw]) -> list[Raw]:
    if not 1 <= len(elements) <= MAX_BATCH:
        raise ProblemError("invalid_value", f"{name} takes a list of 1 to {MAX_BATCH} elements.", name)
    return elements


def _read_element(element: Raw) -> OrderRequest | ProblemError:
    try:
        return read_order(bytes(element))
    except ProblemError as problem:
        return problem


def _place(
    request: OrderRequest | ProblemError,
    found: dict[str, Instrument],
    away: dict[str, MatcherUnavailableError],
    deadline: int,
    caller: Caller,
) -> PlaceOrder | ProblemError:
    if isinstance(request, ProblemError):
        return request
    if request.symbol in away:
        return known_problem(away[request.symbol])
    instrument = found.get(request.symbol)
    if instrument is None:
        return ProblemError(refusal_code(Refusal.UNKNOWN_SYMBOL))
    try:
        return place_order(request, instrument, deadline, caller)
    except (ProblemError, HttpError) as error:
        return known_problem(error)


def _cancel(element: Raw, account: str | None) -> CancelOrder | ProblemError:
    try:
        text: str = msgspec.json.decode(element, type=str)
    except (MsgspecError, UnicodeDecodeError):
        return ProblemError("invalid_value", "order_ids takes texts.", "order_ids")
    try:
        return CancelOrder(*read_order_name(text, account))
    except ProblemError as problem:
        return problem

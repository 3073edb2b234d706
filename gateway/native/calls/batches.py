"""Batches: many commands by one call, each as if it had been sent alone.

All that can be are submitted in one turn of the loop, so that they leave in one frame, in their order, with nobody
else's between them. What one of them is answered, or why it could not be sent, stands in its place; nothing of it
touches the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from msgspec import MsgspecError, Raw
from starlette.types import Receive, Scope

from gateway.http.resources import Reply, json_reply, query_parameters, read_body
from gateway.link.broker import Broker, MatcherUnavailableError, OutcomeUnknownError, Stamped
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.orders import read_order
from gateway.native.json.field_types import MAX_BATCH
from gateway.native.json.order_names import read_order_name
from gateway.native.json.schemas import BatchResults, CancelBatchRequest, Order, OrderBatchRequest, OrderRequest
from gateway.native.json.translate import place_order
from gateway.native.json.words import check_name
from gateway.native.limits import Limits
from gateway.native.problems import Problem, ProblemError, unanswered
from gateway.native.views import changed_order_view, new_order_view
from protocol.commands import CancelOrder, PlaceOrder
from protocol.events import Answer
from protocol.instrument import Instrument

Message = TypeVar("Message", PlaceOrder, CancelOrder)

Answered = Stamped[Answer]

_read_orders = body_decoder(OrderBatchRequest)
_read_cancels = body_decoder(CancelBatchRequest)


class Batches:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def place(self, scope: Scope, receive: Receive) -> Reply:
        """POST /orders/batch"""
        query_parameters(scope)
        deadline = self._broker.deadline()
        elements = _counted("orders", _read_orders(await read_body(receive)).orders)
        requests = [_read_element(element) for element in elements]
        found = await self._find({request.symbol for request in requests if isinstance(request, OrderRequest)})
        commands = [_place(request, found, deadline) for request in requests]

        limits = Limits(self._instruments)

        async def view(command: PlaceOrder, answer: Answered) -> Order:
            return new_order_view(command, answer, found[command.symbol])

        async def explain(index: int, problem: ProblemError) -> ProblemError:
            request = requests[index]
            if isinstance(request, ProblemError) or request.symbol not in found:
                return problem
            return await limits.tell(problem, found[request.symbol], request.quantity)

        return json_reply(BatchResults(await self._carry_out(commands, view, explain)))

    async def cancel(self, scope: Scope, receive: Receive) -> Reply:
        """POST /orders/cancel-batch"""
        query_parameters(scope)
        request = _read_cancels(await read_body(receive))
        if request.account is not None:
            check_name("account", request.account)
        commands = [_cancel(element, request.account) for element in _counted("order_ids", request.order_ids)]

        async def view(_: CancelOrder, answer: Answered) -> Order:
            return await changed_order_view(answer.value, self._instruments)

        async def explain(_: int, problem: ProblemError) -> ProblemError:
            return problem

        return json_reply(BatchResults(await self._carry_out(commands, view, explain)))

    async def _find(self, symbols: set[str]) -> dict[str, Instrument]:
        """The instruments of these symbols, without those that are unknown."""
        listed = list(symbols)
        outcomes = await asyncio.gather(*(self._instruments.find(symbol) for symbol in listed), return_exceptions=True)
        found: dict[str, Instrument] = {}
        for symbol, outcome in zip(listed, outcomes, strict=True):
            if isinstance(outcome, Instrument):
                found[symbol] = outcome
            elif not isinstance(outcome, ProblemError):
                raise outcome
        return found

    async def _carry_out(
        self,
        commands: Sequence[Message | ProblemError],
        view: Callable[[Message, Answered], Awaitable[Order]],
        explain: Callable[[int, ProblemError], Awaitable[ProblemError]],
    ) -> list[Order | Problem]:
        """Send the commands and tell what became of each; `explain` completes the problem of the one with that index.
        MatcherUnavailableError where the matcher took none of them."""
        sent: list[
            tuple[Awaitable[Answered], Callable[[Answered], Awaitable[Order]]] | ProblemError | MatcherUnavailableError
        ] = []
        for command in commands:
            if isinstance(command, ProblemError):
                sent.append(command)
                continue
            try:
                sent.append((self._broker.submit(command), partial(view, command)))
            except MatcherUnavailableError as failure:
                sent.append(failure)
        results: list[Order | Problem] = []
        not_taken: list[MatcherUnavailableError] = []
        for index, outcome in enumerate(sent):
            try:
                if isinstance(outcome, Exception):
                    raise outcome
                answer, view_of = outcome
                results.append(await view_of(await answer))
            except ProblemError as problem:
                results.append((await explain(index, problem)).document())
            except OutcomeUnknownError as failure:
                results.append(unanswered(failure).document())
            except MatcherUnavailableError as failure:
                not_taken.append(failure)
                results.append(unanswered(failure).document())
        if not_taken and len(not_taken) == sum(not isinstance(command, ProblemError) for command in commands):
            raise not_taken[0]
        return results


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
    request: OrderRequest | ProblemError, found: dict[str, Instrument], deadline: int
) -> PlaceOrder | ProblemError:
    if isinstance(request, ProblemError):
        return request
    instrument = found.get(request.symbol)
    if instrument is None:
        return ProblemError("unknown_symbol")
    try:
        return place_order(request, instrument, deadline)
    except ProblemError as problem:
        return problem


def _cancel(element: Raw, account: str | None) -> CancelOrder | ProblemError:
    try:
        text: str = msgspec.json.decode(element, type=str)
    except (MsgspecError, UnicodeDecodeError):
        return ProblemError("invalid_value", "order_ids takes texts.", "order_ids")
    try:
        return CancelOrder(*read_order_name(text, account))
    except ProblemError as problem:
        return problem

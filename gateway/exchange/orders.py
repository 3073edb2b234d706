"""New orders and what becomes of them: place, amend, cancel, look up, list; one or many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from gateway.exchange.pace import Pace
from gateway.link.answers import Stamped, expect
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError, RefusedError
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import (
    AmendmentsQuery,
    AmendOrder,
    CancelOrder,
    CancelReplace,
    OrderQuery,
    OrdersQuery,
    PlaceOco,
    PlaceOrder,
    PreventedMatchesQuery,
)
from protocol.events import (
    AmendmentList,
    Answer,
    CancelReplaced,
    OrderPage,
    OrderResult,
    OrderState,
    OrderStates,
    PreventedMatchList,
)
from protocol.placed import placed_order

LIST_SECONDS: Final = 1.0
"""Time for which a list asks for the rest of its orders. Then it is answered with fewer."""

Sent = TypeVar("Sent", PlaceOrder, CancelOrder)

Outcome = OrderState | RefusedError | MatcherUnavailableError | OutcomeUnknownError
"""The outcome of one command of a batch."""


class Orders:
    def __init__(self, broker: Link, instruments: Instruments, pace: Pace) -> None:
        self._broker = broker
        self._instruments = instruments
        self._pace = pace

    def deadline(self) -> int:
        """The latest time, by the matcher's clock, at which an order that arrives now may be executed."""
        return self._broker.deadline()

    async def place(self, command: PlaceOrder) -> OrderState:
        """The new order, or the order that the same command made before."""
        return _placed(command, await self._broker.submit(command))

    async def place_oco(self, command: PlaceOco) -> list[OrderState]:
        """The limit order and the stop order."""
        return expect(OrderStates, (await self._broker.submit(command)).value).orders

    async def amend(self, command: AmendOrder) -> OrderState:
        return await self._changed(await self._broker.submit(command))

    async def cancel(self, command: CancelOrder) -> OrderState:
        return await self._changed(await self._broker.submit(command))

    async def cancel_replace(self, command: CancelReplace) -> CancelReplaced:
        """What became of the order to cancel and of the new one."""
        result = expect(CancelReplaced, (await self._broker.submit(command)).value)
        states = [part for part in (result.canceled, result.placed) if isinstance(part, OrderState)]
        try:
            await self._instruments.know(states)
        except MatcherUnavailableError as error:
            raise OutcomeUnknownError("the matcher went away after the command") from error
        return result

    async def place_each(self, commands: Sequence[PlaceOrder]) -> list[Outcome]:
        """Place the orders, in this order, and tell what became of each. Orders of others may come in between.

        MatcherUnavailableError if the matcher took none of them.
        """

        async def placed(command: PlaceOrder, answer: Stamped[Answer]) -> OrderState:
            return _placed(command, answer)

        return await self._each(commands, placed)

    async def cancel_each(self, commands: Sequence[CancelOrder]) -> list[Outcome]:
        """As `place_each`, to cancel."""

        async def canceled(_: CancelOrder, answer: Stamped[Answer]) -> OrderState:
            return await self._changed(answer)

        return await self._each(commands, canceled)

    async def look_up(self, query: OrderQuery) -> OrderState:
        state = expect(OrderState, (await self._broker.query(query)).value)
        await self._instruments.know([state])
        return state

    async def amendments(self, query: AmendmentsQuery) -> AmendmentList:
        """The remembered amends of an order, a page of them."""
        found = expect(AmendmentList, (await self._broker.query(query)).value)
        await self._instruments.find(found.symbol)
        return found

    async def prevented_matches(self, query: PreventedMatchesQuery) -> PreventedMatchList:
        """The remembered matches of an account that self-trade prevention has kept from trading, a page of them."""
        found = expect(PreventedMatchList, (await self._broker.query(query)).value)
        for match in found.matches:
            await self._instruments.find(match.symbol)
        return found

    async def page(self, query: OrdersQuery) -> OrderPage:
        """The page that the query asks for, joined from the matcher's own pages, which may be shorter."""
        page = await self._collect(query)
        await self._instruments.know(page.orders)
        return page

    async def _changed(self, answer: Stamped[Answer]) -> OrderState:
        """The order that a command has changed."""
        state = expect(OrderState, answer.value)
        try:
            await self._instruments.know([state])
        except MatcherUnavailableError as error:
            raise OutcomeUnknownError("the matcher went away after the command") from error
        return state

    async def _each(
        self, commands: Sequence[Sent], read: Callable[[Sent, Stamped[Answer]], Awaitable[OrderState]]
    ) -> list[Outcome]:
        """Send the commands slice by slice; read each answer."""
        outcomes: list[Outcome] = []
        pace = self._pace.batch()
        while len(outcomes) < len(commands):
            done = len(outcomes)
            async with pace.slice(len(commands) - done) as count:
                outcomes += await self._slice(commands[done : done + count], read)
        not_taken = [outcome for outcome in outcomes if isinstance(outcome, MatcherUnavailableError)]
        if not_taken and len(not_taken) == len(outcomes):
            raise not_taken[0]
        return outcomes

    async def _slice(
        self, commands: Sequence[Sent], read: Callable[[Sent, Stamped[Answer]], Awaitable[OrderState]]
    ) -> list[Outcome]:
        """Send commands in one turn of the loop: they leave in one frame. Then read each answer."""
        sent: list[Awaitable[Stamped[Answer]] | MatcherUnavailableError] = []
        for command in commands:
            try:
                sent.append(self._broker.submit(command))
            except MatcherUnavailableError as failure:
                sent.append(failure)
        outcomes: list[Outcome] = []
        for command, future in zip(commands, sent, strict=True):
            try:
                if isinstance(future, MatcherUnavailableError):
                    raise future
                outcomes.append(await read(command, await future))
            except (RefusedError, OutcomeUnknownError, MatcherUnavailableError) as failure:
                outcomes.append(failure)
        return outcomes

    async def _collect(self, query: OrdersQuery) -> OrderPage:
        orders: list[OrderState] = []
        clock = asyncio.get_running_loop().time
        give_up = clock() + LIST_SECONDS
        after = query.after
        while True:
            part = OrdersQuery(query.symbol, query.account, query.done, query.limit - len(orders), after)
            try:
                page = expect(OrderPage, (await self._broker.query(part)).value)
            except MatcherUnavailableError:
                if not orders:
                    raise
                return OrderPage(orders, after)
            orders += page.orders
            if page.next is None or len(orders) >= query.limit or clock() >= give_up:
                return OrderPage(orders, page.next)
            after = page.next


def _placed(command: PlaceOrder, answer: Stamped[Answer]) -> OrderState:
    """The order of the command. The answer to a new one leaves out what its sender knows."""
    result = answer.value
    if isinstance(result, OrderResult):
        return placed_order(command, result, answer.sequence, answer.timestamp)
    return expect(OrderState, result)

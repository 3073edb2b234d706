"""Routes of orders: read, translate, send, translate."""

import asyncio
from typing import Final

from starlette.types import Receive, Scope

from gateway.http.resources import JSON, Reply, encode, json_reply, query_parameters, read_body, whole_number
from gateway.link.broker import Broker, MatcherUnavailableError
from gateway.link.instruments import Instruments
from gateway.native.calls.bodies import body_decoder
from gateway.native.json.order_names import order_of_path
from gateway.native.json.schemas import CanceledOrders, OrderList, OrderRequest
from gateway.native.json.translate import place_order
from gateway.native.json.words import check_name
from gateway.native.limits import Limits
from gateway.native.mass_cancels import cancel_many
from gateway.native.problems import ProblemError, expect
from gateway.native.views import changed_order_view, new_order_view, order_views
from protocol.commands import CancelAllOrders, CancelOrder, OrderQuery, OrdersQuery
from protocol.events import OrderPage, OrderState, OrderStates
from protocol.units import DEFAULT_ACCOUNT

MAX_LISTED: Final = 1000
"""The most orders that one list holds."""

LIST_SECONDS: Final = 1.0
"""How long a list goes on asking for the rest of its orders; then it is answered as it is."""

MAX_CURSOR: Final = 10**18 - 1

read_order = body_decoder(OrderRequest)


class Orders:
    def __init__(self, broker: Broker, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def place(self, scope: Scope, receive: Receive) -> Reply:
        """POST /orders"""
        query_parameters(scope)
        deadline = self._broker.deadline()
        request = read_order(await read_body(receive))
        instrument = self._instruments.known.get(request.symbol)
        if instrument is None:
            instrument = await self._instruments.find(request.symbol)
        try:
            command = place_order(request, instrument, deadline)
            answer = await self._broker.submit(command)
            return Reply(200, encode(new_order_view(command, answer, instrument)), JSON)
        except ProblemError as problem:
            raise await Limits(self._instruments).tell(problem, instrument, request.quantity) from problem

    async def look_up(self, scope: Scope, receive: Receive) -> Reply:
        """GET /orders/{order_id}"""
        result = (await self._broker.query(OrderQuery(*order_of_path(scope)))).value
        [view] = await order_views([expect(OrderState, result)], self._instruments)
        return json_reply(view)

    async def cancel(self, scope: Scope, receive: Receive) -> Reply:
        """DELETE /orders/{order_id}"""
        answer = (await self._broker.submit(CancelOrder(*order_of_path(scope)))).value
        return json_reply(await changed_order_view(answer, self._instruments))

    async def cancel_all(self, scope: Scope, receive: Receive) -> Reply:
        """DELETE /orders"""
        parameters = query_parameters(scope, "symbol", "account")
        account = check_name("account", parameters.get("account", DEFAULT_ACCOUNT))
        symbol = parameters.get("symbol")
        if symbol is not None:
            await self._instruments.find(symbol)
        _, canceled = await cancel_many(self._broker, self._instruments, CancelAllOrders(account, symbol), OrderStates)
        return json_reply(CanceledOrders(canceled.orders, canceled.count))

    async def list(self, scope: Scope, receive: Receive) -> Reply:
        """GET /orders"""
        parameters = query_parameters(scope, "symbol", "account", "status", "limit", "after")
        symbol = parameters.get("symbol")
        if symbol is not None:
            await self._instruments.find(symbol)
        account = parameters.get("account")
        if account is not None:
            check_name("account", account)
        status = parameters.get("status", "open")
        if status not in ("open", "done"):
            raise ProblemError("invalid_value", "status takes open or done.", "status")
        limit = whole_number(parameters, "limit", 100, 1, MAX_LISTED)
        after = whole_number(parameters, "after", 0, 0, MAX_CURSOR)
        page = await self._collect(OrdersQuery(symbol, account, status == "done", limit, after))
        next_page = None if page.next is None else str(page.next)
        return json_reply(OrderList(await order_views(page.orders, self._instruments), next_page))

    async def _collect(self, query: OrdersQuery) -> OrderPage:
        """The page that the query asks for: the matcher's work for one question is bounded, so its pages may be
        short."""
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

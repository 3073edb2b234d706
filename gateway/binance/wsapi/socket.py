"""One connection of the WebSocket API: it carries out its requests in their order.

Calls that change orders run beside each other, as `running` says. Any other one waits for those before it.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from starlette.websockets import WebSocket

from gateway.binance.carrying import carry_out
from gateway.binance.desk import Desk
from gateway.binance.errors import BAD_KEY, INTERNAL, NOT_SUPPORTED, RETIRED, DialectError
from gateway.binance.gate import IF_SIGNED, NONE, TRADE, USER_STREAM, RevokedError
from gateway.binance.given import Given, read_json
from gateway.binance.parameters import integer
from gateway.binance.refusals import told
from gateway.binance.row import Row
from gateway.binance.sockets.client import packet
from gateway.binance.sockets.serving import serve_socket
from gateway.binance.table import NAMED
from gateway.binance.times import MILLISECOND
from gateway.binance.users.accounts import Accounts
from gateway.binance.wsapi.client import ApiClient
from gateway.binance.wsapi.requests import NO_ID, Read, check_method, error_answer, read_request, result_answer
from gateway.binance.wsapi.running import Running
from gateway.binance.wsapi.sessions import Session
from gateway.binance.wsapi.subscriptions import Subscriptions
from gateway.http.callers import address_of, count_request
from gateway.http.responses import encode

SESSION_WEIGHT: Final = 2
"""What a call about the connection itself counts, and one that is not there."""

RETIRED_METHODS: Final = frozenset({"userDataStream.start", "userDataStream.ping", "userDataStream.stop"})

log = structlog.get_logger("gateway")

Own = Callable[[Given], Awaitable[Any]]


class ApiSocket:
    """limits: whether answers tell the rate limits, where a request does not say."""

    def __init__(self, desk: Desk, accounts: Accounts, client: ApiClient, *, limits: bool) -> None:
        self._desk = desk
        self._client = client
        self._limits = limits
        self._running = Running(desk.broker)
        self._subscriptions = Subscriptions(accounts, desk.keys, desk.broker, client)
        self._after: Callable[[], None] | None = None
        self._own: Mapping[str, Own] = {
            "session.logon": self._log_on,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._list,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    async def serve(self, websocket: WebSocket) -> None:
        self._session = Session(self._desk, websocket.scope)
        self._address = address_of(websocket.scope)
        try:
            await serve_socket(websocket, self._client, self._hear, self._farewell)
        finally:
            self._subscriptions.close()

    def _farewell(self) -> bytes:
        self._client.flush()
        return encode({"event": {"e": "serverShutdown", "E": self._desk.broker.now() // self._client.unit}})

    async def _hear(self, text: str) -> None:
        try:
            request = read_request(text)
        except DialectError as error:
            self._say(error_answer(NO_ID, error, self._now(), None))
            return
        row = NAMED.get(request.method)
        if row is not None and row.security is TRADE:
            await self._running.begin(self._answer(request, row))
            return
        await self._running.wait()
        await self._answer(request, row)

    async def _answer(self, request: Read, row: Row | None) -> None:
        """Carry the request out and offer the answer. It never fails."""
        given: Given | None = None
        account: str | None = None
        try:
            check_method(request.method)
            given = read_json(request.params)
            count_request(self._session.scope)
            self._count(row, given)
            if row is None:
                result = await self._do_own(request.method, given)
            else:
                result, account = await self._carry_out(row, given)
            answer = result_answer(request.id, result, self._limit_views(given, account))
        except RevokedError as error:
            self._subscriptions.end_session()
            answer = error_answer(NO_ID, error, self._now(), None)
        except Exception as error:
            answer = error_answer(request.id, self._told(error), self._now(), self._limit_views(given, account))
        self._say(answer)
        after, self._after = self._after, None
        if after is not None:
            after()

    def _told(self, error: Exception) -> DialectError:
        found = told(error)
        if found is None:
            log.exception("a request of the WebSocket API has failed", exc_info=error)
            return DialectError(INTERNAL)
        # A method that is not there is no path.
        return DialectError(NOT_SUPPORTED) if found.status in (404, 405) else found

    def _count(self, row: Row | None, given: Given) -> None:
        weight = SESSION_WEIGHT if row is None else row.weight if isinstance(row.weight, int) else row.weight(given)
        self._desk.counts.use(self._address, weight)

    async def _carry_out(self, row: Row, given: Given) -> tuple[Any, str | None]:
        """What the call tells, and the account whose orders it counts."""
        caller = None
        if row.security is not NONE and not (row.security is IF_SIGNED and given.signature is None):
            caller = await self._session.caller(row.security, given)
        self._running.sends_next()
        result = await carry_out(self._desk, row, caller, given, self._session.scope, self._client.unit)
        return result, caller.account(None) if row.orders and caller is not None else None

    def _limit_views(self, given: Given | None, account: str | None) -> list[Any] | None:
        """The limits that the answer tells; None where they are not wanted."""
        if not self._wants_limits(given):
            return None
        counts = self._desk.counts
        views = [counts.weight_view(self._address)]
        return views if account is None else [*counts.order_views(account), *views]

    def _wants_limits(self, given: Given | None) -> bool:
        wanted = None if given is None else given.texts.get("returnRateLimits")
        return self._limits if wanted is None else wanted != "false"

    def _now(self) -> int:
        return self._desk.broker.now() // MILLISECOND

    def _say(self, answer: bytes) -> None:
        self._client.offer(packet(answer))

    # Calls about the connection

    async def _do_own(self, method: str, given: Given) -> Any:
        own = self._own.get(method)
        if own is None:
            raise DialectError(RETIRED if method in RETIRED_METHODS else NOT_SUPPORTED)
        return await own(given)

    async def _log_on(self, given: Given) -> Any:
        await self._session.log_on(given)
        return await self._status(given)

    async def _status(self, given: Given) -> Any:
        return self._session.view(
            self._client.unit, limits=self._wants_limits(given), user_stream=self._subscriptions.has_session
        )

    async def _log_out(self, given: Given) -> Any:
        self._session.log_off()
        view = self._session.view(self._client.unit, limits=self._wants_limits(given), user_stream=False)
        self._after = self._subscriptions.end_session
        return view

    async def _list(self, _: Given) -> Any:
        return self._subscriptions.views()

    async def _subscribe(self, given: Given) -> Any:
        logged_on = self._session.logged_on
        if logged_on is None:
            raise DialectError(BAD_KEY)
        if "timestamp" in given.texts:
            await self._session.caller(USER_STREAM, given)
        else:
            await self._session.permit(USER_STREAM)
        account = logged_on.caller.account(None)
        return {"subscriptionId": await self._subscriptions.subscribe(account, logged_on.key, of_session=True)}

    async def _subscribe_signed(self, given: Given) -> Any:
        caller = await self._session.caller(USER_STREAM, given)
        assert caller.key is not None, "the gate has found one"
        number = await self._subscriptions.subscribe(caller.account(None), caller.key, of_session=False)
        return {"subscriptionId": number}

    async def _unsubscribe(self, given: Given) -> Any:
        number = given.texts.get("subscriptionId")
        self._after = self._subscriptions.unsubscribe(None if number is None else integer("subscriptionId", number))
        return {}

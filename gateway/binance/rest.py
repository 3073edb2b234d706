"""The calls over HTTP: one application for every path of the dialect."""

from typing import Final

from starlette.types import Receive, Scope, Send

from gateway.access.caller import Caller
from gateway.binance.carrying import caller_of, carry_out, count_weight
from gateway.binance.desk import Desk
from gateway.binance.errors import UNKNOWN_METHOD, UNKNOWN_PATH, DialectError
from gateway.binance.gate import Claim
from gateway.binance.given import read_http, signed_text
from gateway.binance.refusals import told
from gateway.binance.row import Row
from gateway.binance.rows import listen_keys
from gateway.binance.table import ROWS
from gateway.binance.times import unit_of
from gateway.http.bounds import RETRY_AFTER_SECONDS
from gateway.http.callers import address_of
from gateway.http.counting import ROUTE
from gateway.http.resources import ClientGoneError, header, read_body
from gateway.http.responses import JSON, NO_STORE, Header, HttpResponse, encode

UNKNOWN_WEIGHT: Final = 1
"""What a call counts that the dialect does not have."""

RETRY: Final = {"retry-after": str(RETRY_AFTER_SECONDS)}
"""Goes with every answer that asks for patience, and names no time of its own."""


class Rest:
    """Serves every path below the dialect's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rows: dict[str, dict[str, Row]] = {}
        for row in (*ROWS, *(listen_keys.ROWS if desk.listen_keys is not None else listen_keys.RETIRED_ROWS)):
            if row.path:
                methods = self._rows.setdefault(row.path, {})
                methods[row.method] = row
                if row.method == "GET":
                    methods["HEAD"] = row

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[Header] = []
        try:
            response = await self._answer(scope, receive, headers)
        except ClientGoneError:
            return
        except Exception as error:
            failure = told(error)
            if failure is None:
                raise
            response = error_response(failure)
        response.headers += headers
        response.headers += self._desk.counts.weight_headers(address_of(scope))
        await response.send(send)

    async def _answer(self, scope: Scope, receive: Receive, headers: list[Header]) -> HttpResponse:
        """The answer of a call that goes well. Adds what belongs on any answer of it to the headers."""
        row = self._find(scope)
        query: bytes = scope["query_string"]
        form = b"" if scope["method"] in ("GET", "HEAD") else await read_body(receive)
        given = read_http(query, form)
        count_weight(self._desk, row, given, address_of(scope))
        claim = Claim(_text(header(scope, b"x-mbx-apikey")), (signed_text(query, form),))
        caller = await caller_of(self._desk, row, claim, given, scope)
        unit = unit_of(_time_unit(scope))
        try:
            result = await carry_out(self._desk, row, caller, given, scope, unit)
        finally:
            headers += self._order_headers(row, caller)
        return HttpResponse(200, encode(result), JSON, NO_STORE)

    def _find(self, scope: Scope) -> Row:
        """The row of the request. DialectError where there is none."""
        methods = self._rows.get(scope["path"], {})
        if methods:
            scope[ROUTE] = scope["path"]
        row = methods.get(scope["method"])
        if row is None:
            self._desk.counts.use(address_of(scope), UNKNOWN_WEIGHT)
            if not methods:
                raise DialectError(UNKNOWN_PATH)
            raise DialectError(UNKNOWN_METHOD, headers={"allow": ", ".join(sorted(methods))})
        return row

    def _order_headers(self, row: Row, caller: Caller | None) -> list[Header]:
        if not row.orders or caller is None:
            return []
        return self._desk.counts.order_headers(caller.account(None))


def error_response(error: DialectError) -> HttpResponse:
    """The answer that tells the error."""
    headers = {**(RETRY if error.status in (429, 503) else {}), **error.headers}
    extra = [(name.encode(), text.encode()) for name, text in headers.items()]
    return HttpResponse(error.status, encode(error.body()), JSON, NO_STORE, *extra)


def _time_unit(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-mbx-time-unit":
            return bytes(value).decode("latin-1")
    return ""


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")

"""What the frame of the Binance dialect does for every call, tried with rows of the tests' own."""

import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import structs

from gateway.access.server_key import ServerKey, check_of, derive_secret
from gateway.binance.counts import ORDERS_10_SECONDS
from gateway.binance.desk import Context
from gateway.binance.errors import DUPLICATE_ORDER, DialectError
from gateway.binance.gate import TRADE, USER_DATA, USER_STREAM
from gateway.binance.given import Given
from gateway.binance.parameters import BOOLEAN, DECIMAL, INTEGER, SYMBOL, TIME, Parameter, Values
from gateway.binance.row import Row
from gateway.link.errors import (
    HistoryBehindError,
    MatcherUnavailableError,
    OutcomeUnknownError,
    RefusedError,
    TooMuchInFlightError,
)
from history.reading.database import HistoryUnavailableError
from protocol.commands import KeysQuery, NoteKeyUse, RevokeKey
from protocol.events import KeyList, KeyState
from protocol.keys import Key, KeyType, Permission
from protocol.units import Refusal
from tests.unit.gateway.fakes import CONFIG, DEADLINE, TIMESTAMP, Answer, Gateway

NOW = TIMESTAMP // 1_000_000
ORDER = "/api/v3/order"
READ = "/api/v3/read"
STREAM = "/api/v3/ownStream"

AWAY = "Internal error; unable to process your request. Please try again."

DECIMAL_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"

PARAMETERS = (
    Parameter("symbol", SYMBOL, mandatory=True),
    Parameter("side", words=("BUY", "SELL")),
    Parameter("quantity", DECIMAL),
    Parameter("count", INTEGER),
    Parameter("flag", BOOLEAN),
    Parameter("startTime", TIME),
)


class Dialect:
    """A gateway with one HMAC key for each permission. `fails`: what the call ends with."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
        self.calls: list[tuple[Context, Values]] = []
        self.fails: Exception | None = None
        rows = (
            *(
                Row(method, ORDER, TRADE, 1, self._call, PARAMETERS, orders=1, strict=True)
                for method in ("POST", "PUT")
            ),
            Row("DELETE", ORDER, TRADE, 1, self._call, PARAMETERS),
            Row("GET", READ, USER_DATA, 10, self._call, PARAMETERS),
            Row("POST", STREAM, USER_STREAM, 2, self._call),
        )
        monkeypatch.setattr("gateway.binance.rest.ROWS", rows)
        file = directory / "server.key"
        self.server_key = ServerKey(str(file)).get_or_make(may_make=True)
        check = check_of(self.server_key)
        self.keys = {
            permission: Key(letter * 64, "alice", KeyType.HMAC, permissions=permission, check=check)
            for letter, permission in zip("abc", Permission, strict=True)
        }
        self.gateway = Gateway(structs.replace(CONFIG, binance="on", key_file=str(file), **settings))
        broker = self.gateway.broker
        broker.results[KeysQuery] = self._list
        for kind in (NoteKeyUse, RevokeKey):
            broker.answers[kind] = lambda command: KeyState(self.keys[Permission.TRADE], 1)

    def _list(self, query: KeysQuery) -> Any:
        return KeyList([KeyState(key, 1) for key in self.keys.values()] if query.limit else [], 1)

    async def _call(self, context: Context, values: Values) -> dict[str, Any]:
        self.calls.append((context, values))
        if self.fails is not None:
            raise self.fails
        return {"account": context.account}

    def signed(self, parameters: dict[str, Any], permission: Permission = Permission.TRADE, query: str = "") -> str:
        """The parameters with a time and a signature; `query` is signed before them."""
        text = urlencode({**parameters, "timestamp": NOW})
        secret = derive_secret(self.server_key, self.keys[permission].key, 0)
        return f"{text}&signature={hmac.digest(secret.encode(), (query + text).encode(), 'sha256').hex()}"

    def send(
        self, method: str, path: str, query: str = "", form: str = "", permission: Permission = Permission.TRADE
    ) -> Answer:
        headers = {"X-MBX-APIKEY": self.keys[permission].key, "Content-Type": "text/strange"}
        return self.gateway.request(method, f"{path}?{query}" if query else path, form.encode(), headers)

    def order(self, **parameters: Any) -> Answer:
        return self.send("POST", ORDER, form=self.signed({"symbol": "BTCUSDT", **parameters}))


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Dialect]]:
    made: list[Dialect] = []

    def make_one(**settings: str) -> Dialect:
        made.append(Dialect(tmp_path, monkeypatch, **settings))
        return made[-1]

    yield make_one
    for dialect in made:
        dialect.gateway.__exit__()


@pytest.fixture
def dialect(make: Callable[..., Dialect]) -> Dialect:
    return make()


def told(answer: Answer) -> tuple[int, int, str]:
    assert answer.headers["content-type"] == "application/json"
    assert "x-mbx-used-weight-1m" in answer.headers
    return answer.status, answer.json["code"], answer.json["msg"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_parameters_come_in_the_query_the_form_or_both(dialect: Dialect, method: str) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY"}
    assert dialect.send(method, ORDER, query=dialect.signed(order)).json == {"account": "alice"}
    assert dialect.send(method, ORDER, form=dialect.signed(order)).json == {"account": "alice"}
    query = "symbol=BTCUSDT&side=SELL"
    both = dialect.send(method, ORDER, query, dialect.signed({"side": "BUY"}, query=query))
    assert both.json == {"account": "alice"}
    assert [values.text("side") for _, values in dialect.calls] == ["BUY", "BUY", "SELL"], "the query's value counts"


def test_values_of_each_kind(dialect: Dialect) -> None:
    assert dialect.order(side="BUY", quantity="0.10", count="7", flag="TRUE", startTime="1700000000123").status == 200
    [(context, values)] = dialect.calls
    assert values.instrument().symbol == "BTC-USDT"
    assert (values.text("side"), values.text("quantity"), values.number("count")) == ("BUY", "0.10", 7)
    assert values.flag("flag")
    assert values.number("startTime") == 1_700_000_000_123_000_000
    assert context.account == "alice"


def test_what_is_left_of_the_window_is_the_deadline(dialect: Dialect) -> None:
    dialect.send("POST", ORDER, form=dialect.signed({"symbol": "BTCUSDT", "recvWindow": "1000.5"}))
    dialect.send("POST", ORDER, form=dialect.signed({"symbol": "BTCUSDT", "recvWindow": "60000"}))
    deadlines = [context.exchange.orders.deadline() for context, _ in dialect.calls]
    assert deadlines == [NOW * 1_000_000 + 1_000_500_000, TIMESTAMP + DEADLINE], "at most that of the gateway"


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        ({"symbol": ""}, -1105, "Parameter 'symbol' was empty."),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1130, "Data sent for parameter 'side' is not valid."),
        ({"flag": "maybe"}, -1130, "Data sent for parameter 'flag' is not valid."),
        ({"more": "1"}, -1104, "Not all sent parameters were read; read '3' parameter(s) but was sent '4'."),
        *(
            (
                {"quantity": wrong},
                -1100,
                rf"Illegal characters found in parameter 'quantity'; legal range is '{DECIMAL_RANGE}'.",
            )
            for wrong in ("-1", "1e3", ".5", "5.", "1,5", "1" * 21, "NaN", "½", " 1")
        ),
    ],
)
def test_parameters_at_fault(dialect: Dialect, parameters: dict[str, str], code: int, text: str) -> None:
    assert told(dialect.order(**parameters)) == (400, code, text)
    assert not dialect.calls


def test_a_read_does_not_mind_what_it_does_not_know(dialect: Dialect) -> None:
    query = dialect.signed({"symbol": "BTCUSDT", "more": 1}, Permission.USER_DATA)
    assert dialect.send("GET", READ, query, permission=Permission.USER_DATA).status == 200


def test_a_key_needs_the_permission_of_the_call(dialect: Dialect) -> None:
    bad = (401, -2015, "Invalid API-key, IP, or permissions for action.")
    for permission in (Permission.USER_DATA, Permission.USER_STREAM):
        form = dialect.signed({"symbol": "BTCUSDT"}, permission)
        assert told(dialect.send("POST", ORDER, form=form, permission=permission)) == bad
    assert told(dialect.send("POST", STREAM)) == bad
    assert dialect.send("POST", STREAM, permission=Permission.USER_STREAM).json == {"account": "alice"}, "unsigned"


def test_orders_are_counted_when_they_are_placed(dialect: Dialect) -> None:
    def counts(answer: Answer) -> tuple[str, str]:
        return answer.headers["x-mbx-order-count-10s"], answer.headers["x-mbx-order-count-1d"]

    assert counts(dialect.order())[1] == "1"
    dialect.fails = DialectError(DUPLICATE_ORDER)
    refused = dialect.order()
    assert told(refused) == (400, -2010, "Duplicate order sent.")
    assert counts(refused)[1] == "1", "one that is refused does not count"
    dialect.fails = None
    assert counts(dialect.order())[1] == "2"
    [(context, _), *_] = dialect.calls
    context.desk.counts.add_orders("alice", -1)
    assert context.desk.counts.order_views("alice")[1]["count"] == 1, "one that trades is given back"


def test_too_many_orders_are_refused_where_limits_are_enforced(make: Callable[..., Dialect]) -> None:
    dialect = make(binance_limits="on")
    answers = [dialect.order() for _ in range(2 * ORDERS_10_SECONDS.limit + 1)]
    refused = [answer for answer in answers if answer.status != 200]
    assert told(refused[0]) == (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")
    assert 1 <= int(refused[0].headers["retry-after"]) <= 10


@pytest.mark.parametrize(
    ("error", "status", "code", "text"),
    [
        (RefusedError(Refusal.UNKNOWN_ORDER), 400, -2011, "Unknown order sent."),
        (TooMuchInFlightError("full"), 429, -1003, "Too many requests queued."),
        (MatcherUnavailableError("away"), 503, -1001, AWAY),
        (HistoryUnavailableError("away"), 503, -1001, AWAY),
        (HistoryBehindError(), 503, -1001, AWAY),
        (
            OutcomeUnknownError("late"),
            504,
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
        ),
    ],
)
def test_how_errors_of_the_use_cases_are_told(
    dialect: Dialect, error: Exception, status: int, code: int, text: str
) -> None:
    dialect.fails = error
    answer = dialect.order()
    assert told(answer) == (status, code, text)
    assert ("retry-after" in answer.headers) == (status in (429, 503))


def test_a_fault_of_the_gateway_is_told_and_logged(dialect: Dialect) -> None:
    dialect.fails = ZeroDivisionError("a fault")
    answer = dialect.order()
    assert (answer.status, answer.json) == (
        500,
        {"code": -1000, "msg": "An unknown error occurred while processing the request."},
    )
    assert isinstance(dialect.gateway.raised, ZeroDivisionError)


def test_one_more_call_of_a_session(dialect: Dialect) -> None:
    dialect.order()
    [(context, _)] = dialect.calls
    caller, gate = context.caller, context.desk.gate
    assert caller is not None

    def renew(permission: Permission = Permission.TRADE, **texts: str) -> int | None:
        assert caller is not None
        given = Given(texts, None)
        return dialect.gateway.run(gate.renew(caller, permission, given, context.scope)).deadline

    assert renew(timestamp=str(NOW), recvWindow="1000") == (NOW + 1000) * 1_000_000
    with pytest.raises(DialectError, match="Mandatory parameter 'timestamp'"):
        renew()
    with pytest.raises(DialectError, match="outside of the recvWindow"):
        renew(timestamp=str(NOW - 5001))
    with pytest.raises(DialectError, match="Invalid API-key"):
        renew(Permission.USER_DATA, timestamp=str(NOW))
    dialect.gateway.run(context.desk.keys.revoke(dialect.keys[Permission.TRADE].key))
    with pytest.raises(DialectError, match="Invalid API-key"):
        renew(timestamp=str(NOW))

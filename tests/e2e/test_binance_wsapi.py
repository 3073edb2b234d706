"""The WebSocket API of the Binance dialect: each call tells what the same one over HTTP tells."""

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count, repeat
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.binance.gate import NONE, TRADE
from gateway.binance.table import NAMED
from tests.e2e.binance import Ed25519Holder, Holder, good_key, now
from tests.e2e.binance_sockets import ApiSocket, Socket, signature
from tests.exchange import Exchange, Json

_numbers = count(1)

NO_REQUEST = "A request is an object in JSON with id, method and params: "
NO_ID = "The id of a request takes an integer, a text of at most 36 characters or null."

AT_ONCE = 16
"""Traders that are made side by side: each waits a second for a key, until every worker knows it."""

WEIGHT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    directory = tmp_path_factory.mktemp("wsapi")
    with Exchange(directory, gateway_flags=(f"--key-file={directory / 'server.key'}",)) as exchange:
        yield exchange


class Trader:
    """A holder of a key with money, and an instrument of his own."""

    def __init__(self, exchange: Exchange) -> None:
        number = next(_numbers)
        self.exchange = exchange
        self.base = f"W{number}"
        self.symbol = exchange.add_instrument(symbol=f"{self.base}-USDT", base=self.base)
        self.joined = f"{self.base}USDT"
        self.holder = Holder(exchange, f"trader{number}", deposit={"USDT": "100000", self.base: "100"})

    def over_http(self, method: str, path: str, parameters: Json) -> Any:
        response = self.holder.call(method, path, parameters)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(scope="module")
def traders(exchange: Exchange) -> Iterator[Iterator[Trader]]:
    """One after the other, without an end."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield chain.from_iterable(list(pool.map(Trader, repeat(exchange, AT_ONCE))) for _ in count())


@pytest.fixture
def trader(traders: Iterator[Trader]) -> Trader:
    return next(traders)


@pytest.fixture
def socket(trader: Trader) -> Iterator[ApiSocket]:
    """A socket that has logged on."""
    with ApiSocket(trader.exchange, trader.holder, "?returnRateLimits=false") as socket:
        assert socket.log_on()["status"] == 200
        yield socket


LIMIT_ORDER = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "100.00", "quantity": "1"}

READS = {
    **{name: {} for name, row in NAMED.items() if row.security is not TRADE},
    "klines": {"interval": "1d"},
    "uiKlines": {"interval": "1d"},
    "order.status": {"orderId": "live"},
    "order.amendments": {"orderId": "live"},
    "orderList.status": {"orderListId": "list"},
    "myPreventedMatches": {"orderId": "live"},
}
WITHOUT_SYMBOL = {
    "ping",
    "time",
    "account.rateLimits.orders",
    "orderList.status",
    "allOrderLists",
    "openOrderLists.status",
    "account.status",
}
NOW = {"serverTime", "closeTime", "updateTime", "openTime"}


@pytest.mark.parametrize("name", READS)
def test_reads_tell_what_they_tell_over_http(trader: Trader, socket: ApiSocket, name: str) -> None:
    trader.exchange.trade(trader.symbol, "100", "0.5")
    live = socket.call("order.place", {**LIMIT_ORDER, "symbol": trader.joined, "price": 90})["orderId"]
    pair = {"aboveType": "LIMIT_MAKER", "abovePrice": "120", "belowType": "STOP_LOSS", "belowStopPrice": "80"}
    listed = socket.call("orderList.place.oco", {"symbol": trader.joined, "side": "SELL", "quantity": "1", **pair})[
        "orderListId"
    ]
    row = NAMED[name]
    ids = {"live": live, "list": listed}
    parameters: Json = {parameter: ids.get(value, value) for parameter, value in READS[name].items()}
    if name not in WITHOUT_SYMBOL:
        parameters["symbol"] = trader.joined
    if row.security is NONE:
        told = socket.ask(name, parameters)["result"]
        wanted = trader.exchange.http.get(row.path, params=parameters).json()
    else:
        told = socket.call(name, parameters)
        wanted = trader.over_http(row.method, row.path, parameters)
    assert _without_now(told) == _without_now(wanted)
    if name not in ("ping", "time"):
        assert told or name in ("order.amendments", "myPreventedMatches", "myAllocations", "myTrades")


def _without_now(told: Any) -> Any:
    return {name: value for name, value in told.items() if name not in NOW} if isinstance(told, dict) else told


def test_an_order_is_placed_looked_up_and_canceled(trader: Trader, socket: ApiSocket) -> None:
    placed = socket.call("order.place", {**LIMIT_ORDER, "symbol": trader.joined, "newClientOrderId": "mine"})
    time = placed["transactTime"]
    assert abs(time - now()) < 60_000
    assert placed == {
        "symbol": trader.joined,
        "orderId": placed["orderId"],
        "orderListId": -1,
        "clientOrderId": "mine",
        "transactTime": time,
        "price": "100.00000000",
        "origQty": "1.00000000",
        "executedQty": "0.00000000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "workingTime": time,
        "selfTradePreventionMode": "NONE",
        "fills": [],
    }
    named = {"symbol": trader.joined, "origClientOrderId": "mine"}
    assert socket.call("order.status", named) == trader.over_http("GET", "/api/v3/order", named)
    canceled = socket.call("order.cancel", {**named, "newClientOrderId": "gone"})
    assert (canceled["clientOrderId"], canceled["origClientOrderId"], canceled["status"]) == (
        "gone",
        "mine",
        "CANCELED",
    )
    again = socket.ask("order.cancel", {**named, "timestamp": now()}, "again")
    assert again == {"id": "again", "status": 400, "error": {"code": -2011, "msg": "Unknown order sent."}}


def test_other_calls_of_orders(trader: Trader, socket: ApiSocket) -> None:
    mine = {"symbol": trader.joined}
    assert socket.call("order.test", {**LIMIT_ORDER, **mine}) == {}
    order = socket.call("order.place", {**LIMIT_ORDER, **mine})["orderId"]
    amended = socket.call("order.amend.keepPriority", {**mine, "orderId": order, "newQty": "0.5"})
    assert amended["amendedOrder"]["qty"] == "0.50000000"
    replaced = socket.call(
        "order.cancelReplace", {**LIMIT_ORDER, **mine, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order}
    )
    assert (replaced["cancelResult"], replaced["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert len(socket.call("openOrders.cancelAll", mine)) == 1
    trader.exchange.trade(trader.symbol, "100", "0.5")
    pair = {"side": "SELL", "quantity": "1", "price": "120", "stopPrice": "80"}
    listed = socket.call("orderList.place", {**mine, **pair})
    assert (
        socket.call("orderList.cancel", {**mine, "orderListId": listed["orderListId"]})["listOrderStatus"] == "ALL_DONE"
    )
    for name in ("orderList.place.oto", "orderList.place.otoco", "orderList.place.opo", "orderList.place.opoco"):
        refused = socket.ask(name, {"timestamp": now()})
        assert (refused["status"], refused["error"]["code"]) == (400, -1020)


def test_requests_of_one_connection_are_carried_out_in_their_order(trader: Trader, socket: ApiSocket) -> None:
    order = {**LIMIT_ORDER, "symbol": trader.joined, "quantity": "0.1", "newOrderRespType": "ACK", "timestamp": now()}
    requests = []
    for number in range(200):
        name = f"n{number}"
        requests.append((f"p{number}", "order.place", {**order, "newClientOrderId": name}))
        if number % 10 == 0:
            named = {"symbol": trader.joined, "origClientOrderId": name, "timestamp": now()}
            requests.append((f"s{number}", "order.status", named))
            requests.append((f"c{number}", "order.cancel", named))
    for told, method, params in requests:
        socket.send({"id": told, "method": method, "params": params})
    answers = [socket.hear() for _ in requests]
    assert [answer["id"] for answer in answers] == [told for told, _, _ in requests]
    assert {answer["status"] for answer in answers} == {200}
    ids = [answer["result"]["orderId"] for answer in answers if answer["id"].startswith("p")]
    assert ids == sorted(ids)
    assert [answer["result"]["status"] for answer in answers if answer["id"].startswith("s")] == ["NEW"] * 20


def test_a_session_begins_and_ends(trader: Trader) -> None:
    key = trader.holder.api_key
    with ApiSocket(trader.exchange, trader.holder) as socket:
        before = socket.ask("session.status")["result"]
        connected = before.pop("connectedSince")
        assert abs(before.pop("serverTime") - connected) < 60_000
        assert before == {
            "apiKey": None,
            "authorizedSince": None,
            "returnRateLimits": True,
            "userDataStream": False,
        }
        begun = socket.log_on()["result"]
        assert begun.pop("serverTime") >= begun.pop("authorizedSince") >= connected
        assert begun == {
            "apiKey": key,
            "connectedSince": connected,
            "returnRateLimits": True,
            "userDataStream": False,
        }
        assert socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
        status = socket.ask("session.status", {"returnRateLimits": False})
        assert "rateLimits" not in status
        assert (status["result"]["userDataStream"], status["result"]["returnRateLimits"]) == (True, False)
        ended = socket.ask("session.logout")["result"]
        assert (ended["apiKey"], ended["authorizedSince"], ended["userDataStream"]) == (None, None, False)
        assert socket.hear()["event"]["e"] == "eventStreamTerminated"
        refused = socket.ask("account.status", {"timestamp": now()})
        assert (refused["status"], refused["error"]["code"]) == (401, -2014)


def test_other_keys_log_on_too(exchange: Exchange) -> None:
    holder = Ed25519Holder(exchange, "ed")
    with ApiSocket(exchange, holder) as socket:
        params = {"apiKey": holder.api_key, "timestamp": now()}
        text = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        signed = b64encode(holder._private.sign(text.encode())).decode()
        assert socket.ask("session.logon", {**params, "signature": signed})["result"]["apiKey"] == holder.api_key


def test_numbers_are_signed_as_they_are_sent(trader: Trader) -> None:
    with ApiSocket(trader.exchange, trader.holder) as socket:
        plain = {**LIMIT_ORDER, "symbol": trader.joined, "apiKey": trader.holder.api_key, "timestamp": now()}
        signed = signature(trader.holder, {**plain, "quantity": "0.10"})
        text = json.dumps({**plain, "quantity": 0, "signature": signed}).replace('"quantity": 0', '"quantity": 0.10')
        socket.send(f'{{"id": 1, "method": "order.test", "params": {text}}}')
        assert socket.hear()["result"] == {}
        socket.send(f'{{"id": 1, "method": "order.test", "params": {text.replace("0.10", "0.1")}}}')
        refused = socket.hear()
        assert (refused["status"], refused["error"]) == (
            400,
            {"code": -1022, "msg": "Signature for this request is not valid."},
        )


def test_a_text_that_was_signed_percent_encoded_is_good(trader: Trader) -> None:
    with ApiSocket(trader.exchange, trader.holder) as socket:
        params: Json = {"apiKey": trader.holder.api_key, "symbols": f'["{trader.joined}"]', "timestamp": now()}
        encoded = urlencode(sorted(params.items()))
        signed = trader.holder.sign(encoded)
        assert socket.ask("account.status", {**params, "signature": signed})["status"] == 200


def test_a_signed_call_overrides_the_session(trader: Trader, socket: ApiSocket) -> None:
    other = Holder(trader.exchange, f"other-{trader.base.lower()}", deposit={"USDT": "7"})
    params = {"apiKey": other.api_key, "timestamp": now(), "omitZeroBalances": True}
    signed = signature(other, {**params, "omitZeroBalances": "true"})
    told = socket.ask("account.status", {**params, "signature": signed})["result"]
    assert told["balances"] == [{"asset": "USDT", "free": "7.00000000", "locked": "0.00000000"}]
    assert socket.ask("session.status")["result"]["apiKey"] == trader.holder.api_key


def test_a_session_needs_a_timestamp(socket: ApiSocket) -> None:
    refused = socket.ask("account.status")
    text = "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."
    assert (refused["status"], refused["error"]) == (400, {"code": -1102, "msg": text})
    late = socket.ask("account.status", {"timestamp": now() - 6000})
    assert late["error"]["code"] == -1021


def test_a_revoked_key_ends_its_session(trader: Trader, socket: ApiSocket) -> None:
    assert socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
    trader.exchange.delete(f"/admin/keys/{trader.holder.api_key}")
    ended = socket.hear()
    assert (ended["subscriptionId"], ended["event"]["e"]) == (0, "eventStreamTerminated")
    socket.send({"id": 1, "method": "account.status", "params": {"timestamp": now()}})
    text = "Invalid API-key, IP, or permissions for action."
    assert socket.hear() == {"id": None, "status": 401, "error": {"code": -2015, "msg": text}}
    assert socket.ask("session.status")["result"]["apiKey"] is None


def test_a_key_needs_the_permission_of_each_call(exchange: Exchange, trader: Trader) -> None:
    holder = Holder(exchange, "reader", permissions=["user_data"])
    with ApiSocket(exchange, holder) as socket:
        assert socket.log_on()["status"] == 200
        assert socket.call("account.status")["accountType"] == "SPOT"
        for method in ("order.place", "userDataStream.subscribe"):
            params = {**LIMIT_ORDER, "symbol": trader.joined, "timestamp": now()}
            refused = socket.ask(method, params)
            assert (refused["status"], refused["error"]["code"]) == (401, -2015), method
        assert socket.ask("session.status")["result"]["apiKey"] == holder.api_key


def test_subscriptions_of_accounts(trader: Trader, socket: ApiSocket) -> None:
    other = Holder(trader.exchange, f"more-{trader.base.lower()}")
    refused = socket.ask("userDataStream.unsubscribe")
    assert refused["error"] == {"code": -2036, "msg": "User Data Stream subscription not active."}
    assert socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
    refused = socket.ask("userDataStream.subscribe")
    assert refused["error"] == {"code": -2035, "msg": "User Data Stream subscription already active."}
    params = {"apiKey": other.api_key, "timestamp": now()}
    signed = {**params, "signature": signature(other, params)}
    assert socket.ask("userDataStream.subscribe.signature", signed)["result"] == {"subscriptionId": 1}
    assert socket.ask("session.subscriptions")["result"] == [{"subscriptionId": 0}, {"subscriptionId": 1}]
    assert socket.ask("userDataStream.unsubscribe", {"subscriptionId": 0})["result"] == {}
    ended = socket.hear()
    assert ended["subscriptionId"] == 0
    assert set(ended["event"]) == {"e", "E"}
    assert ended["event"]["e"] == "eventStreamTerminated"
    assert socket.ask("session.subscriptions")["result"] == [{"subscriptionId": 1}]
    assert socket.call("userDataStream.subscribe") == {"subscriptionId": 2}


@pytest.mark.parametrize("method", ["userDataStream.start", "userDataStream.ping", "userDataStream.stop"])
def test_retired_methods(socket: ApiSocket, method: str) -> None:
    refused = socket.ask(method, number="x")
    text = "This service is no longer available."
    assert refused == {"id": "x", "status": 410, "error": {"code": -1016, "msg": text}}


@pytest.mark.parametrize("told", [1, -5, "a-text", 36 * "x", None])
def test_ids_come_back_as_they_were_sent(exchange: Exchange, told: Any) -> None:
    with Socket(exchange, "/ws-api/v3") as socket:
        socket.send({"id": told, "method": "v3/ping"})
        answer = socket.hear()
        used = answer["rateLimits"][0].pop("count")
        assert used > 0
        assert answer == {"id": told, "status": 200, "result": {}, "rateLimits": [WEIGHT]}


@pytest.mark.parametrize(
    ("text", "told", "code", "says"),
    [
        ("{", None, -1000, NO_REQUEST),
        ("[]", None, -1000, NO_REQUEST),
        ('{"id": 1.5, "method": "ping"}', None, -1000, NO_ID),
        ('{"id": "' + 37 * "x" + '", "method": "ping"}', None, -1000, NO_ID),
        ('{"id": {}, "method": "ping"}', None, -1000, NO_ID),
        ('{"id": 1, "method": "ping", "params": []}', None, -1000, NO_REQUEST),
        ('{"id": 1}', 1, -1102, "Mandatory parameter 'method' was not sent"),
        ('{"id": 1, "method": "shout"}', 1, -1020, "This operation is not supported."),
        ('{"id": 1, "method": "depth", "params": {"symbol": null}}', 1, -1130, "Data sent for parameter 'symbol'"),
        ('{"id": 1, "method": "depth", "params": {"symbol": "NOPE"}}', 1, -1121, "Invalid symbol."),
    ],
)
def test_requests_at_fault(exchange: Exchange, text: str, told: Any, code: int, says: str) -> None:
    with Socket(exchange, "/ws-api/v3?returnRateLimits=false") as socket:
        socket.send(text)
        answer = socket.hear()
        assert set(answer) == {"id", "status", "error"}
        assert (answer["id"], answer["status"], answer["error"]["code"]) == (told, 400, code)
        assert answer["error"]["msg"].startswith(says)
        assert socket.ask("ping")["status"] == 200


def test_keys_are_made_for_one_account(exchange: Exchange) -> None:
    """Two keys of one account hear the same account: one connection hears it once."""
    first = Holder(exchange, "twice")
    second = good_key(exchange, "twice")
    with ApiSocket(exchange, first) as socket:
        assert socket.log_on()["status"] == 200
        assert socket.call("userDataStream.subscribe") == {"subscriptionId": 0}
        first.api_key, first.secret = second["key"], second["secret"]
        refused = socket.ask("userDataStream.subscribe.signature", socket.signed())
        assert refused["error"]["code"] == -2035

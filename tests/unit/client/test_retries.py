"""What is sent again, what is not, and that the answer tells the truth."""

import asyncio
import hmac
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from matching_exchange import (
    AsyncClient,
    Client,
    Conflict,
    Disconnected,
    ExchangeError,
    HmacKey,
    NewOrder,
    NotFound,
    Order,
    OutcomeUnknown,
    Problem,
    RateLimited,
    Refused,
    Unauthorized,
    Unavailable,
)
from matching_exchange.client.calls.markets import depth
from matching_exchange.client.calls.orders import place
from matching_exchange.client.retrying import LONGEST_PAUSE, Attempts
from tests.unit.client.answers import Exchange, cut, not_there, order, problem, taken

URL = "http://exchange"
ORDER: dict[str, Any] = {"quantity": "0.5", "price": "60000.01"}


def client(exchange: Exchange, timeout: float = 5.0) -> Client:
    return Client(URL, account="ann", timeout=timeout, transport=exchange.transport)


MISHAPS = {
    "unavailable": lambda: problem(503, "matcher_unavailable"),
    "too much in flight": lambda: problem(503, "too_much_in_flight"),
    "outcome unknown": lambda: problem(504, "outcome_unknown"),
    "cut": cut,
    "no connection": not_there,
    "internal error": lambda: problem(500, "internal_error"),
    "proxy": lambda: httpx.Response(502, text="Bad Gateway"),
}


@pytest.mark.parametrize("mishap", MISHAPS.values(), ids=MISHAPS)
def test_a_new_order_is_sent_again_under_one_name(mishap: Callable[[], httpx.Response | Exception]) -> None:
    exchange = Exchange(mishap(), mishap(), taken(duplicate=True))
    with client(exchange) as exchange_client:
        placed = exchange_client.place("BTC-USDT", "buy", **ORDER)
    assert (placed.order_id, placed.price, placed.duplicate) == (7, Decimal("60000.01"), True)
    bodies = [json.loads(request.content) for request in exchange.requests]
    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["client_order_id"].startswith("py-")


def test_each_order_has_a_name_of_its_own() -> None:
    exchange = Exchange(taken(), taken(), taken())
    with client(exchange) as exchange_client:
        for name in (None, None, "mine"):
            exchange_client.place("BTC-USDT", "buy", **ORDER, client_order_id=name)
    names = [json.loads(request.content)["client_order_id"] for request in exchange.requests]
    assert len(set(names)) == 3
    assert names[2] == "mine"


def test_asyncio_sends_again_too() -> None:
    exchange = Exchange(cut(), problem(503, "matcher_unavailable"), taken())

    async def run() -> Order:
        async with AsyncClient(URL, transport=exchange.transport) as exchange_client:
            return await exchange_client.place("BTC-USDT", "buy", **ORDER)

    assert asyncio.run(run()).order_id == 7
    assert exchange.is_done


CHANGES: dict[str, Callable[[Client], object]] = {
    "amend": lambda each: each.amend(7, quantity="1"),
    "cancel all": lambda each: each.cancel_all(),
    "cancel batch": lambda each: each.cancel_batch([7]),
    "open-only order": lambda each: each.place(
        "BTC-USDT", "buy", **ORDER, client_order_id="a", open_only_client_order_id=True
    ),
    "key": lambda each: each.create_key("ann"),
    "close ledger": lambda each: each.close_ledger("ann"),
    "suspend": lambda each: each.suspend("ann"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("mishap", [cut, lambda: problem(504, "outcome_unknown")], ids=["cut", "504"])
def test_what_is_not_safe_is_not_sent_again(
    change: Callable[[Client], object], mishap: Callable[[], httpx.Response | Exception]
) -> None:
    exchange = Exchange(mishap())
    with client(exchange) as exchange_client, pytest.raises(OutcomeUnknown) as caught:
        change(exchange_client)
    assert caught.value.code == "outcome_unknown"
    assert len(exchange.requests) == 1


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_not_taken_is_sent_again_always(change: Callable[[Client], object]) -> None:
    refusal = problem(422, "invalid_value", "price")
    exchange = Exchange(not_there(), problem(503, "overloaded"), problem(429, "rate_limited", None, "0"), refusal)
    with client(exchange) as exchange_client, pytest.raises(Refused) as caught:
        change(exchange_client)
    assert (caught.value.code, caught.value.field, caught.value.status) == ("invalid_value", "price", 422)
    assert exchange.is_done


def test_an_order_whose_outcome_stays_unknown_says_so_and_names_itself() -> None:
    exchange = Exchange(problem(504, "outcome_unknown"), *[problem(503, "matcher_unavailable") for _ in range(50)])
    with client(exchange, timeout=0.3) as exchange_client, pytest.raises(OutcomeUnknown) as caught:
        exchange_client.place("BTC-USDT", "buy", **ORDER, client_order_id="mine")
    assert caught.value.client_order_id == "mine"
    assert "'mine'" in caught.value.message
    assert len(exchange.requests) > 1


def test_an_order_that_was_never_taken_says_that_instead() -> None:
    exchange = Exchange(not_there(), *[problem(503, "matcher_unavailable") for _ in range(50)])
    with client(exchange, timeout=0.3) as exchange_client, pytest.raises(Unavailable) as caught:
        exchange_client.place("BTC-USDT", "buy", **ORDER)
    assert caught.value.code == "matcher_unavailable"
    exchange = Exchange(*[not_there() for _ in range(50)])
    with client(exchange, timeout=0.3) as exchange_client, pytest.raises(Disconnected):
        exchange_client.place("BTC-USDT", "buy", **ORDER)


def test_a_key_that_is_refused_after_a_lost_answer_leaves_the_outcome_unknown() -> None:
    exchange = Exchange(cut(), problem(401, "unauthorized"))
    with client(exchange) as exchange_client, pytest.raises(OutcomeUnknown) as caught:
        exchange_client.place("BTC-USDT", "buy", **ORDER)
    assert isinstance(caught.value.__cause__, Unauthorized)


def test_a_cancel_that_was_done_by_its_lost_attempt_is_answered() -> None:
    done = problem(409, "order_not_open")
    exchange = Exchange(cut(), done, taken(status="canceled", reason="requested", remaining_quantity="0"))
    with client(exchange) as exchange_client:
        assert exchange_client.cancel(7).status == "canceled"
    assert [request.method for request in exchange.requests] == ["DELETE", "DELETE", "GET"]


def test_a_cancel_of_what_was_filled_meanwhile_is_refused() -> None:
    exchange = Exchange(cut(), problem(409, "order_not_open"), taken(status="filled"))
    with client(exchange) as exchange_client, pytest.raises(Conflict) as caught:
        exchange_client.cancel(7)
    assert caught.value.code == "order_not_open"
    exchange = Exchange(problem(409, "order_not_open"))
    with client(exchange) as exchange_client, pytest.raises(Conflict):
        exchange_client.cancel(7)


def test_money_is_sent_again_under_one_transfer_id() -> None:
    exchange = Exchange(cut(), problem(409, "transfer_id_conflict", "transfer_id"))
    with client(exchange) as exchange_client, pytest.raises(Conflict):
        exchange_client.deposit("bob", "USDT", 100)
    first, second = exchange.requests
    assert first.content == second.content
    assert json.loads(first.content)["transfer_id"]
    assert first.url.path == "/admin/accounts/bob/deposit"


def test_the_undecided_orders_of_a_batch_are_decided_by_sending_it_again() -> None:
    unknown = {"code": "outcome_unknown", "status": 504, "type": "", "title": "", "detail": ""}
    refused = {"code": "price_off_tick", "status": 422, "field": "price", "type": "", "title": "", "detail": ""}
    exchange = Exchange(
        httpx.Response(200, json={"results": [order(), unknown, refused]}),
        httpx.Response(200, json={"results": [order(duplicate=True), order(order_id="8", duplicate=True), refused]}),
    )
    batch = [NewOrder("BTC-USDT", "buy", **ORDER)] * 3
    with client(exchange) as exchange_client:
        first, second, third = exchange_client.place_batch(batch)
    assert isinstance(first, Order)
    assert not first.duplicate
    assert isinstance(second, Order)
    assert second.order_id == 8
    assert isinstance(third, Problem)
    assert (third.code, third.field) == ("price_off_tick", "price")
    sent = [json.loads(request.content)["orders"] for request in exchange.requests]
    assert sent[0] == sent[1]
    assert len({each["client_order_id"] for each in sent[0]}) == 3
    assert {each["account"] for each in sent[0]} == {"ann"}


def test_what_a_batch_has_decided_is_told_also_if_the_rest_stays_unknown() -> None:
    unknown = {"code": "outcome_unknown", "status": 504, "type": "", "title": "", "detail": ""}
    exchange = Exchange(httpx.Response(200, json={"results": [order(), unknown]}), problem(401, "unauthorized"))
    with client(exchange) as exchange_client:
        first, second = exchange_client.place_batch([NewOrder("BTC-USDT", "buy", **ORDER)] * 2)
    assert isinstance(first, Order)
    assert isinstance(second, Problem)
    assert second.code == "outcome_unknown"


def test_a_rate_limit_is_waited_for_within_the_time_of_the_call() -> None:
    call = place("BTC-USDT", "buy", **ORDER)
    limited = problem(429, "rate_limited", None, "2")
    attempts = Attempts(call, 10.0, 100.0)
    assert attempts.answered(429, limited.headers, limited.content, 100.0) == 2.0
    assert attempts.answered(429, limited.headers, limited.content, 103.0) == 2.0
    with pytest.raises(RateLimited) as caught:
        attempts.answered(429, limited.headers, limited.content, 109.0)
    assert caught.value.retry_after == 2.0


def test_a_wrong_address_is_told_soon() -> None:
    attempts = Attempts(depth("BTC-USDT"), 30.0, 0.0, to_connect=5.0)
    assert isinstance(attempts.not_sent("Refused.", 4.9), float)
    with pytest.raises(Disconnected):
        attempts.not_sent("Refused.", 5.0)


def test_pauses_grow_up_to_a_bound_and_end_with_the_time_of_the_call() -> None:
    attempts = Attempts(depth("BTC-USDT"), 60.0, 0.0)
    steps = [attempts.not_sent("Refused.", float(second)) for second in range(20)]
    pauses = [step for step in steps if isinstance(step, float)]
    assert pauses == steps
    assert 0.025 <= pauses[0] <= 0.05
    assert all(pause <= LONGEST_PAUSE for pause in pauses)
    assert min(pauses[10:]) >= LONGEST_PAUSE / 2
    with pytest.raises(Disconnected):
        attempts.not_sent("Refused.", 60.0)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(401, "unauthorized"), Unauthorized),
        (problem(403, "permission_missing"), Unauthorized),
        (problem(404, "unknown_order"), NotFound),
        (problem(409, "order_not_open"), Conflict),
        (problem(422, "price_off_tick", "price"), Refused),
        (problem(429, "too_many_guesses", None, "60"), RateLimited),
        (problem(503, "history_unavailable"), Unavailable),
        (problem(500, "command_refused"), ExchangeError),
        (httpx.Response(404, text="<html>"), NotFound),
        (httpx.Response(200, text="<html>"), ExchangeError),
    ],
)
def test_an_error_has_its_kind_and_is_told_at_once(answer: httpx.Response, kind: type[ExchangeError]) -> None:
    exchange = Exchange(answer)
    with client(exchange) as exchange_client, pytest.raises(kind):
        exchange_client.order(7)
    assert exchange.is_done


def test_health_tells_that_the_matcher_is_away() -> None:
    away = httpx.Response(503, json={"status": "unavailable", "detail": "No matcher.", "auth": "off"})
    with client(Exchange(away)) as exchange_client:
        found = exchange_client.health()
    assert not found.ok


def test_the_account_of_a_key_is_asked_for_once() -> None:
    own = {"key": "k", "account": "bob", "label": "", "permissions": ["trade"], "expires": None}
    balances = {"account": "bob", "ledger": False, "sequence": 1, "timestamp": "2026-11-22T12:00:00.000Z"}
    answer = {**balances, "balances": []}
    exchange = Exchange(*[httpx.Response(200, json=body) for body in (own, answer, answer)])
    with Client(URL, key="k.s", transport=exchange.transport) as exchange_client:
        exchange_client.balances()
        assert exchange_client.balances().account == "bob"
    assert [request.url.path for request in exchange.requests] == ["/key", *["/accounts/bob/balances"] * 2]
    assert exchange.requests[1].headers["authorization"] == "Bearer k.s"


def test_a_secret_goes_with_the_calls_of_accounts_only() -> None:
    exchange = Exchange(httpx.Response(200, json={"instruments": []}), problem(404, "unknown_key"))
    with Client(URL, key="k.s", admin_token="t", transport=exchange.transport) as exchange_client:
        exchange_client.instruments()
        with pytest.raises(NotFound):
            exchange_client.revoke_key("x")
    public, admin = exchange.requests
    assert "authorization" not in public.headers
    assert admin.headers["authorization"] == "Bearer t"


def test_a_signed_call_bears_no_secret_and_is_signed_anew() -> None:
    exchange = Exchange(problem(503, "keys_unavailable"), taken())
    with Client(URL, key=HmacKey("k", "s"), transport=exchange.transport) as exchange_client:
        exchange_client.cancel(7, only_status="new")
    for request in exchange.requests:
        query, _, signature = request.url.query.decode().rpartition("&signature=")
        assert query.startswith("only_status=new&timestamp=")
        assert signature == hmac.new(b"s", query.encode() + request.content, "sha256").hexdigest()
        assert request.headers["x-mbx-apikey"] == "k"


def test_pages_are_read_to_their_end() -> None:
    def page(first: int, last: int) -> httpx.Response:
        trades = [
            {
                "timestamp": "2026-11-22T12:00:00.000Z",
                "symbol": "BTC-USDT",
                "sequence": number,
                "trade_id": str(number),
                "price": "1",
                "quantity": "1",
                "aggressor_side": "buy",
                "maker_order_id": "1",
                "taker_order_id": "2",
                "maker_fee": "0",
                "taker_fee": "0",
            }
            for number in range(first, last)
        ]
        return httpx.Response(200, json={"symbol": "BTC-USDT", "trades": trades})

    exchange = Exchange(page(4, 6), page(6, 7), page(7, 7))
    with client(exchange) as exchange_client:
        assert [trade.trade_id for trade in exchange_client.iter_trades("BTC-USDT", after=3)] == [4, 5, 6]
    assert [request.url.params["after"] for request in exchange.requests] == ["3", "5", "6"]

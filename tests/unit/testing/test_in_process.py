"""An exchange in the test's own process: the gateway's calls on the matcher's state, and time that a test moves."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from matching_exchange.testing import CallError, InProcessExchange, StreamClosedError

SYMBOL = "ABC-USDT"
ORDER = {"symbol": SYMBOL, "order_type": "limit", "side": "buy", "quantity": "2", "price": "10", "account": "alice"}
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def exchange() -> Iterator[InProcessExchange]:
    with InProcessExchange([SYMBOL]) as exchange:
        yield exchange


def place(exchange: InProcessExchange, **more: Any) -> Any:
    return exchange.call("POST", "/orders", {**ORDER, **more})


def status(exchange: InProcessExchange, order: Any) -> tuple[str, str]:
    found = exchange.call("GET", f"/orders/{order['order_id']}")
    return found["status"], found["updated"]


def test_it_is_empty_and_has_the_instruments_that_were_asked_for(exchange: InProcessExchange) -> None:
    assert [each["symbol"] for each in exchange.call("GET", "/instruments")["instruments"]] == [SYMBOL]
    assert exchange.call("GET", "/orders")["orders"] == []
    with InProcessExchange() as usual:
        assert len(usual.call("GET", "/instruments")["instruments"]) == 3


def test_orders_trade_and_money_moves(exchange: InProcessExchange) -> None:
    exchange.deposit("alice", USDT="1000")
    exchange.deposit("bob", ABC=5)
    place(exchange)
    sold = place(exchange, account="bob", side="sell", order_type="market", quantity="1", price=None)
    assert (sold["status"], sold["average_price"]) == ("filled", "10")
    balances = exchange.call("GET", "/accounts/alice")["balances"]
    assert {each["asset"]: each["free"] for each in balances} == {"ABC": "1", "USDT": "979.97"}


def test_a_refusal_tells_its_code_and_field(exchange: InProcessExchange) -> None:
    with pytest.raises(CallError) as refused:
        place(exchange, price="10.001")
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "price_off_tick", "price")


def test_time_stands_still_until_it_is_moved(exchange: InProcessExchange) -> None:
    assert exchange.clock.time == START
    assert place(exchange)["timestamp"] == place(exchange)["timestamp"] == "2026-01-01T00:00:00.000Z"
    exchange.clock.advance(minutes=1)
    assert exchange.clock.time == START + timedelta(minutes=1)
    assert place(exchange)["timestamp"] == "2026-01-01T00:01:00.000Z"
    with pytest.raises(ValueError, match="time does not go back"):
        exchange.clock.advance(-1)


def test_what_is_due_happens_at_its_own_time(exchange: InProcessExchange) -> None:
    expiring = place(exchange, expire_time="2026-01-01T00:00:10Z")
    guarded = place(exchange, account="bob")
    exchange.call("POST", "/accounts/bob/cancel-after", {"timeout_ms": 20_000})
    exchange.clock.advance(10)
    assert status(exchange, expiring)[0] == "open"
    exchange.clock.advance(0.000001)
    assert status(exchange, expiring) == ("canceled", "2026-01-01T00:00:10.000Z")
    exchange.clock.advance(9.999)
    assert status(exchange, guarded)[0] == "open"
    exchange.clock.advance(hours=1)
    assert status(exchange, guarded) == ("canceled", "2026-01-01T00:00:20.000Z")


def test_a_halt_ends_at_its_time(exchange: InProcessExchange) -> None:
    fields = {"symbol": SYMBOL, "halt_bps": 100, "halt_window_ms": 60_000, "halt_ms": 30_000}
    exchange.call("POST", "/admin/instruments", fields)
    for price in ("10", "20"):
        place(exchange, side="sell", quantity="1", price=price, account="bob")
        place(exchange, quantity="1", price=price)

    def halted() -> str:
        instrument: str = exchange.call("GET", "/instruments")["instruments"][0]["status"]
        return instrument

    assert halted() == "halted"
    exchange.clock.advance(29.999)
    assert halted() == "halted"
    exchange.clock.advance(0.001)
    assert halted() == "trading"


def test_the_same_calls_give_the_same_state() -> None:
    def run() -> str:
        with InProcessExchange([SYMBOL]) as exchange:
            for number in range(20):
                place(exchange, price=str(10 + number % 3), account=f"a{number % 4}")
                exchange.clock.advance(0.5)
                place(exchange, side="sell", price="11", quantity="1", account="seller")
            digest: str = exchange.call("GET", "/admin/digest")["digest"]
            return digest

    assert run() == run()


def test_a_book_is_saved_and_loaded(exchange: InProcessExchange) -> None:
    order = place(exchange)
    assert exchange.call("POST", "/admin/save", symbol=SYMBOL)["orders"] == 1
    exchange.call("DELETE", f"/orders/{order['order_id']}", account="alice")
    assert exchange.call("POST", "/admin/load", {"new_order_ids": True}, symbol=SYMBOL)["restored"] == 1
    assert [each["price"] for each in exchange.call("GET", "/orders")["orders"]] == ["10"]


def test_an_administrator_sees_the_sums(exchange: InProcessExchange) -> None:
    exchange.deposit("alice", USDT=1)
    assert [each["account"] for each in exchange.call("GET", "/admin/accounts")["accounts"]] == ["alice"]


@pytest.mark.parametrize(("moment", "there"), [("before", 0), ("after", 1), ("within", 1)])
def test_faults_strike_here_too(exchange: InProcessExchange, moment: str, there: int) -> None:
    fault_id = exchange.faults.add("disconnect", call="POST /orders", moment=moment, count=1)
    with pytest.raises(CallError) as broken:
        place(exchange)
    assert broken.value.status == 0
    assert exchange.faults.struck(fault_id) == 1
    assert len(exchange.call("GET", "/orders")["orders"]) == there
    assert place(exchange)["status"] == "open"


def test_the_time_of_a_fault_goes_by_the_clock(exchange: InProcessExchange) -> None:
    exchange.faults.add("unavailable", call="POST /orders", duration_ms=1_000)
    exchange.clock.advance(0.999)
    with pytest.raises(CallError, match="503"):
        place(exchange)
    exchange.clock.advance(0.001)
    assert place(exchange)["status"] == "open"


def test_streams_tell_what_sync_calls_and_the_clock_cause(exchange: InProcessExchange) -> None:
    async def listen() -> list[Any]:
        async with (
            await exchange.stream("/ws/user", account="alice") as user,
            await exchange.stream("/ws/book", symbol=SYMBOL) as book,
            await exchange.stream("/ws/trades", symbol=SYMBOL) as trades,
        ):
            assert (await user.receive())["orders"] == []
            assert (await book.receive())["type"] == "snapshot"
            place(exchange, expire_time="2026-01-01T00:00:10Z")
            place(exchange, account="bob", side="sell", quantity="1")
            exchange.clock.advance(11)
            return [
                [(await user.receive())["changes"][0]["event"] for _ in range(3)],
                [(await book.receive())["bids"] for _ in range(3)],
                (await trades.receive())["price"],
            ]

    events, bids, price = asyncio.run(listen())
    assert events == ["placed", "partially_filled", "canceled"]
    assert bids == [[["10", "2"]], [["10", "1"]], [["10", "0"]]]
    assert price == "10"
    # Another loop, such as that of the next test, is another worker of the gateway.
    place(exchange)
    assert asyncio.run(listen_once(exchange)) == 1


async def listen_once(exchange: InProcessExchange) -> int:
    async with await exchange.stream("/ws/user", account="alice") as user:
        return len((await user.receive())["orders"])


def test_a_stream_ends_with_the_reason(exchange: InProcessExchange) -> None:
    async def unknown() -> None:
        async with await exchange.stream("/ws/trades", symbol="NO-SUCH") as stream:
            await stream.receive()

    async def closed() -> None:
        async with await exchange.stream("/ws/user", account="alice") as stream:
            await stream.receive()
            exchange.faults.add("close", call="WS *", code=1011)
            place(exchange)
            await stream.receive()

    with pytest.raises(StreamClosedError) as ended:
        asyncio.run(unknown())
    assert ended.value.code == 4404
    with pytest.raises(StreamClosedError) as ended:
        asyncio.run(closed())
    assert (ended.value.code, ended.value.reason) == (1011, "an injected fault")


def test_the_binance_dialect_answers(exchange: InProcessExchange) -> None:
    assert exchange.call("GET", "/api/v3/time")["serverTime"] == int(START.timestamp()) * 1000
    place(exchange)
    assert exchange.call("GET", "/api/v3/depth", symbol="ABCUSDT")["bids"] == [["10.00000000", "2.00000000"]]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"settings": {"MATCHER_SYNC": "off"}}, "MATCHER_SYNC"),
        ({"start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_what_it_does_not_take_is_told(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        InProcessExchange(**options)


def test_a_symbol_alone_must_name_its_assets() -> None:
    with pytest.raises(ValueError, match="takes a symbol as in BTC-USDT"), InProcessExchange(["ABC"]):
        pass

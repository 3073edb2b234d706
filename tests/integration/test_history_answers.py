"""The history over HTTP and WebSocket, with real processes that are restarted meanwhile."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from history.candles.intervals import INTERVALS
from tests.exchange import PATIENCE, Exchange, Json, good, wait_until
from tests.history_process import HistoryProcess

_accounts = count(1)


class World:
    """An exchange whose gateway reads the tables of a history."""

    def __init__(self, directory: Path) -> None:
        self.exchange = Exchange(directory, gateway_environment={"MATCHER_DATA_DIR": str(directory / "data")})
        self.history = HistoryProcess(directory, self.exchange.matcher.data)

    def caught_up(self) -> None:
        health = self.exchange.get("/health")
        self.history.wait_until_at(health["sequence"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    with world.exchange:
        world.history.start()
        try:
            wait_until(lambda: world.exchange.get("/health")["history"]["status"] == "ok", "a history that is read")
            yield world
        finally:
            world.history.close()


def make_trades(exchange: Exchange, symbol: str, number: int) -> None:
    """So many trades of one maker and one taker."""
    while number > 0:
        step = min(number, 50)
        orders = [
            {"symbol": symbol, "order_type": "limit", "quantity": "1", "price": str(100 + each), "side": side}
            | {"account": "maker" if side == "sell" else "taker"}
            for each in range(step)
            for side in ("sell", "buy")
        ]
        results = exchange.post("/orders/batch", {"orders": orders})["results"]
        assert all(result["status"] in ("open", "filled") for result in results), results
        number -= step


def all_pages(exchange: Exchange, path: str, items: str, **parameters: str | int) -> list[Json]:
    found: list[Json] = []
    while True:
        page = exchange.get(path, **parameters)
        found += page[items]
        if page["next"] is None:
            return found
        parameters["after"] = page["next"]


def all_trades(exchange: Exchange, symbol: str) -> list[Json]:
    found: list[Json] = []
    while page := exchange.get("/trades", symbol=symbol, after=found[-1]["trade_id"] if found else 0, limit=700)[
        "trades"
    ]:
        found += page
    return found


def test_trades_over_restarts_come_back_each_once(world: World) -> None:
    exchange = world.exchange
    symbol = exchange.add_instrument()
    make_trades(exchange, symbol, 900)
    exchange.matcher.kill()
    exchange.restart_matcher()
    make_trades(exchange, symbol, 700)
    world.history.kill()
    make_trades(exchange, symbol, 300)
    world.history.start()
    make_trades(exchange, symbol, 500)
    exchange.matcher.stop()
    world.history.kill()
    exchange.restart_matcher()
    make_trades(exchange, symbol, 300)
    world.history.start()
    make_trades(exchange, symbol, 300)
    wait_until(lambda: world.history.place() > 0, "tables")
    world.caught_up()
    trades = all_trades(exchange, symbol)
    assert [trade["trade_id"] for trade in trades] == [str(number) for number in range(1, 3_001)]
    back: list[Json] = exchange.get("/trades", symbol=symbol, limit=1_000)["trades"]
    while page := exchange.get("/trades", symbol=symbol, before=back[0]["trade_id"], limit=1_000)["trades"]:
        back = page + back
    assert back == trades
    fills = all_pages(exchange, "/fills", "fills", account="maker", after="0-0", limit=1_000)
    assert [fill["trade_id"] for fill in fills] == [trade["trade_id"] for trade in trades]
    assert [fill["fee"] for fill in fills] == [trade["maker_fee"] for trade in trades]
    for interval in INTERVALS:
        candles = exchange.get("/candles", symbol=symbol, interval=interval, limit=1_000)["candles"]
        assert sum(candle["trades"] for candle in candles) == 3_000
    ticker = exchange.get("/ticker", symbol=symbol)
    assert (ticker["count"], ticker["first_trade_id"], ticker["last_trade_id"]) == (3_000, "1", "3000")


def test_a_read_shows_what_an_answer_has_said(world: World) -> None:
    exchange = world.exchange
    symbol = exchange.add_instrument()
    exchange.trade(symbol, "100")
    world.caught_up()
    # It stands still: the tables stay behind.
    with world.history.paused():
        for number in range(2, 12):
            placed = exchange.trade(symbol, str(100 + number))
            [told] = placed["trades"]
            assert all_trades(exchange, symbol)[-1]["trade_id"] == told["trade_id"] == str(number)
            [candle] = exchange.get("/candles", symbol=symbol, interval="1M")["candles"]
            assert (candle["trades"], candle["close"]) == (number, told["price"])
            assert exchange.get("/ticker", symbol=symbol)["last_price"] == told["price"]
            fills = exchange.get("/fills", account="default", symbol=symbol, after="0-0")["fills"]
            assert {fill["trade_id"] for fill in fills} == {str(each) for each in range(1, number + 1)}


def test_money_of_the_past(world: World) -> None:
    exchange = world.exchange
    account = f"saver-{next(_accounts)}"
    for amount in ("10", "20", "30"):
        exchange.post(
            f"/admin/accounts/{account}/deposit", {"asset": "USDT", "amount": amount, "transfer_id": f"in-{amount}"}
        )
    movements = all_pages(exchange, f"/accounts/{account}/ledger", "movements", after="0-0", limit=1)
    assert [movement["amount"] for movement in movements] == ["10", "20", "30"]
    world.caught_up()

    def total(at: str) -> list[Json]:
        found: list[Json] = exchange.get(f"/accounts/{account}/balances", at=at)["balances"]
        return found

    assert total("2020-01-01T00:00:00Z") == []
    # Times are told in whole milliseconds: the one behind it is surely later.
    late = f"{movements[1]['timestamp'][:-1]}999999Z"
    assert total(late) in ([{"asset": "USDT", "total": "30"}], [{"asset": "USDT", "total": "60"}])


def test_a_stream_of_candles_goes_on_from_an_answer(world: World) -> None:
    exchange = world.exchange
    symbol = exchange.add_instrument()
    exchange.trade(symbol, "100")
    answer = exchange.get("/candles", symbol=symbol, interval="1s", limit=1_000)
    known = {candle["open_time"]: candle for candle in answer["candles"]}
    made = 1
    port = exchange.gateway.port
    with connect(f"ws://127.0.0.1:{port}/ws/candles?symbol={symbol}&interval=1s", open_timeout=PATIENCE) as stream:

        def heard() -> bool:
            message = json.loads(stream.recv(timeout=PATIENCE))
            for candle in message["candles"]:
                before = known.get(candle["open_time"])
                assert before is None or before["trades"] <= candle["trades"]
                assert before is None or not before["complete"] or before == candle
                known[candle["open_time"]] = candle
            return made == sum(int(candle["trades"]) for candle in known.values())

        while len(known) < 4:
            exchange.trade(symbol, str(100 + made))
            made += 1
            wait_until(heard, "the trade in the stream")
        wait_until(lambda: heard() and all(candle["complete"] for candle in known.values()), "the last one's end")
    answer = exchange.get("/candles", symbol=symbol, interval="1s", limit=1_000)
    assert [known[opens] for opens in sorted(known)] == answer["candles"]


def test_a_ticker_stream_goes_on_over_a_restart(world: World) -> None:
    exchange = world.exchange
    symbol = exchange.add_instrument()
    exchange.trade(symbol, "100")
    with exchange.stream("/ws/ticker", symbol) as stream:

        def tells(**wanted: Any) -> None:
            wait_until(lambda: wanted.items() <= json.loads(stream.recv(timeout=PATIENCE)).items(), str(wanted))

        tells(count=1, last_price="100", bid=None)
        exchange.matcher.kill()
        exchange.restart_matcher()
        exchange.trade(symbol, "101")
        tells(count=2, last_price="101", change="1", change_percent="1")
        exchange.place(symbol, "limit", "buy", "2", "50")
        tells(bid=["50", "2"])


def test_a_history_that_comes_later_is_read_then(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.exchange as exchange:
        symbol = exchange.add_instrument()
        make_trades(exchange, symbol, 1_100)
        refused = exchange.http.get("/trades", params={"symbol": symbol, "after": 0})
        assert (refused.status_code, refused.json()["code"]) == (503, "history_unavailable")
        assert "history.sqlite" in refused.json()["detail"]
        assert exchange.get("/health")["history"]["status"] == "unavailable"
        # What needs no history goes on.
        assert len(exchange.get("/trades", symbol=symbol, limit=1_000)["trades"]) == 1_000
        assert len(exchange.get("/fills", account="maker")["fills"]) == 100
        world.history.start()
        try:
            wait_until(lambda: exchange.get("/health")["history"]["status"] == "ok", "a history that is read")
            world.caught_up()
            assert len(all_trades(exchange, symbol)) == 1_100
        finally:
            world.history.close()
        # Its tables stay readable without it.
        assert good(exchange.http.get("/trades", params={"symbol": symbol, "after": 0}))["trades"]

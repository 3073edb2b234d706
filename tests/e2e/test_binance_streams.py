"""Streams of the Binance dialect, each compared whole with what the calls tell."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.e2e.binance_sockets import Socket, StreamMarket
from tests.exchange import Exchange, Json

LEVEL = "0.00000000"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("streams")) as exchange:
        yield exchange


@pytest.fixture
def market(exchange: Exchange) -> StreamMarket:
    return StreamMarket(exchange)


def test_each_trade(market: StreamMarket) -> None:
    with market.stream("trade") as stream:
        market.trade()
        told = [stream.hear() for _ in range(3)]
    trades = market.get("trades")
    assert told == [
        {
            "e": "trade",
            "E": trade["time"],
            "s": market.joined,
            "t": trade["id"],
            "p": trade["price"],
            "q": trade["qty"],
            "T": trade["time"],
            "m": trade["isBuyerMaker"],
            "M": True,
        }
        for trade in trades
    ]
    assert [trade["t"] for trade in told] == [1, 2, 3]


def test_trades_of_one_taker_at_one_price_are_one_aggregate(market: StreamMarket) -> None:
    with market.stream("aggTrade") as stream:
        market.trade()
        told = [stream.hear() for _ in range(2)]
    assert told == [
        {"e": "aggTrade", "E": trade["T"], "s": market.joined, **trade} for trade in market.get("aggTrades")
    ]
    assert [(trade["f"], trade["l"], trade["q"]) for trade in told] == [(1, 2, "1.50000000"), (3, 3, "0.50000000")]


def test_changes_of_the_book_follow_each_other(market: StreamMarket) -> None:
    with market.stream("depth@100ms") as stream:
        before = market.get("depth")["lastUpdateId"]
        order = market.rest("sell", "1", "101")
        first = stream.hear()
        after = market.get("depth")["lastUpdateId"]
        market.exchange.delete(f"/orders/{order}")
        second = stream.hear()
    assert first["U"] <= before + 1 <= first["u"] == after
    time = first.pop("E")
    assert abs(time - market.get("exchangeInfo")["serverTime"]) < 60_000
    assert first == {
        "e": "depthUpdate",
        "s": market.joined,
        "U": first["U"],
        "u": after,
        "b": [],
        "a": [["101.00000000", "1.00000000"]],
    }
    assert second["U"] == first["u"] + 1
    assert (second["b"], second["a"]) == ([], [["101.00000000", LEVEL]])


def test_names_of_one_speed_and_readers_that_come_later_hear_the_same(market: StreamMarket) -> None:
    with market.stream("depth", "depth@1000ms") as both:
        market.rest("buy", "1", "99")
        with market.stream("depth") as late:
            first = [both.hear(), both.hear()]
            assert first[0] == first[1]
            known = late.hear()
            assert known in first
            market.rest("buy", "2", "98")
            second = [both.hear(), late.hear()]
        assert second[0]["U"] == first[0]["u"] + 1
        assert second[0] == second[1]


def test_best_levels(market: StreamMarket) -> None:
    for number in range(7):
        market.rest("buy", "1", f"{90 - number}")
    with market.stream("depth5@100ms") as stream:
        first = stream.hear()
        assert first == market.get("depth", limit=5)
        market.rest("sell", "2", "101")
        assert stream.hear() == market.get("depth", limit=5)
    assert len(first["bids"]) == 5


def test_best_prices_at_each_change_of_them(market: StreamMarket) -> None:
    with market.stream("bookTicker") as stream:
        told = [stream.hear()]
        bid = market.rest("buy", "1", "99")
        told.append(stream.hear())
        market.rest("buy", "1", "98")
        market.rest("sell", "3", "101")
        told.append(stream.hear())
        market.exchange.delete(f"/orders/{bid}")
        told.append(stream.hear())
        newest = market.get("depth")["lastUpdateId"]
    assert [(each.pop("b"), each.pop("B"), each.pop("a"), each.pop("A")) for each in told] == [
        (LEVEL, LEVEL, LEVEL, LEVEL),
        ("99.00000000", "1.00000000", LEVEL, LEVEL),
        ("99.00000000", "1.00000000", "101.00000000", "3.00000000"),
        ("98.00000000", "1.00000000", "101.00000000", "3.00000000"),
    ]
    assert told[-1] == {"u": newest, "s": market.joined}
    assert all(earlier["u"] < later["u"] for earlier, later in pairwise(told))


NAMES = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
MORE_NAMES = {
    "x": "prevClosePrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
}
MINI = ("c", "o", "h", "l", "v", "q")


def test_statistics_of_the_last_day(market: StreamMarket) -> None:
    with market.stream("ticker") as stream:
        market.trade()
        told = stream.hear_until(lambda event: event["n"] == 3)[-1]
    found = market.get("ticker/24hr")
    assert told.pop("E") >= told.pop("C") >= told.pop("O")
    names = {**NAMES, **MORE_NAMES}
    assert told == {
        "e": "24hrTicker",
        "s": market.joined,
        **{short: found[name] for short, name in names.items()},
    }


@pytest.mark.parametrize("window", ["1h", "4h", "1d"])
def test_statistics_of_a_window(market: StreamMarket, window: str) -> None:
    with market.stream(f"ticker_{window}") as stream:
        market.trade()
        told = stream.hear_until(lambda event: event["n"] == 3)[-1]
    found = market.get("ticker", windowSize=window)
    assert told.pop("E") >= told.pop("C") >= told.pop("O")
    assert told == {
        "e": f"{window}Ticker",
        "s": market.joined,
        **{short: found[name] for short, name in NAMES.items()},
    }


def mini(market: StreamMarket) -> Json:
    found = market.get("ticker/24hr", type="MINI")
    return {"e": "24hrMiniTicker", "s": market.joined, **{short: found[NAMES[short]] for short in MINI}}


def test_small_statistics(market: StreamMarket) -> None:
    with market.stream("miniTicker") as stream:
        market.trade()
        told = stream.hear_until(lambda event: event["c"] == "102.00000000")[-1]
    assert told.pop("E")
    assert told == mini(market)


def test_small_statistics_of_all_symbols_that_have_changed(exchange: Exchange, market: StreamMarket) -> None:
    with Socket(exchange, "/ws/!miniTicker@arr") as stream:
        market.trade()

        def has_it(events: list[Json]) -> bool:
            return any(event["s"] == market.joined and event["c"] == "102.00000000" for event in events)

        told = next(event for event in stream.hear_until(has_it)[-1] if event["s"] == market.joined)
    assert told.pop("E")
    assert told == mini(market)


def test_average_price(market: StreamMarket) -> None:
    with market.stream("avgPrice") as stream:
        market.trade()
        told = stream.hear_until(lambda event: event["w"] != LEVEL)[-1]
    found = market.get("avgPrice")
    assert told.pop("E") >= told["T"]
    assert told == {"e": "avgPrice", "s": market.joined, "i": "5m", "w": found["price"], "T": found["closeTime"]}


def kline_row(event: Json) -> list[Any]:
    k = event["k"]
    return [k[name] for name in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")]


def test_candles_end_once_also_without_trades(market: StreamMarket) -> None:
    with market.stream("kline_1s") as stream:
        market.trade()
        over: list[Json] = []
        while len(over) < 4:
            event = stream.hear()
            assert (event["e"], event["s"], event["k"]["s"], event["k"]["i"]) == (
                "kline",
                market.joined,
                market.joined,
                "1s",
            )
            if event["k"]["x"]:
                over.append(event)
            else:
                assert not over or event["k"]["t"] > over[-1]["k"]["t"]
    rows = [kline_row(event) for event in over]
    assert rows == market.get("klines", interval="1s", startTime=rows[0][0], limit=4)
    first, quiet = over[0]["k"], over[-1]["k"]
    assert (first["f"], first["L"], first["n"]) == (1, 3, 3)
    assert (quiet["f"], quiet["L"], quiet["n"], quiet["o"]) == (-1, -1, 0, "102.00000000")


def test_a_running_candle_by_the_clock_of_a_zone(market: StreamMarket) -> None:
    with market.stream("kline_1d@+08:00") as stream:
        market.trade()
        event = stream.hear_until(lambda event: event["k"]["n"] == 3)[-1]
    assert event["k"].pop("x") is False
    assert kline_row(event) == market.get("klines", interval="1d", timeZone="8", limit=1)[0]


def test_combined_streams_are_named(exchange: Exchange, market: StreamMarket) -> None:
    name = f"{market.lower}@trade"
    with Socket(exchange, f"/stream?streams={name.replace('@', '%40')}/{market.lower}@depth@100ms") as stream:
        market.trade()
        told = [stream.hear() for _ in range(3)]
    assert [message["stream"] for message in told] == [name] * 3
    assert [message["data"]["t"] for message in told] == [1, 2, 3]
    assert all(set(message) == {"stream", "data"} for message in told)


def test_times_in_microseconds(market: StreamMarket) -> None:
    with Socket(market.exchange, f"/ws/{market.lower}@trade?timeUnit=MICROSECOND") as stream:
        market.trade()
        told = stream.hear()
    assert told["T"] // 1000 == market.get("trades")[0]["time"]
    assert told["T"] > 10**15


def test_requests_on_a_socket(exchange: Exchange, market: StreamMarket) -> None:
    trade, depth = f"{market.lower}@trade", f"{market.lower}@depth"
    with Socket(exchange, "/ws/1234") as stream:
        assert stream.ask("SUBSCRIBE", [trade, depth, "nobody@knows", trade], 1) == {"result": None, "id": 1}
        assert stream.ask("LIST_SUBSCRIPTIONS", number="a") == {"result": [trade, depth, "nobody@knows"], "id": "a"}
        assert stream.ask("UNSUBSCRIBE", [depth, "nobody@knows", "nor@this"]) == {"result": None, "id": 1}
        assert stream.ask("LIST_SUBSCRIPTIONS", number=3) == {"result": [trade], "id": 3}
        assert stream.ask("GET_PROPERTY", ["combined"], 4) == {"result": False, "id": 4}
        assert stream.ask("SET_PROPERTY", ["combined", True], 5) == {"result": None, "id": 5}
        assert stream.ask("GET_PROPERTY", ["combined"], 6) == {"result": True, "id": 6}
        market.trade()
        assert stream.hear()["stream"] == trade
        stream.send({"method": "LIST_SUBSCRIPTIONS", "id": None})
        answer = stream.hear_until(lambda message: "result" in message)[-1]
        assert answer == {"result": [trade], "id": None}


@pytest.mark.parametrize(
    ("request_text", "code", "told"),
    [
        ("no", 3, None),
        ("[]", 2, None),
        ('{"method": "SHOUT", "id": 7}', 2, 7),
        ('{"method": "SUBSCRIBE", "params": "a@b", "id": 7}', 2, 7),
        ('{"method": "SUBSCRIBE", "params": [1], "id": "x"}', 2, "x"),
        ('{"method": "SET_PROPERTY", "params": ["combined", 1], "id": 7}', 2, 7),
        ('{"method": "GET_PROPERTY", "params": [], "id": 7}', 2, 7),
        ('{"method": "LIST_SUBSCRIPTIONS", "id": 1.5}', 2, None),
        ('{"method": "LIST_SUBSCRIPTIONS", "id": "' + 37 * "x" + '"}', 2, 37 * "x"),
    ],
)
def test_requests_at_fault(exchange: Exchange, request_text: str, code: int, told: Any) -> None:
    with Socket(exchange, "/ws") as stream:
        stream.send(request_text)
        answer = stream.hear()
        assert (answer["error"]["code"], answer["id"]) == (code, told)
        assert answer["error"]["msg"].startswith("Invalid JSON: " if code == 3 else "Invalid request: ")
        assert stream.ask("LIST_SUBSCRIPTIONS")["result"] == []


def test_the_answer_to_a_subscription_comes_before_its_first_event(exchange: Exchange, market: StreamMarket) -> None:
    with Socket(exchange, "/ws") as stream:
        stream.send({"method": "SUBSCRIBE", "params": [f"{market.lower}@bookTicker"], "id": 5})
        assert stream.hear() == {"result": None, "id": 5}
        assert stream.hear()["s"] == market.joined


def test_a_socket_reads_1024_streams_at_most(exchange: Exchange) -> None:
    with Socket(exchange, "/stream") as stream:
        assert stream.ask("SUBSCRIBE", [f"none{number}@trade" for number in range(1024)])["result"] is None
        refused = stream.ask("SUBSCRIBE", ["one@more"])
        assert refused["error"] == {"code": 2, "msg": "Invalid request: a connection takes at most 1024 streams"}
        assert len(stream.ask("LIST_SUBSCRIPTIONS")["result"]) == 1024


@pytest.mark.parametrize("path", ["/ws/unknown", "/ws/12a", "/stream/other", "/ws-api/v2", "/ws-api"])
def test_other_paths_are_not_there(exchange: Exchange, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, Socket(exchange, path):
        pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("path", ["/ws/", "/stream/ws/12", "/stream/ws", "/ws/x%40trade"])
def test_paths_that_clients_use(exchange: Exchange, path: str) -> None:
    with Socket(exchange, path) as stream:
        assert stream.ask("GET_PROPERTY", ["combined"])["result"] is False

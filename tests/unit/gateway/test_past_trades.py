"""GET /trades over all of history: tables and the matcher's memory make one list."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from gateway.exchange import joining
from gateway.exchange.market_history import REMEMBERED_TRADES
from history.schema.database import Database
from history.writing.interface import Place
from matcher.core.book import MAX_TRADES
from protocol.commands import TradesQuery
from tests.unit.gateway.fakes import CONFIG, Answer, Gateway
from tests.unit.gateway.history_world import World

ALL = 2_500


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with World(database) as world:
        yield world


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "WAIT_SECONDS", 0.0)


def past(world: World, filled: int = 2_000) -> None:
    """Many trades; the tables hold so many of them."""
    for number in range(1, ALL + 1):
        world.trade(100 + number % 7)
        if number == filled:
            world.fill()


def test_memory_is_as_large_as_the_gateway_takes_it_for() -> None:
    assert REMEMBERED_TRADES == MAX_TRADES


def test_pages_hold_every_trade_once(world: World) -> None:
    past(world)
    found: list[int] = []
    while page := world.trade_ids(after=found[-1] if found else 0, limit=700):
        found += page
    assert found == list(range(1, ALL + 1))


def test_pages_go_back_too(world: World) -> None:
    past(world)
    found = world.trade_ids(limit=1_000)
    assert found == list(range(ALL - 999, ALL + 1))
    while page := world.trade_ids(before=found[0], limit=400):
        found = page + found
    assert found == list(range(1, ALL + 1))


@pytest.mark.parametrize("filled", [1_500, 1_501, 2_499, 2_500])
def test_borders_have_no_gap_and_no_double(world: World, filled: int) -> None:
    past(world, filled)
    for after in (1_499, 1_500, 1_501, 2_498, 2_499, 2_500, 2_501):
        borders(world, after)


def borders(world: World, after: int) -> None:
    assert world.trade_ids(after=after, limit=10) == list(range(after + 1, min(after + 10, ALL) + 1))
    assert world.trade_ids(before=after, limit=10) == list(range(max(1, after - 10), min(after, ALL + 1)))


def test_a_trade_is_told_as_it_always_was(world: World) -> None:
    world.trade()
    newest = world.good("/trades", symbol="BTC-USDT")
    world.fill()
    world.trade()
    assert world.good("/trades", symbol="BTC-USDT", before=2) == newest
    assert world.good("/trades", symbol="BTC-USDT", after=0, limit=1) == newest


def test_times_bound_a_page(world: World) -> None:
    for second in range(10):
        world.trade(time=world.time + 1_000_000_000 + second)
        if second == 5:
            world.fill()
    told = [trade["timestamp"] for trade in world.good("/trades", symbol="BTC-USDT")["trades"]]
    instant = world.trades[3].timestamp, world.trades[8].timestamp
    begin, end = (f"{told[index][:19]}.{time % 10**9:09d}Z" for index, time in zip((3, 8), instant, strict=True))
    assert world.trade_ids(from_=begin) == [4, 5, 6, 7, 8, 9, 10]
    assert world.trade_ids(to=end) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert world.trade_ids(from_=begin, to=end, limit=2) == [7, 8]
    assert world.trade_ids(from_=begin, to=end, limit=2, after=0) == [4, 5]
    assert world.trade_ids(from_=begin, to=end, limit=2, after=5) == [6, 7]
    assert world.trade_ids(from_=begin, to=end, before=6) == [4, 5]
    assert world.trade_ids(from_=begin, to=begin) == []
    assert world.trade_ids(from_="2200-01-01T00:00:00Z", after=0) == []
    assert world.trade_ids(to="1960-01-01T00:00:00Z") == []


@pytest.mark.usefixtures("_impatient")
def test_a_gap_is_never_told(world: World) -> None:
    past(world, 1_499)
    answer = world.get("/trades", symbol="BTC-USDT", after=1_495)
    assert answer.problem == (503, "history_behind", None)
    assert answer.headers["retry-after"]
    # What the tables or the memory have alone is answered.
    assert world.trade_ids(after=1_000, limit=10) == list(range(1_001, 1_011))
    assert world.trade_ids(limit=10) == list(range(ALL - 9, ALL + 1))


def test_tables_that_catch_up_are_waited_for(world: World) -> None:
    past(world, 1_499)
    calls = count()
    world.asked = lambda _: world.fill() if next(calls) == 0 else None
    assert world.trade_ids(after=1_495, limit=1_000) == list(range(1_496, 2_496))


def test_a_book_that_had_come_further_leaves_a_gap_of_its_own(world: World) -> None:
    world.trade()
    world.fill()
    world.state.registry.books["BTC-USDT"].last_trade_id = 5_000
    world.trade()
    world.trade()
    assert world.trade_ids(after=0) == [1, 5_001, 5_002]
    world.fill()
    assert world.trade_ids(after=0) == [1, 5_001, 5_002]


def test_only_what_is_newer_is_asked_for(world: World) -> None:
    past(world, 2_490)
    world.trade_ids(limit=1)
    asked: list[Any] = []
    world.asked = asked.append
    world.trade_ids(after=100, limit=10)
    world.trade_ids(before=100, limit=10)
    assert not asked
    world.trade_ids(after=2_480, limit=100)
    assert asked == [TradesQuery("BTC-USDT", 1_000, 2_489)]


def test_without_a_history_the_memory_answers(world: World) -> None:
    past(world)
    with Gateway(CONFIG) as gateway:
        gateway.broker.results = world.gateway.broker.results

        def get(query: str) -> Answer:
            return gateway.request("GET", f"/trades?symbol=BTC-USDT&{query}")

        assert [trade["trade_id"] for trade in get("after=1500&limit=2").json["trades"]] == ["1501", "1502"]
        assert [trade["trade_id"] for trade in get("before=1503&limit=2").json["trades"]] == ["1501", "1502"]
        for query in ("after=0", "after=1499", "before=1502&limit=2", "to=2025-10-24T00:00:00Z"):
            assert get(query).problem == (503, "history_unavailable", None)
            assert "neither HISTORY_DATABASE nor MATCHER_DATA_DIR is set" in get(query).json["detail"]


def test_tables_of_another_journal_are_not_read(world: World) -> None:
    past(world)
    world.store.write(world.played.gatherer.take(), Place("another", world.state.sequence, 1, world.time))
    answer = world.get("/trades", symbol="BTC-USDT", after=0)
    assert answer.problem == (503, "history_unavailable", None)
    assert "another journal" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("after=1&before=2", "before", "after or before"),
        ("after=x", "after", "from 0 to 999999999999999999"),
        ("before=-1", "before", "from 0 to 999999999999999999"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("from=yesterday", "from", "2026-11-22T12:00:00Z"),
        ("to=2026-11-31T00:00:00Z", "to", "2026-11-22T12:00:00Z"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from", "2026-01-01T00:00:00Z"),
    ],
)
def test_bad_parameters_are_named(world: World, query: str, field: str, words: str) -> None:
    answer = world.gateway.request("GET", f"/trades?symbol=BTC-USDT&{query}")
    assert answer.problem == (422, "invalid_value", field)
    assert words in answer.json["detail"]


def test_a_table_for_a_browser(world: World) -> None:
    world.trade()
    world.trade()
    answer = world.gateway.request(
        "GET", "/trades?symbol=BTC-USDT&after=0&limit=1", headers={"Accept": "text/csv;q=0.9, */*"}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["link"] == '</trades?symbol=BTC-USDT&limit=1&after=1>; rel="next"'
    [trade] = world.good("/trades", symbol="BTC-USDT", after=0, limit=1)["trades"]
    names, line, end = answer.body.decode().split("\r\n")
    assert dict(zip(names.split(","), line.split(","), strict=True)) == {
        name: str(value) for name, value in trade.items()
    }
    assert end == ""

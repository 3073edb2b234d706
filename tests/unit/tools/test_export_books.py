"""Level-2 and level-3 of the golden journals: readers of the files rebuild the engine's books."""

from collections import defaultdict
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from matcher.core.levels import Levels, shown_quantity
from matcher.state import State
from matching_exchange.recordings.readers import read_recording
from matching_exchange.tools.replay.comparison import Comparison
from matching_exchange.tools.replay.driver import Driver
from matching_exchange.tools.replay.exchange import EngineExchange
from protocol.instrument import parse_decimal
from tests.exports import JOURNALS, SYMBOLS, data_directory, export, keep_snapshot, replayed, rows

Queues = dict[tuple[str, int], dict[int, int]]
"""Shown quantity by order_id, first come first, by side and price."""

BEGINNINGS = ((), ("--first-sequence", "301"), ("--from", "2027-01-15T08:00:00.12Z"), ("--first-sequence", "9000000"))

EVENT = np.dtype(
    "<u8,<i8,<i8,<f8,<f8,<u8,<i8,<f8",
    align=True,
)


@pytest.fixture(scope="module", params=JOURNALS)
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = data_directory(request.param, tmp_path_factory.mktemp("books"))
    keep_snapshot(data, 200)
    return data


def queues_of(state: State, symbol: str) -> Queues:
    """What the engine's book shows."""
    book = state.registry.books[symbol]
    queues: Queues = {}
    for side, levels in (("buy", book.bids), ("sell", book.asks)):
        for level in levels:
            queue = queues[side, level.price] = {}
            order = level.head
            while order is not None:
                queue[order.order_id] = shown_quantity(order)
                order = order.next
    return queues


def levels_of(levels: Levels) -> dict[int, int]:
    return dict(levels.top(10_000))


def rebuilt(state: State, symbol: str, path: Path) -> Queues:
    """The queues of the book by a file of level-3."""
    instrument = state.registry.books[symbol].instrument
    queues: Queues = defaultdict(dict)
    places: dict[str, tuple[str, int]] = {}
    for row in rows(path):
        event, order = row["event"], row["order_id"]
        if event == "clear":
            queues.clear()
            places.clear()
            continue
        at = (row["side"], parse_decimal(row["price"], instrument.price_decimals))
        quantity = parse_decimal(row["quantity"], instrument.quantity_decimals)
        if event in ("add", "snapshot"):
            assert order not in places
            queues[at][int(order)] = quantity
            places[order] = at
        elif event == "delete":
            assert queues[at].pop(int(order)) == quantity
            del places[order]
        elif event == "execute":
            remaining = parse_decimal(row["remaining"], instrument.quantity_decimals)
            assert next(iter(queues[at])) == int(order), "the first of the queue trades"
            assert queues[at].pop(int(order)) - quantity == remaining
            if remaining:
                queues[at] = {int(order): remaining, **queues[at]}
            else:
                del places[order]
        elif row["loses_priority"] == "true":
            queues[places.get(order, at)].pop(int(order), None)
            queues[at][int(order)] = quantity
            places[order] = at
        else:
            assert queues[at][int(order)] > quantity
            queues[at][int(order)] = quantity
    return {at: queue for at, queue in queues.items() if queue}


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("flags", BEGINNINGS)
def test_level_3_rebuilds_the_book(data: Path, symbol: str, flags: tuple[str, ...]) -> None:
    path = export(data, "level-3", "level.csv", "--symbol", symbol, *flags)
    state = replayed(data)
    found, expected = rebuilt(state, symbol, path), queues_of(state, symbol)
    assert found == expected
    assert {at: list(queue) for at, queue in found.items()} == {at: list(queue) for at, queue in expected.items()}


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("flags", BEGINNINGS)
def test_level_2_rebuilds_the_levels(data: Path, symbol: str, flags: tuple[str, ...]) -> None:
    state = replayed(data)
    book = state.registry.books[symbol]
    levels: dict[str, dict[int, int]] = {"buy": {}, "sell": {}}
    for row in rows(export(data, "level-2", "level.csv", "--symbol", symbol, *flags)):
        if row["event"] == "clear":
            levels = {"buy": {}, "sell": {}}
        elif row["event"] != "trade":
            price = parse_decimal(row["price"], book.instrument.price_decimals)
            levels[row["side"]][price] = parse_decimal(row["quantity"], book.instrument.quantity_decimals)
    shown = {side: {price: left for price, left in found.items() if left} for side, found in levels.items()}
    assert shown == {"buy": levels_of(book.bids), "sell": levels_of(book.asks)}


@pytest.mark.parametrize("kind", ["level-2", "level-3"])
def test_a_range_in_the_middle_begins_with_the_book_of_that_moment(data: Path, kind: str) -> None:
    flags = ("--symbol", "BTC-USDT")
    later = rows(export(data, kind, "later.csv", *flags, "--first-sequence", "301", "--last-sequence", "400"))
    everything = rows(export(data, kind, "all.csv", *flags))
    changes = [row for row in later if int(row["sequence"]) >= 301]
    assert changes == [row for row in everything if 301 <= int(row["sequence"]) <= 400]
    assert {row["event"] for row in later[: -len(changes)]} == {"snapshot"}


def test_the_trades_of_the_levels_are_the_trades(data: Path) -> None:
    flags = ("--symbol", "BTC-USDT")
    trades = rows(export(data, "trades", "trades.csv", "--journal", *flags))
    level_2 = [row for row in rows(export(data, "level-2", "2.csv", *flags)) if row["event"] == "trade"]
    level_3 = [row for row in rows(export(data, "level-3", "3.csv", *flags)) if row["event"] == "execute"]
    told = [(row["trade_id"], row["timestamp"], row["price"], row["quantity"]) for row in trades]
    assert [(row["trade_id"], row["timestamp"], row["price"], row["quantity"]) for row in level_2] == told
    assert [(row["trade_id"], row["timestamp"], row["price"], row["quantity"]) for row in level_3] == told
    assert [row["side"] for row in level_2] == [row["aggressor_side"] for row in trades]
    assert [row["order_id"] for row in level_3] == [row["maker_order_id"] for row in trades]


@pytest.mark.parametrize("levels", ["1", "3", "10"])
@pytest.mark.parametrize("flags", BEGINNINGS[:3])
def test_a_replay_of_the_lobster_files_scores_everything(data: Path, flags: tuple[str, ...], levels: str) -> None:
    message_file = export(
        data, "level-3", "BTC_message.csv", "--symbol", "BTC-USDT", "--format", "lobster", "--levels", levels, *flags
    )
    recording = read_recording([message_file], None)
    comparison = Comparison()
    with closing(EngineExchange()) as exchange:
        driver = Driver(exchange, recording, "BTC-USDT", "test:", comparison)
        driver.prepare()
        driver.run(None, lambda _: None)
    scores = comparison.scores()
    assert {score.name: score.reached for score in scores} == {score.name: score.possible for score in scores}
    assert {score.name for score in scores} == {"tape", "filled", "cancels", "queue", "best", "quantities"}
    assert not comparison.refused


def events_of(path: Path) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """The events of a file of hftbacktest, checked by its rules."""
    with np.load(path) as archive:
        assert archive.files == ["data"]
        events: np.ndarray[tuple[int], np.dtype[np.void]] = archive["data"]
    assert events.dtype.names == ("ev", "exch_ts", "local_ts", "px", "qty", "order_id", "ival", "fval")
    assert events.dtype.itemsize == 64
    assert [events.dtype[place] for place in range(8)] == [EVENT[place] for place in range(8)]
    for flag, name in ((1 << 31, "exch_ts"), (1 << 30, "local_ts")):
        chosen = events[name][events["ev"] & flag == flag]
        assert len(chosen) == len(events) > 0
        assert (np.diff(chosen) >= 0).all()
    assert (events["local_ts"] - events["exch_ts"] == 250).all()
    sides = events["ev"] >> 28 & 3
    kinds = events["ev"] & 0xFF
    assert (sides[kinds != 3] > 0).all() and (sides < 3).all()
    return events


def test_hftbacktest_gets_the_orders(data: Path) -> None:
    path = export(data, "level-3", "orders.npz", "--symbol", "BTC-USDT", "--latency", "250")
    state = replayed(data)
    instrument = state.registry.books["BTC-USDT"].instrument
    resting: dict[int, tuple[str, int, int]] = {}
    traded = 0
    for ev, _, _, price, quantity, order_id, _, _ in events_of(path).tolist():
        kind, side = ev & 0xFF, "buy" if ev & 1 << 29 else "sell"
        ticks = round(price * 10**instrument.price_decimals)
        lots = round(quantity * 10**instrument.quantity_decimals)
        match kind:
            case 2:
                traded += 1
            case 3:
                resting.clear()
            case 10:
                assert order_id not in resting
                resting[order_id] = (side, ticks, lots)
            case 11:
                del resting[order_id]
            case 12:
                assert resting[order_id][:2] == (side, ticks) and lots < resting[order_id][2]
                resting[order_id] = (side, ticks, lots)
            case 13:
                assert resting[order_id][:2] == (side, ticks)
            case _:
                pytest.fail(f"unknown event {kind}")
    assert resting == {
        order_id: (side, price, shown)
        for (side, price), queue in queues_of(state, "BTC-USDT").items()
        for order_id, shown in queue.items()
    }
    assert traded == len(state.registry.books["BTC-USDT"].trades)


def test_hftbacktest_gets_the_levels(data: Path) -> None:
    path = export(data, "level-2", "levels.npz", "--symbol", "BTC-USDT", "--latency", "250", "--first-sequence", "301")
    book = replayed(data).registry.books["BTC-USDT"]
    levels: dict[tuple[int, int], int] = {}
    for ev, _, _, price, quantity, *_ in events_of(path).tolist():
        kind = ev & 0xFF
        assert kind in (1, 2, 3, 4)
        if kind == 3:
            levels.clear()
        elif kind != 2:
            ticks = round(price * 10**book.instrument.price_decimals)
            levels[ev & 3 << 28, ticks] = round(quantity * 10**book.instrument.quantity_decimals)
    assert {at: left for at, left in levels.items() if left} == {
        **{(1 << 29, price): left for price, left in levels_of(book.bids).items()},
        **{(1 << 28, price): left for price, left in levels_of(book.asks).items()},
    }

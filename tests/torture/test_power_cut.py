"""A journal that has lost what was answered, under a living gateway: it says so, answers what is pending, and goes on.

That is what a power cut under `off` leaves (the unsynced tail is forgotten), an emptied data directory, and a repaired
journal.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.exchange import Exchange, Json, receive, receive_until
from tests.journal_files import ends_of_records
from tests.torture.failing import (
    DOUBLES,
    PATIENT,
    SYMBOL,
    assert_code,
    calls,
    damage_after,
    only_segment,
    order,
    place_in,
    repair,
    replace_matcher,
    wait_for_end,
)

KEPT = 2
"""So many of the answered orders the journal still has afterwards."""

ANSWERED = [f"answered-{number}" for number in range(1, 6)]


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """An exchange whose matcher has answered some orders, each in a record of its own, and dies at the next one."""
    exchange = Exchange(tmp_path, ("--sync=off",), PATIENT)
    replace_matcher(exchange.matcher, f"{DOUBLES}.dying")
    with exchange:
        yield exchange


def answer_some(exchange: Exchange) -> list[Json]:
    return [exchange.post("/orders", order(name)) for name in ANSWERED]


def offset_after(exchange: Exchange, kept: int) -> int:
    """Where the journal's record of the last kept order ends."""
    return ends_of_records(only_segment(exchange.matcher))[kept - len(ANSWERED) - 1]


def lose_tail(exchange: Exchange) -> None:
    os.truncate(only_segment(exchange.matcher), offset_after(exchange, KEPT))


def lose_tail_and_tear_a_record(exchange: Exchange) -> None:
    os.truncate(only_segment(exchange.matcher), offset_after(exchange, KEPT + 1) - 3)


def damage_and_repair(exchange: Exchange) -> None:
    matcher = exchange.matcher
    segment, offset = only_segment(matcher), offset_after(exchange, KEPT)
    damage_after(segment, offset)
    damaged = segment.read_bytes()
    matcher.start()
    assert wait_for_end(matcher) == 1
    assert f"{segment}: damaged at byte {offset}" in matcher.text()
    replace_matcher(matcher)
    shown = repair(matcher)
    assert (shown.returncode, segment.read_bytes()) == (1, damaged), "it only shows"
    assert f"damaged at byte {offset}" in shown.stdout
    assert f"Behind it stand {len(ANSWERED) - KEPT - 1} sound records" in shown.stdout
    cut = repair(matcher, "--cut")
    assert (cut.returncode, segment.stat().st_size) == (0, offset)


@pytest.mark.parametrize("lose", [lose_tail, lose_tail_and_tear_a_record, damage_and_repair])
def test_a_journal_that_is_shorter_than_before(exchange: Exchange, lose: Callable[[Exchange], None]) -> None:
    with exchange.stream("/ws/marketdata", SYMBOL) as depth, calls() as threads:
        answered = answer_some(exchange)
        highest = receive_until(depth, lambda message: message["sequence"] == answered[-1]["sequence"])[-1]
        pending = place_in(threads, exchange, "die")
        assert wait_for_end(exchange.matcher) < 0
        replace_matcher(exchange.matcher)
        lose(exchange)
        exchange.matcher.start()

        assert_code(pending.result(), 504, "outcome_unknown")
        exchange.gateway.wait_until_ready()
        (record,) = exchange.gateway.records("session lost")
        assert "lost what it had answered" in record["reason"]
        for name in ANSWERED[:KEPT]:
            assert exchange.get(f"/orders/client:{name}")["status"] == "open"
        for name in ANSWERED[KEPT:]:
            assert_code(exchange.http.get(f"/orders/client:{name}"), 404, "unknown_order")
        fresh = receive_until(depth, lambda message: message["bids"] == [["60000", str(KEPT)]])[-1]
        assert fresh["sequence"] < highest["sequence"]
        # Who asks again after the 504, and after the loss, gets an order.
        for name in ("die", *ANSWERED[KEPT:]):
            assert exchange.post("/orders", order(name))["status"] == "open"
        receive_until(depth, lambda message: message["bids"] == [["60000", str(len(ANSWERED) + 1)]])


def test_trades_after_a_loss_are_not_missed_in_silence(exchange: Exchange) -> None:
    with exchange.stream("/ws/trades", SYMBOL) as trades, calls() as threads:
        exchange.post("/orders", order("bid"))
        exchange.post("/orders", {**order("first", side="sell"), "quantity": "0.5"})
        exchange.post("/orders", {**order("forgotten", side="sell"), "quantity": "0.2"})
        receive_until(trades, lambda message: message["trade_id"] == "2")
        pending = place_in(threads, exchange, "die")
        assert wait_for_end(exchange.matcher) < 0
        replace_matcher(exchange.matcher)
        segment = only_segment(exchange.matcher)
        os.truncate(segment, ends_of_records(segment)[-2])
        exchange.matcher.start()
        assert_code(pending.result(), 504, "outcome_unknown")
        exchange.gateway.wait_until_ready()
        for name in ("other", "one-more"):
            exchange.post("/orders", {**order(name, side="sell"), "quantity": "0.1"})
        # The stream tells the other second trade, or its client that it has to begin again.
        told = next_or_close_code(trades)
        assert told == 1012 or (isinstance(told, dict) and (told["trade_id"], told["quantity"]) == ("2", "0.1"))


def next_or_close_code(stream: ClientConnection) -> Json | int:
    try:
        return receive(stream)
    except ConnectionClosed as closed:
        return 0 if closed.rcvd is None else closed.rcvd.code


def test_an_emptied_data_directory(exchange: Exchange) -> None:
    with exchange.stream("/ws/marketdata", SYMBOL) as depth, calls() as threads:
        answered = answer_some(exchange)
        receive_until(depth, lambda message: message["sequence"] == answered[-1]["sequence"])
        pending = place_in(threads, exchange, "die")
        assert wait_for_end(exchange.matcher) < 0
        replace_matcher(exchange.matcher)
        shutil.rmtree(exchange.matcher.data)
        exchange.matcher.start()

        assert_code(pending.result(), 504, "outcome_unknown")
        exchange.gateway.wait_until_ready()
        assert exchange.gateway.records("session lost")
        assert exchange.gateway.records("matcher has another journal")
        # What the stream has told does not hold any more: it tells its client to begin again.
        with pytest.raises(ConnectionClosed) as closed:
            receive_until(depth, lambda message: False)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    assert_code(exchange.http.get(f"/orders/client:{ANSWERED[0]}"), 404, "unknown_order")
    first = exchange.post("/orders", order(ANSWERED[0]))
    assert (first["order_id"], first["status"]) == ("1", "open")
    with exchange.stream("/ws/marketdata", SYMBOL) as depth:
        assert receive(depth)["bids"] == [["60000", "1"]]

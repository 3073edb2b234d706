"""A full disk, a write or a sync that fails: the matcher answers nothing more and says why; what it had answered is
there afterwards."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError
from matching_exchange.tools.processes import free_ports
from protocol.client import CommandClient
from protocol.commands import OrderQuery, PlaceOrder
from protocol.events import CommandRefused, OrderResult, OrderState
from protocol.session import Answered
from protocol.units import OrderType, Refusal, Side
from tests.exchange import Exchange, Json, Matcher, good, receive_until, wait_until
from tests.torture.failing import (
    DOUBLES,
    PATIENT,
    SYMBOL,
    assert_code,
    calls,
    order,
    place_in,
    replace_matcher,
    wait_for_end,
)

if TYPE_CHECKING:
    import subprocess

    import httpx

STOPS = "matcher stops: nothing more is answered"
FILE_TOO_LARGE = "the journal does not take a record: File too large"
NO_SPACE = "the journal does not take a record: No space left on device"
INPUT_OUTPUT = "the journal does not take a record: Input/output error"

ORDERS = 60


def break_disk(matcher: Matcher, how: str) -> None:
    """Let the next start find such a disk."""
    replace_matcher(matcher, f"{DOUBLES}.bad_disk")
    matcher.environment["BAD_DISK"] = how


def assert_stops(matcher: Matcher, why: str) -> None:
    assert wait_for_end(matcher) == 1
    (record,) = matcher.records(STOPS)
    assert record["level"] == "critical"
    assert record["error"] == f"{why}: {matcher.data / 'journal'} (--data-dir, MATCHER_DATA_DIR)"


def place(number: int) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=str(number))


def place_one_by_one(client: CommandClient) -> list[Answered]:
    answers = []
    for number in range(ORDERS):
        client.send([place(number)])
        answers.append(client.receive())
    return answers


@pytest.mark.parametrize(
    ("how", "why"),
    [("full:4000", FILE_TOO_LARGE), ("no-space:30", NO_SPACE), ("sync-error:30", INPUT_OUTPUT)],
)
def test_what_was_answered_is_there_after_the_restart(tmp_path: Path, how: str, why: str) -> None:
    matcher = Matcher(tmp_path)
    break_disk(matcher, how)
    matcher.start()
    try:
        with matcher.client() as client, calls() as threads:
            placing = threads.submit(place_one_by_one, client)
            assert_stops(matcher, why)
            assert not placing.done()
            replace_matcher(matcher)
            matcher.restart()
            answers = placing.result()
            assert [stamped.answer.order_id for stamped in answers if isinstance(stamped.answer, OrderResult)] == list(
                range(1, ORDERS + 1)
            )
            for stamped in answers:
                assert isinstance(stamped.answer, OrderResult)
                found = client.query(OrderQuery(stamped.answer.order_id)).result
                assert isinstance(found, OrderState)
                assert (found.client_order_id, found.sequence, found.timestamp) == (
                    str(stamped.answer.order_id - 1),
                    stamped.sequence,
                    stamped.timestamp,
                )
            assert client.query(OrderQuery(ORDERS + 1)).result == CommandRefused(Refusal.UNKNOWN_ORDER)
    finally:
        matcher.close()


def test_a_matcher_that_cannot_begin_a_journal_does_not_start(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path)
    break_disk(matcher, "no-space:1")
    matcher.start()
    try:
        assert_stops(matcher, NO_SPACE)
    finally:
        matcher.close()


def test_gateways_go_on_without_the_matcher_and_with_it_again(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, gateway_flags=PATIENT)
    break_disk(exchange.matcher, "full:2000")
    with exchange, exchange.stream("/ws/marketdata", SYMBOL) as depth, calls() as threads:
        answered, pending = place_until_it_ends(exchange, threads)
        assert_stops(exchange.matcher, FILE_TOO_LARGE)
        exchange.gateway.wait_until_answers(503)
        refused = exchange.http.post("/orders", json=order("refused"))
        assert_code(refused, 503, "matcher_unavailable")
        assert refused.headers["retry-after"]
        replace_matcher(exchange.matcher)
        exchange.matcher.start()
        exchange.gateway.wait_until_ready()
        assert [exchange.get(f"/orders/client:{known['client_order_id']}") for known in answered] == answered
        # It was sent, so it is not refused: the gateway sends it again.
        assert pending.result().json()["order_id"] == str(len(answered) + 1)
        last = exchange.post("/orders", order(f"order-{len(answered)}"))
        assert (last["order_id"], last["duplicate"]) == (str(len(answered) + 1), True)
        assert_code(exchange.http.get("/orders/client:refused"), 404, "unknown_order")
        receive_until(depth, lambda message: message["bids"] == [["60000", str(len(answered) + 1)]])


def place_until_it_ends(exchange: Exchange, threads: ThreadPoolExecutor) -> tuple[list[Json], "Future[httpx.Response]"]:
    """The answered orders, and the call that was not answered when the matcher ended."""
    answered: list[Json] = []
    process = exchange.matcher.running
    while True:
        placing = place_in(threads, exchange, f"order-{len(answered)}")
        wait_until(partial(answered_or_ended, placing, process), "an answer, or the end")
        if not placing.done():
            return answered, placing
        response = placing.result()
        if response.status_code == 503:
            # On a busy machine a gateway may think for a moment that the matcher is away.
            assert process.poll() is None, "the order that it ended with was sent"
            continue
        answered.append(good(response))


def answered_or_ended(placing: "Future[httpx.Response]", process: "subprocess.Popen[bytes]") -> bool:
    return placing.done() or process.poll() is not None


def test_without_a_matcher_a_command_is_refused_before_anything_is_waited_for() -> None:
    commands, reports = (f"tcp://127.0.0.1:{port}" for port in free_ports(2))

    async def submit() -> None:
        broker = Broker(commands, reports, 5)
        await broker.start()
        try:
            # No coroutine: there is nothing here that could wait.
            with pytest.raises(MatcherUnavailableError):
                broker.submit(place(1))
        finally:
            await broker.stop()

    asyncio.run(submit())

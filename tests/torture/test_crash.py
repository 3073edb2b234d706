"""A command that crashes the core: one restart later it is refused, and everybody else trades on."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.storage.crash_notes import MAX_ENDED
from protocol.commands import OrderQuery, PlaceOrder
from protocol.events import Answer, CommandRefused, OrderResult, OrderState
from protocol.units import OrderStatus, OrderType, Refusal, Side
from tests.exchange import Exchange, Matcher
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

CRASHING = f"{DOUBLES}.crashing"
DYING = f"{DOUBLES}.dying"
DYING_LOG = f"{DOUBLES}.dying_log"


def crashed_commands(matcher: Matcher) -> list[object]:
    remembered: list[object] = json.loads((matcher.data / "crashed_commands.json").read_text())
    return remembered


def restart_after_crash(matcher: Matcher) -> None:
    """Wait for the crash, and start the same matcher again, which need not stay up for long."""
    assert wait_for_end(matcher) != 0
    (record,) = matcher.records("command crashed the matcher")
    assert "a defect of the core" in record["exception"]
    replace_matcher(matcher, CRASHING)
    matcher.start()


def test_a_command_that_crashes_the_core_is_answered_500_and_everybody_else_trades_on(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, gateway_flags=PATIENT)
    matcher = exchange.matcher
    replace_matcher(matcher, CRASHING)
    with exchange, calls() as threads:
        before = exchange.post("/orders", order("before"))
        crashing = place_in(threads, exchange, "crash")
        restart_after_crash(matcher)
        assert_code(crashing.result(), 500, "command_refused")
        assert_code(exchange.http.get("/orders/client:crash"), 404, "unknown_order")
        assert exchange.get("/orders/client:before")["order_id"] == before["order_id"]
        after = exchange.post("/orders", order("after", side="sell"))
        assert (after["status"], after["order_id"]) == ("filled", str(int(before["order_id"]) + 1))
        assert crashed_commands(matcher) == [], "what is journaled as refused need not be remembered"
        # The refusal is journaled: the restarts after it know nothing of a crash.
        matcher.kill()
        matcher.restart()
        exchange.gateway.wait_until_ready()
        assert exchange.get("/orders/client:after")["status"] == "filled"
        assert_code(exchange.http.get("/orders/client:crash"), 404, "unknown_order")


@pytest.fixture
def crashing_matcher(tmp_path: Path) -> Iterator[Matcher]:
    matcher = Matcher(tmp_path)
    replace_matcher(matcher, CRASHING)
    matcher.start()
    try:
        matcher.wait_until_ready()
        yield matcher
    finally:
        matcher.close()


def place(client_order_id: str) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=client_order_id)


def test_the_commands_around_it_in_the_same_frame_are_carried_out_once_and_in_order(crashing_matcher: Matcher) -> None:
    names = ["first", "crash-1", "second", "crash-2", "third"]
    with crashing_matcher.client() as client, calls() as threads:
        client.send([place(name) for name in names])
        receiving = threads.submit(lambda: [client.receive().answer for _ in names])
        restart_after_crash(crashing_matcher)
        restart_after_crash(crashing_matcher)
        answers = receiving.result()
        assert [taken(answer) for answer in answers] == [True, False, True, False, True]
        assert [answer.order_id for answer in answers if isinstance(answer, OrderResult)] == [1, 2, 3]
        for order_id, name in enumerate(("first", "second", "third"), 1):
            found = client.query(OrderQuery(order_id)).result
            assert isinstance(found, OrderState)
            assert (found.client_order_id, found.status) == (name, OrderStatus.OPEN)
        assert client.query(OrderQuery(4)).result == CommandRefused(Refusal.UNKNOWN_ORDER)
    assert crashed_commands(crashing_matcher) == []


def taken(answer: Answer) -> bool:
    if isinstance(answer, CommandRefused):
        assert answer.refusal is Refusal.COMMAND_REFUSED
        assert "a defect of the core" in answer.detail
        return False
    assert isinstance(answer, OrderResult)
    return True


def test_the_commands_of_others_in_the_same_batch_are_carried_out_after_the_restart(crashing_matcher: Matcher) -> None:
    with crashing_matcher.client() as client, crashing_matcher.client() as other:
        with crashing_matcher.paused():
            other.send([place("other-1")])
            client.send([place("crash")])
            other.send([place("other-2")])
        restart_after_crash(crashing_matcher)
        assert not taken(client.receive().answer)
        answers = [other.receive().answer for _ in range(2)]
        assert [answer.order_id for answer in answers if isinstance(answer, OrderResult)] == [1, 2]
        order_ids = [
            client.query(OrderQuery(account="ann", client_order_id=name)).result for name in ("other-1", "other-2")
        ]
        assert [found.order_id for found in order_ids if isinstance(found, OrderState)] == [1, 2]


@pytest.mark.parametrize("double", [DYING, DYING_LOG])
def test_a_command_that_kills_without_a_word_is_refused_after_two_restarts_that_it_ended(
    tmp_path: Path, double: str
) -> None:
    """An order without a deadline stands for every command that is sent again for ever; those around it are carried out
    once."""
    matcher = Matcher(tmp_path)
    replace_matcher(matcher, double)
    matcher.start()
    names = ["first", "die", "last"]
    try:
        matcher.wait_until_ready()
        with matcher.client() as client, calls() as threads:
            client.send([place(name) for name in names])
            receiving = threads.submit(lambda: [client.receive().answer for _ in names])
            for _ in range(MAX_ENDED):
                assert wait_for_end(matcher) == -signal.SIGKILL
                replace_matcher(matcher, double)
                matcher.start()
            first, refused, last = receiving.result()
            assert refused == CommandRefused(
                Refusal.COMMAND_REFUSED, detail=f"it has ended the matcher {MAX_ENDED} times"
            )
            assert isinstance(first, OrderResult) and isinstance(last, OrderResult)
            assert (first.order_id, last.order_id) == (1, 2)
        assert crashed_commands(matcher) == [], "what is journaled need not be remembered"
    finally:
        matcher.close()

"""Which requests begin when more come than a turn of the loop takes on."""

import asyncio
import pickle
from functools import partial

import pytest

from gateway.http.admission import WORK_A_TURN, Admission
from gateway.native.work import BYTES_OF_AN_ORDER, work_of
from tests.unit.gateway.wire import DEADLINE, Wire, run

ORDERS = [
    ("POST", "/orders"),
    ("POST", "/orders/oco"),
    ("POST", "/orders/batch"),
    ("PATCH", "/orders/1"),
    ("PATCH", "/orders/client:a"),
]
OTHERS = [
    ("DELETE", "/orders/1"),
    ("DELETE", "/orders"),
    ("POST", "/orders/cancel-batch"),
    ("POST", "/accounts/a/cancel-after"),
    ("GET", "/orders"),
    ("GET", "/health"),
    ("POST", "/admin/instruments"),
    ("POST", "/nowhere"),
]


def request(method: str, path: str, body: bytes = b"{}") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def begun(wire: Wire) -> list[tuple[str, str]]:
    return [(scope["method"], scope["path"]) for scope in wire.app.scopes]


def worker(count: int) -> list[Wire]:
    """So many connections of one worker."""
    first = Wire()
    return [first, *(Wire(others=first) for _ in range(count - 1))]


@pytest.mark.parametrize(("method", "path"), [*ORDERS, *OTHERS])
def test_orders_and_nothing_else_wait(method: str, path: str) -> None:
    assert (work_of({"method": method, "path": path, "headers": [(b"content-length", b"100")]}) > 0) is (
        (method, path) in ORDERS
    )


@pytest.mark.parametrize(
    ("header", "work"),
    [
        ((b"content-length", b"2"), 1),
        ((b"content-length", b"%d" % (3 * BYTES_OF_AN_ORDER)), 4),
        ((b"content-length", b"65536"), 129),
        ((b"transfer-encoding", b"chunked"), 129),
        ((b"host", b"localhost"), 1),
    ],
)
def test_a_batch_counts_by_its_length(header: tuple[bytes, bytes], work: int) -> None:
    assert work_of({"method": "POST", "path": "/orders/batch", "headers": [header]}) == work


@pytest.mark.parametrize("work", [1, 4, 129])
def test_a_bounded_amount_of_work_begins_in_a_turn_in_the_order_in_which_it_came(work: int) -> None:
    async def scenario() -> None:
        admission = Admission(DEADLINE, work_of)
        entered: list[int] = []
        for number in range(100):
            if admission.admits(work):
                entered.append(number)
            else:
                admission.wait(work, partial(entered.append, number))
        most = -(-WORK_A_TURN // work)
        turns = 1
        assert len(entered) == min(most, 100)
        while len(entered) < 100:
            before = len(entered)
            await asyncio.sleep(0)
            assert len(entered) - before == min(most, 100 - before)
            turns += 1
        assert entered == list(range(100))
        assert turns == -(-100 // most)
        # Then there is room again.
        await asyncio.sleep(0)
        assert admission.admits(work)

    run(scenario)


def test_what_waits_is_not_overtaken() -> None:
    async def scenario() -> None:
        admission = Admission(DEADLINE, work_of)
        assert admission.admits(WORK_A_TURN)
        entered: list[str] = []
        admission.wait(WORK_A_TURN, partial(entered.append, "first"))
        admission.wait(1, partial(entered.append, "second"))
        await asyncio.sleep(0)
        assert entered == ["first"]
        assert not admission.admits(1)
        admission.wait(1, partial(entered.append, "third"))
        await asyncio.sleep(0)
        assert entered == ["first", "second", "third"]

    run(scenario)


def test_it_goes_to_another_process_as_settings_do() -> None:
    assert pickle.loads(pickle.dumps(Admission(2.5, work_of))).deadline == 2.5


@pytest.mark.parametrize(("method", "path"), OTHERS)
def test_a_cancel_goes_before_the_orders_that_wait(method: str, path: str) -> None:
    async def scenario() -> None:
        wires = worker(1001)
        for number, wire in enumerate(wires[:1000]):
            wire.connection.data_received(request(*ORDERS[number % 2]))
        wires[1000].connection.data_received(request(method, path))
        await asyncio.sleep(0)
        assert begun(wires[0])[WORK_A_TURN] == (method, path)
        assert len(begun(wires[0])) == WORK_A_TURN + 1
        [answer] = await wires[1000].next_answers(1)
        assert answer.status == 200
        for wire in wires[:1000]:
            [answer] = await wire.next_answers(1)
            assert answer.status == 200
        assert len(begun(wires[0])) == 1001

    run(scenario)


def test_an_order_alone_begins_at_once() -> None:
    async def scenario() -> None:
        wire = Wire()
        wire.connection.data_received(request("POST", "/orders"))
        await asyncio.sleep(0)
        assert begun(wire) == [("POST", "/orders")]

    run(scenario)


@pytest.mark.parametrize("late", [False, True])
def test_what_has_waited_too_long_is_not_taken(*, late: bool) -> None:
    async def scenario() -> None:
        wires = worker(2 * WORK_A_TURN)
        for wire in wires:
            wire.connection.data_received(request("POST", "/orders")[:-1])
            wire.loop.now += DEADLINE / 1000
        wires[0].loop.now += DEADLINE if late else DEADLINE / 2
        for wire in wires:
            wire.connection.data_received(b"}")
        statuses = [(await wire.next_answers(1))[0] for wire in wires]
        taken, waited = statuses[:WORK_A_TURN], statuses[WORK_A_TURN:]
        assert [answer.status for answer in taken] == [200] * WORK_A_TURN
        if late:
            for answer in waited:
                assert answer.problem == (503, "overloaded")
                assert answer.headers["retry-after"] == "1"
                assert "connection" not in answer.headers
        else:
            assert [answer.status for answer in waited] == [200] * WORK_A_TURN
        assert len(begun(wires[0])) == WORK_A_TURN * (1 if late else 2)
        # The connection goes on, and what comes now is in time.
        await wires[-1].say(request("POST", "/orders"))
        [answer] = await wires[-1].next_answers(1)
        assert answer.status == 200

    run(scenario)


def test_an_order_whose_head_took_too_long_is_not_taken() -> None:
    async def scenario() -> None:
        wire = Wire()
        order = request("POST", "/orders")
        await wire.say(order[:20])
        await wire.loop.advance(DEADLINE + 0.1)
        await wire.say(order[20:])
        [answer] = wire.answers()
        assert answer.problem == (503, "overloaded")
        await wire.say(request("DELETE", "/orders")[:20])
        await wire.loop.advance(DEADLINE + 0.1)
        await wire.say(request("DELETE", "/orders")[20:])
        [answer] = wire.answers()
        assert answer.status == 200

    run(scenario)


def test_who_has_gone_meanwhile_is_not_served() -> None:
    async def scenario() -> None:
        wires = worker(2 * WORK_A_TURN)
        for wire in wires:
            wire.connection.data_received(request("POST", "/orders"))
        for wire in wires[WORK_A_TURN:]:
            wire.transport.close()
        await wires[0].say()
        assert len(begun(wires[0])) == WORK_A_TURN

    run(scenario)


def test_orders_behind_each_other_on_one_connection_wait_for_their_turns_too() -> None:
    async def scenario() -> None:
        wire, other = worker(2)
        wire.connection.data_received(request("POST", "/orders") * 200)
        other.connection.data_received(request("POST", "/orders"))
        await other.next_answers(1)
        assert [answer.status for answer in await wire.next_answers(200)] == [200] * 200

    run(scenario)

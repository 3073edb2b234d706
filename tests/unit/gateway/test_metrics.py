"""What a gateway counts, how its workers share it, and who may read it."""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from gateway.access.admin import Administrators
from gateway.access.readers import Readers
from gateway.http.counting import ROUTE, HttpCounts
from gateway.http.errors import HttpError
from gateway.metrics.board import Board
from gateway.metrics.slots import Slots
from matching_exchange.metrics.families import counter, counters, gauge, histogram
from matching_exchange.process.histogram import Histogram
from protocol.metrics import Family, ProcessMetrics
from tests.unit.gateway.fakes import FakeBroker
from tests.unit.gateway.wire import Wire

if TYPE_CHECKING:
    from gateway.link.broker import Broker


def observed(*values: int) -> Histogram:
    made = Histogram((10, 20))
    for value in values:
        made.observe(value)
    return made


def told(requests: int, open_now: int, *times: int) -> list[Family]:
    return [
        counter("a_total", "Requests.", requests),
        counters("b_total", "By name.", ("name",), {("x",): requests, (f"y{open_now}",): 1}),
        gauge("c", "Open.", open_now),
        histogram("d_seconds", "Times.", observed(*times)),
    ]


def by_name(families: list[Family]) -> dict[str, Any]:
    return {family.name: dict(family.values) or family.histograms for family in families}


def test_a_bucket_holds_what_is_at_most_its_bound() -> None:
    made = observed(0, 10, 11, 20, 21, 1000)
    assert (made.counts, made.sum) == ([2, 2, 2], 1062)


def tell_from_another_process(slots: Slots, families: list[Family], line: Connection) -> None:
    slots.join()
    slots.tell(families)
    line.send("told")
    line.recv()


def test_several_workers_are_summed_and_a_dead_one_is_gone_on_with() -> None:
    spawn = multiprocessing.get_context("spawn")
    slots = Slots(workers=2)
    slots.join()
    slots.tell(told(5, 2, 1, 15))
    line, far_end = spawn.Pipe()
    other = spawn.Process(target=tell_from_another_process, args=(slots, told(7, 3, 30), far_end))
    other.start()
    assert line.recv() == "told"
    both = by_name(slots.families())
    assert both == {
        "a_total": {(): 12},
        "b_total": {("x",): 12, ("y2",): 1, ("y3",): 1},
        "c": {(): 5},
        "d_seconds": [((), [1, 1, 1], 46)],
    }
    # Killed: it has no time to take leave.
    other.kill()
    other.join()
    line, far_end = spawn.Pipe()
    another = spawn.Process(target=tell_from_another_process, args=(slots, told(1, 0), far_end))
    another.start()
    assert line.recv() == "told"
    line.send("end")
    another.join()
    after = by_name(slots.families())
    assert (after["a_total"], after["c"]) == ({(): 13}, {(): 2})
    assert after["d_seconds"] == both["d_seconds"]
    slots.close()


def test_a_worker_alone_tells_what_it_has_told_last() -> None:
    slots = Slots(workers=1)
    assert slots.families() == []
    slots.join()
    for requests in range(4):
        slots.tell(told(requests, 1))
        assert by_name(slots.families())["a_total"] == {(): requests}


def test_what_clients_choose_makes_no_labels() -> None:
    counts = HttpCounts()
    for number in range(100):
        counts.answered({"method": f"X{number}", "path": f"/{number}"}, 404, 0.001)
        counts.shook_hands("/ws/trades", "101")
        counts.closed("/ws/trades", 3000 + number, by_peer=True)
    counts.answered({"method": "GET", "path": "/depth", ROUTE: "/depth"}, 200, 0.5)
    assert counts.answers == {("other", "other", "404"): 100, ("GET", "/depth", "200"): 1}
    assert counts.times["GET", "/depth"].sum == 500_000_000
    assert counts.closings == {("/ws/trades", "other"): 100}
    assert counts.streams == {("/ws/trades",): 0}


def test_refusals_before_a_route_is_known_are_counted() -> None:
    async def run() -> None:
        wire = Wire()
        counts = wire.limits.counts
        assert counts.connections == 1
        await wire.say(b"NONSENSE\r\n\r\n")
        assert counts.answers == {("GET", "other", "400"): 1}
        await wire.lose()
        assert counts.connections == 0

    asyncio.run(run())


def test_a_client_that_does_not_read_is_behind() -> None:
    async def run() -> None:
        wire = Wire()
        counts = wire.limits.counts
        await wire.open_stream()
        assert counts.handshakes == {("other", "101"): 1}
        for _ in range(2):
            wire.transport.protocol.pause_writing()
            assert counts.behind == 1
        wire.transport.protocol.resume_writing()
        assert counts.behind == 0
        wire.transport.protocol.pause_writing()
        await wire.lose()
        assert (counts.behind, counts.connections, counts.streams) == (0, 0, {("other",): 0})
        assert counts.closings == {("other", "1006"): 1}

    asyncio.run(run())


def scope(address: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (address, 40_000), "headers": named}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1"])
def test_this_machine_reads_without_a_token(address: str) -> None:
    Readers("local", Administrators([("ops", "secret")]), has_tokens=True).guard(scope(address))


@pytest.mark.parametrize(
    "elsewhere",
    [
        scope("192.0.2.1"),
        scope(x_forwarded_for="127.0.0.1"),
        scope(forwarded="for=127.0.0.1"),
        scope(x_real_ip="127.0.0.1"),
        {**scope(), "client": None},
    ],
)
def test_elsewhere_a_token_is_needed(elsewhere: dict[str, Any]) -> None:
    locked = Readers("local", Administrators([("ops", "secret")]), has_tokens=True)
    for refusing in (locked, Readers("local", Administrators([]), has_tokens=False)):
        with pytest.raises(HttpError) as refused:
            refusing.guard(dict(elsewhere))
        assert refused.value.code == "unauthorized"
    authorized = [*elsewhere["headers"], (b"authorization", b"Bearer secret")]
    locked.guard({**elsewhere, "headers": authorized})
    Readers("anyone", Administrators([]), has_tokens=False).guard(dict(elsewhere))


def page(board: Board) -> set[str]:
    lines = asyncio.run(board.page()).decode().splitlines()
    return {line for line in lines if not line.startswith("#")}


def test_the_page_tells_which_processes_do_not_run(tmp_path: Path) -> None:
    broker, file = FakeBroker(), tmp_path / "metrics"
    slots = Slots(workers=1)
    slots.join()
    board = Board(cast("Broker", broker), HttpCounts(), slots, file)
    broker.available = False
    assert {'exchange_gateway_matcher_up{worker="0"} 0.0', "exchange_history_up 0.0"} <= page(board)
    broker.available = True
    broker.metrics = [gauge("exchange_matcher_sequence", "Sequence.", 7)]
    families = [gauge("exchange_history_sequence", "Sequence.", 6)]
    file.write_bytes(msgspec.msgpack.encode(ProcessMetrics("history", time.time_ns(), families)))
    found = page(board)
    assert {'exchange_gateway_matcher_up{worker="0"} 1.0', "exchange_history_up 1.0"} <= found
    assert {"exchange_matcher_sequence 7.0", "exchange_history_sequence 6.0"} <= found
    for stale in (
        msgspec.msgpack.encode(ProcessMetrics("history", time.time_ns() - 60_000_000_000, families)),
        b"of another version",
    ):
        file.write_bytes(stale)
        found = page(board)
        assert "exchange_history_up 0.0" in found
        assert not any(line.startswith("exchange_history_sequence") for line in found)

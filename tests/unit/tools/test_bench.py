"""The parts of the benchmarks that would make a figure untrue without anybody seeing it."""

import os
import shutil
from collections import Counter
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import pytest

from matcher.core.digest import digest
from matching_exchange.tools.bench import system
from matching_exchange.tools.bench.distribution import Distribution, Point, middle_of, points_of
from matching_exchange.tools.bench.machine import describe
from matching_exchange.tools.bench.measure import BenchError, Spread, ratio, spread, take_turns
from matching_exchange.tools.bench.mix import DEPTH, MIDDLE, Mix, new_engine, symbols_of
from matching_exchange.tools.bench.picture import draw
from matching_exchange.tools.bench.remembered import orders
from matching_exchange.tools.bench.snapshots import Pause, Snapshot, Wait, pauses
from matching_exchange.tools.bench.stopwatch import Stopwatch, kind_of, run_chunks
from matching_exchange.tools.bench.system import find_filesystem, processor_time, resident_memory
from matching_exchange.tools.bench.table import Target, row, text_of
from matching_exchange.tools.bench.tape import Shape, chunks_of, read_tape, resting_orders, write_tape
from matching_exchange.tools.bench.throughput import PublishedCount
from matching_exchange.tools.bench.wire import Wire, frames
from protocol.codec import encode
from protocol.commands import CancelAllOrders, CancelOrder, Command, PlaceOrder
from protocol.events import Answers, CommandRefused, Depth, OrderResult
from protocol.market_data import DepthMessage, TradeMessage
from protocol.public_number import public_number
from protocol.units import OrderStatus, OrderType, Refusal

# What is sent


def test_mix_is_valid_for_an_engine_that_has_not_seen_it() -> None:
    mix = Mix(7)
    commands = list(islice(mix, 20_000))
    engine = new_engine()
    for sequence, command in enumerate(commands, 1):
        events = engine.apply(sequence, sequence, command)
        assert not any(isinstance(event, CommandRefused) for event in events)
    assert digest(engine.registry) == digest(mix.engine.registry)


def test_mix_has_its_shares_and_a_book_that_stays_bounded() -> None:
    mix = Mix(7)
    kinds: Counter[str] = Counter()
    for number, command in enumerate(islice(mix, 40_000)):
        kinds[command.order_type.name if isinstance(command, PlaceOrder) else type(command).__name__] += 1
        assert mix.live <= DEPTH * 1.1
        assert number < 10_000 or mix.live > DEPTH / 2
    assert set(kinds) == {"LIMIT", "MARKET", "CancelOrder"}
    assert [round(kinds[kind] / 4_000) for kind in ("LIMIT", "CancelOrder", "MARKET")] == [6, 3, 1]


def test_mix_is_the_same_for_the_same_seed() -> None:
    def beginning(seed: int) -> list[Command]:
        return list(islice(Mix(seed), 100))

    assert beginning(1) == beginning(1)
    assert beginning(1) != beginning(2)


def test_mix_goes_on_from_resting_orders() -> None:
    first = Mix(1)
    placed = [command for command in islice(first, 200) if isinstance(command, PlaceOrder)]
    live = {order.order_id: order.remaining for order in first.engine.registry.orders if order.level is not None}
    mix = Mix(2, first.engine, live)
    cancels = [command for command in islice(mix, 1_000) if isinstance(command, CancelOrder)]
    assert any(cancel.order_id is not None and cancel.order_id <= len(placed) for cancel in cancels)


def test_mix_spreads_over_its_symbols_and_levels() -> None:
    symbols = symbols_of(3)
    orders = [
        command for command in islice(Mix(7, None, None, symbols, 5_000), 2_000) if isinstance(command, PlaceOrder)
    ]
    assert {order.symbol for order in orders} == set(symbols) == {"BTC-USDT", "BTC-USDT-2", "BTC-USDT-3"}
    prices = [order.price for order in orders if order.price is not None]
    assert 9_000 < max(prices) - MIDDLE < 11_000
    assert 9_000 < MIDDLE - min(prices) < 11_000


def test_a_tape_keeps_the_shape_of_its_book(tmp_path: Path) -> None:
    shape = Shape(4_000, 400, 2)
    wanted = write_tape(tmp_path / "tape", shape, 3, 4_000)
    engine = new_engine(symbols_of(2))
    for command in resting_orders(shape, 3):
        engine.apply(1, 1, command)
    stopwatch = Stopwatch(engine)
    run_chunks(stopwatch, read_tape(tmp_path / "tape"), 1)
    assert digest(engine.registry) == wanted.digest
    assert (stopwatch.operations, sum(kind.count for kind in stopwatch.kinds(0).values())) == (1_024 + 928, 1_024)
    assert 3_600 < sum(order.level is not None for order in engine.registry.orders) < 4_400


def test_an_engine_that_refuses_is_not_timed() -> None:
    with pytest.raises(BenchError, match="UNKNOWN_ORDER"):
        run_chunks(Stopwatch(new_engine()), list(chunks_of([CancelOrder(1)])), 1)


def test_what_commands_are_called() -> None:
    assert [kind_of(command) for command in (next(orders("filled", 1)), CancelOrder(1), CancelAllOrders("a"))] == [
        "limit",
        "cancel",
        "other",
    ]


# What is measured


def test_percentiles_lie_closer_where_fewer_values_are_above() -> None:
    points = points_of(list(range(1, 1_001)), 0.5)
    assert points[0] == Point(0, 0.5)
    assert Point(50, 250.5) in points
    assert Point(75, 375.5) in points
    assert 99.8 < points[-1].percentile <= 99.9
    assert points_of([7], 1) == [Point(0, 7)]


def test_rounds_make_one_distribution() -> None:
    assert middle_of([[Point(0, 1), Point(50, 9)], [Point(0, 3), Point(50, 2)], [Point(0, 2)]]) == [Point(0, 2)]
    assert middle_of([[Point(0, 1), Point(50, 9)], [Point(0, 3), Point(50, 2)]]) == [Point(0, 2), Point(50, 5.5)]


def test_picture_has_a_panel_for_each_suite() -> None:
    curve = [Point(0, 1), Point(90, 10), Point(99, 100)]
    root = ElementTree.fromstring(
        draw([("first", [Distribution("a < b", curve)]), ("second", [Distribution("c", curve)])])
    )
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {
        "first: latency by percentile",
        "second: latency by percentile",
        "a < b",
        "c",
        "0 %",
        "90 %",
        "99 %",
        "1 µs",
        "100 µs",
    } <= set(texts)
    [first, second] = [element.get("points", "").split() for element in root.iter() if element.tag.endswith("polyline")]
    across = [float(point.split(",")[0]) for point in first]
    up = [float(point.split(",")[1]) for point in first]
    # A nine is as wide as the next, a power of ten as high.
    assert across[1] - across[0] == across[2] - across[1] > 0
    assert up[0] - up[1] == pytest.approx(up[1] - up[2], abs=0.2)
    assert len(second) == 3


def test_measurements_take_turns() -> None:
    seen: list[str] = []

    def measure(name: str, value: float) -> float:
        seen.append(name)
        return value + len(seen)

    found = take_turns(2, lambda: measure("a", 10), lambda: measure("b", 20))
    assert (seen, found) == (["a", "b", "a", "b"], [[11, 13], [22, 24]])


def test_medians_and_ratios() -> None:
    assert spread([3, 1, 2]) == Spread(2, 1, 3)
    assert ratio([1, 2, 9], [2, 4, 3]) == Spread(2 / 3, 0.5, 3)


def test_only_a_figure_of_full_size_meets_a_target() -> None:
    figure = Spread(5, 1, 10)
    assert row("a", figure, "s").met is None
    assert row("a", figure, "s", target=Target(5)).met is True
    assert row("a", figure, "s", target=Target(5.1)).met is False
    assert row("a", figure, "s", target=Target(4.9, at_most=True)).met is False
    assert row("a", figure, "s", target=Target(5, at_most=True), quick=True).met is None


def test_figures_as_text() -> None:
    assert [text_of(value) for value in (1234567.8, 100.4, 3, 12.34, 1.234, 0.5, 0.01234)] == [
        "1,234,568",
        "100",
        "3",
        "12.3",
        "1.23",
        "0.50",
        "0.012",
    ]


def test_filesystem_is_that_of_the_nearest_mount() -> None:
    mounts = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /with\\040space rw - tmpfs tmpfs rw
31 30 8:2 / /with\\040space/data rw shared:2 master:1 - xfs /dev/disk rw
"""
    assert find_filesystem(Path("/anywhere"), mounts) == "ext4"
    assert find_filesystem(Path("/with space/other"), mounts) == "tmpfs"
    assert find_filesystem(Path("/with space/data/below"), mounts) == "xfs"


@pytest.fixture
def without_procfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that tells nothing in files, as macOS."""
    monkeypatch.setattr(system, "_read", lambda _: "")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)


@pytest.mark.usefixtures("without_procfs")
def test_a_system_without_files_below_proc_is_described(tmp_path: Path) -> None:
    machine = describe(tmp_path)
    assert machine.processor
    assert machine.cores == os.cpu_count()
    assert machine.filesystem == "unknown"
    assert processor_time(os.getpid()) is None


@pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed")
@pytest.mark.parametrize("told", ["below proc", "by ps"])
def test_memory_grows_by_what_is_held(told: str, request: pytest.FixtureRequest) -> None:
    if told == "by ps":
        request.getfixturevalue("without_procfs")
    before = resident_memory()
    held = bytearray(b"x") * 50_000_000
    assert 40_000_000 < resident_memory() - before < 100_000_000
    assert len(held) == 50_000_000


def test_waits_are_those_of_the_moment_in_which_they_fell() -> None:
    snapshots = [Snapshot(begun=10.02, logged=20, ended=12), Snapshot(begun=20, logged=5, ended=float("inf"))]
    waits = [
        Wait(9.0, 9.004),
        Wait(10.0, 10.025),
        Wait(10.5, 10.54),
        Wait(11.95, 12.01),
        Wait(13.0, 13.002),
        Wait(14.0, 14.006),
        Wait(21.0, 21.1),
    ]
    [pause], outside = pauses(snapshots, waits)
    found = Pause(*(round(value, 3) for value in (pause.logged, pause.fork, pause.writing, pause.end, pause.seconds)))
    assert found == Pause(logged=20, fork=25, writing=40, end=60, seconds=1.98)
    assert round(pause.longest) == 60
    assert [round(wait) for wait in outside] == [4, 6]


def test_wait_for_the_end_of_a_snapshot_is_not_one_for_the_fork_of_the_next() -> None:
    snapshots = [Snapshot(begun=10, logged=10, ended=12), Snapshot(begun=12.03, logged=10, ended=14)]
    waits = [Wait(9.999, 10.001), Wait(11.96, 12.04), Wait(12.015, 12.045), Wait(14.5, 14.501)]
    found, _ = pauses(snapshots, waits)
    assert [(round(pause.fork), round(pause.end)) for pause in found] == [(2, 80), (30, 0)]


# What is counted


@pytest.fixture
def wire() -> Wire:
    """A connection to nobody."""
    return Wire("tcp://127.0.0.1:9", "tcp://127.0.0.1:9")


def result(order_id: int) -> OrderResult:
    return OrderResult(order_id, OrderStatus.OPEN, True, 0, 1, 0, None)


def answers(wire: Wire, number: int, sequence: int, *given: OrderResult | CommandRefused) -> bytes:
    return encode(Answers(public_number(wire.session), 1, number, sequence, 1, list(given)))


def test_every_command_is_answered(wire: Wire) -> None:
    with wire:
        wire.sent = 3
        wire.take(answers(wire, 1, 4, result(1)))
        wire.take(answers(wire, 2, 5, result(2), result(3)))
        assert wire.check() == 3


@pytest.mark.parametrize(
    ("sent", "number", "sequence", "given", "told"),
    [
        (3, 2, 5, (result(2),), "3 commands were sent, 2 answered"),
        (2, 2, 6, (result(2),), "has the sequence 6"),
        (2, 2, 5, (result(3),), "placed the order 3 after 1"),
        (2, 2, 5, (CommandRefused(Refusal.UNKNOWN_ORDER),), "command 2 was refused"),
    ],
)
def test_untrue_counts_are_told(
    wire: Wire, sent: int, number: int, sequence: int, given: tuple[OrderResult | CommandRefused, ...], told: str
) -> None:
    with wire:
        wire.sent = sent
        wire.take(answers(wire, 1, 4, result(1)))
        wire.take(answers(wire, number, sequence, *given))
        with pytest.raises(BenchError, match=told):
            wire.check()


def test_market_data_is_counted() -> None:
    def trade(number: int) -> TradeMessage:
        return TradeMessage(1, 9, number, number - 1, 5, "BTC-USDT", number, 100, 2, "buy", 1, 2, 0, 0)

    def depth(number: int, bids: list[tuple[int, int]]) -> DepthMessage:
        return DepthMessage(1, 9, number, number - 1, 5, "BTC-USDT", bids, [])

    book = Depth("BTC-USDT", [(100, 1)], [])
    published = PublishedCount("tcp://127.0.0.1:9")
    for message in (depth(4, []), trade(1), depth(4, []), depth(5, [(100, 1)]), trade(2)):
        published.take(encode(message))
    published.check([(1, 100, 2), (2, 100, 2)], book)
    with pytest.raises(BenchError, match="not those of the answers"):
        published.check([(1, 100, 2), (2, 100, 3)], book)
    with pytest.raises(BenchError, match="trade 4 was published after 2 trades"):
        published.take(encode(trade(4)))
    with pytest.raises(BenchError, match="depth 7 was published after 5"):
        published.take(encode(depth(7, [])))
    published.close()


def test_missing_answers_are_told(wire: Wire) -> None:
    with wire:
        wire.sent = 3
        with pytest.raises(BenchError, match="from number 1 to 1 are missing"):
            wire.take(answers(wire, 2, 5, result(2)))


def test_frames_hold_every_command() -> None:
    commands = [PlaceOrder("BTC-USDT", "a", 1, OrderType.MARKET, number) for number in range(1, 8)]  # type: ignore[arg-type]
    assert [frame.count for frame in frames(commands, 3)] == [3, 3, 1]

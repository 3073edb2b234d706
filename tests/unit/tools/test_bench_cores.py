"""What the benchmarks hold the two cores against, and what would make those figures untrue without anybody seeing it."""

import gc
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from itertools import islice
from pathlib import Path

import pytest

from matcher import CORE
from matcher.compiled import COMPILED, INTERPRETED, NEVER, VARIABLE, Core
from matcher.core.digest import digest
from matching_exchange.tools.bench import child, cores, engine, other_engine
from matching_exchange.tools.bench.applied import Arguments, SubjectName
from matching_exchange.tools.bench.bare_book import BareBook
from matching_exchange.tools.bench.carried import WARM_UP, Way
from matching_exchange.tools.bench.carried import measure as carry
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.cores import core_line, cores_of
from matching_exchange.tools.bench.data import SESSION
from matching_exchange.tools.bench.engine import apply_tape, record
from matching_exchange.tools.bench.measure import BenchError, Plan
from matching_exchange.tools.bench.mix import Mix, new_engine
from matching_exchange.tools.bench.paused import Pauses
from matching_exchange.tools.bench.paused import measure as pause
from matching_exchange.tools.bench.remembered import Remembered
from matching_exchange.tools.bench.tape import Shape, Written, decode_chunk, read_tape, write_tape
from matching_exchange.tools.bench.way import write_frames
from protocol.codec import decode_market_data, encode
from protocol.commands import VERSION, CancelAllOrders, CancelOrder, Command, Commands, PlaceOrder
from protocol.events import Trade
from protocol.market_data import TradeMessage
from protocol.units import OrderType, Side

SYMBOL = "BTC-USDT"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        rounds=1,
        seconds=0.01,
        quick=True,
        seed=1,
        directory=tmp_path,
        tell=lambda _: None,
        recording=tmp_path / "none",
        distributions=[],
        left_out=[],
    )


@pytest.fixture
def own_collector() -> Iterator[None]:
    """What is measured turns the cyclic collector off."""
    yield
    gc.enable()
    gc.unfreeze()


# The cores


def test_a_core_that_is_not_there_is_left_out_by_name(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CORE", Core("nothing is built"))
    assert cores_of(plan) == [INTERPRETED]
    assert plan.left_out == ["the compiled core: nothing is built"]
    assert core_line().endswith("ran the interpreted core, if it ran one: nothing is built.")


def test_both_cores_are_measured_where_they_are_there(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "CORE", Core(""))
    assert cores_of(plan) == [COMPILED, INTERPRETED]
    assert plan.left_out == []
    assert "ran the compiled core" in core_line()


def test_a_process_with_the_other_core_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SETTINGS", {COMPILED: {VARIABLE: NEVER}})
    with pytest.raises(BenchError, match="remembered ran the interpreted core, not the compiled one"):
        measure_in_child("matching_exchange.tools.bench.remembered", ["canceled", "10", "1"], Remembered, COMPILED)


@pytest.mark.parametrize(
    ("subject", "wrong", "told"),
    [
        ("engine", Written("none", {}), "not none"),
        ("bare book", Written("", {"live orders": -1}), "live orders of the bare book: [0-9]+, not -1"),
    ],
)
def test_an_untrue_outcome_is_told(plan: Plan, subject: SubjectName, wrong: Written, told: str) -> None:
    tape = record(plan, "mix", Shape(0, 0))
    arguments = Arguments(tape.arguments.tape, tape.arguments.shape, 1, subject)
    apply_tape(engine.Tape(arguments, tape.written), INTERPRETED)
    with pytest.raises(BenchError, match=told):
        apply_tape(engine.Tape(arguments, wrong), INTERPRETED)


# The yardsticks


def test_counts_of_the_mix_are_those_of_its_engine_and_of_the_bare_book(tmp_path: Path) -> None:
    written = write_tape(tmp_path / "tape", Shape(0, 0), 3, 20_000)
    engine, book = new_engine(), BareBook()
    commands = [command for chunk in read_tape(tmp_path / "tape") for command in decode_chunk(chunk)]
    trades: list[Trade] = []
    for sequence, command in enumerate(commands, 1):
        trades += [event for event in engine.apply(sequence, sequence, command) if isinstance(event, Trade)]
        book.apply(sequence, sequence, command)
    live = [order for order in engine.registry.orders if order.level is not None]
    assert written.outcome == {
        "live orders": len(live),
        "resting quantity": sum(order.remaining for order in live),
        "filled quantity": sum(trade.quantity for trade in trades),
        "trades": len(trades),
    }
    assert book.outcome().items() <= written.outcome.items()
    assert set(book.orders) == {order.order_id for order in live}


def place(side: Side, quantity: int, price: int | None) -> PlaceOrder:
    order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    return PlaceOrder(SYMBOL, "a", side, order_type, quantity, price)


def test_bare_book_fills_the_best_and_the_oldest_first() -> None:
    book = BareBook()

    def left() -> dict[int, int]:
        return {order_id: order.remaining for order_id, order in book.orders.items()}

    for command in (*(place(Side.SELL, 5, price) for price in (101, 100, 100, 102)), place(Side.BUY, 7, 100)):
        book.apply(1, 1, command)
    assert left() == {1: 5, 3: 3, 4: 5}
    book.apply(1, 1, CancelOrder(1))
    book.apply(1, 1, place(Side.BUY, 5, 101))
    assert left() == {4: 5, 6: 2}
    book.apply(1, 1, place(Side.SELL, 9, None))
    assert (left(), book.filled) == ({4: 5}, 7 + 3 + 2)
    with pytest.raises(ValueError, match="CancelAllOrders"):
        book.apply(1, 1, CancelAllOrders("a"))


@pytest.mark.parametrize(
    ("found", "told"), [(None, "it is not installed"), ("0.2.0", r"its version 0\.2\.0 is installed"), ("0.1.1", "^$")]
)
def test_another_engine_is_measured_in_one_version(
    found: str | None, told: str, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(package: str) -> str:
        if found is None:
            raise PackageNotFoundError(package)
        return found

    monkeypatch.setattr(other_engine, "version", version)
    reason = other_engine.why_missing()
    assert re.search(told, reason)
    assert list(engine.yardsticks(plan)) == ["bare book", *([] if reason else ["matching-engine 0.1.1"])]
    assert plan.left_out == ([f"matching-engine 0.1.1: {reason}"] if reason else [])


# The whole way


def frame(number: int, commands: list[Command]) -> bytes:
    return encode(Commands(VERSION, SESSION, number, number - 1, commands))


@pytest.mark.usefixtures("own_collector")
def test_the_whole_way_ends_where_the_mix_does(tmp_path: Path) -> None:
    commands = WARM_UP * 256 + 700
    expected = write_frames(tmp_path / "tape", 5, commands)
    found = carry(tmp_path / "tape")
    assert (found.digest, found.commands, found.core) == (expected, 700, CORE.kind)
    assert min(found.stages.values()) > 0


def test_what_is_missing_on_the_way_is_told() -> None:
    mix = Mix(5)
    way = Way()
    way.carry(frame(1, list(islice(mix, 256))))
    assert digest(way.state.registry) == digest(mix.engine.registry)
    with pytest.raises(BenchError, match="256 commands were answered, not 257"):
        way.check(257)
    kinds = [type(decode_market_data(payload)) for payload in way.published]
    del way.published[kinds.index(TradeMessage)]
    with pytest.raises(BenchError, match=r"[0-9]+ trades were published, not [0-9]+"):
        way.check(256)


def test_a_refusal_on_the_way_is_told() -> None:
    way = Way()
    way.carry(frame(1, [CancelOrder(7)]))
    with pytest.raises(BenchError, match=r"a command was refused: .*UNKNOWN_ORDER"):
        way.check(1)


# Pauses


@pytest.mark.usefixtures("own_collector")
@pytest.mark.parametrize(("kind", "commands"), [("mix", 2_000), ("named", 2_000 * 3)])
def test_the_longest_of_all_commands_is_found(kind: str, commands: int) -> None:
    found = pause(kind, 2_000, 1)
    assert found.commands == commands
    assert found.processor > 0
    assert found.wall > 0
    assert found.number <= commands
    assert found.kind in ("PlaceOrder", "CancelOrder")


def test_a_refused_command_is_no_pause() -> None:
    with pytest.raises(BenchError, match="was refused"):
        Pauses().carry_out(CancelOrder(7))

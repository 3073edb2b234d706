"""A leader says nothing before its record is in the log, and answers queries only while it surely leads."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.replication.records import Handover, Poisoned, content
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from matcher.storage.log import FencedError, Kind, Record
from protocol.commands import VERSION, CancelAllOrders, DepthQuery, LoadBook, PlaceOrder
from protocol.events import BookLoaded, CommandRefused, Depth, OrderResult
from protocol.node import NodePulse, NodeRole
from protocol.node_frames import HandOver
from protocol.reports import Pulse
from protocol.saved_book import SavedBook
from protocol.units import OrderType, Refusal, Side
from tests.memory_nodes import MILLISECOND, MemoryNode, without_epoch
from tests.replicated_log import FakeClock, NodeLog, SharedLog

SESSION = 4_711
QUERY = DepthQuery("BTC-USDT", 5)


def order(price: int = 5_000_000, side: Side = Side.BUY) -> PlaceOrder:
    return PlaceOrder("BTC-USDT", "ann", side, OrderType.LIMIT, 100_000, price)


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def node(tmp_path: Path, shared: SharedLog, clock: FakeClock) -> Iterator[MemoryNode]:
    node = MemoryNode(tmp_path / "a", shared, clock)
    yield node
    node.close()


@pytest.fixture
def other(tmp_path: Path, shared: SharedLog, clock: FakeClock) -> Iterator[MemoryNode]:
    node = MemoryNode(tmp_path / "b", shared, clock, number=1)
    yield node
    node.close()


def opened(node: MemoryNode) -> None:
    node.elect()
    node.open(SESSION)
    node.step()


def test_first_leader_appends_the_instruments_of_its_list(node: MemoryNode, shared: SharedLog) -> None:
    node.elect()
    assert [record.kind for record in shared.records()] == [Kind.EPOCH, Kind.BATCH]
    assert "BTC-USDT" in node.state.registry.books
    roles = {report.role for report in node.said() if isinstance(report, NodePulse)}
    assert NodeRole.LEADER in roles
    assert any(isinstance(report, Pulse) for report in node.heard)


def test_later_leader_appends_only_what_is_missing(node: MemoryNode, other: MemoryNode, shared: SharedLog) -> None:
    node.elect()
    other.elect()
    assert [record.kind for record in shared.records()] == [Kind.EPOCH, Kind.BATCH, Kind.EPOCH]
    assert shared.records()[-1].epoch > shared.records()[0].epoch


def test_answer_waits_for_the_record(node: MemoryNode) -> None:
    opened(node)
    node.log.deaf = True
    node.order(SESSION, 1, order())
    node.step()
    assert node.leader is not None
    assert node.leader.is_waiting
    assert node.leader.unanswered == 1
    assert node.answers(SESSION) == []
    node.log.deaf = False
    node.step()
    [answered] = node.answers(SESSION)
    assert isinstance(answered.answers[0], OrderResult)
    assert node.leader.unanswered == 0


def test_pulses_tell_the_committed_sequence_while_an_append_waits(node: MemoryNode, clock: FakeClock) -> None:
    opened(node)
    before = node.state.sequence
    node.log.deaf = True
    node.order(SESSION, 1, order())
    node.step()
    clock.forward(700 * MILLISECOND)
    node.said().clear()
    assert node.leader is not None
    node.step()
    [told] = [report for report in node.said() if isinstance(report, NodePulse)]
    assert told.sequence == before
    assert told.waiting == 700 * MILLISECOND
    node.log.deaf = False
    node.step()


def test_query_is_answered_at_once_under_the_lease(node: MemoryNode, shared: SharedLog) -> None:
    opened(node)
    records = len(shared.records())
    node.ask(SESSION, 9, QUERY)
    node.step()
    [result] = node.results()
    assert isinstance(result.result, Depth)
    assert result.timestamp == shared.records()[-1].time
    assert len(shared.records()) == records


def test_query_without_the_lease_waits_for_a_beat_that_began_after_it(
    node: MemoryNode, clock: FakeClock, shared: SharedLog
) -> None:
    opened(node)
    clock.forward(300 * MILLISECOND)
    node.log.deaf = True
    node.ask(SESSION, 9, QUERY)
    node.step()
    assert shared.records()[-1].kind is Kind.BEAT
    assert node.results() == []
    node.log.deaf = False
    node.step()
    assert len(node.results()) == 1


def test_fenced_leader_answers_neither_commands_nor_queries(
    node: MemoryNode, other: MemoryNode, clock: FakeClock
) -> None:
    opened(node)
    node.log.away = True
    node.order(SESSION, 1, order())
    node.step()
    other.elect()
    node.log.away = False
    with pytest.raises(FencedError):
        node.step()
    assert node.leader is not None
    assert node.leader.unanswered == 1
    assert node.answers(SESSION) == []


def test_paused_leader_answers_no_query_from_before_the_new_leader(
    node: MemoryNode, other: MemoryNode, clock: FakeClock
) -> None:
    opened(node)
    other.elect()
    node.ask(SESSION, 9, QUERY)
    with pytest.raises(FencedError):
        node.step()
    assert node.results() == []


def test_idle_leader_beats(node: MemoryNode, clock: FakeClock, shared: SharedLog) -> None:
    opened(node)
    before = len(shared.records())
    clock.forward(149 * MILLISECOND)
    node.step()
    assert len(shared.records()) == before
    clock.forward(MILLISECOND)
    node.step()
    assert [record.kind for record in shared.records()[before:]] == [Kind.BEAT]


def test_new_leader_gives_the_answers_of_the_old_one(node: MemoryNode, other: MemoryNode) -> None:
    opened(node)
    node.order(SESSION, 1, order(), order(side=Side.SELL))
    node.step()
    other.elect()
    assert other.digest == node.digest
    other.order(SESSION, 1, order(), order(side=Side.SELL))
    other.step()
    assert without_epoch(other.answers(SESSION)) == without_epoch(node.answers(SESSION))
    assert other.answers(SESSION)[0].epoch > node.answers(SESSION)[0].epoch


def test_new_leader_tells_again_what_watched_accounts_heard_last(node: MemoryNode, other: MemoryNode) -> None:
    opened(node)
    node.watch(SESSION, 1, "ann")
    node.order(SESSION, 2, order())
    node.step()
    [told] = node.updates()
    other.elect()
    assert other.updates() == [told]


def saved_book(orders: int) -> SavedBook:
    state = State(Engine())
    state.apply(OWN_SESSION, 0, read_instruments(None), 1)
    state.apply(OWN_SESSION, 0, [order(4_000_000 + price) for price in range(orders)], 2)
    return save_book(state.registry.books["BTC-USDT"], state.sequence)


def test_loaded_book_goes_as_parts_and_is_answered_once(node: MemoryNode, other: MemoryNode, shared: SharedLog) -> None:
    opened(node)
    records = len(shared.records())
    node.order(SESSION, 1, LoadBook("BTC-USDT", saved_book(4_500)))
    node.step()
    kinds = [record.kind for record in shared.records()[records:]]
    assert len(kinds) > 1
    assert set(kinds) == {Kind.PART}
    [answered] = node.answers(SESSION)
    assert isinstance(answered.answers[0], BookLoaded)
    other.elect()
    assert other.digest == node.digest


def test_parts_of_a_leader_that_ended_between_them_are_never_carried_out(
    node: MemoryNode, other: MemoryNode, shared: SharedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(node)
    before = node.digest
    monkeypatch.setattr(node.log, "begin_append", first_only(node.log))
    node.order(SESSION, 1, LoadBook("BTC-USDT", saved_book(4_500)))
    node.step()
    assert shared.records()[-1].kind is Kind.PART
    other.elect()
    assert other.digest == before
    assert other.state.sequence == shared.records()[-1].sequence - 1


def first_only(log: NodeLog) -> Callable[[int, Record], None]:
    """Begins the first append, and none behind it: the process ends there."""
    begin = log.begin_append
    begun: list[Record] = []

    def begin_append(expected: int, record: Record) -> None:
        if not begun:
            begun.append(record)
            begin(expected, record)

    return begin_append


def test_handover_ends_the_leader_and_lets_the_other_lead_at_once(
    node: MemoryNode, other: MemoryNode, clock: FakeClock, shared: SharedLog
) -> None:
    opened(node)
    other.step()
    node.send(HandOver(VERSION, 0, 1))
    node.step()
    node.step()
    assert node.leader is not None
    assert node.leader.is_handed_over
    assert content(shared.records()[-1], Handover) == Handover(1)
    now = clock.now
    other.step()
    assert other.standby.leads
    assert clock.now == now


def test_leader_that_hands_over_answers_no_query_any_more(node: MemoryNode, shared: SharedLog) -> None:
    opened(node)
    node.send(HandOver(VERSION, 0, 1))
    node.ask(SESSION, 9, QUERY)
    for _ in range(3):
        node.step()
    assert shared.records()[-1].kind is Kind.HANDOVER
    assert node.results() == []


def test_command_that_crashes_the_core_is_refused_by_the_next_leader(
    node: MemoryNode, other: MemoryNode, shared: SharedLog
) -> None:
    opened(node)
    node.watch(SESSION, 1, "ann")
    node.order(SESSION, 2, order(side=Side.SELL))
    node.step()
    sequence = node.state.sequence
    # A fault of this process: the maker of the next trade is not known.
    [maker] = node.state.registry.orders
    node.state.registry.orders.remove(maker)
    node.order(SESSION, 3, order())
    with pytest.raises(KeyError):
        node.step()
    record = shared.records()[-1]
    assert record.kind is Kind.POISON
    poisoned = content(record, Poisoned)
    assert (poisoned.session, poisoned.number, record.sequence) == (SESSION, 3, sequence + 1)
    other.elect()
    other.order(SESSION, 3, order())
    other.step()
    refused = other.answers(SESSION)[-1].answers[0]
    assert isinstance(refused, CommandRefused)
    assert refused.refusal is Refusal.COMMAND_REFUSED
    assert refused.detail.startswith("KeyError")
    other.order(SESSION, 4, CancelAllOrders("ann"))
    other.step()
    assert other.answers(SESSION)[-1].number == 4

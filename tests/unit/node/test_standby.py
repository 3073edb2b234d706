"""A standby carries out what is in the log, and stops where it computes otherwise."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from matcher.replication.member import RewoundLogError
from matcher.replication.records import EpochInfo, pack_content
from matcher.replication.replay import DivergedError
from matcher.storage.log import Kind, Record
from protocol.node import NodePulse, NodeRole
from tests.memory_nodes import MILLISECOND, MemoryNode
from tests.node_life import Writer
from tests.replicated_log import FakeClock, SharedLog


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


@pytest.fixture
def writer(shared: SharedLog) -> Writer:
    return Writer(shared)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def node(tmp_path: Path, shared: SharedLog, writer: Writer, clock: FakeClock) -> Iterator[MemoryNode]:
    node = MemoryNode(tmp_path / "a", shared, clock)
    yield node
    node.close()


def test_standby_has_the_state_of_the_leader(node: MemoryNode, writer: Writer) -> None:
    writer.trade(20)
    node.step()
    assert node.digest == writer.digest
    assert node.state.sequence == writer.state.sequence


def test_standby_tells_its_position_and_never_pulses_as_a_leader(node: MemoryNode, writer: Writer) -> None:
    writer.trade(3)
    node.step()
    said = node.said()
    assert {type(report) for report in said} == {NodePulse}
    told = said[-1]
    assert isinstance(told, NodePulse)
    assert (told.role, told.position, told.sequence) == (NodeRole.STANDBY, writer.shared.head, writer.state.sequence)
    assert told.epoch == writer.epoch


def test_standby_drops_commands(node: MemoryNode, writer: Writer) -> None:
    node.open(4_711)
    node.step()
    node.step()
    assert not node.doors.sockets.commands.poll(0)
    assert not node.state.sessions.knows(4_711)


def test_standby_elects_itself_only_after_its_silence(node: MemoryNode, writer: Writer, clock: FakeClock) -> None:
    writer.beat()
    node.step()
    for _ in range(29):
        clock.forward(20 * MILLISECOND)
        node.step()
    assert not node.standby.leads
    clock.forward(20 * MILLISECOND)
    node.step()
    assert node.standby.leads


def test_standby_that_is_outrun_follows_on(node: MemoryNode, writer: Writer, clock: FakeClock) -> None:
    node.step()
    for _ in range(29):
        clock.forward(20 * MILLISECOND)
        node.step()
    # Its Epoch goes out, and does not get there before another record.
    node.log.away = True
    clock.forward(20 * MILLISECOND)
    node.step()
    writer.trade()
    node.log.away = False
    for _ in range(3):
        node.step()
    assert not node.standby.leads
    assert node.digest == writer.digest


def test_answer_that_differs_stops_the_standby_at_that_record(node: MemoryNode, writer: Writer) -> None:
    node.step()
    node.state.registry.books["BTC-USDT"].last_trade_id += 1
    writer.trade(3)
    with pytest.raises(DivergedError, match=r"position \d+, sequence \d+: its answers have the CRC"):
        for _ in range(3):
            node.step()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sequence": 99}, "begins with sequence 99"),
        ({"epoch": 4}, "its epoch is 4, after 5"),
        ({"outputs": 1}, "its answers have the CRC 00000001"),
    ],
)
def test_record_that_does_not_continue_the_state_stops_the_standby(
    node: MemoryNode, writer: Writer, changes: dict[str, int], told: str
) -> None:
    node.step()
    record = Record(writer.state.sequence + 1, writer.state.time + 1, [], Kind.BATCH, 5, 0, 0)
    writer.shared.put(replace(record, **changes))
    with pytest.raises(DivergedError, match=told):
        node.step()


def test_epoch_that_stands_there_already_is_refused(node: MemoryNode, writer: Writer) -> None:
    node.step()
    writer.put(Kind.EPOCH, [pack_content(EpochInfo(writer.epoch, 1, [], "0"))])
    with pytest.raises(DivergedError, match="its epoch is 5, after 5"):
        node.step()


def test_log_that_has_lost_records_is_refused(
    node: MemoryNode, writer: Writer, shared: SharedLog, clock: FakeClock
) -> None:
    writer.trade(2)
    node.step()
    for follower in node.log.followers:
        follower.silent = True
    del shared.packed[-1], shared.crcs[-1]
    with pytest.raises(RewoundLogError, match="it has lost what was answered"):
        for _ in range(30):
            clock.forward(50 * MILLISECOND)
            node.step()


def test_old_records_of_the_start_are_no_warning(node: MemoryNode, writer: Writer, clock: FakeClock) -> None:
    node.step()
    clock.forward(1_000 * MILLISECOND)
    node.step()
    pulses = [report for report in node.said() if isinstance(report, NodePulse)]
    assert pulses[-1].position == writer.shared.head
    assert not any(pulse.warnings for pulse in pulses)


def test_record_from_another_time_is_a_warning(node: MemoryNode, writer: Writer, clock: FakeClock) -> None:
    node.step()
    node.step()
    writer.beat()
    node.step()
    clock.forward(1_000 * MILLISECOND)
    node.step()
    pulses = [report for report in node.said() if isinstance(report, NodePulse)]
    assert any("behind this machine's clock" in warning for warning in pulses[-1].warnings)

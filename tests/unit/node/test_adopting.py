"""A state that moves from one log to another keeps its digest, and no answer is dropped without a word."""

from pathlib import Path

import pytest

from matcher.core.digest import digest
from matcher.node.adopting import (
    AdoptError,
    begin_local,
    begin_log,
    copy_beside,
    state_of_local,
    state_of_node,
)
from matcher.node.start import StartError
from matcher.storage.data_directory import DataDirectory
from matcher.storage.journal_format import ENGINE
from matcher.storage.log import Kind, Record
from matcher.storage.recovery import recover
from matching_exchange.tools.backup import make_backup
from matching_exchange.tools.restore import restore
from tests.node_life import FollowingNode, Writer, serving
from tests.replicated_log import FakeClock, NodeLog, SharedLog
from tests.unit.matcher.life import Life


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


def node_with_state(path: Path, shared: SharedLog) -> FollowingNode:
    """A node that has come further than its checkpoint, and was stopped."""
    writer = Writer(shared)
    node = FollowingNode(path, shared)
    writer.trade(8)
    writer.checkpoint(node.checkpoints.entries())
    writer.trade(3)
    node.catch_up()
    node.close()
    return node


def test_a_lost_log_is_begun_anew_with_the_same_digest(tmp_path: Path, shared: SharedLog) -> None:
    node = node_with_state(tmp_path / "node", shared)
    node.checkpoints.write_last()
    new = SharedLog("log-2")
    adopted = state_of_node(node.directory, with_loss=False)
    assert adopted.position == shared.head
    begin_log(adopted, NodeLog(new, FakeClock()), "memory", node.directory)
    again = FollowingNode(tmp_path / "node", new)
    assert (again.digest, again.standing.state.sequence) == (node.digest, node.standing.state.sequence)
    # The old log is another one now.
    with pytest.raises(StartError, match=r"is log-1, but .* names log-2"):
        FollowingNode(tmp_path / "node", shared)
    # Others fetch the state: the first record alone brings nobody there.
    with pytest.raises(StartError, match="no node has a snapshot"):
        FollowingNode(tmp_path / "third", new)
    with serving(again.directory.snapshots) as endpoint:
        other = FollowingNode(tmp_path / "other", new, [endpoint])
    assert other.digest == node.digest
    # A leader goes on from there, with an epoch and a time above those of before.
    last = new.record(1)
    assert last.kind is Kind.CHECKPOINT
    assert last.time == last.epoch > node.standing.epoch
    new.put(Record(node.standing.state.sequence + 1, last.time + 1, [b""], Kind.EPOCH, last.epoch + 1))
    new.put(Record(node.standing.state.sequence + 1, last.time + 2, [], Kind.BEAT, last.epoch + 1))
    for each in (again, other):
        each.catch_up()
        assert each.standing.position == new.head
        each.close()


def test_what_no_snapshot_holds_is_not_dropped_without_a_word(tmp_path: Path, shared: SharedLog) -> None:
    node = node_with_state(tmp_path, shared)
    with pytest.raises(AdoptError, match=rf"had come to position {shared.head}, .* add --with-loss"):
        state_of_node(node.directory, with_loss=False)
    adopted = state_of_node(node.directory, with_loss=True)
    assert adopted.position == node.standing.position - 3
    assert adopted.state.sequence == node.standing.state.sequence - 6


def test_a_log_that_has_begun_takes_no_other_state(tmp_path: Path, shared: SharedLog) -> None:
    node = node_with_state(tmp_path, shared)
    adopted = state_of_node(node.directory, with_loss=True)
    with pytest.raises(AdoptError, match="has begun already"):
        begin_log(adopted, NodeLog(shared, FakeClock()), "memory", node.directory)


def test_what_was_not_answered_is_of_use_to_adopt_alone(tmp_path: Path, shared: SharedLog) -> None:
    node = node_with_state(tmp_path, shared)
    at = node.standing.position
    node.checkpoints.write_last(ahead=True)
    assert state_of_node(node.directory, with_loss=False).position == at
    # The log was away only: the state is that of the log again.
    again = FollowingNode(tmp_path, shared)
    assert again.standing.position < at
    again.catch_up()
    assert again.digest == node.digest
    again.close()


def test_a_local_data_directory_moves_into_a_log_and_back(tmp_path: Path, shared: SharedLog) -> None:
    life = Life(tmp_path / "local")
    life.trade(9)
    life.snapshot()
    life.trade(4)
    life.journal.close()
    (tmp_path / "local" / "keys").mkdir()
    (tmp_path / "local" / "keys" / "server.key").write_bytes(b"secret")
    expected, sequence = digest(life.state.registry), life.state.sequence

    (tmp_path / "node").mkdir()
    source, target = DataDirectory(tmp_path / "local"), DataDirectory(tmp_path / "node")
    copy_beside(source, target)
    adopted = state_of_local(source)
    begin_log(adopted, NodeLog(shared, FakeClock()), "memory", target)
    assert adopted.digest == expected
    assert (tmp_path / "node" / "keys" / "server.key").read_bytes() == b"secret"
    node = FollowingNode(tmp_path / "node", shared)
    assert (node.digest, node.standing.state.sequence) == (expected, sequence)
    shared.put(Record(sequence + 1, node.standing.state.time + 1, [], Kind.BEAT, node.standing.epoch))
    node.catch_up()
    node.checkpoints.write_last()
    node.close()

    (tmp_path / "back").mkdir()
    back = DataDirectory(tmp_path / "back")
    begin_local(state_of_node(target, with_loss=False), back)
    recovered = recover(back)
    assert (digest(recovered.state.registry), recovered.state.sequence) == (expected, sequence)
    assert recovered.journal.id not in (shared.id, life.journal.id)
    # The journal goes on, and a start finds what it holds.
    recovered.journal.append(sequence + 1, recovered.state.time + 1, [])
    recovered.journal.append(sequence + 1, recovered.state.time + 1, [])
    recovered.journal.close()
    assert digest(recover(back).state.registry) == expected


def test_a_backup_of_a_running_node_is_adopted_elsewhere(tmp_path: Path, shared: SharedLog) -> None:
    node = node_with_state(tmp_path / "node", shared)
    node.checkpoints.write_last()
    contents = make_backup(tmp_path / "node", tmp_path / "backup", None)
    assert (contents.journal, contents.digest) == (shared.id, node.digest)
    restore(tmp_path / "backup", tmp_path / "again")
    again, new = DataDirectory(tmp_path / "again"), SharedLog("log-2")
    begin_log(state_of_node(again, with_loss=False), NodeLog(new, FakeClock()), "memory", again)
    back = FollowingNode(tmp_path / "again", new)
    assert back.digest == node.digest
    back.close()


def test_a_state_of_another_engine_is_taken_on_demand(
    tmp_path: Path, shared: SharedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = node_with_state(tmp_path, shared)
    monkeypatch.setattr("matcher.storage.snapshot.ENGINE", ENGINE - 1)
    node.checkpoints.write_last()
    monkeypatch.undo()
    with pytest.raises(AdoptError, match=f"format 2 of engine {ENGINE - 1}"):
        state_of_node(node.directory, with_loss=False)
    assert state_of_node(node.directory, with_loss=False, any_engine=True).digest == node.digest


def test_a_directory_without_a_node_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdoptError, match="holds no snapshot of a node"):
        state_of_node(DataDirectory(tmp_path), with_loss=False)
    with pytest.raises(AdoptError, match="holds no journal"):
        state_of_local(DataDirectory(tmp_path))
    life = Life(tmp_path / "local")
    life.trade(1)
    life.snapshot()
    with pytest.raises(AdoptError, match="holds no snapshot of a node"):
        state_of_node(life.directory, with_loss=False)

"""Nodes take their snapshots at the same records, and the log is trimmed as far as they all can do without it."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from msgspec.structs import replace

from matcher.node.fetching import TRIES_SECONDS, Fetched, SnapshotFetcher
from matcher.node.start import LostLogError, Start, StartError
from matcher.replication.records import Poisoned, pack_content
from matcher.replication.trims import FIRST_AFTER
from matcher.storage.data_directory import DataDirectory
from matcher.storage.log import Kind
from matcher.storage.snapshot import read_snapshot
from matcher.storage.snapshot_file import snapshots
from protocol.snapshots import Listed
from tests.node_life import FollowingNode, Writer, serving
from tests.replicated_log import FakeClock, NodeLog, SharedLog

NOW = 100 * FIRST_AFTER


@pytest.fixture
def shared() -> SharedLog:
    return SharedLog()


@pytest.fixture
def writer(shared: SharedLog) -> Writer:
    return Writer(shared)


def test_nodes_have_the_same_snapshot_at_a_checkpoint(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    writer.trade(20)
    poison = Poisoned(7, 99, "it ends")
    writer.put(Kind.POISON, [pack_content(poison)])
    one = FollowingNode(tmp_path / "one", shared)
    at = writer.checkpoint(one.checkpoints.entries())
    expected = writer.digest
    writer.trade(5)
    other = FollowingNode(tmp_path / "other", shared)
    for node in (one, other):
        node.catch_up()
        assert node.pulse(0).snapshot_position == at
        assert node.pulse(0).snapshot_digest == expected
        assert node.digest == writer.digest
    [left], [right] = (snapshots(node.directory.snapshots) for node in (one, other))
    assert left.read_bytes() == right.read_bytes()
    head, _ = read_snapshot(left)
    assert (head.position, head.crc, head.epoch, head.journal) == (at, shared.crcs[at], writer.epoch, shared.id)
    assert [(each.session, each.number, each.error) for each in head.poisons] == [(7, 99, "it ends")]
    one.close()
    other.close()


def test_a_node_goes_on_from_its_own_snapshot(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    first = FollowingNode(tmp_path, shared)
    writer.trade(10)
    at = writer.checkpoint(first.checkpoints.entries())
    writer.trade(10)
    first.catch_up()
    first.close()
    again = FollowingNode(tmp_path, shared)
    assert again.standing.position == at
    again.catch_up()
    assert again.digest == writer.digest
    again.close()


def test_two_nodes_let_the_log_be_trimmed(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    leader = FollowingNode(tmp_path / "leader", shared)
    other = FollowingNode(tmp_path / "other", shared)
    leader.checkpoints.lead(0)
    positions = []
    for _ in range(3):
        writer.trade(10)
        positions.append(writer.checkpoint(leader.checkpoints.entries()))
        leader.catch_up()
        leader.checkpoints.trim(NOW)
        assert shared.trimmed == 0, "no other node has the snapshots"
    other.catch_up()
    # It tells its newest one alone: two of them must have been heard.
    leader.checkpoints.heard([other.pulse(1)], NOW)
    leader.checkpoints.trim(NOW + FIRST_AFTER)
    assert shared.trimmed == 0
    writer.trade(10)
    positions.append(writer.checkpoint(leader.checkpoints.entries()))
    for node in (leader, other):
        node.catch_up()
    leader.checkpoints.heard([other.pulse(1)], NOW + FIRST_AFTER)
    leader.checkpoints.trim(NOW + 2 * FIRST_AFTER)
    assert shared.trimmed == 0, "the other one was not heard for long"
    leader.checkpoints.heard([other.pulse(1)], NOW + 3 * FIRST_AFTER)
    leader.checkpoints.trim(NOW + 3 * FIRST_AFTER)
    assert shared.trimmed == positions[2] - 1, "the record of the older checkpoint stays"
    leader.close()
    other.close()


def test_different_digests_at_one_position_stop_trims(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    leader = FollowingNode(tmp_path, shared, alone=True)
    leader.checkpoints.lead(0)
    for _ in range(2):
        writer.trade(4)
        at = writer.checkpoint(leader.checkpoints.entries())
    leader.catch_up()
    leader.checkpoints.heard([replace(leader.pulse(3), snapshot_digest="f" * 64)], NOW)
    leader.checkpoints.trim(NOW)
    assert shared.trimmed == 0
    [warning] = leader.checkpoints.warnings()
    assert f"Node 3 has another state at position {at}" in warning
    leader.close()


def test_a_small_budget_is_kept(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    budget = 100_000
    leader = FollowingNode(tmp_path, shared, budget=budget, alone=True)
    leader.checkpoints.lead(0)
    now, most = NOW, 0
    for _ in range(120):
        writer.trade(5, commands=8)
        now += FIRST_AFTER
        leader.catch_up()
        if leader.checkpoints.due:
            writer.checkpoint(leader.checkpoints.entries())
            leader.catch_up()
        leader.checkpoints.trim(now)
        held = sum(map(len, shared.packed[shared.trimmed :]))
        most = max(most, held)
        assert held < budget
        assert not leader.checkpoints.full
        assert leader.checkpoints.warnings() == []
    assert sum(map(len, shared.packed)) > 2 * budget
    assert most > budget // 4
    leader.close()


def test_a_log_that_cannot_be_trimmed_is_full(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    budget = 20_000
    leader = FollowingNode(tmp_path, shared, budget=budget)
    leader.checkpoints.lead(0)
    seen = []
    while not leader.checkpoints.full:
        writer.trade()
        leader.catch_up()
        seen += [leader.checkpoints.warnings()]
    assert [] in seen
    assert any("see to the other nodes" in text for texts in seen for text in texts)
    [text] = leader.checkpoints.warnings()
    assert "commands are refused" in text
    assert sum(map(len, shared.packed)) < budget
    leader.close()


def test_a_reader_is_waited_for_up_to_a_quarter(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    budget = 100_000
    leader = FollowingNode(tmp_path, shared, budget=budget, alone=True)
    leader.checkpoints.lead(0)
    now = NOW
    behind: list[int] = []
    for _ in range(60):
        writer.trade(5, commands=8)
        now += FIRST_AFTER // 100
        leader.catch_up()
        leader.checkpoints.note_reader("history", 30, now)
        if leader.checkpoints.due:
            writer.checkpoint(leader.checkpoints.entries())
            leader.catch_up()
        leader.checkpoints.trim(now + FIRST_AFTER * len(behind))
        behind.append(shared.trimmed)
    assert any(0 < trimmed < 30 for trimmed in behind), "it waited first"
    assert behind[-1] > 30, "and not for ever"
    leader.close()


def test_a_node_that_was_away_over_two_trims_fetches_a_snapshot(
    tmp_path: Path, shared: SharedLog, writer: Writer
) -> None:
    away = FollowingNode(tmp_path / "away", shared)
    writer.trade(3)
    away.catch_up()
    away.close()
    leader = FollowingNode(tmp_path / "leader", shared, alone=True)
    leader.checkpoints.lead(0)
    for turn in range(4):
        writer.trade(5)
        writer.checkpoint(leader.checkpoints.entries())
        leader.catch_up()
        leader.checkpoints.trim(NOW + turn * FIRST_AFTER)
    assert shared.trimmed > away.standing.position
    writer.trade(2)
    with serving(leader.directory.snapshots) as endpoint:
        back = FollowingNode(tmp_path / "away", shared, ["tcp://127.0.0.1:9", endpoint])
    back.catch_up()
    leader.catch_up()
    assert back.digest == leader.digest == writer.digest
    assert [path.name for path in snapshots(back.directory.snapshots)] == [
        snapshots(leader.directory.snapshots)[0].name
    ]
    back.close()
    leader.close()


class Overtaken(SnapshotFetcher):
    """While the first snapshot comes, `meanwhile` happens."""

    def __init__(self, endpoint: str, folder: Path, meanwhile: Callable[[], None]) -> None:
        super().__init__([endpoint], None, folder)
        self._meanwhile = meanwhile

    def fetch(
        self, log_id: str, fits: Callable[[Listed], bool], seconds: float = TRIES_SECONDS
    ) -> Generator[Fetched, None, None]:
        for number, fetched in enumerate(super().fetch(log_id, fits, seconds)):
            if number == 0:
                self._meanwhile()
            yield fetched


def test_a_log_that_is_trimmed_while_a_snapshot_comes_costs_another_one(
    tmp_path: Path, shared: SharedLog, writer: Writer
) -> None:
    leader = FollowingNode(tmp_path / "leader", shared, alone=True)
    leader.checkpoints.lead(0)
    trims = iter(range(NOW, 100 * NOW, FIRST_AFTER))

    def go_on() -> None:
        for _ in range(4):
            writer.trade(5)
            writer.checkpoint(leader.checkpoints.entries())
            leader.catch_up()
            leader.checkpoints.trim(next(trims))

    go_on()
    (tmp_path / "new").mkdir()
    directory = DataDirectory(tmp_path / "new")
    with serving(leader.directory.snapshots) as endpoint:
        fetcher = Overtaken(endpoint, directory.snapshots, go_on)
        standing = Start(directory, NodeLog(shared, FakeClock()), "memory", fetcher).find()
    assert standing.position == leader.checkpoints.snapshot_position > shared.trimmed
    leader.close()


def test_without_any_snapshot_a_trimmed_log_is_refused(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    writer.trade(5)
    shared.trimmed = 4
    with (
        serving(tmp_path / "none") as endpoint,
        pytest.raises(StartError, match="no node has a snapshot to go on from"),
    ):
        FollowingNode(tmp_path / "node", shared, [endpoint])


def test_a_log_that_has_lost_what_was_carried_out_is_refused(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    node = FollowingNode(tmp_path, shared)
    writer.trade(5)
    node.catch_up()
    node.close()
    # As after a kill: no snapshot tells how far it was.
    copy = SharedLog()
    copy.packed, copy.crcs = shared.packed[:-2], shared.crcs[:-2]
    with pytest.raises(LostLogError, match=f"ends at position {copy.head}, and .* had it up to {shared.head}"):
        FollowingNode(tmp_path, copy)
    grown = Writer(SharedLog(), epoch=9)
    grown.trade(9)
    with pytest.raises(LostLogError, match=f"holds another record at position {shared.head}"):
        FollowingNode(tmp_path, grown.shared)
    with pytest.raises(LostLogError, match=r"is empty, but .* names log-1"):
        FollowingNode(tmp_path, SharedLog())
    with pytest.raises(LostLogError, match=r"is log-2, but .* names log-1: .*matcher\.adopt --log NEW"):
        FollowingNode(tmp_path, Writer(SharedLog("log-2")).shared)


def test_a_data_directory_with_a_journal_is_refused(tmp_path: Path, shared: SharedLog) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "00000000000000000001.journal").write_bytes(b"")
    with pytest.raises(StartError, match=r"holds a journal of its own: .* --from-data-dir"):
        FollowingNode(tmp_path, shared)


def test_a_damaged_snapshot_of_another_node_is_not_used(tmp_path: Path, shared: SharedLog, writer: Writer) -> None:
    leader = FollowingNode(tmp_path / "leader", shared)
    for _ in range(2):
        writer.trade(5)
        writer.checkpoint(leader.checkpoints.entries())
        leader.catch_up()
    newest, older = snapshots(leader.directory.snapshots)
    shared.trimmed = int(older.stem) - 1
    content = newest.read_bytes()
    newest.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])
    with serving(leader.directory.snapshots) as endpoint:
        other = FollowingNode(tmp_path / "other", shared, [endpoint])
    assert other.standing.snapshot_position == int(older.stem)
    assert [path.name for path in other.directory.snapshots.iterdir()] == [older.name]
    other.catch_up(wait=False)
    assert other.digest == writer.digest
    other.close()
    leader.close()

"""Snapshots of earlier versions bring the state back that their journal brings back.

Both are of the journal of golden_limits. format_1 was written by 0.1.0, format_2 by 0.2.0. Neither is ever rewritten.
"""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from matcher.core.digest import digest
from matcher.core.prevented_matches import PreventedMatches
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.journal import Journal
from matcher.storage.journal_format import Place
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.events import AccountState, OrderState, OrderStates

DATA = Path(__file__).parents[2] / "data"
FORMATS = [1, 2]


@pytest.fixture(scope="module")
def replayed() -> State:
    state = State(Engine())
    for record in Journal(DATA / "golden_limits" / "journal").records():
        state.replay(record)
    return state


@pytest.mark.parametrize("version", FORMATS)
def test_the_state_is_that_of_the_journal(replayed: State, version: int, tmp_path: Path) -> None:
    head, state = read_snapshot(DATA / "golden_snapshots" / f"format_{version}.snapshot")
    assert (head.format, head.sequence, head.time) == (version, replayed.sequence, replayed.time)
    assert head.digest == digest(state.registry) == digest(replayed.registry)
    for one in (state, replayed):
        forget_what_is_newer(one)
    # All that is remembered as well: fills, done orders, sessions with their answers, updates of watched accounts.
    written = [write_snapshot(tmp_path / name, one, "journal", 1) for name, one in (("a", state), ("b", replayed))]
    assert written[0].read_bytes() == written[1].read_bytes()


def forget_what_is_newer(state: State) -> None:
    """Forget since when orders work and trailing stops follow, and which matches were prevented: early versions did not
    keep it."""
    for order in state.registry.orders:
        order.fired = 0
        if order.extra is not None:
            order.extra.active_since = 0
            order.extra.prevented_match = 0
    state.registry.running.prevented = PreventedMatches()
    told: list[list[OrderState]] = [update.orders for update in state.streams.known()[1]]
    for _, _, replies in state.sessions.known():
        for reply in replies:
            reply.answers[:] = [
                without(answer) if isinstance(answer, OrderState) else answer for answer in reply.answers
            ]
            told += [answer.orders for answer in reply.answers if isinstance(answer, OrderStates | AccountState)]
    for states in told:
        states[:] = [without(each) for each in states]


def without(state: OrderState) -> OrderState:
    return replace(state, working_since=None, active_since=None, prevented_match_id=0)


@pytest.mark.parametrize("version", FORMATS)
def test_the_snapshot_stands_in_its_journal(version: int) -> None:
    head, _ = read_snapshot(DATA / "golden_snapshots" / f"format_{version}.snapshot")
    journal = Journal(DATA / "golden_limits" / "journal")
    assert list(journal.records(Place(head.journal, head.sequence, head.crc))) == []


def test_the_head_of_a_local_snapshot_is_that_of_before(replayed: State, tmp_path: Path) -> None:
    content = write_snapshot(tmp_path, replayed, "journal", 1).read_bytes()
    golden = (DATA / "golden_snapshots" / "format_2.snapshot").read_bytes()
    heads = [msgspec.msgpack.decode(data[16 : 16 + int.from_bytes(data[8:12], "little")]) for data in (content, golden)]
    assert list(heads[0]) == list(heads[1])

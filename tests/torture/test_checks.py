"""The checks of a torture run find what they are there for: evidence of a sound run, altered in one place, breaks one
promise."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec.structs import replace

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.state import Caused, State
from matching_exchange.tools.torture.checks import Checks
from matching_exchange.tools.torture.clients import decode
from matching_exchange.tools.torture.evidence import CommandKind, Evidence, Identity, Told
from matching_exchange.tools.torture.replay import replay
from matching_exchange.tools.torture.run import EVIDENCE_FILE, Plan, compare_states, torture
from protocol.commands import AdvanceTime, CancelAfter, PlaceOco, PlaceOrder, WatchAccount
from protocol.events import AccountWatched, Answer, OrderDuplicated, OrderPlaced, OrderResult, Trade
from protocol.units import OrderStatus

STREAM = "told otherwise by an account's stream"

Row = tuple[Engine, int, Caused, Answer]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run without any kill has left its journal and its evidence."""
    directory = tmp_path_factory.mktemp("run")
    report = torture(Plan(kills=0, seed=7, clients=3), directory, lambda kills, answered: None)
    assert report.sound
    return directory


@pytest.fixture
def evidence(directory: Path) -> Evidence:
    return msgspec.json.decode((directory / EVIDENCE_FILE).read_bytes(), type=Evidence)


class Tape:
    """The commands of a replay, which is repeated for each check: engines stand then as they stood."""

    def __init__(self, directory: Path) -> None:
        self._data = directory / "data"
        self.rows: list[Row] = []
        self.play(lambda *row: self.rows.append(row))

    def play(self, watch: Callable[[Engine, int, Caused, Answer], None]) -> State:
        return replay(self._data, watch)


@pytest.fixture(scope="module")
def tape(directory: Path) -> Tape:
    return Tape(directory)


def broken(
    evidence: Evidence, tape: Tape, alter: Callable[[Row], Row] = lambda row: row, more: Sequence[Row] = ()
) -> dict[str, int]:
    """How often each promise was broken, of those that were, by a journal that is altered so and has more commands in
    the end."""
    checks = Checks(evidence)
    tape.play(lambda *row: checks.watch(*alter(row)))
    for row in more:
        checks.watch(*row)
    return {promise.name: promise.broken for promise in checks.promises() if promise.broken}


def placed(evidence: Evidence) -> list[Told]:
    """The orders that were taken, in the order in which they were."""
    orders = [
        told for told in evidence.told if told.key.kind == "place" and told.status == HTTPStatus.OK and not told.again
    ]
    return sorted(orders, key=lambda told: decode(told.body)["sequence"])


def last_row(tape: Tape, kind: type[PlaceOrder] | type[PlaceOco] = PlaceOrder) -> Row:
    """The journal's last order or OCO that was placed."""
    return next(
        row
        for row in reversed(tape.rows)
        if isinstance(row[2].command, kind) and isinstance(row[2].events[0], OrderPlaced)
    )


def test_the_evidence_of_a_sound_run_breaks_no_promise(evidence: Evidence, tape: Tape) -> None:
    assert broken(evidence, tape) == {}
    kinds = {told.key.kind for told in evidence.told}
    assert kinds == set(get_args(CommandKind))
    assert evidence.look_ups and evidence.published and any(told.again for told in evidence.told)
    assert any(told.position for told in evidence.told), "batches"
    messages = [decode(text.encode()) for connection in evidence.stream.connections for text in connection]
    assert {message["type"] for message in messages} >= {"orders", "update"}


def test_an_answered_order_that_the_journal_lacks_is_lost(evidence: Evidence, tape: Tape) -> None:
    told = placed(evidence)[0]
    evidence.told.append(replace(told, key=replace(told.key, name="another")))
    assert broken(evidence, tape) == {"lost": 1}


def test_an_order_that_is_not_listed_any_more_is_lost(evidence: Evidence, tape: Tape) -> None:
    listing = evidence.listings[0]
    name = next(iter(listing.orders))
    del listing.orders[name], listing.times_listed[name]
    assert broken(evidence, tape) == {"lost": 1}


def test_an_order_that_is_listed_as_another_is_lost(evidence: Evidence, tape: Tape) -> None:
    orders = evidence.listings[0].orders
    name, identity = next(iter(orders.items()))
    orders[name] = replace(identity, sequence=identity.sequence + 1)
    assert broken(evidence, tape) == {"lost": 1}


def test_an_order_that_is_listed_twice_is_doubled(evidence: Evidence, tape: Tape) -> None:
    times = evidence.listings[0].times_listed
    times[next(iter(times))] = 2
    assert broken(evidence, tape) == {"doubled": 1}


def test_an_order_that_nobody_sent_is_doubled(evidence: Evidence, tape: Tape) -> None:
    listing = evidence.listings[0]
    listing.orders["another"], listing.times_listed["another"] = Identity("1", 1, ""), 1
    assert broken(evidence, tape) == {"doubled": 1}


def test_an_order_that_was_placed_twice_is_doubled(evidence: Evidence, tape: Tape) -> None:
    engine, _, caused, _ = last_row(tape)
    time = tape.rows[-1][1]
    assert isinstance(caused.command, PlaceOrder) and caused.command.client_order_id is not None
    for told in evidence.told:
        if told.key.name == caused.command.client_order_id:
            told.unknown += 1
    twice = Caused(caused.sequence + 1, caused.command, [OrderPlaced(10**6)])
    answer = OrderResult(10**6, OrderStatus.REJECTED, False, 0, 0, 0, None)
    assert broken(evidence, tape, more=[(engine, time, twice, answer)]) == {"doubled": 1}


def test_an_oco_that_was_placed_twice_is_doubled_in_both_legs(evidence: Evidence, tape: Tape) -> None:
    engine, _, caused, answer = last_row(tape, PlaceOco)
    time = tape.rows[-1][1]
    assert isinstance(caused.command, PlaceOco)
    for told in evidence.told:
        if told.key.name == caused.command.client_order_id:
            told.unknown += 1
    twice = Caused(caused.sequence + 1, caused.command, [OrderPlaced(10**6), OrderPlaced(10**6 + 1)])
    assert broken(evidence, tape, more=[(engine, time, twice, answer)]) == {"doubled": 2}


def test_a_command_that_was_taken_more_often_than_it_may_have_been_was_taken_after_a_503(
    evidence: Evidence, tape: Tape
) -> None:
    engine, _, caused, answer = last_row(tape)
    time = tape.rows[-1][1]
    again = Caused(caused.sequence + 1, caused.command, [OrderDuplicated(1)])
    assert broken(evidence, tape, more=[(engine, time, again, answer)]) == {"taken after a 503": 1}


@pytest.mark.parametrize("field", ["filled_quantity", "order_id", "status", "timestamp"])
def test_an_answer_that_the_replay_does_not_give_is_told(evidence: Evidence, tape: Tape, field: str) -> None:
    told = placed(evidence)[-1]
    order = decode(told.body)
    told.body = msgspec.json.encode({**order, field: order[field] + "7"})
    assert broken(evidence, tape) == {"answered otherwise than it happened": 1}


@pytest.mark.parametrize(
    "kind",
    ["amend", "oco", "replace", "suspend", "cancel_after", "cancel_all", "deposit", "withdraw", "transfer", "reset"],
)
def test_another_answer_than_the_replay_gives_is_told_of_each_command(
    evidence: Evidence, tape: Tape, kind: CommandKind
) -> None:
    told = next(
        told for told in evidence.told if told.key.kind == kind and told.status == HTTPStatus.OK and not told.again
    )
    told.body += b" "
    assert broken(evidence, tape) == {"answered otherwise than it happened": 1}


def test_another_refusal_than_that_of_the_replay_is_told(evidence: Evidence, tape: Tape) -> None:
    told = next(told for told in evidence.told if told.status == HTTPStatus.CONFLICT)
    told.body = b'{"code":"unknown_order"}'
    assert broken(evidence, tape) == {"answered otherwise than it happened": 1}


def test_an_order_that_comes_in_the_journal_before_one_that_was_answered_earlier_is_out_of_order(
    evidence: Evidence, tape: Tape
) -> None:
    first, *_, last = placed(evidence)
    first.invoked, first.returned = last.returned + 1, last.returned + 2
    assert list(broken(evidence, tape)) == ["out of order"]


def test_an_amend_that_comes_in_the_journal_before_what_was_answered_earlier_is_out_of_order(
    evidence: Evidence, tape: Tape
) -> None:
    amended = next(told for told in evidence.told if told.key.kind == "amend" and told.status == HTTPStatus.OK)
    last = placed(evidence)[-1]
    amended.invoked, amended.returned = last.returned + 1, last.returned + 2
    assert list(broken(evidence, tape)) == ["out of order"]


def test_orders_of_one_batch_in_another_order_are_told(evidence: Evidence, tape: Tape) -> None:
    batches: dict[tuple[str, float], list[Told]] = {}
    for told in placed(evidence):
        batches.setdefault((told.key.account, told.invoked), []).append(told)
    batch = next(batch for batch in batches.values() if len(batch) > 1)
    batch[0].position, batch[1].position = batch[1].position, batch[0].position
    assert list(broken(evidence, tape)) == ["out of order"]


def test_a_trade_of_an_order_that_had_expired_is_told(evidence: Evidence, tape: Tape) -> None:
    engine, time, last, answer = tape.rows[-1]
    expired = next(order for order in engine.registry.orders if order.terms.expire_time)
    trade = next(event for row in tape.rows for event in row[2].events if isinstance(event, Trade))
    trade = replace(trade, trade_id=10**6, maker_order_id=expired.order_id, timestamp=expired.terms.expire_time + 1)
    late = Caused(last.sequence + 1, AdvanceTime(), [trade])
    # Where one of its accounts has a ledger, the books do not agree either.
    assert broken(evidence, tape, more=[(engine, time, late, answer)])["traded after its expire_time"] == 1


def test_a_timer_that_was_left_undone_is_told(evidence: Evidence, tape: Tape) -> None:
    _, time, last, answer = tape.rows[-1]
    engine = Engine()
    engine.apply(1, time, CancelAfter("ann", 100))
    late = Caused(last.sequence + 1, WatchAccount("ann"), [AccountWatched("ann")])
    assert broken(evidence, tape, more=[(engine, time + 99, late, answer)]) == {}
    assert broken(evidence, tape, more=[(engine, time + 100, late, answer)]) == {"left undone when it was due": 1}


def updates(evidence: Evidence) -> list[tuple[list[str], int]]:
    """Where the stream's updates stand: connection and index."""
    every = evidence.stream.connections
    return [
        (each, index) for each in every for index, text in enumerate(each) if decode(text.encode())["type"] == "update"
    ]


def drop(connection: list[str], index: int) -> None:
    del connection[index]


def double(connection: list[str], index: int) -> None:
    connection.insert(index, connection[index])


def alter(connection: list[str], index: int) -> None:
    connection[index] += " "


@pytest.mark.parametrize("spoil", [drop, double, alter])
@pytest.mark.parametrize("which", [0, 10, -1])
def test_a_stream_that_misses_repeats_or_alters_an_update_is_told(
    evidence: Evidence, tape: Tape, spoil: Callable[[list[str], int], None], which: int
) -> None:
    spoil(*updates(evidence)[which])
    assert broken(evidence, tape) == {STREAM: 1}


def test_a_fresh_start_that_is_not_as_the_account_stood_is_told(evidence: Evidence, tape: Tape) -> None:
    connection, index = updates(evidence)[-1]
    sequence = decode(connection[index].encode())["sequence"]
    start = {"type": "orders", "sequence": sequence, "orders": [{"order_id": "1"}], "more": False}
    evidence.stream.connections.append([msgspec.json.encode(start).decode()])
    assert broken(evidence, tape) == {STREAM: 1}


def test_a_second_fresh_start_is_told(evidence: Evidence, tape: Tape) -> None:
    start = evidence.stream.connections[0][0]
    evidence.stream.connections.insert(0, [start])
    assert broken(evidence, tape) == {STREAM: 1}


def test_a_stream_that_has_never_begun_is_told(evidence: Evidence, tape: Tape) -> None:
    evidence.stream.connections.clear()
    assert broken(evidence, tape)[STREAM] > 1


def test_faults_that_the_follower_has_found_are_told(evidence: Evidence, tape: Tape) -> None:
    evidence.stream.faults.append("a fault")
    assert broken(evidence, tape) == {STREAM: 1}


def test_a_published_trade_that_is_not_in_the_journal_is_told(evidence: Evidence, tape: Tape) -> None:
    evidence.published.append(replace(evidence.published[0], trade_id=10**6))
    evidence.published.append(replace(evidence.published[0], quantity=1))
    assert broken(evidence, tape) == {"published, but not in the journal": 2}


def test_time_that_goes_back_is_told(evidence: Evidence, tape: Tape) -> None:
    def alter(row: Row) -> Row:
        engine, time, caused, answer = row
        return engine, time + 10**12 if caused.sequence == 1 else time, caused, answer

    assert broken(evidence, tape, alter) == {"time went back": 1}


def test_faults_of_look_ups_are_told(evidence: Evidence, tape: Tape) -> None:
    evidence.look_up_faults.append("a fault")
    assert broken(evidence, tape) == {"look-up behind an answer": 1}


def test_states_that_differ_are_told(directory: Path) -> None:
    state = replay(directory / "data", lambda *_: None)
    live = digest(state.registry)
    _, promise = compare_states(live, state, [("a snapshot", state)])
    assert promise.broken == 0
    other = State(Engine())
    _, promise = compare_states(live, state, [("a snapshot", other)])
    assert len(promise.cases) == 4, "sequence, sessions, accounts' streams, digest"
    _, promise = compare_states("another", state, [])
    assert promise.broken == 1

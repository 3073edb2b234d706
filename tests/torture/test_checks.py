"""The checks of a torture run find what they are there for: evidence of a sound run, altered in one place, breaks one promise."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from threading import Event

import msgspec
import pytest
from msgspec.structs import replace

from matcher.digest import digest
from matcher.engine import Engine
from matcher.state import Caused, State
from protocol.commands import PlaceOrder
from protocol.events import Answer, OrderDuplicated, OrderPlaced, OrderResult
from protocol.units import OrderStatus
from tools.torture.checks import Checks
from tools.torture.clients import Client, Reply, UnansweredError, decode
from tools.torture.evidence import Evidence, Identity, Told
from tools.torture.replay import replay
from tools.torture.run import EVIDENCE_FILE, Plan, compare_states, torture


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
    """The commands of a replay."""

    def __init__(self) -> None:
        self.rows: list[tuple[Engine, int, Caused, Answer]] = []

    def watch(self, engine: Engine, time: int, caused: Caused, answer: Answer) -> None:
        self.rows.append((engine, time, caused, answer))


@pytest.fixture(scope="module")
def tape(directory: Path) -> Tape:
    tape = Tape()
    replay(directory / "data", tape.watch)
    return tape


def broken(evidence: Evidence, tape: Tape) -> dict[str, int]:
    """How often each promise was broken, of those that were."""
    checks = Checks(evidence)
    for row in tape.rows:
        checks.watch(*row)
    return {promise.name: promise.broken for promise in checks.promises() if promise.broken}


def placed(evidence: Evidence) -> list[Told]:
    """The orders that were taken, in the order in which they were."""
    orders = [told for told in evidence.told if told.key.kind == "place" and told.status == HTTPStatus.OK and not told.again]
    return sorted(orders, key=lambda told: decode(told.body)["sequence"])


def last_row(tape: Tape) -> tuple[Engine, int, Caused, Answer]:
    """The journal's last order that was placed."""
    return next(row for row in reversed(tape.rows) if isinstance(row[2].events[0], OrderPlaced))


def test_the_evidence_of_a_sound_run_breaks_no_promise(evidence: Evidence, tape: Tape) -> None:
    assert broken(evidence, tape) == {}
    kinds = {told.key.kind for told in evidence.told}
    assert kinds >= {"place", "cancel"}
    assert evidence.look_ups and evidence.published and any(told.again for told in evidence.told)


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
    again = Tape()
    again.rows = [*tape.rows, (engine, time, twice, OrderResult(10**6, OrderStatus.REJECTED, False, 0, 0, 0, None))]
    assert broken(evidence, again) == {"doubled": 1}


def test_a_command_that_was_taken_more_often_than_it_may_have_been_was_taken_after_a_503(evidence: Evidence, tape: Tape) -> None:
    engine, _, caused, answer = last_row(tape)
    time = tape.rows[-1][1]
    again = Tape()
    again.rows = [*tape.rows, (engine, time, Caused(caused.sequence + 1, caused.command, [OrderDuplicated(1)]), answer)]
    assert broken(evidence, again) == {"taken after a 503": 1}


@pytest.mark.parametrize("field", ["filled_quantity", "order_id", "status", "timestamp"])
def test_an_answer_that_the_replay_does_not_give_is_told(evidence: Evidence, tape: Tape, field: str) -> None:
    told = placed(evidence)[-1]
    order = decode(told.body)
    told.body = msgspec.json.encode({**order, field: order[field] + "7"})
    assert broken(evidence, tape) == {"answered otherwise than it happened": 1}


def test_another_refusal_than_that_of_the_replay_is_told(evidence: Evidence, tape: Tape) -> None:
    told = next(told for told in evidence.told if told.status == HTTPStatus.CONFLICT)
    told.body = b'{"code":"unknown_order"}'
    assert broken(evidence, tape) == {"answered otherwise than it happened": 1}


def test_an_order_that_comes_in_the_journal_before_one_that_was_answered_earlier_is_out_of_order(evidence: Evidence, tape: Tape) -> None:
    first, *_, last = placed(evidence)
    first.invoked, first.returned = last.returned + 1, last.returned + 2
    assert list(broken(evidence, tape)) == ["out of order"]


def test_a_published_trade_that_is_not_in_the_journal_is_told(evidence: Evidence, tape: Tape) -> None:
    evidence.published.append(replace(evidence.published[0], trade_id=10**6))
    evidence.published.append(replace(evidence.published[0], quantity=1))
    assert broken(evidence, tape) == {"published, but not in the journal": 2}


def test_time_that_goes_back_is_told(evidence: Evidence, tape: Tape) -> None:
    again = Tape()
    again.rows = [
        (engine, time if index else time + 10**12, caused, answer) for index, (engine, time, caused, answer) in enumerate(tape.rows)
    ]
    assert broken(evidence, again) == {"time went back": 1}


def test_faults_of_look_ups_are_told(evidence: Evidence, tape: Tape) -> None:
    evidence.look_up_faults.append("a fault")
    assert broken(evidence, tape) == {"look-up behind an answer": 1}


def test_states_that_differ_are_told(directory: Path) -> None:
    state = replay(directory / "data", lambda *_: None)
    live = digest(state.engine)
    _, promise = compare_states(live, state, [("a snapshot", state)])
    assert promise.broken == 0
    other = State(Engine())
    _, promise = compare_states(live, state, [("a snapshot", other)])
    assert len(promise.cases) == 3, "sequence, sessions, digest"
    _, promise = compare_states("another", state, [])
    assert promise.broken == 1


class Gateway:
    """Answers as `answer` says, which may raise StopIteration to end the client."""

    def __init__(self, answer: Callable[[str, bytes | None], Reply]) -> None:
        self._answer = answer
        self.closed = False

    def call(self, method: str, path: str, body: bytes | None = None) -> Reply:
        return self._answer(method, body)

    def close(self) -> None:
        self.closed = True


def order(body: bytes, filled: str = "0", order_id: str = "5") -> Reply:
    sent = decode(body)
    answer = {"order_id": order_id, "sequence": 9, "timestamp": "then", "status": "open", "filled_quantity": filled, **sent}
    return Reply("answered", HTTPStatus.OK, msgspec.json.encode(answer))


def test_a_client_sends_again_what_was_not_answered(evidence: Evidence) -> None:
    stop = Event()
    bodies: list[bytes | None] = []
    outcomes: Iterator[Reply] = iter([Reply("unknown"), Reply("refused"), Reply("unknown")])

    def answer(method: str, body: bytes | None) -> Reply:
        bodies.append(body)
        reply = next(outcomes, None)
        if reply is not None:
            return reply
        stop.set()
        return order(body or b"{}")

    gateway = Gateway(answer)
    client = Client("ann", 1, gateway, 0, Event())
    client.run(stop)
    assert len(bodies) == 4 and len(set(bodies)) == 1
    (told,) = client.told
    assert (told.unknown, told.refused, told.status, told.again) == (2, 1, HTTPStatus.OK, False)
    assert told.invoked < told.returned
    assert gateway.closed


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (Reply("answered", HTTPStatus.NOT_FOUND, b"unknown"), "was answered, but its look-up ends with 404"),
        (order(b"{}", order_id="6"), "was answered as"),
        (order(b"{}", filled="1"), "was filled to 2 before, now to 1"),
    ],
)
def test_a_look_up_that_says_less_than_an_answer_before_it_is_a_fault(found: Reply, fault: str) -> None:
    stop = Event()

    def answer(method: str, body: bytes | None) -> Reply:
        if method == "GET":
            stop.set()
            return found
        return order(body or b"{}", filled="2")

    client = Client("ann", 1, Gateway(answer), 0, Event())
    client.run(stop)
    assert client.look_ups == 1
    (told,) = client.look_up_faults
    assert fault in told


def test_a_client_that_is_never_answered_gives_up_when_it_is_told_to() -> None:
    give_up = Event()

    def answer(method: str, body: bytes | None) -> Reply:
        give_up.set()
        return Reply("unknown")

    with pytest.raises(UnansweredError, match="1 attempts"):
        Client("ann", 1, Gateway(answer), 0, give_up).run(Event())

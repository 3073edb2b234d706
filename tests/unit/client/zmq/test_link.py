"""A session without sockets: what is taken, refused and told, and when."""

from collections.abc import Callable
from typing import Any

import pytest

from matching_exchange.client.errors import InvalidValue, OutcomeUnknown, Unavailable
from matching_exchange.client.zmq.calls import accounts, orders
from matching_exchange.client.zmq.link import PULSE_TIMEOUT, Link, Outcome, WindowFull
from matching_exchange.client.zmq.link import Order as Submitted
from matching_exchange.client.zmq.runner import MAX_DEADLINE, Runner, Under, deadlines
from matching_exchange.client.zmq.states import ConnectionState
from matching_exchange.client.zmq.steps import Known
from protocol.checks import FieldError
from protocol.codec import decode_frame
from protocol.commands import VERSION, Ask, CancelOrder, Commands, Hello, StatusQuery
from protocol.events import (
    Answers,
    CommandRefused,
    MatcherStatus,
    NodePulse,
    NodeRole,
    OrderStates,
    Pulse,
    QueryResult,
    SessionUnknown,
    Welcome,
)
from protocol.leader import MAX_APPEND, Leadership
from protocol.matcher_clock import MatcherClock
from protocol.session import WINDOW, Answered
from protocol.units import Refusal

REFUSED = CommandRefused(Refusal.UNKNOWN_ORDER)
STATUS = MatcherStatus(1, "off", 0, 0, 0)


class Client:
    def __init__(self, window: int = 4, leadership: Leadership | None = None) -> None:
        self.states: list[ConnectionState] = []
        self.link = Link(window, self.hear, leadership)
        self.now = 100.0
        self.outcomes: dict[int, Outcome] = {}

    def hear(self, state: ConnectionState) -> None:
        self.states.append(state)

    def welcome(self, epoch: int = 1, journal: str = "j", taken: int = 0, answered: int = 0) -> None:
        self.frames()
        self.link.receive(Welcome(VERSION, self.link.public, epoch, journal, taken, answered), self.now)

    def pulse(self, epoch: int = 1) -> None:
        self.link.receive(Pulse(VERSION, epoch, "j", 1, 5), self.now)

    def submit(self, *ids: int) -> None:
        self.link.submit([Submitted(CancelOrder(each), self.take(each)) for each in ids], self.now)

    def take(self, each: int) -> Callable[[Outcome], None]:
        def take(outcome: Outcome) -> None:
            assert each not in self.outcomes
            self.outcomes[each] = outcome

        return take

    def answer(self, number: int, count: int, epoch: int = 1) -> None:
        self.link.receive(Answers(self.link.public, epoch, number, number, 5, [REFUSED] * count), self.now)

    def frames(self) -> list[Hello | Commands | Ask]:
        return [decode_frame(payload) for payload in self.link.due(self.now)]

    def kinds(self) -> dict[int, str]:
        return {each: type(outcome).__name__ for each, outcome in self.outcomes.items()}


def opened(window: int = 4) -> Client:
    client = Client(window)
    client.welcome()
    return client


def test_without_a_matcher_nothing_is_taken() -> None:
    client = Client()
    with pytest.raises(Unavailable) as caught:
        client.submit(1)
    assert caught.value.code == "matcher_unavailable"
    assert client.link.waiting == 0


def test_each_command_has_its_answer() -> None:
    client = opened()
    client.submit(1, 2)
    client.submit(3)
    (frame,) = client.frames()
    assert isinstance(frame, Commands)
    assert [command.order_id for command in frame.commands if isinstance(command, CancelOrder)] == [1, 2, 3]
    client.answer(1, 2)
    assert client.outcomes == {1: Answered(1, 1, 5, REFUSED), 2: Answered(2, 2, 5, REFUSED)}
    assert client.link.waiting == 1


def test_a_full_window_refuses_all_of_a_call() -> None:
    client = opened()
    client.submit(1, 2, 3)
    assert client.link.room == 1
    with pytest.raises(WindowFull, match="the window takes 4"):
        client.submit(4, 5)
    assert client.link.waiting == 3
    client.submit(4)
    client.frames()
    client.answer(1, 4)
    client.submit(6, 7, 8, 9)


@pytest.mark.parametrize("window", [0, -1, WINDOW + 1])
def test_a_window_has_bounds(window: int) -> None:
    with pytest.raises(InvalidValue, match=r"from 1 to 16384") as caught:
        Link(window, lambda _: None)
    assert caught.value.field == "window"


def test_a_bad_command_lets_none_of_its_call_through() -> None:
    client = opened()
    wrong: Any = 1.5
    bad = [Submitted(CancelOrder(1), client.take(1)), Submitted(CancelOrder(wrong), client.take(2))]
    with pytest.raises(FieldError):
        client.link.submit(bad, client.now)
    assert client.link.waiting == 0
    assert not client.frames()


def test_what_the_transport_never_took_is_refused_and_not_sent_later() -> None:
    client = opened()
    client.submit(1)
    client.frames()
    client.submit(2, 3)
    client.link.refuse_unsent()
    assert client.kinds() == {2: "Unavailable", 3: "Unavailable"}
    client.answer(1, 1)
    assert client.kinds()[1] == "Answered"
    assert not client.frames()


def test_a_silent_matcher_takes_nothing_and_is_told_once() -> None:
    client = opened()
    client.pulse()
    client.now += PULSE_TIMEOUT / 2
    client.link.tick(client.now)
    client.submit(1)
    client.now += PULSE_TIMEOUT
    client.link.tick(client.now)
    client.link.tick(client.now)
    with pytest.raises(Unavailable):
        client.submit(2)
    client.pulse()
    client.link.tick(client.now)
    client.submit(2)
    assert [state.state for state in client.states] == ["open", "away", "open"]


def test_commands_outlive_a_restart() -> None:
    client = opened()
    client.submit(1, 2)
    client.frames()
    client.pulse(epoch=2)
    with pytest.raises(Unavailable):
        client.submit(3)
    client.welcome(epoch=2, taken=1)
    (frame,) = client.frames()
    assert isinstance(frame, Commands)
    assert frame.number == 1
    client.answer(1, 2, epoch=2)
    assert client.kinds() == {1: "Answered", 2: "Answered"}
    assert [state.epoch for state in client.states if state.state == "open"] == [1, 2]


def test_a_lost_session_tells_what_may_have_been_done_and_what_was_not() -> None:
    client = opened()
    client.submit(1)
    client.frames()
    client.submit(2)
    public = client.link.public
    client.link.receive(SessionUnknown(public, 1), client.now)
    assert client.kinds() == {1: "OutcomeUnknown", 2: "Unavailable"}
    assert client.link.public != public
    assert client.states[-1].state == "lost"
    assert "1 commands have an unknown outcome" in client.states[-1].detail
    client.welcome()
    client.submit(3)
    client.frames()
    client.answer(1, 1)
    assert client.kinds()[3] == "Answered"


def test_another_journal_is_told() -> None:
    client = opened()
    client.pulse(epoch=2)
    client.welcome(epoch=2, journal="other")
    assert client.states[-1].state == "lost"
    client.welcome(epoch=2, journal="other")
    assert client.states[-1].other_history


def test_another_version_is_told_and_takes_nothing() -> None:
    client = opened()
    client.link.receive(Pulse(VERSION + 1, 1, "j", 1), client.now + 5)
    assert f"version {VERSION + 1}" in client.states[-1].detail


def test_a_query_waits_for_a_matcher_and_is_asked_again() -> None:
    client = Client()
    found: list[QueryResult | Exception] = []
    request = client.link.ask(StatusQuery(), found.append, client.now)
    assert [type(frame) for frame in client.frames()] == [Hello]
    client.link.receive(Welcome(VERSION, client.link.public, 1, "j", 0), client.now)
    assert [type(frame) for frame in client.frames()] == [Ask]
    assert not client.frames()
    client.now += 1.5
    assert [type(frame) for frame in client.frames()] == [Ask]
    result = QueryResult(client.link.public, request, 1, 5, STATUS)
    client.link.receive(result, client.now)
    client.link.receive(result, client.now)
    assert found == [result]


def test_a_forgotten_query_has_no_result() -> None:
    client = opened()
    found: list[QueryResult | Exception] = []
    request = client.link.ask(StatusQuery(), found.append, client.now)
    client.link.forget(request)
    client.link.receive(QueryResult(client.link.public, request, 1, 5, STATUS), client.now)
    assert not found
    assert not client.frames()


def test_a_closed_link_ends_all_that_waits() -> None:
    client = opened()
    client.submit(1)
    found: list[QueryResult | Exception] = []
    client.link.ask(StatusQuery(), found.append, client.now)
    client.link.close()
    assert isinstance(client.outcomes[1], OutcomeUnknown)
    assert isinstance(found[0], Unavailable)
    with pytest.raises(Unavailable):
        client.submit(2)


def test_a_call_that_has_done_a_part_is_not_told_as_refused() -> None:
    client = opened()
    runner = Runner(client.link, lambda: client.now)
    known = Known("ann", lambda: 0)
    outcomes: list[object] = []
    runner.begin(accounts.cancel_all(known), outcomes.append, Under())
    client.frames()
    client.link.receive(Answers(client.link.public, 1, 1, 1, 5, [OrderStates([], more=True)]), client.now)
    assert not outcomes
    client.link.refuse_unsent()
    (outcome,) = outcomes
    assert isinstance(outcome, OutcomeUnknown)
    assert "A part was carried out" in outcome.message


def test_an_unknown_outcome_names_the_order() -> None:
    client = opened()
    runner = Runner(client.link, lambda: client.now)
    known = Known("ann", lambda: 0)
    outcomes: list[object] = []
    runner.begin(orders.cancel(known, client_order_id="x"), outcomes.append, Under())
    client.frames()
    client.link.receive(SessionUnknown(client.link.public, 1), client.now)
    (outcome,) = outcomes
    assert isinstance(outcome, OutcomeUnknown)
    assert outcome.client_order_id == "x"


def test_deadlines_are_made_of_the_matchers_time() -> None:
    clock = MatcherClock(wall=lambda: 0, monotonic=lambda: 1_000)
    clock.hear(7_000_000_000)
    assert deadlines(clock, 2)() == 9_000_000_000
    assert deadlines(clock, None)() == 0
    for bad in (0, -1, MAX_DEADLINE, float("nan")):
        with pytest.raises(InvalidValue, match="order_deadline takes a number of seconds"):
            deadlines(clock, bad)


def test_an_answer_that_comes_after_the_close_is_left() -> None:
    client = opened()
    client.submit(1)
    client.frames()
    client.link.close()
    assert client.kinds() == {1: "OutcomeUnknown"}
    client.answer(1, 1)
    assert client.kinds() == {1: "OutcomeUnknown"}


def test_a_leader_that_cannot_write_gets_no_commands() -> None:
    leadership = Leadership()
    client = Client(leadership=leadership)
    client.welcome()
    with pytest.raises(Unavailable):
        client.submit(1)
    leadership.hear(0, Pulse(VERSION, 1, "j", 1, 5), client.now)
    client.submit(2)

    def told(waiting: int) -> NodePulse:
        return NodePulse(VERSION, 0, NodeRole.LEADER, 1, 1, 1, 1, waiting, 0, "", "j", "etcd://a:1/x", [])

    leadership.hear_node(0, told(MAX_APPEND + 1))
    with pytest.raises(Unavailable):
        client.submit(3)
    leadership.hear_node(0, told(0))
    client.submit(4)
    client.answer(1, 2)
    assert sorted(client.outcomes) == [2, 4]

"""The session protocol by itself, and under a network that fails in every way: a failing seed is in the test's name and
replays."""

import random

import pytest

from protocol.commands import VERSION, Command, Commands, Hello
from protocol.events import Answers, CommandRefused, Pulse, SessionUnknown, Welcome
from protocol.public_number import public_number
from protocol.session import (
    RESEND_AFTER,
    WINDOW,
    ClientSession,
    Lost,
    NotOpenError,
    SessionState,
    WindowFullError,
)
from protocol.units import Refusal
from tests.simulated_network import Client, SimulatedMatcher, command_of, simulate

NUMBER = public_number(7)
REFUSED = CommandRefused(Refusal.UNKNOWN_ORDER)


def check_all_known(matcher: SimulatedMatcher, clients: list[Client]) -> None:
    """Every answered command was executed once, at the place that the answer names, in the order in which its client
    sent it."""
    assert len(set(matcher.executed)) == len(matcher.executed), "a command was executed twice"
    for client in clients:
        own = [name for name in matcher.executed if name.startswith(f"{client.name}-")]
        assert own == sorted(own, key=lambda name: int(name.split("-")[1])), "the client's order is not kept"
        for name, place in client.answered.items():
            assert matcher.executed[place - 1] == name


@pytest.mark.parametrize("seed", range(60))
def test_a_network_that_drops_doubles_delays_and_reorders_loses_nothing(seed: int) -> None:
    matcher, clients = simulate(seed, 0.2, 200, lambda rng, matcher, clients: None)
    check_all_known(matcher, clients)
    assert [len(client.answered) for client in clients] == [200, 200, 200]
    assert len(matcher.executed) == 600


@pytest.mark.parametrize("seed", range(60))
def test_crashes_and_cuts_lose_nothing_that_is_in_the_journal(seed: int) -> None:
    def disturb(rng: random.Random, matcher: SimulatedMatcher, clients: list[Client]) -> None:
        if rng.random() < 0.5:
            matcher.crash()
        for client in clients:
            for link in (client.to_matcher, client.from_matcher):
                link.cut = rng.random() < 0.3
                if link.cut:
                    link.clear()

    matcher, clients = simulate(seed, 0.1, 200, disturb)
    check_all_known(matcher, clients)
    assert len(matcher.executed) == sum(len(client.answered) for client in clients)


@pytest.mark.parametrize("seed", range(60))
def test_a_journal_that_forgets_is_told_apart_and_nothing_is_executed_twice(seed: int) -> None:
    def disturb(rng: random.Random, matcher: SimulatedMatcher, clients: list[Client]) -> None:
        if rng.random() < 0.3:
            matcher.wipe()
        elif rng.random() < 0.5:
            matcher.crash(forget=rng.randrange(5))
        else:
            matcher.crash()

    matcher, clients = simulate(seed, 0.1, 200, disturb)
    assert len(set(matcher.executed)) == len(matcher.executed)
    for client in clients:
        assert len(client.answered) + len(client.unknown) + len(client.refused) == 200
        assert not set(client.refused) & set(matcher.executed), "a refused command was executed"


def opened(taken: int = 0) -> ClientSession:
    session = ClientSession(lambda: 7)
    assert session.next_frame(0.0) == Hello(VERSION, 7)
    assert session.receive(Welcome(VERSION, NUMBER, 1, "journal", taken), 0.0) is None
    return session


def test_a_session_that_is_not_open_takes_no_command() -> None:
    with pytest.raises(NotOpenError):
        ClientSession(lambda: 7).submit(command_of("a"))


def test_commands_leave_in_one_frame_and_are_sent_again_after_silence() -> None:
    session = opened()
    commands: list[Command] = [command_of(str(index)) for index in range(3)]
    assert [session.submit(command) for command in commands] == [1, 2, 3]
    frame = session.next_frame(0.0)
    assert frame == Commands(VERSION, 7, 1, 0, commands)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    assert session.next_frame(RESEND_AFTER / 2) is None
    assert session.next_frame(RESEND_AFTER) == frame


def test_what_the_transport_never_took_can_be_withdrawn() -> None:
    session = opened()
    session.submit(command_of("a"))
    frame = session.next_frame(0.0)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    session.submit(command_of("b"))
    assert session.withdraw_unsent() == [2]
    assert session.waiting == 1
    assert session.submit(command_of("c")) == 2


def test_a_hole_in_the_answers_is_asked_for_again_and_not_skipped() -> None:
    session = opened()
    for name in "ab":
        session.submit(command_of(name))
        frame = session.next_frame(0.0)
        assert isinstance(frame, Commands)
        session.sent(frame, 0.0)
    assert session.receive(Answers(NUMBER, 1, 2, 12, 0, [REFUSED]), 0.1) is None
    frame = session.next_frame(0.1)
    assert isinstance(frame, Commands)
    assert (frame.number, len(frame.commands)) == (1, 2)
    answered = session.receive(Answers(NUMBER, 1, 1, 11, 0, [REFUSED, REFUSED]), 0.2)
    assert isinstance(answered, list)
    assert [(answer.number, answer.sequence) for answer in answered] == [(1, 11), (2, 12)]


def test_the_window_is_bounded() -> None:
    session = opened()
    for index in range(WINDOW):
        session.submit(command_of(str(index)))
    with pytest.raises(WindowFullError):
        session.submit(command_of("one too many"))


def test_a_restarted_matcher_with_the_same_journal_goes_on_with_the_session() -> None:
    session = opened()
    session.submit(command_of("a"))
    frame = session.next_frame(0.0)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    session.receive(Pulse(VERSION, 2, "journal", 0), 0.1)
    assert session.state is SessionState.CONNECTING
    assert session.next_frame(0.1) == Hello(VERSION, 7)
    session.receive(Welcome(VERSION, NUMBER, 2, "journal", 0), 0.1)
    assert session.next_frame(0.1) == frame


def test_a_matcher_that_has_lost_what_it_answered_ends_the_session() -> None:
    session = opened()
    for name in "abc":
        session.submit(command_of(name))
    frame = session.next_frame(0.0)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    session.receive(Answers(NUMBER, 1, 1, 1, 0, [REFUSED]), 0.0)
    session.submit(command_of("d"))
    session.receive(Pulse(VERSION, 2, "journal", 0), 0.1)
    assert session.next_frame(0.1) == Hello(VERSION, 7, answered=1)
    outcome = session.receive(Welcome(VERSION, NUMBER, 2, "journal", 0, answered=1), 0.1)
    assert isinstance(outcome, Lost)
    assert (outcome.sent, outcome.unsent) == ([2, 3], [4])
    assert session.state is SessionState.CONNECTING


def test_a_late_welcome_from_before_a_restart_is_no_loss() -> None:
    session = opened()
    session.submit(command_of("a"))
    frame = session.next_frame(0.0)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    session.receive(Answers(NUMBER, 1, 1, 1, 0, [REFUSED]), 0.0)
    session.receive(Pulse(VERSION, 2, "journal", 0), 0.1)
    assert session.receive(Welcome(VERSION, NUMBER, 1, "journal", 0), 0.1) is None
    assert [session.state] == [SessionState.CONNECTING]
    assert session.receive(Welcome(VERSION, NUMBER, 2, "journal", 1, answered=1), 0.1) is None
    assert session.state is SessionState.OPEN


def test_an_unknown_session_is_started_anew() -> None:
    session = opened()
    session.submit(command_of("a"))
    frame = session.next_frame(0.0)
    assert isinstance(frame, Commands)
    session.sent(frame, 0.0)
    outcome = session.receive(SessionUnknown(NUMBER, 1), 0.0)
    assert isinstance(outcome, Lost)
    assert outcome.sent == [1]

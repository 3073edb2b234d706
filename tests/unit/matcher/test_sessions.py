"""The matcher's side of sessions: what it takes, what it repeats, whom it forgets."""

from typing import Any

from matcher.sessions import MAX_SESSIONS, MatcherSessions, Repeat, Taken, Unknown
from protocol.commands import VERSION, Commands, Hello
from protocol.session import FRAME_COMMANDS, WINDOW
from tests.simulated_network import command_of


def told(outcome: Taken | Repeat[Any] | Unknown) -> tuple[object, ...]:
    """What the matcher does with a frame."""
    if isinstance(outcome, Taken):
        return "taken", outcome.number, outcome.commands
    return ("repeat", outcome.answers) if isinstance(outcome, Repeat) else ("unknown",)


def commands_frame(number: int, count: int, answered: int = 0) -> Commands:
    return Commands(VERSION, 7, number, answered, [command_of(str(number + index)) for index in range(count)])


def test_the_matcher_takes_the_next_number_only_and_repeats_answers_until_they_are_had() -> None:
    sessions: MatcherSessions[bytes] = MatcherSessions()
    assert isinstance(sessions.receive(commands_frame(1, 1)), Unknown)
    assert sessions.hello(Hello(VERSION, 7)) == 0
    assert told(sessions.receive(commands_frame(2, 1))) == ("repeat", [])
    assert told(sessions.receive(commands_frame(1, 2))) == ("taken", 1, [command_of("1"), command_of("2")])
    sessions.keep(7, 1, 2, b"answers to 1 and 2")
    assert told(sessions.receive(commands_frame(1, 2))) == ("repeat", [b"answers to 1 and 2"])
    assert told(sessions.receive(commands_frame(2, 2))) == ("taken", 3, [command_of("3")])
    sessions.keep(7, 3, 1, b"answer to 3")
    assert told(sessions.receive(commands_frame(1, 3))) == ("repeat", [b"answers to 1 and 2", b"answer to 3"])
    assert told(sessions.receive(commands_frame(3, 1, answered=2))) == ("repeat", [b"answer to 3"])
    assert told(sessions.receive(commands_frame(4, 1, answered=2))) == ("taken", 4, [command_of("4")])
    assert told(sessions.receive(commands_frame(1, 3))) == ("repeat", [b"answer to 3"])
    assert sessions.hello(Hello(VERSION, 7)) == 4


def test_a_session_that_never_acknowledges_is_heard_no_further_than_its_window() -> None:
    sessions: MatcherSessions[bytes] = MatcherSessions()
    sessions.hello(Hello(VERSION, 7))
    number = 1
    while number <= WINDOW:
        assert isinstance(sessions.receive(commands_frame(number, FRAME_COMMANDS)), Taken)
        sessions.keep(7, number, FRAME_COMMANDS, b"answers")
        number += FRAME_COMMANDS
    assert told(sessions.receive(commands_frame(number, 1))) == ("repeat", [])
    assert isinstance(sessions.receive(commands_frame(number, 1, answered=1 + FRAME_COMMANDS)), Taken)


def test_the_matcher_forgets_the_session_that_was_silent_longest() -> None:
    sessions: MatcherSessions[bytes] = MatcherSessions()
    for session in range(1, MAX_SESSIONS + 1):
        sessions.hello(Hello(VERSION, session))
    assert isinstance(sessions.receive(Commands(VERSION, 1, 1, 0, [command_of("a")])), Taken)
    sessions.hello(Hello(VERSION, MAX_SESSIONS + 1))
    assert len(sessions) == MAX_SESSIONS
    assert isinstance(sessions.receive(Commands(VERSION, 2, 1, 0, [command_of("a")])), Unknown)
    assert isinstance(sessions.receive(Commands(VERSION, 1, 2, 0, [command_of("b")])), Taken)


def test_a_frame_that_brings_nothing_new_changes_nothing() -> None:
    """No log tells of it: what a replay brings back would be another state."""
    sessions: MatcherSessions[str] = MatcherSessions()
    sessions.hello(Hello(VERSION, 7))
    for number in (1, 2, 3):
        assert isinstance(sessions.receive(Commands(VERSION, 7, number, 0, [command_of("1")])), Taken)
        sessions.keep(7, number, 1, f"answer {number}")
    before = list(sessions.known())
    assert told(sessions.receive(Commands(VERSION, 7, 3, 2, [command_of("1")]))) == ("repeat", ["answer 3"])
    assert list(sessions.known()) == before
    sessions.receive(Commands(VERSION, 7, 4, 2, [command_of("1")]))
    assert list(sessions.known()) == [(7, 4, ["answer 3"])]

"""One append, until its outcome is sure: what is sent, and what comes of it."""

import pytest

from matcher.replication.appending import PAUSE, Appending, Look, Outcome, Try

OWN = b"own"
OTHER = b"other"


def appending(servers: int = 3, first: int = 0) -> Appending:
    return Appending(7, OWN, servers, first)


def test_the_log_takes_it() -> None:
    append = appending(first=4)
    assert append.next(0) == Try(1)
    assert (append.next(0), append.due) == (None, None)
    append.taken()
    assert (append.outcome, append.next(0), append.due) == (Outcome.TAKEN, None, None)


def test_the_next_server_is_tried_after_no_answer() -> None:
    append = appending()
    for server in (0, 1, 2, 0):
        assert append.next(100) == Try(server)
        append.failed(100, at_once=False)
    assert append.outcome is Outcome.OPEN


def test_a_pause_follows_an_error_that_came_at_once() -> None:
    append = appending()
    append.next(100)
    append.failed(100, at_once=True)
    assert (append.next(100 + PAUSE - 1), append.due) == (None, 100 + PAUSE)
    assert append.next(100 + PAUSE) == Try(1)


def test_equal_bytes_are_an_earlier_try() -> None:
    append = appending()
    append.next(0)
    append.failed(0, at_once=False)
    assert append.next(0) == Try(1)
    append.refused()
    assert append.next(0) == Look(1, 8)
    append.found(OWN)
    assert append.outcome is Outcome.TAKEN


@pytest.mark.parametrize("found", [OTHER, None])
def test_another_record_stands_there(found: bytes | None) -> None:
    append = appending()
    append.next(0)
    append.refused()
    assert append.next(0) == Look(0, 8)
    append.found(found)
    assert (append.outcome, append.next(0)) == (Outcome.FENCED, None)


def test_a_look_that_fails_is_made_at_the_next_server() -> None:
    append = appending()
    append.next(0)
    append.refused()
    assert append.next(0) == Look(0, 8)
    append.failed(0, at_once=False)
    assert append.next(0) == Look(1, 8)


def test_a_late_answer_is_an_answer() -> None:
    append = appending()
    append.next(0)
    append.failed(0, at_once=False)
    assert append.next(0) == Try(1)
    append.taken()
    assert append.outcome is Outcome.TAKEN
    append.refused()
    assert (append.outcome, append.next(0)) == (Outcome.TAKEN, None)


def test_a_sure_outcome_stays() -> None:
    """An early try got through, others came and trimmed it: the node does not lead, whatever a late answer says."""
    append = appending()
    append.next(0)
    append.failed(0, at_once=False)
    append.next(0)
    append.refused()
    append.next(0)
    append.found(None)
    append.taken()
    assert append.outcome is Outcome.FENCED

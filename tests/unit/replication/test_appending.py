"""One append, until its outcome is sure: what is sent, and what comes of it."""

import pytest

from matcher.replication.appending import PAUSE, Appending, Look, Outcome, Try
from matcher.replication.timings import LATE, TRY

OWN = b"own"
OTHER = b"other"


def appending(servers: int = 3, first: int = 0) -> Appending:
    return Appending(7, OWN, servers, first)


def test_the_log_takes_it() -> None:
    append = appending(first=4)
    assert append.next(0) == Try(1, call=1)
    assert (append.next(0), append.due) == (None, LATE)
    append.taken()
    assert (append.outcome, append.next(0), append.due) == (Outcome.TAKEN, None, None)


def test_the_next_server_is_tried_after_no_answer() -> None:
    append = appending()
    for call, server in enumerate((0, 1, 2, 0), 1):
        assert append.next(100) == Try(server, call)
        append.failed(call, 100, at_once=False)
    assert append.outcome is Outcome.OPEN


def test_a_call_that_is_late_is_followed_by_one_to_the_next_server() -> None:
    append = appending()
    assert append.next(100) == Try(0, call=1)
    assert (append.is_late(99 + LATE), append.next(99 + LATE), append.due) == (False, None, 100 + LATE)
    assert append.is_late(100 + LATE)
    assert append.next(100 + LATE) == Try(1, call=2)
    # The failure of the earlier call comes afterwards: the later one is still waited for.
    append.failed(1, 100 + LATE, at_once=False)
    assert (append.next(100 + LATE), append.due) == (None, 100 + 2 * LATE)
    append.refused()
    assert append.next(200 + LATE) == Look(1, call=3, position=8)
    assert append.next(200 + 2 * LATE) == Look(2, call=4, position=8)


def test_a_single_server_is_called_again_once_the_call_has_failed() -> None:
    append = appending(servers=1)
    assert append.next(0) == Try(0, call=1)
    assert (append.next(TRY - 1), append.due) == (None, TRY)
    assert append.next(TRY) == Try(0, call=2)


def test_a_pause_follows_an_error_that_came_at_once() -> None:
    append = appending()
    append.next(100)
    append.failed(1, 100, at_once=True)
    assert (append.next(100 + PAUSE - 1), append.due) == (None, 100 + PAUSE)
    assert append.next(100 + PAUSE) == Try(1, call=2)


def test_equal_bytes_are_an_earlier_try() -> None:
    append = appending()
    append.next(0)
    append.failed(1, 0, at_once=False)
    assert append.next(0) == Try(1, call=2)
    append.refused()
    assert append.next(0) == Look(1, call=3, position=8)
    append.found(OWN)
    assert append.outcome is Outcome.TAKEN


@pytest.mark.parametrize("found", [OTHER, None])
def test_another_record_stands_there(found: bytes | None) -> None:
    append = appending()
    append.next(0)
    append.refused()
    assert append.next(0) == Look(0, call=2, position=8)
    append.found(found)
    assert (append.outcome, append.next(0)) == (Outcome.FENCED, None)


def test_a_look_that_fails_is_made_at_the_next_server() -> None:
    append = appending()
    append.next(0)
    append.refused()
    assert append.next(0) == Look(0, call=2, position=8)
    append.failed(2, 0, at_once=False)
    assert append.next(0) == Look(1, call=3, position=8)


def test_a_late_answer_is_an_answer() -> None:
    append = appending()
    append.next(0)
    append.failed(1, 0, at_once=False)
    assert append.next(0) == Try(1, call=2)
    append.taken()
    assert append.outcome is Outcome.TAKEN
    append.refused()
    assert (append.outcome, append.next(0)) == (Outcome.TAKEN, None)


def test_a_sure_outcome_stays() -> None:
    """An early try got through, others came and trimmed it: the node does not lead, whatever a late answer says."""
    append = appending()
    append.next(0)
    append.failed(1, 0, at_once=False)
    append.next(0)
    append.refused()
    append.next(0)
    append.found(None)
    append.taken()
    assert append.outcome is Outcome.FENCED

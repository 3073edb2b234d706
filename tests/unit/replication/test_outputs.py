"""What a record says of its answers: each command's once, however often a turn has answered it."""

from matcher.replication.outputs import fresh, outputs_of
from matcher.reply import Reply
from protocol.events import AccountState


def reply(sequence: int, *accounts: str) -> Reply:
    return Reply(7, 1, sequence, 1, [AccountState(account, False, None, []) for account in accounts])


EARLIER, FIRST, SECOND = reply(8, "x"), reply(10, "a", "b"), reply(12, "c")


def test_a_frame_that_is_sent_again_within_its_turn_counts_once() -> None:
    """After a log that was away, its second copy waits behind it: a standby carries it out once."""
    said = [FIRST, FIRST, SECOND, FIRST]
    assert outputs_of(fresh(said, 10)) == outputs_of([FIRST, SECOND])


def test_what_an_earlier_turn_has_answered_does_not_count() -> None:
    assert outputs_of(fresh([EARLIER, FIRST], 10)) == outputs_of([FIRST])


def test_the_order_of_answers_counts_and_how_replies_hold_them_does_not() -> None:
    assert outputs_of([reply(10, "a"), reply(11, "b", "c")]) == outputs_of([FIRST, SECOND])
    assert outputs_of([reply(10, "b", "a")]) != outputs_of([FIRST])

"""A batch that is too large for one record goes as Parts, and is carried out once, when the last one is there."""

import pytest
from msgspec.structs import replace

from matcher.replication.outputs import outputs_of
from matcher.replication.parts import MAX_BATCH_BYTES, Joiner, PartsError, split
from matcher.reply import Reply
from matcher.storage.log import Kind, Record
from protocol.events import Answer, CommandRefused, OrderResult
from protocol.units import OrderStatus, Refusal

LARGE = Record(7, 99, [b"a" * 700_000, b"b" * 700_000, b"c"], Kind.BATCH, 5, 1, 1234)


def test_small_batch_stays_one_record() -> None:
    record = Record(7, 99, [b"x" * MAX_BATCH_BYTES], Kind.BATCH, 5, 1, 1234)
    assert split(record) == [record]


def test_large_batch_comes_back_whole_from_bounded_records() -> None:
    parts = split(LARGE)
    assert len(parts) == 3
    assert all(part.kind is Kind.PART and sum(map(len, part.entries)) < MAX_BATCH_BYTES + 100 for part in parts)
    assert all((part.sequence, part.time, part.epoch, part.node) == (7, 99, 5, 1) for part in parts)
    joiner = Joiner()
    assert [joiner.take(part) for part in parts] == [None, None, LARGE]
    assert not joiner.is_open


def test_epoch_drops_a_set_that_is_not_whole() -> None:
    parts = split(LARGE)
    joiner = Joiner()
    joiner.take(parts[0])
    epoch = Record(7, 100, [b""], Kind.EPOCH, 6, 2)
    assert joiner.take(epoch) is epoch
    assert [joiner.take(part) for part in parts][-1] == LARGE


def test_parts_that_do_not_follow_each_other_are_refused() -> None:
    parts = split(LARGE)
    joiner = Joiner()
    joiner.take(parts[0])
    with pytest.raises(PartsError):
        joiner.take(parts[2])
    joiner = Joiner()
    joiner.take(parts[0])
    with pytest.raises(PartsError):
        joiner.take(replace(parts[0], kind=Kind.BEAT, entries=[]))


def result(number: int) -> Answer:
    return OrderResult(number, OrderStatus.OPEN, True, 0, 100, 0, None, [])


@pytest.mark.parametrize("count", [1, 15, 16, 17, 300])
def test_outputs_are_those_of_the_answers_however_they_are_joined(count: int) -> None:
    answers = [result(number) for number in range(count)]
    one = outputs_of([Reply(1, 1, 1, 1, answers)])
    each = outputs_of(Reply(1, number, number, 1, [answer]) for number, answer in enumerate(answers))
    assert one == each
    assert outputs_of([Reply(1, 1, 1, 1, [*answers[:-1], CommandRefused(Refusal.UNKNOWN_SYMBOL)])]) != one
    assert outputs_of([]) == 0

"""A node that was started again does not take the Epoch of its earlier life for its own."""

from matcher.replication.appending import Appending, Outcome
from matcher.replication.record_format import pack
from matcher.replication.records import EpochInfo, content, epoch_record
from matcher.storage.log import Kind, Record


def epoch() -> Record:
    """As a node chooses it whose clock is behind the log: of the log alone."""
    return epoch_record(12, 1_000, 2, ["tcp://a:5555"], "0.5.0")


def test_it_says_who_leads() -> None:
    record = epoch()
    info = content(record, EpochInfo)
    assert (record.sequence, record.time, record.kind, record.epoch, record.node) == (12, 1_000, Kind.EPOCH, 1_000, 2)
    assert (info.epoch, info.node, info.endpoints, info.version) == (1_000, 2, ["tcp://a:5555"], "0.5.0")


def test_the_epoch_of_an_earlier_life_is_another_record() -> None:
    """Else a node that comes back to a Handover would answer queries from the state of then."""
    earlier, _ = pack(epoch(), 5)
    append = Appending(7, pack(epoch(), 5)[0], servers=3)
    append.next(0)
    append.refused()
    append.next(0)
    append.found(earlier)
    assert append.outcome is Outcome.FENCED

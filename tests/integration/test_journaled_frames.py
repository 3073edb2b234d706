"""What the journal holds of frames: the commands that were taken, each once."""

from contextlib import closing

from matcher.storage.entries import last_sequence
from matcher.storage.journal_reader import JournalReader
from protocol.codec import encode
from protocol.commands import VERSION
from tests.exchange import Matcher
from tests.integration.raw_session import COMMANDS, PLACE, RawSession


def test_a_frame_that_comes_again_with_more_is_logged_from_what_is_new(matcher: Matcher) -> None:
    with closing(RawSession(matcher)) as session:
        for number, count in ((1, 2), (2, 3), (1, 6)):
            session.send(encode([COMMANDS, VERSION, session.session, number, 0, [PLACE] * count]))
            assert session.reports()
    matcher.kill()

    records = list(JournalReader(matcher.data / "journal").records())
    placed = records[-3:]
    assert [last_sequence(record) - record.sequence + 1 for record in placed] == [2, 2, 2]
    assert [last_sequence(record) for record in placed[:2]] == [record.sequence - 1 for record in placed[1:]]

"""What forked children do for a matcher, and what happens where none can be had: only what the child was for fails, and
it is said why."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from time import monotonic_ns

import pytest
import zmq
from structlog.testing import capture_logs

from matcher.config import read_config
from matcher.core.digest import digest
from matcher.instrument_list import read_instruments
from matcher.serving.background import MAX_WAITING, Background
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.local_log import LocalLog
from matcher.storage.recovery import recover
from matcher.storage.snapshot_file import snapshots
from protocol.codec import encode
from protocol.events import BookSaved, CommandRefused, Digest, QueryResult
from protocol.units import Refusal
from tests.exchange import PATIENCE

SYMBOL = "BTC-USDT"
SESSION = 7


class Bench:
    """A matcher's background on a directory of its own, and the loop's part of it."""

    def __init__(self, path: Path) -> None:
        self.directory = DataDirectory(path)
        self.recovered = recover(self.directory)
        self.state = self.recovered.state
        self.poller = zmq.Poller()
        config = read_config([f"--data-dir={path}", "--snapshot-every=3"], {})
        log = LocalLog(self.directory.journal, self.recovered.journal, 0, monotonic_ns)
        self.background = Background(config, self.directory, log, self.state, self.poller)

    def trade(self) -> None:
        """So many commands that a snapshot is due."""
        instruments = list(read_instruments(None))
        self.recovered.journal.append(self.state.sequence + 1, 1, [encode(OwnCommands(list(instruments)))])
        self.state.apply(OWN_SESSION, 0, instruments, 1)

    def answers(self, number: int) -> list[QueryResult]:
        """Turn until so many queries are answered."""
        answers = self.background.turn({})
        while len(answers) < number:
            ready: dict[object, int] = dict(self.poller.poll(int(PATIENCE * 1000)))
            assert ready, "no child has ended"
            answers += self.background.turn(ready)
        return answers


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.background.stop()
    bench.recovered.journal.close()


@pytest.fixture
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no process left."""

    def fork() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fork)


def open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def test_digests_and_saves_are_answered_each_once(bench: Bench) -> None:
    bench.trade()
    bench.background.ask_digest(SESSION, 1)
    bench.background.ask_digest(SESSION, 1)
    bench.background.ask_save(SESSION, 2, SYMBOL)
    bench.background.ask_save(SESSION, 2, SYMBOL)
    bench.background.ask_save(SESSION, 3, "ETH-USDT")
    answers = {answer.request: answer for answer in bench.answers(3)}
    assert answers[1].result == Digest(digest(bench.state.registry))
    assert answers[2].result == BookSaved(SYMBOL, f"state/orderbook_{SYMBOL}.json", 0)
    assert answers[3].result == BookSaved("ETH-USDT", "state/orderbook_ETH-USDT.json", 0)
    assert {answer.sequence for answer in answers.values()} == {bench.state.sequence}


def test_a_query_that_is_asked_again_while_its_child_works_is_answered_once(bench: Bench) -> None:
    bench.trade()
    bench.background.ask_save(SESSION, 2, SYMBOL)
    assert bench.background.turn({}) == []
    bench.background.ask_save(SESSION, 2, SYMBOL)
    bench.background.ask_digest(SESSION, 3)
    assert sorted(answer.request for answer in bench.answers(2)) == [2, 3]
    assert bench.background.turn({}) == []


def test_so_many_wait_at_once(bench: Bench) -> None:
    for request in range(MAX_WAITING + 10):
        bench.background.ask_digest(SESSION, request)
    assert len(bench.answers(MAX_WAITING)) == MAX_WAITING


def test_an_unknown_symbol_is_not_saved(bench: Bench) -> None:
    bench.background.ask_save(SESSION, 1, "NO-SUCH")
    assert [answer.result for answer in bench.answers(1)] == [CommandRefused(Refusal.UNKNOWN_SYMBOL)]


@pytest.mark.usefixtures("no_processes")
def test_where_no_process_is_left_each_query_is_told_so_and_nothing_stays_open(bench: Bench) -> None:
    bench.trade()
    before = open_descriptors()
    bench.background.ask_digest(SESSION, 1)
    bench.background.ask_digest(SESSION, 2)
    bench.background.ask_save(SESSION, 3, SYMBOL)
    with capture_logs() as logs:
        answers = {answer.request: answer.result for answer in bench.answers(3)}
    why = os.strerror(errno.EAGAIN)
    no_digest = CommandRefused(Refusal.COMMAND_REFUSED, detail=f"the digest cannot be made: {why}")
    no_file = CommandRefused(Refusal.SAVE_FAILED, detail=f"the file cannot be written: {why}")
    assert answers == {1: no_digest, 2: no_digest, 3: no_file}
    assert [(line["event"], line["error"]) for line in logs] == [
        ("book not saved", f"the file cannot be written: {why}"),
        ("snapshot failed: the journal stays, the next one is tried later", why),
    ]
    assert open_descriptors() == before


def test_a_snapshot_that_failed_is_tried_after_as_many_commands_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork, forks = os.fork, 0

    def failing_once() -> int:
        nonlocal forks
        forks += 1
        if forks == 1:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return fork()

    monkeypatch.setattr(os, "fork", failing_once)
    bench.trade()
    bench.background.turn({})
    bench.background.turn({})
    assert forks == 1, "not tried again in every turn"
    bench.trade()
    bench.background.turn({})
    ready: dict[object, int] = dict(bench.poller.poll(int(PATIENCE * 1000)))
    bench.background.turn(ready)
    assert forks == 2
    assert len(snapshots(bench.directory.snapshots)) == 1

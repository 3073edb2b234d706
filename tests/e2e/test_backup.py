"""A backup that is made while clients trade, a matcher that is killed, and an exchange on what was restored."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.state import State
from matcher.storage.journal_reader import JournalReader
from matching_exchange.tools.backup_files import Contents, read_list
from tests.exchange import PATIENCE, ROOT, Exchange, clean_environment, wait_until
from tests.history_process import HistoryProcess

SYMBOL = "BTC-USDT"


def run(script: str, *arguments: str) -> str:
    """The output of a script that must go well."""
    done = subprocess.run(
        [str(ROOT / "scripts" / script), *arguments],
        env=clean_environment({"PATH": os.environ["PATH"]}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@contextmanager
def trading(exchange: Exchange) -> Iterator[None]:
    """While inside, orders rest and trade."""
    ended = Event()

    def trade() -> int:
        count = 0
        while not ended.is_set():
            side = "buy" if count % 2 else "sell"
            exchange.place(SYMBOL, "limit", side, "0.01", str(60_000 + count % 7), account=f"trader-{count % 5}")
            count += 1
        return count

    with ThreadPoolExecutor() as pool:
        traded = pool.submit(trade)
        try:
            wait_until(lambda: exchange.get("/health")["sequence"] > 400, "a few snapshots")
            yield
        finally:
            ended.set()
        assert traded.result() > 0


def digest_at(journal: Path, sequence: int) -> str:
    """That of a state which is made of the first records alone."""
    state = State(Engine())
    for record in JournalReader(journal).records():
        if record.sequence > sequence:
            break
        state.replay(record)
    assert state.sequence == sequence
    return digest(state.registry)


def test_a_backup_under_load_is_what_the_exchange_was(tmp_path: Path) -> None:
    matcher_flags = ("--snapshot-every=100", "--keep-journal=all")
    (tmp_path / "first").mkdir()
    with Exchange(tmp_path / "first", matcher_flags) as exchange:
        data = exchange.matcher.data
        history = HistoryProcess(tmp_path / "first", data)
        history.start()
        with trading(exchange):
            history.wait_until_at(200)
            output = run("backup", f"--data-dir={data}", str(tmp_path / "backup"))
            contents: Contents = read_list(tmp_path / "backup")
            wait_until(lambda: exchange.get("/health")["sequence"] > contents.sequence, "an exchange that goes on")
        exchange.matcher.kill()
        exchange.gateway.kill()
        history.kill()
    assert f"sequence  {contents.sequence}" in output
    assert contents.digest == digest_at(data / "journal", contents.sequence)
    assert contents.history is not None
    assert 200 <= contents.history <= contents.sequence

    (tmp_path / "second").mkdir()
    again = Exchange(tmp_path / "second", matcher_flags)
    output = run("restore", str(tmp_path / "backup"), str(again.matcher.data))
    assert contents.digest in output
    with again:
        assert again.get("/admin/digest")["digest"] == contents.digest
        assert again.get("/health")["sequence"] >= contents.sequence
        placed = again.trade(SYMBOL, "61000")
        assert placed["status"] == "filled"
        # The tables go on where they were.
        history = HistoryProcess(tmp_path / "second", again.matcher.data)
        history.start()
        history.wait_until_at(placed["sequence"])
        assert not history.records("tables begin with a snapshot: what was before it is not in them")
        history.stop()

        # At rest, the digest of a backup is the one that the exchange tells.
        told = again.get("/admin/digest")
        run("backup", f"--data-dir={again.matcher.data}", "--without-history", str(tmp_path / "at rest"))
        at_rest = read_list(tmp_path / "at rest")
        assert (at_rest.digest, at_rest.history) == (told["digest"], None)

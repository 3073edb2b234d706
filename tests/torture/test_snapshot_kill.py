"""Killed while a snapshot is being written: the restart comes up at once, on the same ports, and never uses what is
half-written."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.core.digest import digest
from matching_exchange.tools.torture.replay import recover_from_snapshots, replay
from protocol.client import CommandClient
from protocol.commands import DigestQuery, OrderQuery, PlaceOrder
from protocol.events import Digest, OrderResult, OrderState
from protocol.units import OrderType, Side
from tests.children import alive, children_of
from tests.exchange import Matcher, wait_until
from tests.journal_files import ends_of_records
from tests.torture.failing import DOUBLES, SYMBOL, damage_after, only_segment, repair, replace_matcher

EVERY = 500
"""Commands between two snapshots: so many that a snapshot does not fit into the buffer of the file, and some of it is
on disk."""


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[Matcher]:
    """A matcher that stops half-way through every snapshot."""
    matcher = Matcher(tmp_path, f"--snapshot-every={EVERY}", "--keep-journal=all")
    replace_matcher(matcher, f"{DOUBLES}.slow_snapshots")
    matcher.start()
    try:
        matcher.wait_until_ready()
        yield matcher
    finally:
        matcher.close()


def order(number: int) -> PlaceOrder:
    return PlaceOrder(SYMBOL, "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000, client_order_id=str(number))


def place(client: CommandClient, first: int, count: int = EVERY) -> list[OrderResult]:
    """Place orders that rest; their answers."""
    for number in range(first, first + count):
        client.send([order(number)])
    answers = [client.receive().answer for _ in range(count)]
    assert all(isinstance(answer, OrderResult) for answer in answers)
    return [answer for answer in answers if isinstance(answer, OrderResult)]


def children(matcher: Matcher) -> list[int]:
    return children_of(matcher.running.pid)


def half_written(matcher: Matcher) -> list[Path]:
    """The snapshots that are not finished, once something of them is on disk."""
    return [path for path in (matcher.data / "snapshots").glob("*.new") if size_of(path)]


def size_of(path: Path) -> int:
    """0 if it has just been finished."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def whole(matcher: Matcher) -> list[Path]:
    return list((matcher.data / "snapshots").glob("*.snapshot"))


def test_the_matcher_alone_is_killed(matcher: Matcher) -> None:
    with matcher.client() as client:
        place(client, 0)
        (child,) = wait_until(lambda: children(matcher), "a snapshot that is being written")
        wait_until(lambda: half_written(matcher), "a half-written snapshot")
        # It goes on meanwhile.
        answers = place(client, EVERY, 10)
        matcher.kill()
        wait_until(lambda: not alive(child), "the end of the child, with the matcher's")
        left = half_written(matcher)
        assert left and not whole(matcher)

    replace_matcher(matcher)
    matcher.restart()
    assert half_written(matcher) == left, "nothing else was written yet"
    assert not matcher.records("snapshot read")
    with matcher.client() as client:
        found = client.query(OrderQuery(answers[-1].order_id)).result
        assert isinstance(found, OrderState) and found.client_order_id == str(EVERY + 9)
        place(client, EVERY + 10)
        wait_until(
            lambda: whole(matcher) and not half_written(matcher), "a whole snapshot, and the half-written one removed"
        )
        live = client.query(DigestQuery()).result
    matcher.stop()
    replayed = digest(replay(matcher.data, lambda *_: None).registry)
    recovered = [digest(state.registry) for _, state in recover_from_snapshots(matcher.data)]
    assert isinstance(live, Digest)
    assert [live.digest] * (1 + len(recovered)) == [replayed, *recovered] and recovered


def test_the_child_alone_is_killed(matcher: Matcher) -> None:
    with matcher.client() as client:
        place(client, 0)
        (child,) = wait_until(lambda: children(matcher), "a snapshot that is being written")
        wait_until(lambda: half_written(matcher), "a half-written snapshot")
        os.kill(child, signal.SIGKILL)
        wait_until(
            lambda: matcher.records("snapshot failed: the journal stays, the next one is tried later"),
            "a word in the log",
        )
        place(client, EVERY)
        (another,) = wait_until(lambda: children(matcher), "the next snapshot")
        assert another != child
        assert not whole(matcher)


def test_snapshots_go_on_after_a_repair_has_cut_the_journal_below_them(tmp_path: Path) -> None:
    matcher = Matcher(tmp_path, "--snapshot-every=20")
    matcher.start()
    try:
        matcher.wait_until_ready()
        with matcher.client() as client:
            for number in range(60):
                client.command(order(number))
            wait_until(lambda: len(whole(matcher)) == 2, "two snapshots")
        matcher.kill()
        beyond = {path.name for path in whole(matcher)}
        segment = only_segment(matcher)
        damage_after(segment, ends_of_records(segment)[10])
        assert repair(matcher, "--cut").returncode == 0
        matcher.restart()
        assert whole(matcher) == []
        assert {path.name for path in (matcher.data / "snapshots").glob("*.unfit")} == {
            f"{name}.unfit" for name in beyond
        }
        for first in (100, 200):
            with matcher.client() as client:
                for number in range(first, first + 30):
                    last = client.command(order(number))
                wait_until(lambda: not half_written(matcher) and whole(matcher), "a snapshot that stays")
            newest = max(whole(matcher))
            matcher.kill()
            replace_matcher(matcher)
            matcher.restart()
            (record,) = matcher.records("snapshot read")
            assert record["file"] == str(newest)
            with matcher.client() as client:
                assert isinstance(last, OrderResult)
                assert isinstance(client.query(OrderQuery(last.order_id)).result, OrderState)
    finally:
        matcher.close()


def test_a_clean_stop_does_not_wait_for_a_snapshot(matcher: Matcher) -> None:
    with matcher.client() as client:
        place(client, 0)
        (child,) = wait_until(lambda: children(matcher), "a snapshot that is being written")
    matcher.stop()
    assert not alive(child)

"""A matcher whose descriptors run out: connections are closed, and all that the exchange has promised goes on."""

import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from matcher.storage.snapshot_file import snapshots
from protocol.commands import DigestQuery, PlaceOrder, SaveBook
from protocol.events import BookSaved, Digest, OrderResult
from protocol.units import OrderType, Side
from tests.exchange import PATIENCE, Matcher, clean_environment, wait_until
from tests.subscriber import Subscriber
from tests.torture.failing import DOUBLES

CONNECTIONS = 300
SYMBOL = "BTC-USDT"
ORDER = PlaceOrder(SYMBOL, "ann", Side.BUY, OrderType.LIMIT, 100_000, 6_000_000)

pytest.importorskip("resource")


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[Matcher]:
    matcher = Matcher(tmp_path, "--snapshot-every=50")
    matcher.module = f"{DOUBLES}.few_descriptors"
    matcher.restart()
    yield matcher
    matcher.close()


class Crowd:
    """Connections that say nothing."""

    def __init__(self, endpoint: str) -> None:
        host, port = endpoint.removeprefix("tcp://").split(":")
        self.address = host, int(port)
        self.selector = selectors.DefaultSelector()
        self.opened = ExitStack()
        self.closed = 0

    def come(self, number: int) -> None:
        for _ in range(number):
            connection = self.opened.enter_context(socket.create_connection(self.address))
            connection.settimeout(0)
            self.selector.register(connection, selectors.EVENT_READ)

    def count_closed(self) -> int:
        """How many of them the other side has closed."""
        for key, _ in self.selector.select(0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                while connection.recv(1_000):
                    pass
            except BlockingIOError:
                continue
            except ConnectionError:
                pass
            self.selector.unregister(connection)
            self.closed += 1
        return self.closed

    def leave(self) -> None:
        self.selector.close()
        self.opened.close()


@pytest.mark.parametrize("door", ["market_data", "reports", "commands"])
def test_what_was_promised_goes_on(matcher: Matcher, door: str) -> None:
    crowd = Crowd(getattr(matcher, door))
    with matcher.client() as client:
        crowd.come(CONNECTIONS)
        wait_until(crowd.count_closed, "connections beyond the limit are closed")
        for _ in range(200):
            assert isinstance(client.command(ORDER), OrderResult)
        assert isinstance(client.query(DigestQuery()).result, Digest)
        assert isinstance(client.query(SaveBook(SYMBOL)).result, BookSaved)
        wait_until(lambda: snapshots(matcher.data / "snapshots"), "a snapshot")
        if door == "market_data":
            with matcher.client() as other:
                assert isinstance(other.command(ORDER), OrderResult), "senders have descriptors of their own"
        crowd.leave()
        with Subscriber(matcher, f"trades/{SYMBOL}/", f"depth/{SYMBOL}/") as reader:
            assert reader.read()[1]["symbol"] == SYMBOL
    assert matcher.records("connections are closed: no file descriptors are left for more (ulimit -n)")
    assert matcher.failures() == []


def test_a_limit_without_room_for_the_matcher_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "matcher", f"--data-dir={tmp_path}/data"]
    shell = ["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", *command]
    ended = subprocess.run(
        shell, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    line = "matcher: takes at least 128 open files, and the limit of this process is lower (ulimit -n)\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", line)

"""What a reader of market data says of a message: whether it is new, and what is missing before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from protocol import topics
from protocol.client import MarketDataReader, Update
from protocol.codec import encode
from protocol.market_data import TradeMessage

TRADES = topics.trades("BTC-USDT")


class Publisher:
    def __init__(self, endpoint: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.bind(endpoint)

    def wait(self) -> None:
        """Until the subscription stands."""
        assert self._socket.poll(5_000)
        self._socket.recv()

    def trade(self, epoch: int, number: int, time: int) -> None:
        message = TradeMessage(epoch, number, number, number - 1, time, "BTC-USDT", number, 1, 1, "buy", 1, 2, 0, 0)
        self._socket.send_multipart((TRADES, encode(message)))

    def close(self) -> None:
        self._socket.close()
        self._context.term()


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    publisher = Publisher(f"ipc://{tmp_path}/market")
    yield publisher
    publisher.close()


def test_trades_that_a_new_leader_publishes_again_are_not_fresh(publisher: Publisher, tmp_path: Path) -> None:
    with MarketDataReader([topics.TRADES], f"ipc://{tmp_path}/market") as reader:
        publisher.wait()
        # Of the earlier leader, then of the next one: its first words are the trades of the last seconds.
        for epoch, number in ((5, 1), (5, 2), (5, 3), (6, 2), (6, 3), (6, 4), (6, 6)):
            publisher.trade(epoch, number, time=number)
        read = [_read(reader) for _ in range(7)]
        assert [update.fresh for update in read] == [True, True, True, False, False, True, True]
        assert [update.missed for update in read] == [0, 0, 0, 0, 0, 0, 1]


def test_another_trade_with_a_number_that_was_read_is_fresh(publisher: Publisher, tmp_path: Path) -> None:
    """A matcher that has lost what was not synced gives its numbers again, later."""
    with MarketDataReader([topics.TRADES], f"ipc://{tmp_path}/market") as reader:
        publisher.wait()
        for epoch, number, time in ((5, 1, 10), (5, 2, 11), (6, 2, 12), (6, 3, 13)):
            publisher.trade(epoch, number, time)
        assert all(_read(reader).fresh for _ in range(4))


def _read(reader: MarketDataReader) -> Update:
    update = reader.read(5.0)
    assert update is not None
    return update

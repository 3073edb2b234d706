"""Who subscribes to market data: bounded for each reader, and what cannot be a topic costs nothing."""

import sys
from collections.abc import Iterator

import pytest
import zmq

from matcher.serving import subscribers
from matcher.serving.connections import Connections
from matcher.serving.subscribers import Subscribers, is_topic
from matching_exchange.process.log_brake import LogBrake
from tests.exchange import wait_until

BTC = b"trades/BTC-USDT/"


class Door:
    """A socket that readers can connect to, and who has subscribed over it."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.XPUB)
        self.socket.set(zmq.LINGER, 0)
        brake = LogBrake()
        self.subscribers = Subscribers(self.socket, brake)
        self.connections = Connections(self.socket, "market-data", sys.maxsize, brake)
        self.port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.taken: list[bytes] = []

    def close(self) -> None:
        self.connections.close()
        self.socket.close()
        self.context.term()

    def take(self) -> None:
        self.taken += sorted(self.subscribers.take(self.connections.take()))


class Reader:
    """A reader of the door that may subscribe, unsubscribe and leave."""

    def __init__(self, door: Door, kind: int = zmq.SUB) -> None:
        self.context = zmq.Context()
        self.socket = self.context.socket(kind)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.SNDHWM, 0)
        self.socket.connect(f"tcp://127.0.0.1:{door.port}")

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.close()


def taken_up_to(door: Door, prefix: bytes) -> None:
    """Take in what comes until this prefix has."""

    def comes() -> bool:
        door.take()
        return prefix in door.taken

    wait_until(comes, f"a subscription to {prefix!r}")


def wants(door: Door, topic: bytes) -> bool:
    door.take()
    return door.subscribers.want(topic)


@pytest.mark.parametrize(
    "prefix",
    [
        b"",
        b"tr",
        b"trades/",
        BTC,
        b"trades/BTC",
        b"depth/A",
        b"instruments/A.B_C-1/",
        b"heartbeat/",
        b"bo",
        b"book/A/",
        b"orders/A",
    ],
)
def test_what_a_topic_can_begin_with(prefix: bytes) -> None:
    assert is_topic(prefix)


@pytest.mark.parametrize(
    "prefix",
    [
        b"x",
        b"none-1",
        b"trades/btc",
        b"trades/BTC-USDT/x",
        b"trades/" + b"A" * 33,
        b"heartbeat/x",
        b"\xff",
        b"trades/A\n",
    ],
)
def test_what_no_topic_begins_with(prefix: bytes) -> None:
    assert not is_topic(prefix)


def test_a_topic_is_wanted_while_a_prefix_of_it_is_subscribed_to(door: Door) -> None:
    reader, other = Reader(door), Reader(door)
    reader.socket.subscribe(BTC)
    taken_up_to(door, BTC)
    other.socket.subscribe("trades/")
    taken_up_to(door, b"trades/")
    assert door.subscribers.want(BTC)
    assert not door.subscribers.want(b"depth/BTC-USDT/")
    changes = door.subscribers.changes
    reader.close()

    def changed() -> bool:
        door.take()
        return door.subscribers.changes > changes

    wait_until(changed, "the end of the first reader")
    assert wants(door, BTC), "the other one still wants all trades"
    other.socket.unsubscribe("trades/")
    wait_until(lambda: not wants(door, BTC), "the end of the other's subscription")
    other.close()


def test_nobody_ends_the_subscription_of_another(door: Door) -> None:
    """A reader that says the end of what it has not begun."""
    reader, rude = Reader(door), Reader(door, zmq.XSUB)
    reader.socket.subscribe(BTC)
    taken_up_to(door, BTC)
    rude.socket.send(b"\x00" + BTC)
    rude.socket.send(b"\x01depth/")
    taken_up_to(door, b"depth/")
    assert door.subscribers.want(BTC)
    door.socket.send_multipart([BTC, b"trade"])
    assert reader.socket.poll(10_000)
    reader.close()
    rude.close()


def test_a_reader_has_so_many_subscriptions_and_another_its_own(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "MAX_PEER_SUBSCRIPTIONS", 3)
    greedy, modest = Reader(door), Reader(door)
    for number in range(5):
        greedy.socket.subscribe(f"trades/A{number}/")
    greedy.socket.unsubscribe("trades/A0/")
    greedy.socket.subscribe("trades/LAST/")
    taken_up_to(door, b"trades/LAST/")
    assert door.taken == [b"trades/A0/", b"trades/A1/", b"trades/A2/", b"trades/LAST/"]
    modest.socket.subscribe(BTC)
    taken_up_to(door, BTC)
    greedy.close()
    modest.close()


def test_what_is_no_topic_is_not_kept(door: Door) -> None:
    """Nothing is said of it when its reader leaves, which would cost as much again."""
    reader, other = Reader(door), Reader(door)
    for number in range(2_000):
        reader.socket.subscribe(f"none-{number}")
    reader.socket.subscribe(BTC)
    taken_up_to(door, BTC)
    assert door.taken == [BTC]
    changes = door.subscribers.changes
    reader.close()
    wait_until(lambda: not wants(door, BTC), "the end of the reader")
    assert door.subscribers.changes == changes + 1
    other.close()

"""What another program says at the address of a node stops nobody."""

from collections.abc import Iterator

import pytest
import zmq

from matcher.node.peers import Peers
from protocol import topics
from protocol.codec import encode
from tests.nodes import told

TIMEOUT = 10_000


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    with zmq.Context() as context:
        yield context


@pytest.mark.parametrize("strange", [(b"\xc1",), (b"", b"no pulse"), (encode([999]),), ()])
def test_a_strange_message_is_left_out(context: zmq.Context[zmq.Socket[bytes]], strange: tuple[bytes, ...]) -> None:
    with context.socket(zmq.XPUB) as speaker:
        speaker.set(zmq.LINGER, 0)
        port = speaker.bind_to_random_port("tcp://127.0.0.1")
        peers = Peers(context, [f"tcp://127.0.0.1:{port}"], None, 0)
        assert speaker.poll(TIMEOUT), "it subscribes"
        speaker.recv()
        speaker.send_multipart((topics.NODES, *strange))
        speaker.send_multipart((topics.NODES, encode(told(1))))
        poller = zmq.Poller()
        peers.register(poller)
        heard: list[int] = []
        while not heard:
            ready = dict(poller.poll(TIMEOUT))
            assert ready, "the next message is heard"
            heard = [pulse.node for pulse in peers.take(ready)]
        assert heard == [1]
        peers.close()

"""What both sides do with their sockets thousands of times a second, without the layers between.

pyzmq's `Socket` puts Python around the compiled class below it: it combines flags as enums and looks at what nobody
here uses, which takes longer than the sending itself. So the methods of that class are called, with plain numbers.
"""

from collections.abc import Callable
from typing import Final

import zmq

Socket = zmq.Socket[bytes]

DONT_WAIT: Final = int(zmq.NOBLOCK)
MORE_FOLLOWS: Final = int(zmq.NOBLOCK | zmq.SNDMORE)


def is_ipv6(endpoint: str) -> bool:
    """Whether ZeroMQ is to speak IPv6 there: where the endpoint has an IPv6 address, which stands in brackets. A host
    name stands for its IPv4 address: with IPv6, `localhost` would be another address than the one that everything here
    binds."""
    return "://[" in endpoint


def sender(socket: Socket) -> Callable[[bytes], None]:
    """A function that sends a message of one frame; zmq.Again where the socket does not take it now."""
    send = super(zmq.Socket, socket).send

    def send_frame(payload: bytes) -> None:
        send(payload, DONT_WAIT)

    return send_frame


def publisher(socket: Socket) -> Callable[[bytes, bytes], None]:
    """A function that sends a message of two frames, topic and payload, without ever waiting."""
    send = super(zmq.Socket, socket).send

    def publish(topic: bytes, payload: bytes) -> None:
        send(topic, MORE_FOLLOWS)
        send(payload, DONT_WAIT)

    return publish


def frame_receiver(socket: Socket) -> Callable[[], zmq.Frame]:
    """A function that takes in one frame, which tells whether more follow in its message; zmq.Again where none
    waits."""
    receive = super(zmq.Socket, socket).recv

    def receive_frame() -> zmq.Frame:
        frame = receive(DONT_WAIT, copy=False)
        assert isinstance(frame, zmq.Frame), "as was asked for"
        return frame

    return receive_frame


def message_receiver(socket: Socket) -> Callable[[], list[bytes]]:
    """A function that takes in all frames of one message; zmq.Again where none waits."""
    receive_frame = frame_receiver(socket)

    def receive_message() -> list[bytes]:
        frame = receive_frame()
        frames = [frame.bytes]
        while frame.more:
            frame = receive_frame()
            frames.append(frame.bytes)
        return frames

    return receive_message

"""What the loop does with its sockets thousands of times a second, without the layers between.

pyzmq's `Socket` puts Python around the compiled class below it: it combines flags as enums and looks at what the matcher never uses,
which takes longer than the sending itself. So the methods of that class are called, with plain numbers.
"""

from collections.abc import Callable
from typing import Final

import zmq

Socket = zmq.Socket[bytes]

DONT_WAIT: Final = int(zmq.NOBLOCK)
MORE_FOLLOWS: Final = int(zmq.NOBLOCK | zmq.SNDMORE)


def publisher(socket: Socket) -> Callable[[bytes, bytes], None]:
    """A function that sends a message of two frames, topic and payload, without ever waiting."""
    send = super(zmq.Socket, socket).send

    def publish(topic: bytes, payload: bytes) -> None:
        send(topic, MORE_FOLLOWS)
        send(payload, DONT_WAIT)

    return publish


def receiver(socket: Socket) -> Callable[[], zmq.Frame]:
    """A function that takes in one frame, which tells whether more follow in its message; zmq.Again where none waits."""
    receive = super(zmq.Socket, socket).recv

    def take() -> zmq.Frame:
        frame = receive(DONT_WAIT, copy=False)
        assert isinstance(frame, zmq.Frame), "as was asked for"
        return frame

    return take

"""The sockets of clients, each option with its reason; and how both sides send and receive.

Both sides send and receive thousands of times a second. pyzmq's `Socket` wraps a compiled class in Python code that
takes longer than the sending itself. So the methods of the compiled class are called, with plain numbers.
"""

from collections.abc import Callable
from typing import Final

import zmq

from protocol import topics

Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]

MAX_REPORT_BYTES: Final = 512 * 1024 * 1024
"""The largest report. The answer to an order that trades with a million others fits, and so does that to a cancel."""

MAX_MARKET_DATA_BYTES: Final = 1024 * 1024
"""The largest message of market data."""

MAX_GREETING_BYTES: Final = 1_024
"""The largest message that comes from the matcher's socket of commands, which sends greetings only."""

DONT_WAIT: Final = int(zmq.NOBLOCK)
MORE_FOLLOWS: Final = int(zmq.NOBLOCK | zmq.SNDMORE)


def is_ipv6(endpoint: str) -> bool:
    """Whether ZeroMQ is to speak IPv6 there: the endpoint holds an IPv6 address, in brackets.

    A host name stands for its IPv4 address. With IPv6, `localhost` would not be the address that is bound here.
    """
    return "://[" in endpoint


def open_commands(context: Context, endpoint: str) -> Socket:
    """A PUSH socket to a matcher. It refuses at once what it cannot deliver."""
    socket = context.socket(zmq.PUSH)
    # Without a matcher a send fails at once. A queued command might be executed late, or never.
    socket.set(zmq.IMMEDIATE, 1)
    # Messages that have not left at exit were not taken, and nothing waits for them.
    socket.set(zmq.LINGER, 0)
    # A matcher that falls further behind is noticed by the session's window.
    socket.set(zmq.SNDHWM, 1_000)
    socket.set(zmq.MAXMSGSIZE, MAX_GREETING_BYTES)
    _connect(socket, endpoint)
    return socket


def open_reports(context: Context, endpoint: str, session: int) -> Socket:
    """A SUB socket to the session's reports and the matcher's pulse."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # What overflows leaves a hole. The session sees it and asks again.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, MAX_REPORT_BYTES)
    socket.subscribe(topics.PULSE)
    socket.subscribe(topics.reports(session))
    _connect(socket, endpoint)
    return socket


def open_market_data(context: Context, endpoint: str) -> Socket:
    """A SUB socket to the public market data, subscribed to nothing yet."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # A reader that falls further behind loses messages, and sees the hole by their numbers.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, MAX_MARKET_DATA_BYTES)
    _connect(socket, endpoint)
    return socket


def _connect(socket: Socket, endpoint: str) -> None:
    """Connect, and connect again whenever the peer is lost."""
    # A peer that has vanished without a word is given up after three silent seconds.
    socket.set(zmq.HEARTBEAT_IVL, 1_000)
    socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
    # A restarted container has another address under its name. The system would try the old one for two minutes.
    socket.set(zmq.CONNECT_TIMEOUT, 2_000)
    socket.set(zmq.HANDSHAKE_IVL, 2_000)
    # Milliseconds: the first attempt soon, later ones at least every second.
    socket.set(zmq.RECONNECT_IVL, 50)
    socket.set(zmq.RECONNECT_IVL_MAX, 1_000)
    socket.set(zmq.IPV6, is_ipv6(endpoint))
    socket.connect(endpoint)


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

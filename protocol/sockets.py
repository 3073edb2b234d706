"""The sockets of clients, with a reason for each option; and functions that send and receive, for both sides.

Both sides send and receive thousands of times a second. pyzmq's `Socket` wraps a compiled class. Its Python code takes
longer than sending. So these functions call the compiled class, with plain numbers.
"""

from collections.abc import Callable
from typing import Final

import zmq

from protocol import topics
from protocol.curve import ClientKeys, open_with

Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]

MAX_REPORT_BYTES: Final = 512 * 1024 * 1024
"""The largest report. The answer to an order that trades with a million others fits."""

MAX_MARKET_DATA_BYTES: Final = 1024 * 1024
"""The largest message of market data."""

FRAMES_QUEUED: Final = 1_000
"""Frames of commands that wait for the matcher, at most."""

MAX_GREETING_BYTES: Final = 1_024
"""The largest message from the matcher's socket of commands. It sends only ZeroMQ's greetings."""

DONT_WAIT: Final = int(zmq.NOBLOCK)
MORE_FOLLOWS: Final = int(zmq.NOBLOCK | zmq.SNDMORE)


def is_ipv6(endpoint: str) -> bool:
    """Whether the endpoint holds an IPv6 address, in brackets.

    Without IPv6, ZeroMQ resolves a host name to its IPv4 address. With it, `localhost` could be another address than
    the bound one.
    """
    return "://[" in endpoint


def open_commands(
    context: Context, endpoint: str, keys: ClientKeys | None = None, frames: int = FRAMES_QUEUED
) -> Socket:
    """Open a PUSH socket to a matcher. Sending fails at once if no matcher is connected, or if `frames` frames wait."""
    socket = context.socket(zmq.PUSH)
    # Without a matcher a send fails at once. A queued command might be executed late, or never.
    socket.set(zmq.IMMEDIATE, 1)
    # At exit, drop messages that were not sent: nobody waits for them.
    socket.set(zmq.LINGER, 0)
    # If the matcher falls further behind, the session's window fills.
    socket.set(zmq.SNDHWM, frames)
    socket.set(zmq.MAXMSGSIZE, MAX_GREETING_BYTES)
    _connect(socket, endpoint, keys)
    return socket


def open_reports(context: Context, endpoint: str, number: int, keys: ClientKeys | None = None) -> Socket:
    """Open a SUB socket to the reports of the session with that public number, and the matcher's pulse."""
    socket = open_updates(context, endpoint, keys)
    socket.subscribe(topics.PULSE)
    socket.subscribe(topics.reports(number))
    return socket


def open_updates(context: Context, endpoint: str, keys: ClientKeys | None = None) -> Socket:
    """Open a SUB socket to the reports. It has no subscription yet."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # An overflow leaves a hole in the answers. The session sees it and sends its commands again.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, MAX_REPORT_BYTES)
    _connect(socket, endpoint, keys)
    return socket


def open_market_data(context: Context, endpoint: str, keys: ClientKeys | None = None) -> Socket:
    """Open a SUB socket to the public market data. It has no subscription yet."""
    socket = context.socket(zmq.SUB)
    socket.set(zmq.LINGER, 0)
    # A reader that falls further behind loses messages, and sees the gap in their numbers.
    socket.set(zmq.RCVHWM, 10_000)
    socket.set(zmq.MAXMSGSIZE, MAX_MARKET_DATA_BYTES)
    _connect(socket, endpoint, keys.for_market_data if keys is not None else None)
    return socket


def _connect(socket: Socket, endpoint: str, keys: ClientKeys | None) -> None:
    """Connect, unless the endpoint is empty, and connect again after each loss of the peer."""
    # Give up a peer after three silent seconds.
    socket.set(zmq.HEARTBEAT_IVL, 1_000)
    socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
    # A restarted container has a new address under its name. The system would try the old one for two minutes.
    socket.set(zmq.CONNECT_TIMEOUT, 2_000)
    socket.set(zmq.HANDSHAKE_IVL, 2_000)
    # Milliseconds: the first attempt soon, later ones at least every second.
    socket.set(zmq.RECONNECT_IVL, 50)
    socket.set(zmq.RECONNECT_IVL_MAX, 1_000)
    open_with(socket, keys)
    if endpoint:
        move(socket, "", endpoint)


def move(socket: Socket, before: str, endpoint: str) -> None:
    """Leave a peer, if there is one, for another one. What the former one has said and nobody has read is dropped."""
    if before == endpoint:
        return
    if before:
        socket.disconnect(before)
    socket.set(zmq.IPV6, is_ipv6(endpoint))
    socket.connect(endpoint)


def sender(socket: Socket) -> Callable[[bytes], None]:
    """Make a function that sends a message of one frame. It raises zmq.Again if the socket is full."""
    send = super(zmq.Socket, socket).send

    def send_frame(payload: bytes) -> None:
        send(payload, DONT_WAIT)

    return send_frame


def publisher(socket: Socket) -> Callable[[bytes, bytes], None]:
    """Make a function that sends a message of two frames, topic and payload, and never waits."""
    send = super(zmq.Socket, socket).send

    def publish(topic: bytes, payload: bytes) -> None:
        send(topic, MORE_FOLLOWS)
        send(payload, DONT_WAIT)

    return publish


def frame_receiver(socket: Socket) -> Callable[[], zmq.Frame]:
    """Make a function that receives one frame. It raises zmq.Again if none waits.

    `more` of the frame says whether others of its message follow.
    """
    receive = super(zmq.Socket, socket).recv

    def receive_frame() -> zmq.Frame:
        frame = receive(DONT_WAIT, copy=False)
        assert isinstance(frame, zmq.Frame), "copy=False gives a Frame"
        return frame

    return receive_frame


def message_receiver(socket: Socket) -> Callable[[], list[bytes]]:
    """Make a function that receives all frames of one message. It raises zmq.Again if none waits."""
    receive_frame = frame_receiver(socket)

    def receive_message() -> list[bytes]:
        frame = receive_frame()
        frames = [frame.bytes]
        while frame.more:
            frame = receive_frame()
            frames.append(frame.bytes)
        return frames

    return receive_message

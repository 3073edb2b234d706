"""A reader of market data that shares no code with this project."""

from collections.abc import Callable

import msgspec
import zmq

from tests.exchange import PATIENCE, Json, Matcher

Message = tuple[str, Json]


class Subscriber:
    """Reads market data as a program without this project's code does: two frames, the second one plain MessagePack. A
    context manager."""

    def __init__(
        self, matcher: Matcher, *prefixes: str, receive_buffer: int = -1, receive_limit: int = 100_000
    ) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set(zmq.LINGER, 0)
        self._socket.set(zmq.RCVHWM, receive_limit)
        self._socket.set(zmq.RCVBUF, receive_buffer)
        self._socket.set(zmq.RECONNECT_IVL, 20)
        self._socket.connect(matcher.market_data)
        for prefix in prefixes:
            self.subscribe(prefix)

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._context.term()

    def subscribe(self, prefix: str) -> None:
        self._socket.subscribe(prefix)

    def read(self) -> Message:
        """The next message."""
        assert self._socket.poll(int(PATIENCE * 1000)), "no message came"
        frames = self._socket.recv_multipart()
        assert len(frames) == 2
        message: Json = msgspec.msgpack.decode(frames[1])
        return frames[0].decode(), message

    def read_until(self, wanted: Callable[[str, Json], bool]) -> list[Message]:
        """Messages up to the first one that is wanted."""
        messages = [self.read()]
        while not wanted(*messages[-1]):
            messages.append(self.read())
        return messages

    def read_waiting(self) -> list[Message]:
        """What is there already."""
        messages: list[Message] = []
        while self._socket.poll(0):
            messages.append(self.read())
        return messages

"""What waits for one socket, in order. Nothing that must arrive is dropped: a socket that is too slow is closed."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from gateway.http.closing import CloseFrame
from gateway.http.frames import frame_of
from gateway.http.responses import encode
from gateway.streams.clients import Client

EVENTS_WAITING: Final = 10_000
BYTES_WAITING: Final = 16 * 1024 * 1024
"""Events and bytes that wait at most for one socket."""

TOO_SLOW: Final = 1008
"""The close code of a socket that would have missed an event."""


class Packet(Struct, frozen=True):
    """One text for sockets, and the frame that carries it."""

    payload: bytes
    frame: bytes


def packet(payload: bytes) -> Packet:
    return Packet(payload, frame_of(payload))


def wrapped(stream: str, payload: bytes) -> bytes:
    """The payload as a combined socket hears it."""
    return b'{"stream":%b,"data":%b}' % (encode(stream), payload)


class Told:
    """One event, encoded once for each way in which sockets hear it.

    make: what the event tells, by the nanoseconds of a unit of its times.
    """

    __slots__ = ("_make", "_packets", "_payloads")

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self._payloads: dict[int, bytes] = {}
        self._packets: dict[tuple[str | None, int], Packet] = {}

    def packet(self, stream: str | None, unit: int) -> Packet:
        """For sockets with this unit. stream: the name that the event is wrapped with; None for no wrapping."""
        found = self._packets.get((stream, unit))
        if found is None:
            payload = self._payloads.get(unit)
            if payload is None:
                payload = self._payloads[unit] = encode(self._make(unit))
            found = packet(payload if stream is None else wrapped(stream, payload))
            self._packets[stream, unit] = found
        return found


class SocketClient(Client):
    """unit: the nanoseconds of a unit of the times that it hears."""

    def __init__(self, unit: int) -> None:
        super().__init__()
        self.unit = unit
        # What waits: texts that must arrive, and names of states of which only the newest must.
        self._queue: deque[bytes | str] = deque()
        self._states: dict[str, bytes] = {}
        self._bytes = 0

    def offer(self, told: Packet) -> None:
        """What must arrive."""
        if self._close_frame is not None or (not self._queue and self._send_frame(told.frame)):
            return
        if len(self._queue) >= EVENTS_WAITING or self._bytes >= BYTES_WAITING:
            self.end(CloseFrame(TOO_SLOW, f"too slow: {len(self._queue)} events were waiting"))
            self._queue.clear()
            self._states.clear()
            return
        self._queue.append(told.payload)
        self._bytes += len(told.payload)
        self._changed.set()

    def offer_state(self, name: str, told: Packet) -> None:
        """A state. It takes the place of the one of that name that still waits."""
        if self._close_frame is not None or (not self._queue and self._send_frame(told.frame)):
            return
        if name not in self._states:
            self._queue.append(name)
        self._states[name] = told.payload
        self._changed.set()

    def forget_state(self, name: str) -> None:
        """A state of that name is not to be told any more."""
        self._states.pop(name, None)

    def _take(self) -> str | None:
        while self._queue:
            first = self._queue.popleft()
            if isinstance(first, bytes):
                self._bytes -= len(first)
                return first.decode()
            state = self._states.pop(first, None)
            if state is not None:
                return state.decode()
        return None

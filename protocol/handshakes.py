"""Why a client's connections fail in their handshake. A wrong key must not look like a matcher that is away."""

import struct
from typing import Any, Final

import zmq

from protocol.curve import ClientKeys

EVENTS: Final = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)

EVENT: Final = struct.Struct("=HI")
"""The first part of a message of a monitor: what has happened, and a number with it."""

NOT_CURVE: Final = "one side has CURVE and the other has not: start this one again when that is changed"
KEY_REFUSED: Final = (
    "the matcher breaks the handshake off: it does not allow this client's key, or its public key is another one"
)


class Handshakes:
    """Those of one client's socket, with keys or without."""

    def __init__(self, socket: "zmq.Socket[Any]", keys: ClientKeys | None) -> None:
        self._of = socket
        self._has_keys = keys is not None
        self._monitor = socket.get_monitor_socket(EVENTS)
        self._told: set[str] = set()
        self.reason = ""
        """Why the last one failed; empty where it did not."""

    def take(self) -> list[str]:
        """Take in what has happened. Returns the reasons that are new since a handshake went well."""
        new: list[str] = []
        while True:
            try:
                event, _ = self._monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return new
            kind, _ = EVENT.unpack(event)
            if kind == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._told.clear()
                self.reason = ""
                continue
            if kind != zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL and not self._has_keys:
                # The matcher has ended meanwhile, or is no matcher.
                continue
            self.reason = NOT_CURVE if kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL else KEY_REFUSED
            if self.reason not in self._told:
                self._told.add(self.reason)
                new.append(self.reason)

    def close(self) -> None:
        """Before the socket is closed."""
        self._of.disable_monitor()
        self._monitor.close(linger=0)

"""The connections to a socket of the matcher, within the number of free descriptors.

libzmq accepts every connection, and loops without pause once no descriptor is left. Its monitor tells which descriptor
a new connection has, and the system gives the lowest free one: a high number means that few are left. Such a connection
is shut down at once. To libzmq it looks as if its peer had left. Peers try again by themselves.
"""

import socket
from contextlib import suppress
from typing import Final

import structlog
import zmq

from matching_exchange.process.descriptors import KEPT, raise_limit
from matching_exchange.process.log_brake import LogBrake
from protocol.handshakes import EVENT
from protocol.sockets import Socket

RESERVE: Final = 32
"""Descriptors for connections that are accepted before the shortage is noticed."""

MAX_PRIVATE: Final = 512
"""Descriptors kept for commands and reports when market data has taken the others; at most a quarter of all."""

LEAST: Final = 64
"""Descriptors that the matcher itself and a few connections need."""

NEAR: Final = 0.9
"""From this part of its descriptors on, a socket says that it is near its limit."""

EVENTS: Final = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL

log = structlog.get_logger("matcher")


class DescriptorsError(Exception):
    """This process may not open enough files; the message is one line."""


class Connections:
    """Those `of` one socket, which takes descriptors below `bound`. `monitor` is readable when a connection has begun
    or ended."""

    def __init__(self, of: Socket, setting: str, bound: int, brake: LogBrake) -> None:
        self.of = of
        self._setting = setting
        self._bound = bound
        self._brake = brake
        self.monitor: Socket = of.get_monitor_socket(EVENTS)

    def take(self) -> set[int]:
        """Take in what has changed; the descriptors of connections that have ended."""
        accepted: set[int] = set()
        ended: set[int] = set()
        while True:
            try:
                event, _ = self.monitor.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            kind, descriptor = EVENT.unpack(event)
            if kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                self._tell_of_handshake()
            elif kind == zmq.EVENT_ACCEPTED:
                accepted.add(descriptor)
            else:
                accepted.discard(descriptor)
                ended.add(descriptor)
        if accepted:
            self._look_at(accepted)
        return ended

    def close(self) -> None:
        self.of.disable_monitor()
        self.monitor.close(linger=0)

    def _look_at(self, accepted: set[int]) -> None:
        highest = max(accepted)
        if highest >= self._bound:
            for descriptor in accepted:
                if descriptor >= self._bound:
                    _shut_down(descriptor)
            self._warn("connections are closed: no file descriptors are left for more (ulimit -n)")
        elif highest >= self._bound * NEAR:
            self._warn("few file descriptors are left for connections (ulimit -n)")

    def _tell_of_handshake(self) -> None:
        if (left_out := self._brake.passes("handshake")) is not None:
            log.warning(
                "a handshake failed: the client has not CURVE as this socket has it, or another public key of it",
                socket=self._setting,
                **left_out,
            )

    def _warn(self, line: str) -> None:
        if (left_out := self._brake.passes(line)) is not None:
            log.warning(line, socket=self._setting, most=self._bound, **left_out)


def descriptor_bounds() -> tuple[int, int]:
    """Raise this process's limit; the bounds of the market data's connections and of private ones. DescriptorsError
    where too few are left for the matcher itself."""
    usable = raise_limit(RESERVE, keep=True)
    if usable < LEAST:
        raise DescriptorsError(
            f"takes at least {LEAST + RESERVE + KEPT} open files, and the limit of this process is lower (ulimit -n)"
        )
    return usable - min(usable // 4, MAX_PRIVATE), usable


def _shut_down(descriptor: int) -> None:
    try:
        connection = socket.socket(fileno=descriptor)
    except OSError:
        # It has gone meanwhile.
        return
    with suppress(OSError):
        # If it fails, the peer has closed first.
        connection.shutdown(socket.SHUT_RDWR)
    connection.detach()

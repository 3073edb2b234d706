"""The matcher's three sockets: commands come in, market data and private reports go out."""

from typing import Final

import zmq

from matcher.config import Config
from matcher.serving.connections import Connections, descriptor_bounds
from matcher.serving.endpoints import ENDPOINTS, EndpointError, endpoints_of, unbound
from matching_exchange.process.log_brake import LogBrake
from protocol.sockets import Socket, is_ipv6

MAX_TRANSPORT_BYTES: Final = 16 * 1024 * 1024
"""The transport cuts off who sends a larger message; between this and MAX_FRAME_BYTES a frame is read, refused and
counted."""

MAX_SUBSCRIPTION_BYTES: Final = 256
"""The largest subscription."""

LINGER_AT_EXIT: Final = 1_000
"""How many milliseconds a clean stop waits for slow readers to fetch the last answers."""


class Sockets:
    """Open, and bound by `bind`."""

    def __init__(self, brake: LogBrake) -> None:
        self._context = zmq.Context()
        self.commands: Socket = self._context.socket(zmq.PULL)
        self.market_data: Socket = self._context.socket(zmq.XPUB)
        self.reports: Socket = self._context.socket(zmq.PUB)
        public, private = descriptor_bounds()
        bounds = (private, public, private)
        self._connections = [
            Connections(socket, name, bound, brake)
            for socket, name, bound in zip(self._all(), ENDPOINTS, bounds, strict=True)
        ]

    def bind(self, config: Config) -> None:
        """EndpointError names the setting whose endpoint cannot be bound."""
        for socket, (name, endpoint) in zip(self._all(), endpoints_of(config).items(), strict=True):
            # A peer that has vanished without a word is dropped after three silent seconds.
            socket.set(zmq.HEARTBEAT_IVL, 1_000)
            socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
            socket.set(zmq.LINGER, 0)
            # A reader that falls this many messages behind loses some, and sees the gap. It never slows the matcher.
            socket.set(zmq.SNDHWM, 10_000)
            # Further senders wait in their own process, until their window is full.
            socket.set(zmq.RCVHWM, 1_000)
            socket.set(zmq.MAXMSGSIZE, MAX_TRANSPORT_BYTES if socket is self.commands else MAX_SUBSCRIPTION_BYTES)
            socket.set(zmq.IPV6, is_ipv6(endpoint))
            try:
                socket.bind(endpoint)
            except zmq.ZMQError as error:
                raise EndpointError(unbound(name, endpoint, error)) from error

    def register(self, poller: zmq.Poller) -> None:
        """Let the poller wait for commands, for subscriptions, and for connections that begin or end."""
        monitors = [connections.monitor for connections in self._connections]
        for socket in (self.commands, self.market_data, *monitors):
            poller.register(socket, zmq.POLLIN)

    def gone(self, ready: dict[object, int]) -> set[int]:
        """Look at the connections that have begun or ended; the descriptors of those to the market data that have
        ended."""
        gone: set[int] = set()
        for connections in self._connections:
            if connections.monitor in ready:
                ended = connections.take()
                if connections.of is self.market_data:
                    gone = ended
        return gone

    def close(self) -> None:
        for connections in self._connections:
            connections.close()
        for socket in self._all():
            socket.close(linger=LINGER_AT_EXIT)
        self._context.term()

    def _all(self) -> tuple[Socket, Socket, Socket]:
        """In the order of ENDPOINTS."""
        return self.commands, self.market_data, self.reports

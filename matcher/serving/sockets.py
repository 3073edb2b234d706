"""The matcher's three sockets: commands come in, market data and private reports go out."""

import os
from typing import Final

import zmq

from matcher.config import PREFIX, Config
from matcher.node_config import SNAPSHOTS as SNAPSHOTS_SETTING
from matcher.serving.authenticator import Authenticator
from matcher.serving.connections import Connections, descriptor_bounds
from matcher.serving.endpoints import ENDPOINTS, EndpointError, endpoints_of, unbound
from matching_exchange.process.files import OTHERS
from matching_exchange.process.log_brake import LogBrake
from protocol.curve import MAX_HANDSHAKE_BYTES, keep_closed, public_key
from protocol.snapshots import MAX_QUESTION_BYTES
from protocol.sockets import Context, Socket, is_ipv6

MAX_TRANSPORT_BYTES: Final = 16 * 1024 * 1024
"""The transport cuts off who sends a larger message; between this and MAX_FRAME_BYTES a frame is read, refused and
counted."""

MAX_SUBSCRIPTION_BYTES: Final = 256
"""The largest subscription."""

_, MARKET_DATA, _ = ENDPOINTS
"""The socket that any key may read, where it has CURVE."""

SNAPSHOTS: Final = "snapshots"
"""The domain of the socket that serves snapshots: nodes alone read them."""

LINGER_AT_EXIT: Final = 1_000
"""How many milliseconds a clean stop waits for slow readers to fetch the last answers."""


class Sockets:
    """Open, and bound by `bind`. With a secret key, they have CURVE."""

    def __init__(self, config: Config, brake: LogBrake) -> None:
        self._config = config
        self._context: Context = zmq.Context()
        self._authenticator: Authenticator | None = None
        if config.curve_secret:
            # Nodes hear each other, and fetch snapshots: those hold the ids of sessions, which nobody else may know.
            own = public_key(config.curve_secret) if config.node is not None else None
            self._authenticator = Authenticator(
                self._context, config.curve_allowed, [MARKET_DATA], brake, own, [SNAPSHOTS]
            )
        self.commands: Socket = self._context.socket(zmq.PULL)
        self.market_data: Socket = self._context.socket(zmq.XPUB)
        self.reports: Socket = self._context.socket(zmq.PUB)
        public, private = descriptor_bounds()
        bounds = (private, public, private)
        self._connections = [
            Connections(socket, name, bound, brake)
            for socket, name, bound in zip(self._all(), ENDPOINTS, bounds, strict=True)
        ]

    def bind(self) -> None:
        """EndpointError names the setting whose endpoint cannot be bound."""
        config = self._config
        for socket, (name, endpoint), domain in zip(self._all(), endpoints_of(config).items(), ENDPOINTS, strict=True):
            # A peer that has vanished without a word is dropped after three silent seconds.
            socket.set(zmq.HEARTBEAT_IVL, 1_000)
            socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
            socket.set(zmq.LINGER, 0)
            # A reader that falls this many messages behind loses some, and sees the gap. It never slows the matcher.
            socket.set(zmq.SNDHWM, 10_000)
            # Further senders wait in their own process, until their window is full.
            socket.set(zmq.RCVHWM, 1_000)
            most = MAX_TRANSPORT_BYTES if socket is self.commands else MAX_SUBSCRIPTION_BYTES
            if config.curve_secret and (socket is not self.market_data or config.curve_market_data):
                keep_closed(socket, config.curve_secret, domain)
                most = max(most, MAX_HANDSHAKE_BYTES)
            socket.set(zmq.MAXMSGSIZE, most)
            self._bind(socket, name, endpoint)

    def _bind(self, socket: Socket, name: str, endpoint: str) -> None:
        socket.set(zmq.IPV6, is_ipv6(endpoint))
        # A socket in the file system is made so that no other user can connect to it.
        mask = os.umask(OTHERS)
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise EndpointError(unbound(name, endpoint, error)) from error
        finally:
            os.umask(mask)

    def open_snapshots(self, endpoint: str) -> Socket:
        """The socket at which a node of a replicated log serves its snapshots, bound. Its owner closes it when the
        context ends. EndpointError as `bind`."""
        socket: Socket = self._context.socket(zmq.REP)
        socket.set(zmq.HEARTBEAT_IVL, 1_000)
        socket.set(zmq.HEARTBEAT_TIMEOUT, 3_000)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.MAXMSGSIZE, MAX_QUESTION_BYTES)
        if self._config.curve_secret:
            keep_closed(socket, self._config.curve_secret, SNAPSHOTS)
            socket.set(zmq.MAXMSGSIZE, max(MAX_QUESTION_BYTES, MAX_HANDSHAKE_BYTES))
        self._bind(socket, SNAPSHOTS_SETTING.title(PREFIX), endpoint)
        return socket

    @property
    def context(self) -> Context:
        """It ends with `close`."""
        return self._context

    def register(self, poller: zmq.Poller) -> None:
        """Let the poller wait for commands, for subscriptions, and for connections that begin or end."""
        watched = [connections.monitor for connections in self._connections]
        if self._authenticator is not None:
            watched.append(self._authenticator.socket)
        for socket in (self.commands, self.market_data, *watched):
            poller.register(socket, zmq.POLLIN)

    def gone(self, ready: dict[object, int]) -> set[int]:
        """Look at the connections that begin, have begun or have ended; the descriptors of those to the market data
        that have ended."""
        if self._authenticator is not None and self._authenticator.socket in ready:
            self._authenticator.answer()
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
        if self._authenticator is not None:
            self._authenticator.close()
        self._context.term()

    def _all(self) -> tuple[Socket, Socket, Socket]:
        """In the order of ENDPOINTS."""
        return self.commands, self.market_data, self.reports

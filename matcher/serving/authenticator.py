"""Says which keys may connect to the matcher's sockets, where they have CURVE: the handler of ZeroMQ's ZAP (RFC 27).

libzmq asks it within the process, once for each handshake. It answers in the matcher's turns, so it needs no thread.
"""

from collections.abc import Collection
from typing import Final

import structlog
import zmq
from zmq.utils import z85

from matching_exchange.process.log_brake import LogBrake
from protocol.sockets import Context, Socket

ENDPOINT: Final = "inproc://zeromq.zap.01"

MAX_TAKEN: Final = 64
"""The most handshakes that one turn answers."""

VERSION: Final = b"1.0"
CURVE: Final = b"CURVE"
ALLOWED: Final = (b"200", b"OK")
REFUSED: Final = (b"300", b"this key is not allowed")
"""A temporary failure: the client tries again, as the next start may allow its key. After a 400 it never would."""

log = structlog.get_logger("matcher")


class Authenticator:
    """Lets the `allowed` keys in everywhere, and any key where the domain of a socket is in `public`. `socket` is
    readable when a handshake waits.

    own: the key of the nodes of a replicated log, which lets in everywhere. nodes_only: domains that take no other.
    """

    def __init__(
        self,
        context: Context,
        allowed: Collection[str],
        public: Collection[str],
        brake: LogBrake,
        own: str | None = None,
        nodes_only: Collection[str] = (),
    ) -> None:
        self._own = None if own is None else z85.decode(own)
        self._nodes_only = {domain.encode() for domain in nodes_only}
        self._allowed = {z85.decode(key) for key in allowed}
        self._public = {domain.encode() for domain in public}
        self._brake = brake
        self.socket: Socket = context.socket(zmq.REP)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(ENDPOINT)

    def answer(self) -> None:
        """Answer handshakes that wait, a bounded number."""
        for _ in range(MAX_TAKEN):
            try:
                _, request, domain, address, _, mechanism, *credentials = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            lets_in = mechanism == CURVE and self._lets_in(domain, credentials)
            status = ALLOWED if lets_in else REFUSED
            self.socket.send_multipart([VERSION, request, *status, b"", b""])
            if not lets_in and (left_out := self._brake.passes("key refused")) is not None:
                log.warning(
                    "a key that MATCHER_CURVE_ALLOWED does not name is refused",
                    socket=domain.decode(),
                    address=address.decode(),
                    key=", ".join(z85.encode(key).decode() for key in credentials if len(key) % 4 == 0),
                    **left_out,
                )

    def close(self) -> None:
        self.socket.close()

    def _lets_in(self, domain: bytes, credentials: list[bytes]) -> bool:
        if domain in self._public:
            return True
        if len(credentials) != 1:
            return False
        return credentials[0] == self._own or (domain not in self._nodes_only and credentials[0] in self._allowed)

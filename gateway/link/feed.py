"""The gateway's reader of the matcher's public market data. It subscribes to nothing that no client wants."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
import zmq

from protocol.codec import decode_market_data
from protocol.curve import ClientKeys
from protocol.handshakes import Handshakes
from protocol.market_data import MarketDataMessage
from protocol.sockets import message_receiver, open_market_data

READ_AT_ONCE: Final = 256
"""Messages that are read at most before other work of the loop gets its turn."""

SAFETY_TICK: Final = 0.25
"""Seconds after which the socket is read even without a signal of its descriptor."""

Handler = Callable[[MarketDataMessage], None]

log = structlog.get_logger("gateway")


class Feed(Protocol):
    """As the feed has these."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def subscribe(self, topic: bytes, handler: Handler) -> Callable[[], None]: ...


class MarketDataFeed:
    """One for each worker, on its event loop. The matcher sends the current state of a topic to each new subscription.
    It does so again after a restart or a lost connection. `keys` are needed where the market data has CURVE.

    standbys: endpoints of other nodes, one of which may be the leader already. What comes of an earlier epoch than the
    newest one heard is then dropped: it was published by a former leader.
    """

    def __init__(self, endpoint: str, keys: ClientKeys | None = None, standbys: Sequence[str] = ()) -> None:
        self._keys = keys
        self._endpoint = endpoint
        self._standbys = standbys
        self._epoch = 0
        self._handlers: dict[bytes, list[Handler]] = {}
        self._last: dict[bytes, MarketDataMessage] = {}

    async def start(self) -> None:
        """Connect; the matcher may come later."""
        self._loop = asyncio.get_running_loop()
        self._context = zmq.Context()
        self._socket = open_market_data(self._context, self._endpoint, self._keys)
        for standby in self._standbys:
            self._socket.connect(standby)
        self._handshakes = Handshakes(self._socket, self._keys)
        self._receive_message = message_receiver(self._socket)
        self._loop.add_reader(int(self._socket.getsockopt(zmq.FD)), self._read)
        self._ticking = self._loop.call_later(SAFETY_TICK, self._tick)

    async def stop(self) -> None:
        self._ticking.cancel()
        self._loop.remove_reader(int(self._socket.getsockopt(zmq.FD)))
        self._handshakes.close()
        self._socket.close()
        self._context.term()

    def subscribe(self, topic: bytes, handler: Handler) -> Callable[[], None]:
        """Hand each message of exactly this topic to the handler, beginning with the last known one; the answer ends
        that."""
        handlers = self._handlers.get(topic)
        if handlers is None:
            self._handlers[topic] = [handler]
            self._socket.subscribe(topic)
            self._loop.call_soon(self._read)
        else:
            handlers.append(handler)
            if topic in self._last:
                handler(self._last[topic])

        def unsubscribe() -> None:
            remaining = self._handlers[topic]
            remaining.remove(handler)
            if not remaining:
                del self._handlers[topic]
                self._last.pop(topic, None)
                self._socket.unsubscribe(topic)
                self._loop.call_soon(self._read)

        return unsubscribe

    def _tick(self) -> None:
        self._ticking = self._loop.call_later(SAFETY_TICK, self._tick)
        for reason in self._handshakes.take():
            log.warning("no connection to the market data", endpoint=self._endpoint, reason=reason)
        self._read()

    def _read(self) -> None:
        """Take in all messages that have come. The descriptor signals changes only, so none may be left."""
        if self._socket.closed:
            return
        for _ in range(READ_AT_ONCE):
            try:
                topic, payload = self._receive_message()
            except zmq.Again:
                return
            handlers = self._handlers.get(topic)
            if handlers:
                message = decode_market_data(payload)
                if self._standbys:
                    if message.epoch < self._epoch:
                        continue
                    self._epoch = message.epoch
                self._last[topic] = message
                for handler in list(handlers):
                    handler(message)
        self._loop.call_soon(self._read)

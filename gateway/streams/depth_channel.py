"""One symbol's depth inside this worker: its clients are told the newest state, and may be spared older ones."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.http.closing import Closing
from gateway.http.frames import Message, message
from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.feed import Feed
from gateway.streams.channels import Channel
from gateway.streams.clients import DepthClient
from protocol import topics
from protocol.commands import DepthQuery
from protocol.events import Depth
from protocol.instrument import Instrument
from protocol.market_data import DepthMessage, MarketDataMessage

STREAM_LEVELS: Final = 10
"""Levels of each side in a message."""

READY_SECONDS: Final = 1.0
"""Time that a new client waits for the depth of the moment."""

EncodeDepth = Callable[[Depth | DepthMessage, int, int, Instrument], str]
"""Makes the message of a depth, its sequence and its time (nanoseconds)."""


class DepthChannel(Channel[DepthClient]):
    """A symbol's depth. Within one epoch the higher sequence is the newer state.

    A matcher that has lost what it did not sync goes on with lower sequences, in a higher epoch.
    """

    def __init__(
        self, instrument: Instrument, broker: Broker, feed: Feed, encode: EncodeDepth, closing: Closing
    ) -> None:
        super().__init__(closing)
        self._encode_depth = encode
        self._instrument = instrument
        self._broker = broker
        self._epoch = 0
        self._newest: tuple[int, Message] | None = None
        self._levels: tuple[object, object] | None = None
        self._received: DepthMessage | None = None
        self._unsubscribe = feed.subscribe(topics.depth(instrument.symbol), self._receive)

    def close(self) -> None:
        super().close()
        self._unsubscribe()

    def new_client(self) -> DepthClient:
        return DepthClient()

    async def prepare(self, client: DepthClient) -> None:
        """Offer the depth of this moment. While the matcher is away, offer the last one known, if any."""
        try:
            answer = await self._broker.query(DepthQuery(self._instrument.symbol, STREAM_LEVELS), READY_SECONDS)
        except MatcherUnavailableError:
            if self._newest is not None:
                client.offer(*self._newest)
        else:
            self._enter(self._broker.epoch)
            client.offer(answer.sequence, self._encode(expect(Depth, answer.value), answer.sequence, answer.timestamp))

    def _receive(self, published: MarketDataMessage) -> None:
        assert isinstance(published, DepthMessage)
        if published.epoch < self._epoch:
            # It comes late, from an earlier matcher.
            return
        self._enter(published.epoch)
        if self._received is None:
            # Several depths may be queued: send only the newest, or a busy gateway never catches up.
            asyncio.get_running_loop().call_soon(self._pass_on)
        self._received = published
        self._check_later()

    def _pass_on(self) -> None:
        """Offer the last depth that was received."""
        published, self._received = self._received, None
        if published is None or published.epoch != self._epoch:
            return
        # The matcher may have told a newer one meanwhile, because it was asked.
        if self._newest is None or published.sequence > self._newest[0]:
            self._offer(published, published.sequence, published.timestamp)

    def _enter(self, epoch: int) -> None:
        """What comes now is of this epoch."""
        if epoch > self._epoch:
            if self._epoch:
                self._newest = None
                for client in self.clients:
                    client.start_again()
            self._epoch = epoch

    async def _catch_up(self) -> None:
        try:
            answer = await self._broker.query(DepthQuery(self._instrument.symbol, STREAM_LEVELS))
        except MatcherUnavailableError:
            # When it is back it sends the current depth.
            return
        depth = expect(Depth, answer.value)
        if self._newest is not None and answer.sequence > self._newest[0] and (depth.bids, depth.asks) != self._levels:
            self._offer(depth, answer.sequence, answer.timestamp)

    def _offer(self, depth: Depth | DepthMessage, sequence: int, timestamp: int) -> None:
        self._newest = sequence, self._encode(depth, sequence, timestamp)
        self._levels = depth.bids, depth.asks
        for client in self.clients:
            client.offer(*self._newest)

    def _encode(self, depth: Depth | DepthMessage, sequence: int, timestamp: int) -> Message:
        return message(self._encode_depth(depth, sequence, timestamp, self._instrument))

"""One symbol's trades inside this worker: its clients are told every one of them, in order."""

from collections.abc import Callable

from msgspec import Struct

from gateway.http.closing import Closing
from gateway.http.frames import message
from gateway.link.broker import Broker
from gateway.link.feed import Feed
from gateway.streams.channels import Channel
from gateway.streams.clients import TradesClient
from gateway.streams.trades_follower import TradesFollower
from protocol.events import Trade
from protocol.instrument import Instrument
from protocol.market_data import TradeMessage


class TradeEncoders(Struct, frozen=True):
    """Make the message of a trade.

    history: from the answer to a query.
    published: from a published trade, with the fee_decimals of the instrument message before it.
    """

    history: Callable[[Trade, Instrument], str]
    published: Callable[[TradeMessage, Instrument, int], str]


class TradesChannel(TradesFollower[TradesClient, str], Channel[TradesClient]):
    """Each trade is told as one message."""

    def __init__(
        self, instrument: Instrument, broker: Broker, feed: Feed, encoders: TradeEncoders, closing: Closing
    ) -> None:
        # The feed may tell what it remembers while the follower subscribes.
        self._encoders = encoders
        super().__init__(instrument, broker, feed, closing)

    def new_client(self) -> TradesClient:
        return TradesClient(self._closing.too_slow)

    async def prepare(self, client: TradesClient) -> None:
        """Wait until the client gets every trade from now on. MatcherUnavailableError if that takes too long."""
        await self.begun()

    def _remembered(self, trade: Trade) -> str:
        return self._encoders.history(trade, self._instrument)

    def _published(self, trade: TradeMessage) -> str:
        return self._encoders.published(trade, self._instrument, self._fee_decimals)

    def _tell(self, told: str) -> None:
        message_told = message(told)
        for client in self.clients:
            client.offer(message_told)

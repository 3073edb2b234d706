"""The market data of several matchers as one feed: the topic's symbol tells the shard."""

from collections.abc import Callable, Sequence

from gateway.link.feed import Feed, Handler
from protocol.shards import ShardMap
from protocol.topics import symbol_of


class ShardedFeed:
    """feeds: one for each shard of the map, in its order."""

    def __init__(self, shard_map: ShardMap, feeds: Sequence[Feed]) -> None:
        self._map = shard_map
        self._feeds = tuple(feeds)

    async def start(self) -> None:
        for feed in self._feeds:
            await feed.start()

    async def stop(self) -> None:
        for feed in self._feeds:
            await feed.stop()

    def subscribe(self, topic: bytes, handler: Handler) -> Callable[[], None]:
        """As that of the shard which owns the topic's symbol."""
        return self._feeds[self._map.number_of(symbol_of(topic))].subscribe(topic, handler)

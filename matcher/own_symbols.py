"""The symbols that belong to a matcher of a shard, and what it refuses because of them.

What a map says changes from start to start. So nothing here is asked in a replay: the log holds the refusals.
"""

from protocol.commands import (
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Command,
    LoadBook,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    SetInstrument,
)
from protocol.saved_book import SavedBook
from protocol.shards import ORDER_BITS, Shard, ShardMap, first_order_id
from protocol.units import Refusal


class OwnSymbols:
    """`shard` is the matcher's own one of the map."""

    def __init__(self, shard_map: ShardMap, shard: Shard) -> None:
        self._map = shard_map
        self._shard = shard

    @property
    def number(self) -> int:
        return self._shard.number

    @property
    def hash(self) -> str:
        """That of the map."""
        return self._map.hash

    def owns(self, symbol: str) -> bool:
        return self._map.number_of(symbol) == self._shard.number

    def refusal(self, command: Command) -> RefuseCommand | None:
        """The refusal of a command that names a symbol of another shard; None for any other command."""
        symbol: str | None = None
        if isinstance(command, PlaceOrder | PlaceOco | CancelOrder | CancelAllOrders | SetInstrument | LoadBook):
            symbol = command.symbol
        elif isinstance(command, CancelReplace):
            symbol = command.place.symbol
        if symbol is None or self.owns(symbol):
            return None
        owner = self._map.shards[self._map.number_of(symbol)].name
        return RefuseCommand(Refusal.WRONG_SHARD, f"{symbol} belongs to the shard {owner}, not to {self._shard.name}")

    def refuse_ids(self, contents: SavedBook) -> RefuseCommand | None:
        """The refusal of a saved book whose orders are of another shard, or leave no room for those that follow."""
        first = first_order_id(self._shard.number)
        most = first + (1 << (ORDER_BITS - 1))
        for saved in (*contents.bids, *contents.asks, *contents.pending):
            if saved.order_id.isdecimal() and not first < int(saved.order_id) <= most:
                return RefuseCommand(
                    Refusal.INVALID_SAVED_BOOK,
                    f"order_id is {saved.order_id}: takes {first + 1} to {most} in the shard {self._shard.name}, or "
                    "new_order_ids",
                )
        return None

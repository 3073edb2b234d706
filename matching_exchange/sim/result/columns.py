"""The columns of a record, with types. `matching_exchange.sim.kernel.record` says what each holds."""

from collections.abc import Sequence
from typing import Any

from matching_exchange.sim.kernel.record import Record


class _Table:
    """Columns of one length: an attribute for each annotation of the class."""

    def __init__(self, columns: dict[str, Any]) -> None:
        for name in type(self).__annotations__:
            setattr(self, name, columns[name])


class Quotes(_Table):
    time: Sequence[int]
    symbol: Sequence[int]
    bid: Sequence[int]
    ask: Sequence[int]
    last: Sequence[int]
    bid_quantity: Sequence[int]
    ask_quantity: Sequence[int]


class Trades(_Table):
    time: Sequence[int]
    symbol: Sequence[int]
    trade_id: Sequence[int]
    price: Sequence[int]
    quantity: Sequence[int]
    side: Sequence[int]


class Orders(_Table):
    agent: Sequence[int]
    number: Sequence[int]
    symbol: Sequence[int]
    side: Sequence[int]
    type: Sequence[int]
    price: Sequence[int]
    quantity: Sequence[int]
    sent_at: Sequence[int]
    arrived_at: Sequence[int]
    rested_at: Sequence[int]
    first_fill_at: Sequence[int]
    done_at: Sequence[int]
    filled: Sequence[int]
    filled_value: Sequence[int]
    status: Sequence[int]
    arrival_bid: Sequence[int]
    arrival_ask: Sequence[int]
    resting_ahead: Sequence[int]


class Fills(_Table):
    time: Sequence[int]
    agent: Sequence[int]
    order: Sequence[int]
    symbol: Sequence[int]
    side: Sequence[int]
    price: Sequence[int]
    quantity: Sequence[int]
    fee_bps: Sequence[int]
    is_maker: Sequence[int]
    trade_id: Sequence[int]


class Columns:
    """A record to read. `symbol` and `agent` of a row are places in `instruments` and `agents`."""

    def __init__(self, record: Record) -> None:
        self.quotes = Quotes(record.quotes)
        self.trades = Trades(record.trades)
        self.orders = Orders(record.orders)
        self.fills = Fills(record.fills)
        self.agents = record.agents
        self.instruments = record.instruments
        self.start = record.start
        self.end = record.end

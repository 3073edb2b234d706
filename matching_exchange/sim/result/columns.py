"""What a result is made of: the columns of a record.

Columns of one table have the same length. Rows are in order of time. Times are nanoseconds since 1970, prices and
quantities the instrument's integers. `symbol` and `agent` are places in the lists of instruments and agents.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from protocol.instrument import Instrument


class Quotes(Protocol):
    """The best prices after a change; 0 stands for none."""

    @property
    def time(self) -> Sequence[int]: ...
    @property
    def symbol(self) -> Sequence[int]: ...
    @property
    def bid(self) -> Sequence[int]: ...
    @property
    def ask(self) -> Sequence[int]: ...
    @property
    def last(self) -> Sequence[int]: ...
    @property
    def bid_quantity(self) -> Sequence[int]: ...
    @property
    def ask_quantity(self) -> Sequence[int]: ...


class Trades(Protocol):
    """All trades of the market. `side` is that of the taker."""

    @property
    def time(self) -> Sequence[int]: ...
    @property
    def symbol(self) -> Sequence[int]: ...
    @property
    def trade_id(self) -> Sequence[int]: ...
    @property
    def price(self) -> Sequence[int]: ...
    @property
    def quantity(self) -> Sequence[int]: ...
    @property
    def side(self) -> Sequence[int]: ...


class Orders(Protocol):
    """The orders of measured agents, as they ended. Times that have not come are 0.

    filled_value: price x quantity of what is filled.
    arrival_bid, arrival_ask: the best prices at the exchange when the order was sent.
    resting_ahead: the quantity before it when it began to rest.
    """

    @property
    def agent(self) -> Sequence[int]: ...
    @property
    def number(self) -> Sequence[int]: ...
    @property
    def symbol(self) -> Sequence[int]: ...
    @property
    def side(self) -> Sequence[int]: ...
    @property
    def type(self) -> Sequence[int]: ...
    @property
    def price(self) -> Sequence[int]: ...
    @property
    def quantity(self) -> Sequence[int]: ...
    @property
    def sent_at(self) -> Sequence[int]: ...
    @property
    def arrived_at(self) -> Sequence[int]: ...
    @property
    def first_fill_at(self) -> Sequence[int]: ...
    @property
    def done_at(self) -> Sequence[int]: ...
    @property
    def filled(self) -> Sequence[int]: ...
    @property
    def filled_value(self) -> Sequence[int]: ...
    @property
    def status(self) -> Sequence[int]: ...
    @property
    def arrival_bid(self) -> Sequence[int]: ...
    @property
    def arrival_ask(self) -> Sequence[int]: ...
    @property
    def resting_ahead(self) -> Sequence[int]: ...


class Fills(Protocol):
    """The fills of measured agents. `order` is the number of the agent's order."""

    @property
    def time(self) -> Sequence[int]: ...
    @property
    def agent(self) -> Sequence[int]: ...
    @property
    def order(self) -> Sequence[int]: ...
    @property
    def symbol(self) -> Sequence[int]: ...
    @property
    def side(self) -> Sequence[int]: ...
    @property
    def price(self) -> Sequence[int]: ...
    @property
    def quantity(self) -> Sequence[int]: ...
    @property
    def fee_bps(self) -> Sequence[int]: ...
    @property
    def is_maker(self) -> Sequence[int]: ...
    @property
    def trade_id(self) -> Sequence[int]: ...


class Record(Protocol):
    """A run. `start` and `end` are times; `counts` are of the whole run; `digest` tells runs apart."""

    @property
    def quotes(self) -> Quotes: ...
    @property
    def trades(self) -> Trades: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def fills(self) -> Fills: ...
    @property
    def agents(self) -> Sequence[str]: ...
    @property
    def instruments(self) -> Sequence[Instrument]: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def digest(self) -> str: ...


class _Table:
    """Columns that rows can be put into: those that the class annotates."""

    def __init__(self) -> None:
        for name in self.names():
            setattr(self, name, array("q"))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(cls.__annotations__)

    def add(self, **row: int) -> None:
        """Append a row; what is not named is 0."""
        for name in self.names():
            getattr(self, name).append(row.get(name, 0))


class StoredQuotes(_Table):
    time: "array[int]"
    symbol: "array[int]"
    bid: "array[int]"
    ask: "array[int]"
    last: "array[int]"
    bid_quantity: "array[int]"
    ask_quantity: "array[int]"


class StoredTrades(_Table):
    time: "array[int]"
    symbol: "array[int]"
    trade_id: "array[int]"
    price: "array[int]"
    quantity: "array[int]"
    side: "array[int]"


class StoredOrders(_Table):
    agent: "array[int]"
    number: "array[int]"
    symbol: "array[int]"
    side: "array[int]"
    type: "array[int]"
    price: "array[int]"
    quantity: "array[int]"
    sent_at: "array[int]"
    arrived_at: "array[int]"
    first_fill_at: "array[int]"
    done_at: "array[int]"
    filled: "array[int]"
    filled_value: "array[int]"
    status: "array[int]"
    arrival_bid: "array[int]"
    arrival_ask: "array[int]"
    resting_ahead: "array[int]"


class StoredFills(_Table):
    time: "array[int]"
    agent: "array[int]"
    order: "array[int]"
    symbol: "array[int]"
    side: "array[int]"
    price: "array[int]"
    quantity: "array[int]"
    fee_bps: "array[int]"
    is_maker: "array[int]"
    trade_id: "array[int]"


@dataclass(slots=True)
class StoredRecord:
    """A record that was read from files, or made by hand."""

    agents: list[str]
    instruments: list[Instrument]
    start: int
    end: int
    seed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    quotes: StoredQuotes = field(default_factory=StoredQuotes)
    trades: StoredTrades = field(default_factory=StoredTrades)
    orders: StoredOrders = field(default_factory=StoredOrders)
    fills: StoredFills = field(default_factory=StoredFills)

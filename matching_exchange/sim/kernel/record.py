"""What a simulation leaves: quotes, trades, orders and fills, in columns of 64-bit integers."""

import sys
from array import array
from hashlib import sha256
from typing import Any, Final

from protocol.instrument import Instrument

QUOTES: Final = ("time", "symbol", "bid", "ask", "last", "bid_quantity", "ask_quantity")
TRADES: Final = ("time", "symbol", "trade_id", "price", "quantity", "side")
ORDERS: Final = (
    "agent",
    "number",
    "symbol",
    "side",
    "type",
    "price",
    "quantity",
    "sent_at",
    "arrived_at",
    "rested_at",
    "first_fill_at",
    "done_at",
    "filled",
    "filled_value",
    "status",
    "arrival_bid",
    "arrival_ask",
    "resting_ahead",
)
FILLS: Final = (
    "time",
    "agent",
    "order",
    "symbol",
    "side",
    "price",
    "quantity",
    "fee_bps",
    "is_maker",
    "trade_id",
)


def columns(names: tuple[str, ...]) -> dict[str, Any]:
    """An empty column of 64-bit integers for each name."""
    return {name: array("q") for name in names}


class Record:
    """The tables, rows in the order of time. Symbols and agents stand as their places in `instruments` and `agents`.

    quotes: best prices and quantities and the last price, each 0 if there is none. A row per change of a symbol,
        at most one in `quote_every` nanoseconds, and one at the end.
    trades: all of them; `side` is the taker's. Empty if they were not to be recorded.
    orders: those of measured agents, in the order in which they ended; those that live at the end come last, and then
        those that never arrived. Times of the exchange, 0 if it never was so far. arrival_bid, arrival_ask: the best
        prices of the exchange when it was sent. resting_ahead: what stood before it at its price when it began to rest.
        status: the number of protocol.units.OrderStatus; 0 if it was refused or has not arrived.
    fills: of measured agents.
    start, end: virtual time, in nanoseconds since 1970.
    counts: of what happened, by name.
    balances: at the start, by agent and asset, as texts of decimals; None for an agent without a ledger.
    latencies: a text for each agent.
    measured: whether each agent's orders and fills are here.
    venue_digest: the hash of all that the exchange held at the end.
    """

    def __init__(self, instruments: list[Instrument], seed: str, start: int, quote_every: int) -> None:
        self.instruments = instruments
        self.seed = seed
        self.start = start
        self.end = start
        self.quote_every = quote_every
        self.agents: list[str] = []
        self.latencies: list[str] = []
        self.balances: list[dict[str, str] | None] = []
        self.measured: list[bool] = []
        self.quotes = columns(QUOTES)
        self.trades = columns(TRADES)
        self.orders = columns(ORDERS)
        self.fills = columns(FILLS)
        self.counts: dict[str, int] = {}
        self.venue_digest = ""

    @property
    def digest(self) -> str:
        """A SHA-256 of the tables, the names and the exchange's state: the same for the same simulation on any
        machine."""
        result = sha256()
        names = [*self.agents, *(instrument.symbol for instrument in self.instruments), self.seed, self.venue_digest]
        result.update("\n".join([*names, str(self.start), str(self.end)]).encode())
        for table in (self.quotes, self.trades, self.orders, self.fills):
            for name, column in table.items():
                ordered = column
                if sys.byteorder == "big":
                    ordered = array("q", column)
                    ordered.byteswap()
                result.update(f"\n{name} {len(column)}\n".encode())
                result.update(ordered.tobytes())
        return result.hexdigest()

"""Records made by hand, for tests of results."""

from typing import Any

from matching_exchange.sim import OrderState, Record
from protocol.instrument import Instrument
from protocol.units import OrderType, Side

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def instrument(symbol: str = "AAA-USD", price_decimals: int = 2, quantity_decimals: int = 1) -> Instrument:
    """Prices of 0.01, quantities of 0.1; 10 and 20 basis points."""
    base, _, quote = symbol.partition("-")
    return Instrument(symbol, base, quote, price_decimals, quantity_decimals, 1, 1, 1, 10**9, 10**9, 0, 10, 20)


class Made:
    """A record of some seconds, with short words for its rows. Times are in seconds after its start."""

    def __init__(self, *symbols: str, agents: tuple[str, ...] = ("ann", "ben"), seconds: float = 100) -> None:
        instruments = [instrument(symbol) for symbol in symbols or ("AAA-USD",)]
        self.record = Record(instruments, "7", START, SECOND // 10)
        self.record.end = at(seconds)
        self.record.agents = list(agents)
        self.record.latencies = ["Latency()"] * len(agents)
        self.record.balances = [None] * len(agents)
        self.record.measured = [True] * len(agents)
        self.record.counts = {"commands": 12, "trades": 3}
        self.record.venue_digest = "d" * 64

    def quote(self, seconds: float, bid: int, ask: int, last: int = 0, symbol: int = 0) -> "Made":
        add(
            self.record.quotes,
            time=at(seconds),
            symbol=symbol,
            bid=bid,
            ask=ask,
            last=last,
            bid_quantity=10 * bool(bid),
            ask_quantity=10 * bool(ask),
        )
        return self

    def order(
        self,
        number: int,
        side: Side,
        quantity: int,
        price: int = 0,
        *,
        agent: int = 0,
        symbol: int = 0,
        sent: float = 0,
        arrived: float | None = 0,
        rested: float | None = None,
        first_fill: float | None = None,
        done: float | None = None,
        filled: int = 0,
        value: int = 0,
        status: OrderState = OrderState.OPEN,
        arrival: tuple[int, int] = (0, 0),
    ) -> "Made":
        add(
            self.record.orders,
            agent=agent,
            number=number,
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT if price else OrderType.MARKET,
            price=price,
            quantity=quantity,
            sent_at=at(sent),
            arrived_at=0 if arrived is None else at(arrived),
            rested_at=0 if rested is None else at(rested),
            first_fill_at=0 if first_fill is None else at(first_fill),
            done_at=0 if done is None else at(done),
            filled=filled,
            filled_value=value,
            status=status,
            arrival_bid=arrival[0],
            arrival_ask=arrival[1],
        )
        return self

    def fill(
        self,
        seconds: float,
        order: int,
        side: Side,
        price: int,
        quantity: int,
        *,
        is_maker: bool = False,
        agent: int = 0,
        symbol: int = 0,
    ) -> "Made":
        add(
            self.record.fills,
            time=at(seconds),
            agent=agent,
            order=order,
            symbol=symbol,
            side=side,
            price=price,
            quantity=quantity,
            fee_bps=10 if is_maker else 20,
            is_maker=is_maker,
            trade_id=len(self.record.fills["time"]) + 1,
        )
        return self

    def trade(self, seconds: float, price: int, quantity: int, side: Side = Side.BUY, symbol: int = 0) -> "Made":
        add(
            self.record.trades,
            time=at(seconds),
            symbol=symbol,
            trade_id=len(self.record.trades["time"]) + 1,
            price=price,
            quantity=quantity,
            side=side,
        )
        return self


def add(columns: dict[str, Any], **row: int) -> None:
    """Append a row; what is not named is 0."""
    for name, column in columns.items():
        column.append(row.get(name, 0))


def at(seconds: float) -> int:
    return START + round(seconds * SECOND)

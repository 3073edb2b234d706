"""What benchmarks send, by a seed: 60 % limit orders around a random walk, 30 % cancels, 10 % market orders. A cancel
takes a random live order.

The mix has an engine of its own and carries out each command before it gives it away. So it knows the ids that any
engine with the same past gives, and the live orders. Its engine holds the expected state. Every command is valid.
About `depth` orders are kept live: above, more limit orders take; below, fewer do.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final, Protocol

import msgspec

from matcher.core.limits import DEFAULT_MAX_ACCOUNTS, standing_limits
from matcher.core.registry import Registry
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from protocol.commands import CancelOrder, Command, Deposit, OwnCommand, PlaceOrder
from protocol.events import Event, OrderCanceled, OrderPlaced, Trade
from protocol.units import OrderType, Side

SYMBOL: Final = "BTC-USDT"
ACCOUNTS: Final = tuple(f"account-{number}" for number in range(100))

FUNDS: Final = "10000000"
"""What a funded account has of each asset."""

CANCELS: Final = 0.3
MARKETS: Final = 0.1
"""Their shares; the rest are limit orders."""

TAKES_ABOVE: Final = 0.3
TAKES_BELOW: Final = 0.05
"""The share of limit orders that are priced to take, with more live orders than wanted, and with fewer."""

DEPTH: Final = 1_000

MIDDLE: Final = 6_000_000
"""The start of the walk, in the instrument's price unit. The walk stays within half of it."""

STEP: Final = 2
"""How far the walk goes at once, either way."""

REACH: Final = 100
"""The average distance of resting orders from the middle. Takers are priced as far on the other side."""

LOT: Final = 1_000
MAX_LOTS: Final = 30


def symbols_of(count: int) -> list[str]:
    """The first one is SYMBOL."""
    return [SYMBOL, *(f"{SYMBOL}-{number}" for number in range(2, count + 1))]


def first_commands(symbols: Sequence[str] = (SYMBOL,)) -> list[OwnCommand]:
    """What a new matcher begins with, its instruments and its limits, and an instrument like SYMBOL for each other
    symbol."""
    instruments = read_instruments(None)
    [like] = [instrument for instrument in instruments if instrument.symbol == SYMBOL]
    instruments += [msgspec.structs.replace(like, symbol=symbol) for symbol in symbols if symbol != SYMBOL]
    return [*instruments, standing_limits(DEFAULT_MAX_ACCOUNTS)]


def new_engine(symbols: Sequence[str] = (SYMBOL,)) -> Engine:
    """An engine that has carried out the first commands."""
    engine = Engine()
    for sequence, command in enumerate(first_commands(symbols), 1):
        engine.apply(sequence, sequence, command)
    return engine


def fund(engine: Engine) -> None:
    """Give each account more of each asset than the mix can use."""
    for account in ACCOUNTS:
        for asset in engine.registry.assets:
            engine.apply(1, 1, Deposit(account, asset, FUNDS, f"funds-{asset}"))


class Carries(Protocol):
    """An engine, or something around it."""

    @property
    def registry(self) -> Registry: ...

    def apply(self, sequence: int, time: int, command: OwnCommand) -> list[Event]: ...


class Mix(Iterator[Command]):
    """Gives commands without end.

    engine: the engine to continue from (default: a new one).
    live: the quantities of its resting orders by order_id. Their number stays the same.
    symbols: the orders are for any of these; each has its own walk.
    reach: half the largest distance of a price from the walk.
    accounts: the orders are from any of these.
    trades, filled: the trades so far, and the sum of their quantities."""

    def __init__(
        self,
        seed: int,
        engine: Carries | None = None,
        live: Mapping[int, int] | None = None,
        symbols: Sequence[str] = (SYMBOL,),
        reach: int = REACH,
        accounts: Sequence[str] = ACCOUNTS,
    ) -> None:
        self.engine: Carries = new_engine(symbols) if engine is None else engine
        self.trades = 0
        self.filled = 0
        self._accounts = accounts
        self._reach = reach
        self._random = Random(seed)
        self._remaining = dict(live or {})
        self._ids = list(self._remaining)
        self._places = {order_id: place for place, order_id in enumerate(self._ids)}
        self._depth = len(self._ids) or DEPTH
        self._middles = dict.fromkeys(symbols, MIDDLE)
        self._symbols = list(symbols)
        self._sequence = 0

    @property
    def live(self) -> int:
        """How many orders are live."""
        return len(self._ids)

    @property
    def resting(self) -> int:
        """What the live orders have left, all together."""
        return sum(self._remaining.values())

    def __next__(self) -> Command:
        share = self._random.random()
        if share < CANCELS and self._ids:
            command: Command = CancelOrder(self._ids[int(self._random.random() * len(self._ids))])
        else:
            command = self._order(market=CANCELS <= share < CANCELS + MARKETS)
        self._sequence += 1
        self._note(command, self.engine.apply(self._sequence, self._sequence, command))
        return command

    def _order(self, *, market: bool) -> PlaceOrder:
        random = self._random.random
        buys = random() < 0.5
        account = self._accounts[int(random() * len(self._accounts))]
        symbol = self._symbols[int(random() * len(self._symbols))]
        side = Side.BUY if buys else Side.SELL
        quantity = LOT * (1 + int(random() * MAX_LOTS))
        if market:
            return PlaceOrder(symbol, account, side, OrderType.MARKET, quantity)
        middle = self._walk(symbol)
        takes = random() < (TAKES_ABOVE if len(self._ids) > self._depth else TAKES_BELOW)
        distance = 1 + int(random() * 2 * self._reach)
        price = middle + (distance if buys is takes else -distance)
        return PlaceOrder(symbol, account, side, OrderType.LIMIT, quantity, price)

    def _walk(self, symbol: str) -> int:
        """The current price of the symbol's walk."""
        middle = self._middles[symbol] + (STEP if self._random.random() < 0.5 else -STEP)
        self._middles[symbol] = min(max(middle, MIDDLE // 2), MIDDLE + MIDDLE // 2)
        return self._middles[symbol]

    def _note(self, command: Command, events: list[Event]) -> None:
        """Keep the live orders."""
        remaining = self._remaining
        for event in events:
            if type(event) is Trade:
                self.trades += 1
                self.filled += event.quantity
                for order_id in (event.maker_order_id, event.taker_order_id):
                    remaining[order_id] -= event.quantity
                    if not remaining[order_id]:
                        self._forget(order_id)
            elif type(event) is OrderPlaced:
                assert isinstance(command, PlaceOrder), "nothing else places an order"
                remaining[event.order_id] = command.quantity
                self._places[event.order_id] = len(self._ids)
                self._ids.append(event.order_id)
            else:
                assert isinstance(event, OrderCanceled), f"a command that is valid caused {event}"
                self._forget(event.order_id)

    def _forget(self, order_id: int) -> None:
        """Fill the done order's place with the last one."""
        place, last = self._places.pop(order_id), self._ids.pop()
        if last != order_id:
            self._ids[place] = last
            self._places[last] = place
        del self._remaining[order_id]

"""A lively synthetic market: a few traders around a random walk. The same seed gives the same walk.

Makers quote around a fair price that moves. A taker trades now and then in either direction. A trend follower places
stops and take-profits. They trade over ZeroMQ as accounts `demo-...`. Other accounts' orders are not canceled.
"""

import os
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress

from matching_exchange.process.command_line import run_program
from matching_exchange.tools.arguments import Parser, number
from matching_exchange.tools.waiting import telling_of_silence
from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import CancelAllOrders, CancelOrder, Command, InstrumentsQuery, PlaceOrder, SetInstrument
from protocol.curve import ClientKeys
from protocol.events import InstrumentList
from protocol.instrument import Instrument
from protocol.units import OrderType, Side

PROGRAM = "demo"

ANSWER_SECONDS = 30.0
"""Seconds that a matcher may take to answer."""

STEP = 0.1
"""Seconds between two rounds of the traders."""

MAX_QUOTES = 60
"""The most quotes that a maker keeps in a book, on both sides together."""

MAX_TRIGGERS = 12
"""The most trigger orders that the trend follower keeps in a book."""

FAIR_PRICES = {"BTC-USDT": 60_000, "ETH-USDT": 3_000, "SOL-USDT": 150}
"""The prices at which the walks begin, in whole quote currency. Other symbols are not traded."""

MAKERS = ("demo-maker-1", "demo-maker-2")
TAKER = "demo-taker"
TREND_FOLLOWER = "demo-trend"
ACCOUNTS = (*MAKERS, TAKER, TREND_FOLLOWER)

NOTHING_TO_TRADE = f"{PROGRAM}: trades nothing: the exchange has no {', '.join(FAIR_PRICES)}"

PRICE_BAND_BPS = 5_000
"""No order trades farther than half the price from the last trade."""

HALT_BPS, HALT_WINDOW_MS, HALT_MS = 2_000, 10_000, 5_000
"""A move of more than a fifth in ten seconds halts an instrument for five."""

VALUE_OF_A_QUOTE = 2_000
"""The value of a typical quote, in whole quote currency."""


class Market:
    """The traders of one symbol. `steps` yields the commands of each round."""

    def __init__(self, instrument: Instrument, run: str, seed: str) -> None:
        self._instrument = instrument
        self._random = random.Random(seed)
        self._run = run
        self._tick = instrument.tick_size
        self._start: int = FAIR_PRICES[instrument.symbol] * 10**instrument.price_decimals
        self._fair: int = self._start
        self._quotes: dict[str, deque[str]] = {maker: deque() for maker in MAKERS}
        self._triggers: deque[str] = deque()
        self._count = 0

    def steps(self) -> Iterator[list[Command]]:
        yield [command for _ in range(30) for maker in self._quotes for command in self._quote(maker)]
        while True:
            self._walk()
            commands: list[Command] = []
            for maker in self._quotes:
                for _ in range(self._random.randint(1, 4)):
                    commands += self._quote(maker)
            if self._random.random() < 0.35:
                commands.append(self._trade())
            if self._random.random() < 0.04:
                commands += self._follow_trend()
            yield commands

    def _walk(self) -> None:
        """Take a step of some thousandths of a percent. It tends back to the start of the walk."""
        step = (self._random.randint(-100, 100) * self._fair) // 3_000_000
        self._fair += step + (self._start - self._fair) // 400

    def _price(self, distance: int) -> int:
        """The tick nearest to the fair price plus the distance."""
        return max(1, (self._fair + distance) // self._tick) * self._tick

    def _quantity(self, share: int) -> int:
        """A random quantity. Its value is about `share` percent of a typical quote's."""
        unit: int = 10**self._instrument.value_decimals * VALUE_OF_A_QUOTE // self._fair
        wanted = unit * share * self._random.randint(20, 180) // 10_000
        lot = self._instrument.lot_size
        return min(max(wanted // lot * lot, self._instrument.min_quantity), self._instrument.max_quantity)

    def _name(self) -> str:
        self._count += 1
        return f"{self._run}-{self._count}"

    def _quote(self, maker: str) -> list[Command]:
        quotes = self._quotes[maker]
        side = self._random.choice((Side.BUY, Side.SELL))
        spread = self._fair // 20_000
        distance = spread + self._random.randint(0, 30) ** 2 * self._fair // 1_000_000
        name = self._name()
        quotes.append(name)
        commands: list[Command] = []
        if len(quotes) > MAX_QUOTES:
            commands.append(CancelOrder(account=maker, client_order_id=quotes.popleft()))
        price = self._price(-distance if side is Side.BUY else distance)
        commands.append(
            PlaceOrder(
                self._instrument.symbol, maker, side, OrderType.LIMIT, self._quantity(100), price, client_order_id=name
            )
        )
        return commands

    def _trade(self) -> Command:
        side = self._random.choice((Side.BUY, Side.SELL))
        quantity = self._quantity(self._random.choice((20, 60, 150)))
        if self._random.random() < 0.5:
            return PlaceOrder(self._instrument.symbol, TAKER, side, OrderType.MARKET, quantity)
        reach = self._fair // 1_000
        price = self._price(reach if side is Side.BUY else -reach)
        return PlaceOrder(self._instrument.symbol, TAKER, side, OrderType.IOC, quantity, price)

    def _follow_trend(self) -> list[Command]:
        side = self._random.choice((Side.BUY, Side.SELL))
        order_type = self._random.choice((OrderType.STOP_MARKET, OrderType.TAKE_PROFIT))
        distance = self._fair * self._random.randint(5, 30) // 10_000
        above = (side is Side.BUY) is (order_type is OrderType.STOP_MARKET)
        name = self._name()
        self._triggers.append(name)
        commands: list[Command] = []
        if len(self._triggers) > MAX_TRIGGERS:
            commands.append(CancelOrder(account=TREND_FOLLOWER, client_order_id=self._triggers.popleft()))
        commands.append(
            PlaceOrder(
                self._instrument.symbol,
                TREND_FOLLOWER,
                side,
                order_type,
                self._quantity(40),
                trigger_price=self._price(distance if above else -distance),
                client_order_id=name,
            )
        )
        return commands


def protect(instrument: Instrument) -> SetInstrument:
    """The command that gives the instrument the demo's protection of price."""
    return SetInstrument(
        instrument.symbol,
        instrument.price_decimals,
        instrument.quantity_decimals,
        price_band_bps=PRICE_BAND_BPS,
        halt_bps=HALT_BPS,
        halt_window_ms=HALT_WINDOW_MS,
        halt_ms=HALT_MS,
    )


def trade(client: CommandClient, seed: int) -> None:
    """Cancel what an earlier run has left in the books, and protect the prices. Then trade until the matcher goes
    away."""
    for account in ACCOUNTS:
        client.command(CancelAllOrders(account))
    result = client.query(InstrumentsQuery()).result
    assert isinstance(result, InstrumentList), "the query has no other result"
    instruments = [instrument for instrument in result.instruments if instrument.symbol in FAIR_PRICES]
    for instrument in instruments:
        client.command(protect(instrument))
    symbols = [instrument.symbol for instrument in instruments]
    print(f"{PROGRAM}: trades {', '.join(symbols)}" if symbols else NOTHING_TO_TRADE, flush=True)
    run = f"demo-{time.time_ns() // 1_000_000}"
    markets = [
        Market(instrument, f"{run}-{instrument.base}", f"{seed}-{instrument.symbol}").steps()
        for instrument in instruments
    ]
    next_at = time.monotonic()
    while True:
        commands = [command for market in markets for command in next(market)]
        client.send(commands)
        for _ in commands:
            client.receive()
        next_at = max(next_at + STEP, time.monotonic())
        time.sleep(max(0.0, next_at - time.monotonic()))


def connect(client: CommandClient, endpoints: Mapping[str, str]) -> None:
    """Wait for a matcher, without an end."""
    reason = ""
    with telling_of_silence(PROGRAM, endpoints):
        while True:
            try:
                return client.connect()
            except MatcherAwayError as error:
                if error.reason != reason:
                    reason = error.reason
                    print(f"{PROGRAM}: {reason or 'no matcher answers'}: waiting", file=sys.stderr, flush=True)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    parser = Parser(
        PROGRAM,
        "Trade on a running exchange as a lively synthetic market, until Ctrl-C: a few traders around a random walk.",
    )
    parser.add_argument("--seed", type=number(0), default=1, metavar="N", help="the seed of the walk (default: 1)")
    for name in ("commands", "reports"):
        parser.add_endpoint(name, f"the matcher's socket for {name}")
    options = parser.read(arguments, environment)
    with suppress(KeyboardInterrupt):
        trade_for_ever(options.commands, options.reports, options.seed, options.keys)


def trade_for_ever(commands: str, reports: str, seed: int, keys: ClientKeys | None) -> None:
    """Trade. After a matcher has gone, wait for the next one."""
    endpoints = {"--commands": commands, "--reports": reports}
    while True:
        try:
            with closing(CommandClient(commands, reports, ANSWER_SECONDS, keys)) as client:
                connect(client, endpoints)
                trade(client, seed)
        except (MatcherAwayError, OutcomeUnknownError) as error:
            print(f"{PROGRAM}: {error}; trying again", file=sys.stderr)


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))

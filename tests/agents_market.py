"""A crowd of agents on an engine in this process: its own books, its own time."""

from collections.abc import Mapping

from msgspec import structs

from matcher.engine import Engine
from matcher.serving.answers import answer
from matcher.serving.queries import answer_query
from matching_exchange.sim.agents.world import STEPS_PER_SECOND
from matching_exchange.tools.demo.crowd import Crowd
from protocol.commands import Command, DepthQuery, OrdersQuery, SetInstrument, TradesQuery
from protocol.events import Answer, Depth, OrderPage, OrderState, Trade, TradeHistory
from protocol.instrument import Instrument

BTC = Instrument("BTC-USDT", "BTC", "USDT", 2, 5, 1, 1, 1, 9_000 * 10**5, 10**9, 10**7, 10, 20)
ETH = Instrument("ETH-USDT", "ETH", "USDT", 2, 4, 1, 1, 1, 90_000 * 10**4, 10**8, 10**6, 10, 20)
SOL = Instrument("SOL-USDT", "SOL", "USDT", 2, 3, 1, 1, 1, 900_000 * 10**3, 10**7, 10**5, 10, 20)
BASES = [(BTC, 60_000_00), (ETH, 3_000_00), (SOL, 150_00)]


class AgentsMarket:
    """The crowd, and the engine that carries out what it sends.

    commands: all that it has sent.
    trades: all of each symbol, each with its second of market time.
    """

    def __init__(self, seed: str = "1", starts: Mapping[str, int] | None = None) -> None:
        self.engine = Engine()
        self.sequence = 0
        self.commands: list[Command] = []
        self.trades: dict[str, list[tuple[int, Trade]]] = {}
        for instrument, _ in BASES:
            self.send(SetInstrument.of(instrument))
            self.trades[instrument.symbol] = []
        self.crowd = Crowd(BASES, seed, "run", starts)

    def send(self, command: Command) -> Answer:
        self.sequence += 1
        events = self.engine.apply(self.sequence, self.sequence, command)
        return answer(self.engine.registry, command, events)

    def depth(self, symbol: str, levels: int = 10) -> Depth:
        depth = answer_query(self.engine.registry, DepthQuery(symbol, levels))
        assert isinstance(depth, Depth)
        return depth

    def step(self) -> None:
        commands = self.crowd.act()
        self.commands += commands
        self.crowd.answered([self.send(command) for command in commands])
        for symbol, pit in self.crowd.pits.items():
            told = answer_query(self.engine.registry, TradesQuery(symbol, 1_000, pit.last_trade_id))
            assert isinstance(told, TradeHistory)
            depth = self.depth(symbol, 1)
            second = self.crowd.time // 10**9
            self.trades[symbol] += [(second, trade) for trade in told.trades]
            self.crowd.saw(told.trades, depth)

    def orders(self, query: OrdersQuery) -> list[OrderState]:
        """All orders that the query asks for."""
        found: list[OrderState] = []
        after: int | None = 0
        while after is not None:
            page = answer_query(self.engine.registry, structs.replace(query, after=after))
            assert isinstance(page, OrderPage)
            found += page.orders
            after = page.next
        return found

    def run(self, seconds: int) -> None:
        for _ in range(seconds * STEPS_PER_SECOND):
            self.step()

    def closes(self, symbol: str, seconds: int) -> list[int]:
        """The last price of each interval of so many seconds, up to the market's time."""
        last: dict[int, int] = {second // seconds: trade.price for second, trade in self.trades[symbol]}
        closes: list[int] = []
        for interval in range(self.crowd.time // 10**9 // seconds):
            if interval in last or closes:
                closes.append(last.get(interval, closes[-1] if closes else 0))
        return closes

"""A gateway on a real engine and real tables, without processes: the test says when the tables are filled."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from msgspec.structs import replace

from gateway.link.answers import Stamped
from history.schema.database import Database
from history.writing.store import open_store
from matcher.engine import Engine
from matcher.serving.queries import answer_query
from matcher.state import State
from protocol import topics
from protocol.commands import (
    BalancesQuery,
    DepthQuery,
    FillsQuery,
    InstrumentsQuery,
    MovementsQuery,
    OrderQuery,
    OrdersQuery,
    OwnCommand,
    PlaceOrder,
    SetInstrument,
    TradesQuery,
)
from protocol.market_data import TradeMessage
from protocol.units import OrderType, Side
from tests.history_tables import JOURNAL, Played, begin
from tests.unit.gateway.fakes import BTC, CONFIG, Answer, Gateway

SECOND = 1_000_000_000
START = 1_761_264_000 * SECOND
"""2025-10-24T00:00:00Z, a Friday."""

QUERIES = (
    BalancesQuery,
    DepthQuery,
    FillsQuery,
    InstrumentsQuery,
    MovementsQuery,
    OrderQuery,
    OrdersQuery,
    TradesQuery,
)


class World:
    """Time goes on by a millisecond for each command, or as the test sets it."""

    def __init__(self, database: Database, remembered_orders: int = 1_000_000, **settings: Any) -> None:
        self.state = State(Engine(remembered_orders))
        self.played = Played(self.state)
        self.store = open_store(database)
        begin(self.store)
        self.gateway = Gateway(replace(CONFIG, history=database, **settings))
        self.gateway.broker.journal = JOURNAL
        self.time = START
        self.asked: Callable[[Any], None] = lambda _: None
        """Hears of each query before it is answered."""
        for kind in QUERIES:
            self.gateway.broker.results[kind] = self._answer
        self.do(SetInstrument.of(BTC))
        self.trades: list[Any] = []
        self.owner: dict[int, str] = {}
        """The account of each order_id."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.gateway.run(self._stop())
        self.gateway.__exit__()
        self.store.close()

    async def _stop(self) -> None:
        """End the application as a server does: it gives its connections up."""
        app = self.gateway.app
        async with app.router.lifespan_context(app):
            pass

    def _answer(self, query: Any) -> Stamped[Any]:
        self.asked(query)
        return Stamped(self.state.sequence, self.state.time, answer_query(self.state.registry, query))

    def do(self, command: OwnCommand, time: int | None = None) -> None:
        """Carry a command out."""
        self.time = self.time + 1_000_000 if time is None else time
        self.played.record(self.state.sequence + 1, self.time, [command])
        self.gateway.broker.time = self.time
        self.gateway.broker.sequence = self.state.sequence

    def place(self, account: str, side: Side, quantity: int, price: int, symbol: str = "BTC-USDT", **more: Any) -> int:
        """The order_id of a limit order."""
        self.do(PlaceOrder(symbol, account, side, OrderType.LIMIT, quantity, price, **more))
        order_id = self.state.registry.last_order_id
        self.owner[order_id] = account
        return order_id

    def trade(
        self, price: int = 100, quantity: int = 1, *, buyer: str = "bob", seller: str = "ann", time: int | None = None
    ) -> None:
        """One trade, whose taker buys."""
        self.place(seller, Side.SELL, quantity * 100_000, price * 100)
        if time is not None:
            self.time = time - 1_000_000
        self.place(buyer, Side.BUY, quantity * 100_000, price * 100)
        self.trades.append(self.state.registry.books["BTC-USDT"].trades[-1])

    def publish(self, number: int = -1, epoch: int = 1) -> None:
        """Tell a trade that was made, the last one or that of the trade_id."""
        trade = self.trades[number if number < 0 else number - 1]
        message = TradeMessage(
            epoch,
            trade.sequence,
            trade.trade_id,
            trade.trade_id - 1,
            trade.timestamp,
            trade.symbol,
            trade.trade_id,
            trade.price,
            trade.quantity,
            trade.aggressor_side.name.lower(),
            trade.maker_order_id,
            trade.taker_order_id,
            0,
            0,
        )
        self.gateway.feed.publish(topics.trades(trade.symbol), message)

    def fill(self) -> None:
        """Let the tables catch up."""
        self.played.write(self.store)

    def begin_late(self) -> None:
        """Let the tables begin here, as those of a history that could not read what was before."""
        self.played.gatherer.take()
        self.store.begin(self.played.place)

    def get(self, path: str, **parameters: Any) -> Answer:
        named = {name.rstrip("_"): value for name, value in parameters.items()}
        return self.gateway.request("GET", f"{path}?{urlencode(named)}" if named else path)

    def good(self, path: str, **parameters: Any) -> Any:
        answer = self.get(path, **parameters)
        assert answer.status == 200, answer.json
        return answer.json

    def trade_ids(self, **parameters: Any) -> list[int]:
        return [int(trade["trade_id"]) for trade in self.good("/trades", symbol="BTC-USDT", **parameters)["trades"]]

    def pages(self, path: str, items: str, **parameters: Any) -> Iterator[list[Any]]:
        """All pages that follow each other by `next`."""
        while True:
            page = self.good(path, **parameters)
            yield page[items]
            if page["next"] is None:
                return
            parameters["after"] = page["next"]

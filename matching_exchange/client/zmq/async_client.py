"""The client over ZeroMQ on asyncio."""

import asyncio
from collections.abc import Callable, Sequence

from matching_exchange.client.book import BookUpdate
from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
from matching_exchange.client.types.markets import Trade
from matching_exchange.client.types.streams import Gap, Restarted
from matching_exchange.client.zmq import units
from matching_exchange.client.zmq.book_follower import BookChange
from matching_exchange.client.zmq.calls import accounts, markets, orders
from matching_exchange.client.zmq.feeds import Ears, Stop
from matching_exchange.client.zmq.futures import guarded, settler
from matching_exchange.client.zmq.link import Order as Submitted
from matching_exchange.client.zmq.loop import Loop
from matching_exchange.client.zmq.runner import Under
from matching_exchange.client.zmq.states import ConnectionState, Hole
from matching_exchange.client.zmq.stream import Sink, ZmqStream
from matching_exchange.client.zmq.surface import awaited, begun
from protocol.commands import Command, Query
from protocol.events import QueryResult
from protocol.session import Answered


class AsyncZmqClient(Loop):
    """An exchange, over the matcher's ZeroMQ sockets, on asyncio. It has the methods of ZmqClient, to be awaited.

        async with AsyncZmqClient(account="me") as client:
            order = await client.place("BTC-USDT", "buy", quantity="0.1", price="25000")
            async for trade in client.stream_trades("BTC-USDT"):
                print(trade)

    The parameters are those of ZmqClient. Use it in one event loop, from any of its tasks; calls run side by side.
    """

    async def __aenter__(self) -> "AsyncZmqClient":
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    place = awaited(orders.place)
    place_oco = awaited(orders.place_oco)
    cancel = awaited(orders.cancel)
    cancel_all = awaited(accounts.cancel_all)
    cancel_replace = awaited(orders.cancel_replace)
    amend = awaited(orders.amend)
    cancel_after = awaited(accounts.cancel_after)

    submit = begun(orders.place)
    submit_oco = begun(orders.place_oco)
    submit_cancel = begun(orders.cancel)
    submit_amend = begun(orders.amend)
    submit_cancel_replace = begun(orders.cancel_replace)

    order = awaited(accounts.order)
    orders = awaited(accounts.orders)
    amendments = awaited(accounts.amendments)
    fills = awaited(accounts.fills)
    prevented_matches = awaited(accounts.prevented_matches)
    account = awaited(accounts.account)
    balances = awaited(accounts.balances)
    movements = awaited(accounts.movements)

    depth = awaited(markets.depth)
    best_prices = awaited(markets.best_prices)
    trades = awaited(markets.trades)
    instruments = awaited(markets.instruments)
    instrument = awaited(markets.instrument)

    def send(self, commands: Sequence[Command]) -> list[asyncio.Future[Answered]]:
        """Send commands of `protocol.commands` as they are, in the instruments' integers. The fastest way.

        Each future answers with what the matcher says, also with a CommandRefused. Raises InvalidValue if a field is
        not of its type, WindowFull if the window has no room for all: nothing is sent then.
        """
        self._check_open()
        futures: list[asyncio.Future[Answered]] = [self._loop.create_future() for _ in commands]
        self._runner.submit([Submitted(*pair) for pair in zip(commands, map(settler, futures), strict=True)])
        for future in futures:
            under = Under()
            under.sent = True
            self._await(future, under)
        return futures

    async def ask(self, query: Query) -> QueryResult:
        """Ask a query of `protocol.queries` as it is."""
        self._check_open()
        future: asyncio.Future[QueryResult] = self._loop.create_future()
        request = self._runner.ask(query, settler(future))
        self._await(future, Under())
        try:
            return await future
        finally:
            self._link.forget(request)

    def stream_trades(self, symbol: str, *, after: int | None = None) -> ZmqStream[Trade | Gap | Restarted]:
        """Every trade of a symbol, once and in order: after the trade_id `after`, or from now on.

        A Gap tells trades that cannot be had any more. Restarted: the exchange has lost what it had told.
        """
        last = None if after is None else units.cursor(after)

        async def begin(sink: Sink[Trade | Gap | Restarted]) -> Stop:
            instrument = await self._instrument(symbol)

            def hear(trade: Trade) -> None:
                def make() -> Trade:
                    nonlocal last
                    last = trade.trade_id
                    return trade

                sink.put(make)

            def hole(found: Hole) -> None:
                item = _gap(found)
                sink.put(lambda: item)

            return self._feeds_here().follow_trades(instrument, hear, last, Ears(hole, sink.begun, sink.failed))

        return self._stream(begin)

    def stream_book(self, symbol: str) -> ZmqStream[BookUpdate]:
        """The book of a symbol, by levels: a snapshot, then each change. `book` of each item is kept up to date.

        Numbers and checksums are verified. After a loss an item with `snapshot` comes, which replaces all.
        """

        async def begin(sink: Sink[BookUpdate]) -> Stop:
            instrument = await self._instrument(symbol)

            def hear(change: BookChange) -> None:
                sink.put(lambda: keeper.apply(change))

            keeper, stop = self._feeds_here().follow_book(instrument, hear, Ears(_ignore, sink.begun, sink.failed))
            return stop

        return self._stream(begin)

    def stream_account(self, account: str | None = None) -> ZmqStream[AccountStart | AccountUpdate]:
        """An account's own stream: how it stands, then all that each command has changed for it.

        After a loss an AccountStart comes, with `restarted`, which replaces all.
        """

        again = False

        async def begin(sink: Sink[AccountStart | AccountUpdate]) -> Stop:
            nonlocal again

            def hear(item: AccountStart | AccountUpdate) -> None:
                sink.put(lambda: item)

            named = account or self.known.account
            stop = self._feeds_here().follow_account(named, hear, Ears(_ignore, sink.begun, sink.failed), again=again)
            again = True
            return stop

        return self._stream(begin)

    def on_gap(self, callback: Callable[[Hole], object]) -> None:
        """Call back with each hole of what is streamed."""
        self._gap_handlers.append(guarded(callback))

    def on_connection(self, callback: Callable[[ConnectionState], object]) -> None:
        """Call back with each change of the connection to the matcher from now on."""
        self._connection_handlers.append(guarded(callback))


def _gap(hole: Hole) -> Gap | Restarted:
    """A hole in the trades, as streams tell it."""
    if hole.after is None or hole.until is None:
        return Restarted(hole.detail)
    return Gap(hole.name, hole.after + 1, hole.until)


def _ignore(_: Hole) -> None:
    """What comes next tells it."""

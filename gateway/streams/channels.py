"""One symbol's market data inside this worker: a subscription that all its clients share, each update encoded once for
all.

Messages may be lost on the way. Trades are numbered: what a channel finds missing it asks of the matcher and delivers
in order. The last message before a silence may be lost too, so after a while of messages the matcher is asked once
more.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import Final, Generic, TypeVar

from gateway.http.frames import Message, message
from gateway.http.resources import encode
from gateway.link.broker import Broker, MatcherUnavailableError
from gateway.link.feed import MarketDataFeed
from gateway.native.json.schemas import MarketTrade
from gateway.native.json.translate import depth_update, market_trade, published_trade
from gateway.native.problems import ProblemError, expect
from gateway.streams.clients import Client, DepthClient, TradesClient
from gateway.streams.endings import START_AGAIN, TOO_SLOW, Ending, problem_ending
from protocol import topics
from protocol.commands import DepthQuery, TradesQuery
from protocol.events import Depth, Trade, TradeHistory
from protocol.instrument import Instrument
from protocol.market_data import DepthMessage, InstrumentMessage, MarketDataMessage, TradeMessage

STREAM_LEVELS: Final = 10
"""The levels of each side in a message of the market data stream."""

TRADES_WAITING: Final = 10_000
"""The most live trades that wait while missing ones are asked for; the oldest beyond them are asked for too."""

TRADES_ASKED: Final = 1_000
"""The most missing trades that are asked for at once, which is what the matcher keeps of a symbol."""

READY_SECONDS: Final = 1.0
"""How long a new client waits for the channel's first messages."""

RETRY_SECONDS: Final = 0.25
"""After so long without an answer the missing trades are asked for again."""

CHECK_SECONDS: Final = 1.0
"""So long after a message the matcher is asked whether it was the last one."""

Member = TypeVar("Member", bound=Client)


class Channel(ABC, Generic[Member]):
    """One symbol's subscription and its clients."""

    def __init__(self) -> None:
        self.clients: set[Member] = set()
        self._asking: asyncio.Task[None] | None = None
        self._check: asyncio.TimerHandle | None = None

    def end_clients(self, ending: Ending) -> None:
        for client in self.clients:
            client.end(ending)

    def close(self) -> None:
        """Give the subscription up."""
        if self._asking is not None:
            self._asking.cancel()
        if self._check is not None:
            self._check.cancel()

    def _check_later(self) -> None:
        if self._check is None:
            self._check = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_now)

    def _check_now(self) -> None:
        self._check = None
        self._ask()

    def _ask(self) -> None:
        """Ask the matcher for what was lost, if anything."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_to_the_end())

    async def _ask_to_the_end(self) -> None:
        try:
            await self._catch_up()
        except ProblemError as problem:
            self.end_clients(problem_ending(problem))
        finally:
            self._asking = None

    @abstractmethod
    async def _catch_up(self) -> None:
        """Ask, and offer to the clients what they have missed; ProblemError where the matcher refuses."""

    @abstractmethod
    def new_client(self) -> Member:
        """A client that is not among the clients yet."""

    @abstractmethod
    async def prepare(self, client: Member) -> None:
        """Give one of the clients its beginning."""


class DepthChannel(Channel[DepthClient]):
    """A symbol's depth, for its clients. Sequences tell which state is newer, but for those of two epochs: a matcher
    that has lost what it did not sync goes on with lower ones."""

    def __init__(self, instrument: Instrument, broker: Broker, feed: MarketDataFeed) -> None:
        super().__init__()
        self._instrument = instrument
        self._broker = broker
        self._epoch = 0
        self._newest: tuple[int, Message] | None = None
        self._levels: tuple[object, object] | None = None
        self._received: DepthMessage | None = None
        self._unsubscribe = feed.subscribe(topics.depth(instrument.symbol), self._receive)

    def close(self) -> None:
        super().close()
        self._unsubscribe()

    def new_client(self) -> DepthClient:
        return DepthClient()

    async def prepare(self, client: DepthClient) -> None:
        """Offer the depth of this moment; while the matcher is away, the last one known, if any."""
        try:
            answer = await self._broker.query(DepthQuery(self._instrument.symbol, STREAM_LEVELS), READY_SECONDS)
        except MatcherUnavailableError:
            if self._newest is not None:
                client.offer(*self._newest)
        else:
            self._enter(self._broker.epoch)
            client.offer(answer.sequence, self._encode(expect(Depth, answer.value), answer.sequence, answer.timestamp))

    def _receive(self, published: MarketDataMessage) -> None:
        assert isinstance(published, DepthMessage)
        if published.epoch < self._epoch:
            # It comes late, from the matcher before.
            return
        self._enter(published.epoch)
        if self._received is None:
            # Of what waits to be read, the clients are sent the last: who sent each would fall behind ever more.
            asyncio.get_running_loop().call_soon(self._pass_on)
        self._received = published
        self._check_later()

    def _pass_on(self) -> None:
        """Offer the last depth that was received."""
        published, self._received = self._received, None
        if published is None or published.epoch != self._epoch:
            return
        # The matcher may have been asked meanwhile, and have told a newer one.
        if self._newest is None or published.sequence > self._newest[0]:
            self._offer(published, published.sequence, published.timestamp)

    def _enter(self, epoch: int) -> None:
        """What comes now is of this epoch."""
        if epoch > self._epoch:
            if self._epoch:
                self._newest = None
                for client in self.clients:
                    client.start_again()
            self._epoch = epoch

    async def _catch_up(self) -> None:
        try:
            answer = await self._broker.query(DepthQuery(self._instrument.symbol, STREAM_LEVELS))
        except MatcherUnavailableError:
            # When it is back it sends the current depth.
            return
        depth = expect(Depth, answer.value)
        if self._newest is not None and answer.sequence > self._newest[0] and (depth.bids, depth.asks) != self._levels:
            self._offer(depth, answer.sequence, answer.timestamp)

    def _offer(self, depth: Depth | DepthMessage, sequence: int, timestamp: int) -> None:
        self._newest = sequence, self._encode(depth, sequence, timestamp)
        self._levels = depth.bids, depth.asks
        for client in self.clients:
            client.offer(*self._newest)

    def _encode(self, depth: Depth | DepthMessage, sequence: int, timestamp: int) -> Message:
        return message(encode(depth_update(depth, sequence, timestamp, self._instrument)).decode())


class TradesChannel(Channel[TradesClient]):
    """A symbol's trades, for its clients.

    The channel is subscribed to the instrument's messages after the trades': the first of them proves that both
    subscriptions stand, each later one may follow a lost connection, so the matcher is then asked what was missed.
    """

    def __init__(self, instrument: Instrument, broker: Broker, feed: MarketDataFeed) -> None:
        super().__init__()
        self._instrument = instrument
        self._broker = broker
        self._fee_decimals = instrument.fee_decimals
        self._last: int | None = None
        self._last_told: MarketTrade | None = None
        self._waiting: deque[tuple[int, MarketTrade]] = deque(maxlen=TRADES_WAITING)
        self._ready = asyncio.Event()
        self._ask_again = False
        symbol = instrument.symbol
        self._unsubscribe = [
            feed.subscribe(topics.trades(symbol), self._receive),
            feed.subscribe(topics.instruments(symbol), self._receive),
        ]

    def close(self) -> None:
        super().close()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def new_client(self) -> TradesClient:
        return TradesClient()

    async def prepare(self, client: TradesClient) -> None:
        """Wait until the client gets every trade from now on; MatcherUnavailableError where that cannot be promised."""
        try:
            await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
        except TimeoutError as error:
            raise MatcherUnavailableError from error

    def _receive(self, published: MarketDataMessage) -> None:
        if isinstance(published, InstrumentMessage):
            self._fee_decimals = published.fee_decimals
            self._ask()
            return
        assert isinstance(published, TradeMessage)
        trade = published_trade(published, self._instrument, self._fee_decimals)
        if self._asking is not None or self._last is None:
            self._waiting.append((published.number, trade))
        elif published.number == self._last + 1:
            self._deliver(published.number, trade)
        elif published.number > self._last:
            self._waiting.append((published.number, trade))
            self._ask()

    def _ask(self) -> None:
        # Where that is under way already, it may be too late for what was lost since.
        self._ask_again = True
        super()._ask()

    async def _catch_up(self) -> None:
        """Deliver what the matcher has after `_last` until the live trades join on."""
        while self._ask_again:
            self._ask_again = False
            last = self._last
            history = await self._history(last)
            if last is None:
                self._last = history[-1].trade_id if history else 0
                self._last_told = market_trade(history[-1], self._instrument) if history else None
            elif self._is_lost(history):
                self.end_clients(Ending(START_AGAIN, f"the exchange has lost trade {last}: its history is another one"))
                self._last = None
                self._waiting.clear()
                self._ask_again = True
                continue
            else:
                self._deliver_missing([trade for trade in history if trade.trade_id > last], last)
            self._join_waiting()
            self._ready.set()

    async def _history(self, last: int | None) -> list[Trade]:
        """The trades from `last` on, or the newest one where nothing is known yet."""
        symbol = self._instrument.symbol
        query = TradesQuery(symbol, 1) if last is None else TradesQuery(symbol, TRADES_ASKED, max(0, last - 1))
        while True:
            try:
                return expect(TradeHistory, (await self._broker.query(query)).value).trades
            except MatcherUnavailableError:
                await asyncio.sleep(RETRY_SECONDS)

    def _is_lost(self, history: list[Trade]) -> bool:
        """Whether the matcher's history does not hold the trade that was told last: it lost its end, and perhaps went
        on differently."""
        told = self._last_told
        if told is None:
            return False
        if not history or history[0].trade_id != self._last:
            return not history
        kept = market_trade(history[0], self._instrument)
        return (kept.timestamp, kept.maker_order_id, kept.taker_order_id) != (
            told.timestamp,
            told.maker_order_id,
            told.taker_order_id,
        )

    def _deliver_missing(self, missing: list[Trade], last: int) -> None:
        if missing and missing[0].trade_id != last + 1:
            self.end_clients(Ending(TOO_SLOW, f"trades {last + 1} to {missing[0].trade_id - 1} cannot be had any more"))
        for trade in missing:
            self._deliver(trade.trade_id, market_trade(trade, self._instrument))

    def _join_waiting(self) -> None:
        """Deliver the waiting trades, up to the first before which some are missing."""
        assert self._last is not None
        while self._waiting:
            if self._waiting[0][0] > self._last + 1:
                self._ask_again = True
                return
            number, trade = self._waiting.popleft()
            if number == self._last + 1:
                self._deliver(number, trade)

    def _deliver(self, number: int, trade: MarketTrade) -> None:
        self._last = number
        self._last_told = trade
        told = message(encode(trade).decode())
        for client in self.clients:
            client.offer(told)
        self._check_later()

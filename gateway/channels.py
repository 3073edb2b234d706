"""One symbol's market data inside this worker: a subscription that all its clients share, each update encoded once for all.

Depth may skip states: a client holds the newest one that it was not sent yet, and nothing else. Trades may not: a client holds a bounded
queue, and one that lets it overflow is ended rather than made to miss a trade in silence. Trades are numbered; what a channel
finds missing it asks of the matcher and delivers in order.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from typing import Final, Generic, TypeVar

from gateway.broker import Broker, MatcherUnavailableError
from gateway.endings import TOO_SLOW, Ending, problem_ending
from gateway.feed import MarketDataFeed
from gateway.problems import ProblemError, expect
from gateway.resources import encode
from gateway.translate import depth_update, market_trade, published_trade
from protocol import topics
from protocol.commands import DepthQuery, TradesQuery
from protocol.events import Depth, Trade, TradeHistory
from protocol.instrument import Instrument
from protocol.market_data import DepthMessage, InstrumentMessage, MarketDataMessage, TradeMessage

STREAM_LEVELS: Final = 10
"""The levels of each side in a message of the market data stream."""

TRADES_QUEUE: Final = 10_000
"""The most trades that wait for one client."""

TRADES_WAITING: Final = 10_000
"""The most live trades that wait while missing ones are asked for; the oldest beyond them are asked for too."""

TRADES_ASKED: Final = 1_000
"""The most missing trades that are asked for at once, which is what the matcher keeps of a symbol."""

READY_SECONDS: Final = 1.0
"""How long a new client waits for the channel's first messages."""

RETRY_SECONDS: Final = 0.25
"""After so long without an answer the missing trades are asked for again."""


class Client(ABC):
    """One stream: what it is to be sent, until its ending."""

    def __init__(self) -> None:
        self._ending: Ending | None = None
        self._changed = asyncio.Event()

    def end(self, ending: Ending) -> None:
        """Send nothing more; the first ending holds."""
        self._ending = self._ending or ending
        self._changed.set()

    async def next(self) -> str | Ending:
        """Wait for what is to be sent next."""
        while self._ending is None:
            text = self._take()
            if text is not None:
                return text
            self._changed.clear()
            await self._changed.wait()
        return self._ending

    @abstractmethod
    def _take(self) -> str | None:
        """The next text, if there is one."""


class DepthClient(Client):
    """Holds the newest depth that was not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: str | None = None
        self._sequence = -1

    def offer(self, sequence: int, text: str) -> None:
        """A state of the book; one that is not newer than the last is nothing to the client."""
        if sequence > self._sequence:
            self._sequence = sequence
            self._newest = text
            self._changed.set()

    def start_again(self) -> None:
        """Whatever state comes next is new."""
        self._sequence = -1

    def _take(self) -> str | None:
        text, self._newest = self._newest, None
        return text


class TradesClient(Client):
    """Holds all trades that were not sent yet."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[str] = deque()

    def offer(self, text: str) -> None:
        """The next trade."""
        if self._ending is not None:
            return
        if len(self._queue) >= TRADES_QUEUE:
            self._queue.clear()
            self.end(Ending(TOO_SLOW, f"too slow: {TRADES_QUEUE} trades were waiting"))
            return
        self._queue.append(text)
        self._changed.set()

    def _take(self) -> str | None:
        return self._queue.popleft() if self._queue else None


Member = TypeVar("Member", bound=Client)


class Channel(ABC, Generic[Member]):
    """One symbol's subscription and its clients."""

    def __init__(self) -> None:
        self.clients: set[Member] = set()

    def end_clients(self, ending: Ending) -> None:
        for client in self.clients:
            client.end(ending)

    @abstractmethod
    def new_client(self) -> Member:
        """A client that is not among the clients yet."""

    @abstractmethod
    async def prepare(self, client: Member) -> None:
        """Give one of the clients its beginning."""

    @abstractmethod
    def close(self) -> None:
        """Give the subscription up."""


class DepthChannel(Channel[DepthClient]):
    """A symbol's depth, for its clients."""

    def __init__(self, instrument: Instrument, broker: Broker, feed: MarketDataFeed) -> None:
        super().__init__()
        self._instrument = instrument
        self._broker = broker
        self._epoch = 0
        self._newest: tuple[int, str] | None = None
        self._unsubscribe = feed.subscribe(topics.depth(instrument.symbol), self._receive)

    def close(self) -> None:
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
            client.offer(answer.sequence, self._encode(expect(Depth, answer.value), answer.sequence, answer.timestamp))

    def _receive(self, message: MarketDataMessage) -> None:
        assert isinstance(message, DepthMessage)
        if message.epoch != self._epoch:
            self._epoch = message.epoch
            for client in self.clients:
                client.start_again()
        text = self._encode(message, message.sequence, message.timestamp)
        self._newest = message.sequence, text
        for client in self.clients:
            client.offer(message.sequence, text)

    def _encode(self, depth: Depth | DepthMessage, sequence: int, timestamp: int) -> str:
        return encode(depth_update(depth, sequence, timestamp, self._instrument)).decode()


class TradesChannel(Channel[TradesClient]):
    """A symbol's trades, for its clients.

    The channel is subscribed to the instrument's messages after the trades': the first of them proves that both subscriptions stand, each
    later one may follow a lost connection, so the matcher is then asked what was missed.
    """

    def __init__(self, instrument: Instrument, broker: Broker, feed: MarketDataFeed) -> None:
        super().__init__()
        self._instrument = instrument
        self._broker = broker
        self._fee_decimals = instrument.fee_decimals
        self._last: int | None = None
        self._waiting: deque[TradeMessage] = deque(maxlen=TRADES_WAITING)
        self._ready = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._ask_again = False
        symbol = instrument.symbol
        self._unsubscribe = [
            feed.subscribe(topics.trades(symbol), self._receive),
            feed.subscribe(topics.instruments(symbol), self._receive),
        ]

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._asking is not None:
            self._asking.cancel()

    def new_client(self) -> TradesClient:
        return TradesClient()

    async def prepare(self, client: TradesClient) -> None:
        """Wait until the client gets every trade from now on; MatcherUnavailableError where that cannot be promised."""
        try:
            await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
        except TimeoutError as error:
            raise MatcherUnavailableError from error

    def _receive(self, message: MarketDataMessage) -> None:
        if isinstance(message, InstrumentMessage):
            self._fee_decimals = message.fee_decimals
            self._ask()
            return
        assert isinstance(message, TradeMessage)
        if self._asking is not None or self._last is None:
            self._waiting.append(message)
        elif message.number == self._last + 1:
            self._deliver(message)
        elif message.number > self._last:
            self._waiting.append(message)
            self._ask()

    def _ask(self) -> None:
        """Ask for what is missing, once more where that is under way."""
        self._ask_again = True
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Deliver what the matcher has after `_last` until the live trades join on."""
        while self._ask_again:
            self._ask_again = False
            last = self._last
            try:
                history = await self._history(last)
            except ProblemError as problem:
                self.end_clients(problem_ending(problem))
                break
            if last is None:
                self._last = history[-1].trade_id if history else 0
            else:
                self._deliver_missing([trade for trade in history if trade.trade_id > last], last)
            self._join_waiting()
            self._ready.set()
        self._asking = None

    async def _history(self, last: int | None) -> list[Trade]:
        """The trades after `last`, or the newest one where nothing is known yet."""
        symbol = self._instrument.symbol
        query = TradesQuery(symbol, 1) if last is None else TradesQuery(symbol, TRADES_ASKED, last)
        while True:
            try:
                return expect(TradeHistory, (await self._broker.query(query)).value).trades
            except MatcherUnavailableError:
                await asyncio.sleep(RETRY_SECONDS)

    def _deliver_missing(self, missing: list[Trade], last: int) -> None:
        if missing and missing[0].trade_id != last + 1:
            self.end_clients(Ending(TOO_SLOW, f"trades {last + 1} to {missing[0].trade_id - 1} cannot be had any more"))
        for trade in missing:
            self._deliver(trade)

    def _join_waiting(self) -> None:
        """Deliver the waiting trades, up to the first before which some are missing."""
        assert self._last is not None
        while self._waiting:
            if self._waiting[0].number > self._last + 1:
                self._ask_again = True
                return
            message = self._waiting.popleft()
            if message.number == self._last + 1:
                self._deliver(message)

    def _deliver(self, trade: Trade | TradeMessage) -> None:
        self._last = trade.trade_id
        if isinstance(trade, Trade):
            view = market_trade(trade, self._instrument)
        else:
            view = published_trade(trade, self._instrument, self._fee_decimals)
        text = encode(view).decode()
        for client in self.clients:
            client.offer(text)

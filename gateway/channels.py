"""One symbol's market data inside this worker: a subscription that all its clients share, each update encoded once for all.

Depth may skip states: a client holds the newest one that it was not sent yet, and nothing else. Trades may not: a client holds a bounded
queue, and one that lets it overflow is ended rather than made to miss a trade in silence. Trades are numbered; what a channel
finds missing it asks of the matcher and delivers in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from gateway.endings import TOO_SLOW, Ending, problem_ending
from gateway.link import MarketData, Matcher, MatcherUnavailable
from gateway.problems import Problem, expect
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


class DepthClient:
    """Waits for the newest depth."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._sequence = -1
        self._ending: Ending | None = None
        self._changed = asyncio.Event()

    def offer(self, sequence: int, text: str) -> None:
        """A state of the book; one that is not newer than what the client has is nothing to it."""
        if sequence > self._sequence:
            self._sequence = sequence
            self._text = text
            self._changed.set()

    def start_again(self) -> None:
        """Whatever state comes next is new."""
        self._sequence = -1

    def end(self, ending: Ending) -> None:
        self._ending = ending
        self._changed.set()

    async def next(self) -> str | Ending:
        """Wait for what is to be sent next."""
        while self._ending is None:
            if self._text is not None:
                text, self._text = self._text, None
                return text
            self._changed.clear()
            await self._changed.wait()
        return self._ending


class TradesClient:
    """Waits for every trade, in order."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._ending: Ending | None = None
        self._changed = asyncio.Event()

    def offer(self, text: str) -> None:
        """A trade."""
        if len(self._queue) >= TRADES_QUEUE:
            self.end(Ending(TOO_SLOW, f"too slow: {TRADES_QUEUE} trades were waiting"))
        elif self._ending is None:
            self._queue.append(text)
            self._changed.set()

    def end(self, ending: Ending) -> None:
        self._queue.clear()
        self._ending = self._ending or ending
        self._changed.set()

    async def next(self) -> str | Ending:
        """Wait for what is to be sent next."""
        while self._ending is None:
            if self._queue:
                return self._queue.popleft()
            self._changed.clear()
            await self._changed.wait()
        return self._ending


class DepthChannel:
    """A symbol's depth, for its clients."""

    def __init__(self, instrument: Instrument, matcher: Matcher, market_data: MarketData) -> None:
        self.clients: set[DepthClient] = set()
        self._instrument = instrument
        self._matcher = matcher
        self._epoch = 0
        self._newest: tuple[int, str] | None = None
        self._unsubscribe = market_data.subscribe(topics.depth(instrument.symbol), self._receive)

    def close(self) -> None:
        self._unsubscribe()

    def client(self) -> DepthClient:
        return DepthClient()

    async def prepare(self, client: DepthClient) -> None:
        """Offer the depth of this moment; while the matcher is away, the last one known, if any."""
        try:
            answer = await self._matcher.query(DepthQuery(self._instrument.symbol, STREAM_LEVELS), READY_SECONDS)
        except MatcherUnavailable:
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


class TradesChannel:
    """A symbol's trades, for its clients.

    The channel is subscribed to the instrument's messages after the trades': the first of them proves that both subscriptions stand, each
    later one may follow a lost connection, so the matcher is then asked what was missed.
    """

    def __init__(self, instrument: Instrument, matcher: Matcher, market_data: MarketData) -> None:
        self.clients: set[TradesClient] = set()
        self._instrument = instrument
        self._matcher = matcher
        self._fee_decimals = instrument.fee_decimals
        self._last: int | None = None
        self._waiting: deque[TradeMessage] = deque(maxlen=TRADES_WAITING)
        self._ready = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self._ask_again = False
        symbol = instrument.symbol
        self._unsubscribe: list[Callable[[], None]] = [
            market_data.subscribe(topics.trades(symbol), self._receive),
            market_data.subscribe(topics.instruments(symbol), self._receive),
        ]

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._asking is not None:
            self._asking.cancel()

    def client(self) -> TradesClient:
        return TradesClient()

    async def prepare(self, client: TradesClient) -> None:
        """Wait until the client gets every trade from now on; MatcherUnavailable where that cannot be promised."""
        try:
            await asyncio.wait_for(self._ready.wait(), READY_SECONDS)
        except TimeoutError as error:
            raise MatcherUnavailable from error

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
            except Problem as problem:
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
                return expect(TradeHistory, (await self._matcher.query(query)).value).trades
            except MatcherUnavailable:
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

    def end_clients(self, ending: Ending) -> None:
        for client in self.clients:
            client.end(ending)

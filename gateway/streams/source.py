"""One symbol's summary inside this worker, such as its candles: loaded once, then kept up by its trades.

It begins with an answer of the history. Each trade with the next trade_id is added. Messages may be lost: then the
matcher's memory is asked for the missing trades, and the history where that does not reach back far enough.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from gateway.exchange.market_history import REMEMBERED_TRADES, MarketHistory
from gateway.http.closing import START_AGAIN, CloseFrame
from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import HistoryBehindError, MatcherUnavailableError, RefusedError
from gateway.link.feed import Feed
from history.reading.database import HistoryUnavailableError
from protocol import topics
from protocol.commands import TradesQuery
from protocol.events import Trade, TradeHistory
from protocol.instrument import Instrument
from protocol.market_data import InstrumentMessage, MarketDataMessage, TradeMessage
from protocol.units import Side

TOLD_EVERY: Final = 0.1
"""Seconds between two messages at least."""

TRADES_WAITING: Final = 10_000
"""Live trades that wait at most while missing ones are asked for. The oldest beyond them are asked for too."""

CHECK_SECONDS: Final = 1.0
"""Time after a trade until the matcher is asked whether it was the last one."""

RETRY_SECONDS: Final = 0.25
"""Time after which the matcher or the history is asked again."""

NANOSECONDS: Final = 1_000_000_000
"""In a second."""


class Listener(Protocol):
    """Whom a source tells of itself."""

    def changed(self, source: "Source") -> None:
        """It has something new to tell, and may."""

    def failed(self, source: "Source", error: Exception) -> None:
        """It cannot go on: the history is missing."""

    def start_again(self, frame: CloseFrame) -> None:
        """What it has told no longer holds."""


class Source(ABC):
    """The subscription to the instrument's messages comes after that to the trades. The first of them proves that both
    stand; each later one may follow a lost connection."""

    def __init__(
        self,
        instrument: Instrument,
        broker: Broker,
        feed: Feed,
        history: MarketHistory,
        loads: asyncio.Semaphore,
        listener: Listener,
    ) -> None:
        self.instrument = instrument
        self.ready = asyncio.Event()
        self.error: Exception | None = None
        self._broker = broker
        self._history = history
        self._loads = loads
        self._listener = listener
        self._last_id = 0
        self._last_time = 0
        self._loaded = False
        self._waiting: deque[Trade] = deque(maxlen=TRADES_WAITING)
        self._asking: asyncio.Task[None] | None = None
        self._ask_again = False
        self._loop = asyncio.get_running_loop()
        self._told_at = float("-inf")
        self._telling: asyncio.TimerHandle | None = None
        self._check: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsubscribe = [
            feed.subscribe(topic, self._receive) for topic in (*self._more_topics(), topics.trades(self.symbol))
        ]
        self._unsubscribe.append(feed.subscribe(topics.instruments(self.symbol), self._receive))

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._asking is not None:
            self._asking.cancel()
        for handle in (self._telling, self._check, self._timer):
            if handle is not None:
                handle.cancel()

    def begin_again(self) -> None:
        """Try again after a failure: the history may be back."""
        self.error = None
        self.ready.clear()
        self._loaded = False
        self._ask()

    def _receive(self, published: MarketDataMessage) -> None:
        if isinstance(published, InstrumentMessage):
            self._ask()
        elif isinstance(published, TradeMessage):
            trade = _trade_of(published)
            if self._asking is None and self._loaded and trade.trade_id == self._last_id + 1:
                self._take(trade)
            elif trade.trade_id > self._last_id or not self._loaded:
                self._waiting.append(trade)
                if self._loaded:
                    self._ask()
        else:
            self._hear(published)

    def _take(self, trade: Trade) -> None:
        self._last_id, self._last_time = trade.trade_id, trade.timestamp
        self._add(trade)
        self._tell_soon()
        if self._check is None:
            self._check = self._loop.call_later(CHECK_SECONDS, self._check_now)

    def _check_now(self) -> None:
        self._check = None
        self._ask()

    def _ask(self) -> None:
        """Look for lost trades."""
        # A query in flight may be too early for the latest loss.
        self._ask_again = True
        if self._asking is None and self.error is None:
            self._asking = self._loop.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            while self._ask_again:
                self._ask_again = False
                time = self._broker.now()
                try:
                    await (self._heal() if self._loaded else self._load_anew())
                except (MatcherUnavailableError, HistoryBehindError):
                    self._ask_again = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                self._join_waiting()
                if self._loaded and not self._ask_again:
                    self._settle(time)
        except (HistoryUnavailableError, RefusedError) as error:
            self.error = error
            self.ready.set()
            self._listener.failed(self, error)
        finally:
            self._asking = None

    async def _load_anew(self) -> None:
        async with self._loads:
            self._last_id, self._last_time = await self._load()
        self._loaded = True
        self.ready.set()
        self._tell_soon()

    async def _heal(self) -> None:
        """Take what the matcher has after the last trade, or load anew where it has forgotten some of that."""
        query = TradesQuery(self.symbol, REMEMBERED_TRADES, max(0, self._last_id - 1))
        trades = expect(TradeHistory, (await self._broker.query(query)).value).trades
        if self._is_lost(trades):
            reason = f"the exchange has lost trade {self._last_id}: its history is another one"
            self._listener.start_again(CloseFrame(START_AGAIN, reason))
            self._waiting.clear()
            self._loaded, self._ask_again = False, True
            return
        if len(trades) == REMEMBERED_TRADES and trades[0].trade_id > self._last_id + 1:
            await self._load_anew()
            return
        for trade in trades:
            if trade.trade_id > self._last_id:
                self._take(trade)

    def _is_lost(self, trades: list[Trade]) -> bool:
        """Whether the matcher's memory lacks the last trade, or has another one of its number."""
        if not self._last_id:
            return False
        if not trades or trades[-1].trade_id < self._last_id:
            return True
        first = trades[0]
        return self._last_time > 0 and first.trade_id == self._last_id and first.timestamp != self._last_time

    def _join_waiting(self) -> None:
        """Take the waiting trades, up to the first gap."""
        while self._waiting:
            trade = self._waiting[0]
            if trade.trade_id > self._last_id + 1:
                self._ask_again = True
                return
            self._waiting.popleft()
            if trade.trade_id == self._last_id + 1:
                self._take(trade)

    def _tell_soon(self) -> None:
        """Tell what is new, at once if nothing was told for long enough."""
        if self._telling is None and self.ready.is_set():
            wait = max(0.0, self._told_at + TOLD_EVERY - self._loop.time())
            self._telling = self._loop.call_later(wait, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._told_at = self._loop.time()
        self._listener.changed(self)

    def _at(self, time: int, callback: Callable[[], None]) -> None:
        """Call back when the matcher's clock has come to a time, in place of an earlier wish."""
        if self._timer is not None:
            self._timer.cancel()
        # The loop may be early by the resolution of its clock.
        wait = max(0, time - self._broker.now()) / NANOSECONDS + 0.001
        self._timer = self._loop.call_later(wait, callback)

    def _more_topics(self) -> tuple[bytes, ...]:
        """What is to be heard beside the trades."""
        return ()

    def _hear(self, published: MarketDataMessage) -> None:
        """Take in a message of `_more_topics`."""
        raise AssertionError(f"nothing has asked for {published}")

    @abstractmethod
    def _settle(self, time: int) -> None:
        """All trades up to a time of the matcher's clock are known."""

    @abstractmethod
    async def _load(self) -> tuple[int, int]:
        """Get the summary of now. Returns the trade_id of the last trade in it, and its time or zero. Fails as the
        history."""

    @abstractmethod
    def _add(self, trade: Trade) -> None:
        """Add the next trade."""


def _trade_of(message: TradeMessage) -> Trade:
    """The published trade, without its rates."""
    side = Side.BUY if message.aggressor_side == "buy" else Side.SELL
    return Trade(
        message.symbol,
        message.trade_id,
        message.price,
        message.quantity,
        side,
        message.maker_order_id,
        message.taker_order_id,
        0,
        0,
        message.sequence,
        message.timestamp,
    )

"""One symbol's trades inside this worker, followed without a hole, in order."""

import asyncio
from abc import abstractmethod
from collections import deque
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gateway.http.closing import START_AGAIN, CloseFrame, Closing
from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError
from gateway.link.feed import Feed
from gateway.streams.channels import Follower, Heard
from protocol import topics
from protocol.commands import TradesQuery
from protocol.events import Trade, TradeHistory
from protocol.instrument import Instrument
from protocol.market_data import InstrumentMessage, MarketDataMessage, TradeMessage

TRADES_WAITING: Final = 10_000
"""Live trades that wait at most while missing ones are asked for. The oldest beyond them are asked for too."""

TRADES_ASKED: Final = 1_000
"""Missing trades that are asked for at once: the matcher keeps no more of a symbol."""

READY_SECONDS: Final = 1.0
"""Time that a new client waits for the channel's subscriptions."""

RETRY_SECONDS: Final = 0.25
"""Time after which missing trades are asked for again."""

Told = TypeVar("Told")

Identity = tuple[int, int, int]
"""Time and both orders of a trade. After a loss the matcher may give its number to another trade."""


def _identity(trade: Trade | TradeMessage) -> Identity:
    return trade.timestamp, trade.maker_order_id, trade.taker_order_id


class Kept(Struct, Generic[Told], frozen=True):
    """A trade in the form in which it is told."""

    number: int
    identity: Identity
    told: Told


class TradesFollower(Follower[Heard], Generic[Heard, Told]):
    """A symbol's trades.

    The follower subscribes to the instrument's messages after the trades. The first of them proves that both
    subscriptions stand. Each later one may follow a lost connection, so the matcher is then asked for missed trades.
    """

    def __init__(self, instrument: Instrument, broker: Broker, feed: Feed, closing: Closing) -> None:
        super().__init__(closing)
        self._instrument = instrument
        self._broker = broker
        self._fee_decimals = instrument.fee_decimals
        self._last: int | None = None
        self._last_told: Identity | None = None
        self._waiting: deque[Kept[Told]] = deque(maxlen=TRADES_WAITING)
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

    async def begun(self) -> None:
        """Wait until every trade from now on is told. MatcherUnavailableError if that takes too long."""
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
        trade = Kept(published.number, _identity(published), self._published(published))
        if self._asking is not None or self._last is None:
            self._waiting.append(trade)
        elif trade.number == self._last + 1:
            self._deliver(trade)
        elif trade.number > self._last:
            self._waiting.append(trade)
            self._ask()

    def _ask(self) -> None:
        # A query in flight may be too early for the latest loss.
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
                self._last_told = _identity(history[-1]) if history else None
            elif self._is_lost(history):
                self.end_clients(
                    CloseFrame(START_AGAIN, f"the exchange has lost trade {last}: its history is another one")
                )
                self._last = None
                self._waiting.clear()
                self._ask_again = True
                continue
            else:
                self._deliver_missing([trade for trade in history if trade.trade_id > last], last)
            self._join_waiting()
            self._ready.set()

    async def _history(self, last: int | None) -> list[Trade]:
        """The trades from `last` on. The newest one while nothing is known yet."""
        symbol = self._instrument.symbol
        query = TradesQuery(symbol, 1) if last is None else TradesQuery(symbol, TRADES_ASKED, max(0, last - 1))
        while True:
            try:
                return expect(TradeHistory, (await self._broker.query(query)).value).trades
            except MatcherUnavailableError:
                await asyncio.sleep(RETRY_SECONDS)

    def _is_lost(self, history: list[Trade]) -> bool:
        """Whether the matcher's history lacks the last delivered trade. It has lost its end, and may have gone on
        differently."""
        if self._last_told is None:
            return False
        if not history or history[0].trade_id != self._last:
            return not history
        return _identity(history[0]) != self._last_told

    def _deliver_missing(self, missing: list[Trade], last: int) -> None:
        if missing and missing[0].trade_id != last + 1:
            self.end_clients(
                CloseFrame(
                    self._closing.too_slow, f"trades {last + 1} to {missing[0].trade_id - 1} cannot be had any more"
                )
            )
        for trade in missing:
            self._deliver(Kept(trade.trade_id, _identity(trade), self._remembered(trade)))

    def _join_waiting(self) -> None:
        """Deliver the waiting trades, up to the first gap."""
        assert self._last is not None
        while self._waiting:
            if self._waiting[0].number > self._last + 1:
                self._ask_again = True
                return
            trade = self._waiting.popleft()
            if trade.number == self._last + 1:
                self._deliver(trade)

    def _deliver(self, trade: Kept[Told]) -> None:
        self._last = trade.number
        self._last_told = trade.identity
        self._tell(trade.told)
        self._check_later()

    @abstractmethod
    def _remembered(self, trade: Trade) -> Told:
        """The form in which a trade from the answer to a query is told."""

    @abstractmethod
    def _published(self, trade: TradeMessage) -> Told:
        """That of a published trade; `_fee_decimals` are those of the instrument message before it."""

    @abstractmethod
    def _tell(self, told: Told) -> None:
        """The next trade."""

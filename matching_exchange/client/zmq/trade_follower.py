"""The trades of a symbol, each once and in order, over losses and restarts of the matcher."""

from collections import deque
from collections.abc import Callable
from typing import Final

from matching_exchange.client.zmq.followers import MESSAGES_WAITING, Desk, Follower, Tell
from matching_exchange.client.zmq.states import Hole
from protocol.commands import TradesQuery
from protocol.events import QueryResult, Trade, TradeHistory
from protocol.market_data import TradeMessage
from protocol.units import Side

ASKED_AT_ONCE: Final = 1_000
"""Trades that one question asks for. The matcher keeps at least as many of a symbol."""

_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}


class TradeFollower(Follower):
    """`hear` takes each trade after the trade_id `after`; None begins with the first trade from now on.

    A trade has the fee rates of its moment if it was asked for. A published one tells the fees themselves.
    """

    def __init__(
        self,
        symbol: str,
        desk: Desk,
        hear: Callable[[TradeMessage | Trade], None],
        tell: Tell,
        after: int | None = None,
    ) -> None:
        super().__init__(desk, tell)
        self.symbol = symbol
        self._hear = hear
        self._last = after
        self._waiting: deque[TradeMessage] = deque(maxlen=MESSAGES_WAITING)

    def receive(self, message: TradeMessage) -> None:
        """Take in a published trade."""
        self.heard()
        last = self._last
        if last is not None and message.trade_id <= last:
            return
        if last is not None and message.trade_id == last + 1 and not self._waiting:
            self._deliver(message)
            return
        self._waiting.append(message)
        self.check()

    def forget(self) -> None:
        self._last = None
        self._waiting.clear()
        self._tell(Hole("trades", self.symbol, None, None, "the exchange has another history than before"))
        self.check()

    def _ask(self) -> None:
        limit, after = (1, 0) if self._last is None else (ASKED_AT_ONCE, self._last)
        self._desk.ask(TradesQuery(self.symbol, limit, after), self._found)

    def _found(self, result: QueryResult) -> None:
        found, before = result.result, self._last
        if isinstance(found, TradeHistory):
            self._take(found.trades)
            self._has_begun()
        self._join()
        self._answered(more=bool(self._waiting) and self._last != before)

    def _take(self, trades: list[Trade]) -> None:
        if self._last is None:
            self._last = trades[-1].trade_id if trades else 0
            return
        for trade in trades:
            if trade.trade_id > self._last + 1:
                detail = "the matcher keeps no trade so old"
                self._tell(Hole("trades", self.symbol, self._last, trade.trade_id - 1, detail))
            if trade.trade_id > self._last:
                self._deliver(trade)

    def _join(self) -> None:
        """Deliver what waits, up to the first hole."""
        while self._waiting and self._last is not None:
            trade_id = self._waiting[0].trade_id
            if trade_id > self._last + 1:
                return
            message = self._waiting.popleft()
            if trade_id == self._last + 1:
                self._deliver(message)

    def _deliver(self, trade: TradeMessage | Trade) -> None:
        self._last = trade.trade_id
        self._hear(trade)

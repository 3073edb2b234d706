"""All trades of a symbol, each once, in order."""

from typing import Any

from matching_exchange.client.call import Call, answer
from matching_exchange.client.calls.markets import LONGEST_PAGE, trades
from matching_exchange.client.errors import ExchangeError
from matching_exchange.client.streams.machine import Machine
from matching_exchange.client.times import TimeInput
from matching_exchange.client.types.markets import Trade, TradeList
from matching_exchange.client.types.streams import Gap, Restarted

SHORT_PAGES = 2
"""Pages that are not full, after which the stream is read again: what they lack comes as a message."""

_trade = answer(Trade)


class TradesMachine(Machine[Trade | Gap | Restarted]):
    """Missed trades are asked for by their trade_ids: after each connection, and where a message shows a hole.

    start, after: begins with the trades from this time, or after this trade_id. Without both it begins now.
    """

    def __init__(self, symbol: str, start: TimeInput | None, after: int | None) -> None:
        super().__init__()
        self._symbol = symbol
        self._start = start
        self._last: int | None = after
        """The trade_id up to which all is told; None before that is known."""
        self._told: Trade | None = None
        """The last trade that was told, by which another history is known."""
        self._held: Trade | None = None
        """The message that has shown a hole."""
        self._newest: int | None = None
        """The newest trade_id when the stream with a `start` began."""
        self._asking = False
        self._verify = False
        self._reach_back = True
        """False where the exchange does not reach back to `_last`: then its newest trades are asked for."""
        self._short_pages = 0

    def address(self) -> tuple[str, list[tuple[str, str]]]:
        return "/ws/trades", [("symbol", self._symbol)]

    def opened(self) -> None:
        self._held = None
        self._verify = bool(self._last)
        self._ask()

    def wanted(self) -> Call[TradeList] | None:
        if not self._asking:
            return None
        if self._last is None:
            if self._newest is not None:
                return trades(self._symbol, start=self._start, after=0, limit=LONGEST_PAGE)
            return trades(self._symbol, limit=1)
        if not self._reach_back:
            return trades(self._symbol, limit=LONGEST_PAGE)
        return trades(self._symbol, after=self._last - self._verify, limit=LONGEST_PAGE)

    def told(self, found: Any) -> None:
        page: TradeList = found
        if self._last is None:
            self._begin(page)
        elif self._is_other_history(page):
            self.restarted("the exchange does not know the last trade that it has told")
            self._ask()
        else:
            self._verify = False
            for trade in page.trades:
                self._deliver(trade)
            self._go_on(page)

    def failed(self, error: ExchangeError) -> bool:
        if error.code == "history_unavailable" and self._last is not None and self._reach_back:
            self._reach_back = False
            return True
        return False

    def receive(self, text: str | bytes) -> None:
        assert self._last is not None
        trade = _trade(text if isinstance(text, bytes) else text.encode())
        if trade.trade_id > self._last + 1:
            self._held = trade
            self._ask()
        else:
            self._deliver(trade)

    def restarted(self, reason: str) -> None:
        self.items.append(Restarted(reason))
        self._last = self._newest = self._told = self._held = self._start = None
        self._verify = False

    def _ask(self) -> None:
        self._asking = True
        self._reach_back = True
        self._short_pages = 0

    def _begin(self, page: TradeList) -> None:
        """The first answers: where the stream begins."""
        if self._newest is None:
            self._newest = page.trades[-1].trade_id if page.trades else 0
            self._told = page.trades[-1] if page.trades else None
            if self._start is None:
                self._last = self._newest
                self._asking = False
            return
        # Without a trade since `start`, all that come later follow the newest one.
        self._last = page.trades[0].trade_id - 1 if page.trades else self._newest
        for trade in page.trades:
            self._deliver(trade)
        self._go_on(page)

    def _is_other_history(self, page: TradeList) -> bool:
        """Whether the exchange has another history than the one that was told."""
        if not self._verify or self._last is None:
            return False
        if not page.trades or page.trades[-1].trade_id < self._last:
            return True
        told = self._told
        return told is not None and any(trade != told for trade in page.trades if trade.trade_id == told.trade_id)

    def _go_on(self, page: TradeList) -> None:
        """Ask for the next page, unless this one was the last."""
        self._short_pages += len(page.trades) < LONGEST_PAGE
        if page.trades and self._reach_back and self._short_pages < SHORT_PAGES:
            return
        self._asking = False
        held, self._held = self._held, None
        if held is not None:
            self._deliver(held)

    def _deliver(self, trade: Trade) -> None:
        assert self._last is not None
        if trade.trade_id <= self._last:
            return
        if trade.trade_id > self._last + 1:
            self.items.append(Gap(self._symbol, self._last + 1, trade.trade_id - 1))
        self._last = trade.trade_id
        self._told = trade
        self.items.append(trade)

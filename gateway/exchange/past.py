"""The past of markets: from the tables of the history, or from what was heard while these cannot be read."""

import asyncio
from typing import Final

import structlog

from gateway.exchange.history import History
from gateway.exchange.market_history import Candles, Wanted
from gateway.exchange.recent import RecentMarket
from gateway.link.matcher_link import MatcherLink
from history.reading.database import HistoryUnavailableError
from history.reading.trades import Range
from protocol.events import Trade

LOOK_SECONDS: Final = 2.0
"""Time for one look at the tables."""

BEGINNING_SECONDS: Final = 15.0
"""Time that a history has to begin, where a setting names one."""

AGAIN_SECONDS: Final = 0.5
"""Between two looks."""

log = structlog.get_logger("gateway")


class PastMarket:
    """One for each worker. It looks at the tables as soon as there is a matcher. Without them it follows the trades."""

    def __init__(self, history: History, recent: RecentMarket, broker: MatcherLink) -> None:
        self._history = history
        self._recent = recent
        self._looking: asyncio.Task[None] | None = None
        self._told = False
        broker.on_open(self._look_soon)

    async def trades(self, symbol: str, wanted: Range, limit: int) -> list[Trade]:
        """As MarketHistory, and without tables of the trades that the matcher remembers."""
        try:
            return await self._history.markets.trades(symbol, wanted, limit)
        except HistoryUnavailableError:
            return await self._recent.trades(symbol, wanted, limit)

    async def candles(self, wanted: Wanted) -> Candles:
        """As MarketHistory, and without tables those of what was heard."""
        try:
            found = await self._history.markets.candles(wanted)
        except HistoryUnavailableError as error:
            self._tell(str(error))
            return await self._recent.candles(wanted)
        self._rely_on_tables()
        return found

    def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._recent.stop()

    def _look_soon(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + BEGINNING_SECONDS
        while (status := await self._history.status(LOOK_SECONDS)).reason:
            self._follow()
            if not status.configured or loop.time() >= give_up:
                self._tell(status.reason)
                return
            await asyncio.sleep(AGAIN_SECONDS)
        self._rely_on_tables()

    def _follow(self) -> None:
        if not self._recent.follows:
            self._recent.start()

    def _tell(self, reason: str) -> None:
        self._follow()
        if not self._told:
            self._told = True
            log.info("no history: candles and statistics of the Binance dialect begin with this gateway", reason=reason)

    def _rely_on_tables(self) -> None:
        if self._recent.follows:
            self._recent.stop()
        if self._told:
            self._told = False
            log.info("candles and statistics of the Binance dialect come from the history")

"""The history: what the matcher has forgotten, joined with what it remembers, and how far the tables are."""

import asyncio

from msgspec import Struct

from gateway.exchange.account_history import AccountHistory
from gateway.exchange.market_history import MarketHistory
from gateway.exchange.orders import Orders
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from gateway.link.tables import HistoryTables
from history.reading.database import Begun, Filled, HistoryUnavailableError, begun


class HistoryStatus(Struct, frozen=True):
    """reason: why the tables cannot be read; empty if they can.

    filled: up to where they are filled, since: from where the trades are complete; None where that cannot be read.
    """

    configured: bool
    reason: str = ""
    filled: Filled | None = None
    since: Begun | None = None
    lag: int = 0
    lag_time: int = 0


class History:
    """markets and accounts fail as the link, and with HistoryUnavailableError and HistoryBehindError."""

    def __init__(self, link: Link, instruments: Instruments, orders: Orders, tables: HistoryTables) -> None:
        self._link = link
        self._tables = tables
        self.markets = MarketHistory(link, tables)
        self.accounts = AccountHistory(link, tables, instruments, orders)

    async def status(self, timeout: float) -> HistoryStatus:  # noqa: ASYNC109
        """How the tables are, told within so many seconds."""
        configured = self._tables.configured
        try:
            async with asyncio.timeout(timeout):
                found = await self._tables.ask(lambda connection: begun(connection, "trades"))
        except HistoryUnavailableError as error:
            return HistoryStatus(configured, str(error))
        except TimeoutError:
            return HistoryStatus(configured, f"the tables do not answer within {timeout} seconds")
        lag = max(0, self._link.sequence - found.filled.sequence)
        time = max(0, self._link.now() - found.filled.time) if lag else 0
        return HistoryStatus(configured, "", found.filled, found.value, lag, time)

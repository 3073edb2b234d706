"""The history: what the matcher has forgotten, joined with what it remembers, and how far the tables are."""

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


class History:
    """markets and accounts fail as the link, and with HistoryUnavailableError and HistoryBehindError."""

    def __init__(self, link: Link, instruments: Instruments, orders: Orders, tables: HistoryTables) -> None:
        self._tables = tables
        self.markets = MarketHistory(link, tables)
        self.accounts = AccountHistory(link, tables, instruments, orders)

    async def status(self) -> HistoryStatus:
        configured = self._tables.configured
        try:
            found = await self._tables.ask(lambda connection: begun(connection, "trades"))
        except HistoryUnavailableError as error:
            return HistoryStatus(configured, str(error))
        return HistoryStatus(configured, "", found.filled, found.value)

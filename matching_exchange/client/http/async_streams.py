"""Every stream of the native API as a method of a client on asyncio."""

from abc import abstractmethod

from matching_exchange.client.book import BookUpdate
from matching_exchange.client.http.async_calls import AsyncCalls
from matching_exchange.client.http.async_stream import AsyncStream
from matching_exchange.client.streams.account import AccountMachine
from matching_exchange.client.streams.books import BookMachine, QueueMachine
from matching_exchange.client.streams.machine import Item, Machine
from matching_exchange.client.streams.summaries import CandlesMachine, DepthMachine, TickerMachine
from matching_exchange.client.streams.trades import TradesMachine
from matching_exchange.client.times import TimeInput
from matching_exchange.client.types.account_stream import AccountStart, AccountUpdate
from matching_exchange.client.types.markets import Depth, Ticker, Trade
from matching_exchange.client.types.streams import CandleUpdate, Gap, QueueSnapshot, QueueUpdate, Restarted
from matching_exchange.client.types.words import Interval


class AsyncStreams(AsyncCalls):
    """The calls and the streams of a client on asyncio."""

    def stream_trades(
        self, symbol: str, *, start: TimeInput | None = None, after: int | None = None
    ) -> AsyncStream[Trade | Gap | Restarted]:
        """Every trade of a symbol from now on, once and in order; missed ones are asked for.

        start: begins with the trades at this time or later. after: begins after this trade_id; 0 is the beginning.
        A Gap tells trades that cannot be had any more. Restarted: the exchange has lost what it had told.
        """
        return self._stream(TradesMachine(symbol, start, after))

    def stream_book(self, symbol: str) -> AsyncStream[BookUpdate]:
        """The book of a symbol, by levels: a snapshot, then each change. `book` of each item is kept up to date.

        Numbers and checksums are verified. After a loss an item with `snapshot` comes, which replaces all.
        """
        return self._stream(BookMachine(symbol))

    def stream_queues(self, symbol: str) -> AsyncStream[QueueSnapshot | QueueUpdate]:
        """The book of a symbol, order by order: a QueueSnapshot, then each change. After a loss a snapshot comes."""
        return self._stream(QueueMachine(symbol))

    def stream_depth(self, symbol: str) -> AsyncStream[Depth | Restarted]:
        """The ten best levels, at once and after changes. States in between may be left out, the last one never."""
        return self._stream(DepthMachine(symbol))

    def stream_candles(self, symbol: str, interval: Interval) -> AsyncStream[CandleUpdate | Restarted]:
        """The ten newest candles, then those that have changed; none is left out. `*` is all symbols.

        Raises Unavailable `history_unavailable` where the exchange has no history.
        """
        return self._stream(CandlesMachine(symbol, interval))

    def stream_tickers(self, symbol: str = "*") -> AsyncStream[Ticker | Restarted]:
        """The ticker at once, then after changes, at most ten times a second. `*` is all symbols."""
        return self._stream(TickerMachine(symbol))

    def stream_account(
        self, *, account: str | None = None, after: int | str | None = None
    ) -> AsyncStream[AccountStart | AccountUpdate | Restarted]:
        """An account's own stream: an AccountStart, then an AccountUpdate for each command that changed something.

        after: the sequence of the last item of an earlier stream, or its cursor where the exchange has several shards:
        begins with what was missed since. An AccountStart with `restarted` tells that some updates are lost; `fills`
        then has what was filled. AccountState keeps what is told.
        """
        machine = AccountMachine(account, after)
        return self._stream(machine, machine)

    @abstractmethod
    def _stream(self, machine: Machine[Item], of_account: AccountMachine | None = None) -> AsyncStream[Item]:
        """The stream that the machine makes. `of_account` is the same machine, where its account is to be found out."""

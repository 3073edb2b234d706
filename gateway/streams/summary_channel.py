"""The candles of an interval, or the tickers, of one symbol or of all: one message a symbol, at most ten a second."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from gateway.http.closing import CloseFrame, Closing
from gateway.http.frames import message
from gateway.link.errors import MatcherUnavailableError
from gateway.link.instruments import Instruments
from gateway.streams.channels import Channel
from gateway.streams.source import Listener, Source
from gateway.streams.summary_client import EncodeParts, SummaryClient
from protocol.instrument import Instrument

ALL: Final = "*"
"""In place of a symbol."""

READY_SECONDS: Final = 3.0
"""Time that a new client waits for the summary of its symbol."""

LOADS_AT_ONCE: Final = 16
"""Symbols of one channel that are loaded at the same time."""

Kind = TypeVar("Kind", bound=Source)


class Summaries(Struct, Generic[Kind], frozen=True):
    """What a channel tells of.

    open: makes a source.
    news, state: the parts that have changed since the last call, and all that a new client is told, by their keys.
    encode: makes the message of a symbol's parts.
    """

    open: Callable[[Instrument, asyncio.Semaphore, Listener], Kind]
    news: Callable[[Kind], dict[int, Any]]
    state: Callable[[Kind], dict[int, Any]]
    encode: EncodeParts


class SummaryChannel(Channel[SummaryClient], Generic[Kind]):
    """`everything` means all instruments, also those that are added later."""

    def __init__(
        self,
        instruments: Instruments,
        beginning: Iterable[Instrument],
        summaries: Summaries[Kind],
        closing: Closing,
        *,
        everything: bool,
    ) -> None:
        super().__init__(closing)
        self._instruments = instruments
        self._summaries = summaries
        self._everything = everything
        self._loads = asyncio.Semaphore(LOADS_AT_ONCE)
        self._sources: dict[str, Kind] = {}
        self._add(beginning)
        if everything:
            self._check_later()

    def close(self) -> None:
        super().close()
        for source in self._sources.values():
            source.close()

    def new_client(self) -> SummaryClient:
        return SummaryClient(self._summaries.encode, self._closing.too_slow)

    async def prepare(self, client: SummaryClient) -> None:
        """Tell the client what is known now. That of a single symbol is waited for; MatcherUnavailableError if that
        takes too long, and as the history where it is missing."""
        for source in self._sources.values():
            if source.error is not None:
                # Clients that it has ended may not have gone yet.
                source.begin_again()
        if not self._everything:
            for source in self._sources.values():
                try:
                    await asyncio.wait_for(source.ready.wait(), READY_SECONDS)
                except TimeoutError as error:
                    raise MatcherUnavailableError from error
        for source in self._sources.values():
            if source.error is not None:
                raise source.error
            if source.ready.is_set():
                self._offer([client], source, self._summaries.state(source))

    def changed(self, source: Source) -> None:
        kind = self._sources[source.symbol]
        self._offer(self.clients, kind, self._summaries.news(kind))

    def failed(self, _: Source, error: Exception) -> None:
        frame = self._closing.error(error)
        assert frame is not None, error
        self.end_clients(frame)

    def start_again(self, frame: CloseFrame) -> None:
        self.end_clients(frame)

    async def _catch_up(self) -> None:
        """Look for new instruments."""
        self._check_later()
        try:
            self._add(await self._instruments.all())
        except MatcherUnavailableError:
            # It is asked again soon.
            return

    def _add(self, instruments: Iterable[Instrument]) -> None:
        for instrument in instruments:
            if instrument.symbol not in self._sources:
                self._sources[instrument.symbol] = self._summaries.open(instrument, self._loads, self)

    def _offer(self, clients: Iterable[SummaryClient], source: Kind, parts: dict[int, Any]) -> None:
        if parts:
            told = message(self._summaries.encode(source.symbol, list(parts.values())))
            for client in clients:
                client.offer(source.symbol, parts, told)

"""The instruments that this worker has heard of, by symbol.

The decimals, the tick and the lot never change, and most calls need nothing else. So a known instrument is not asked
for again; its limits, fees and status may be old. An unknown symbol is asked for before it is refused.
"""

import asyncio
from collections.abc import Collection, Iterable
from typing import Protocol

from gateway.link.answers import expect
from gateway.link.errors import RefusedError
from gateway.link.matcher_link import MatcherLink
from protocol.commands import InstrumentsQuery
from protocol.events import InstrumentList
from protocol.instrument import Instrument
from protocol.units import SYMBOL_PATTERN, Refusal


class HasSymbol(Protocol):
    @property
    def symbol(self) -> str: ...


class Instruments:
    """`known` is for the hot path. `find` asks for what it lacks."""

    def __init__(self, broker: MatcherLink) -> None:
        self.known: dict[str, Instrument] = {}
        self._broker = broker
        self._asking: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None
        broker.on_reset(self.known.clear)

    async def find(self, symbol: str) -> Instrument:
        """The instrument. RefusedError where the matcher has none, MatcherUnavailableError where no matcher answers."""
        instrument = self.known.get(symbol)
        if instrument is None and SYMBOL_PATTERN.fullmatch(symbol):
            await self._ask_once()
            instrument = self.known.get(symbol)
        if instrument is None:
            raise RefusedError(Refusal.UNKNOWN_SYMBOL)
        return instrument

    def unknown(self, items: Iterable[HasSymbol]) -> str | None:
        """The first of their symbols that is not known yet."""
        return next((item.symbol for item in items if item.symbol not in self.known), None)

    async def know(self, items: Collection[HasSymbol]) -> None:
        """Know the instruments of all of them. Fails as `find`."""
        while (symbol := self.unknown(items)) is not None:
            await self.find(symbol)

    async def all(self) -> list[Instrument]:
        """All instruments, current."""
        result = expect(InstrumentList, (await self._broker.query(InstrumentsQuery())).value)
        self.known.update((instrument.symbol, instrument) for instrument in result.instruments)
        return result.instruments

    async def current(self, symbol: str) -> Instrument:
        """The instrument, current. Fails as `find`."""
        result = expect(InstrumentList, (await self._broker.query(InstrumentsQuery(symbol))).value)
        self.known.update((instrument.symbol, instrument) for instrument in result.instruments)
        return await self.find(symbol)

    async def _ask_once(self) -> None:
        """Ask the matcher. Callers share a query not sent yet, never one in flight: it may predate their symbol."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._ask_after(self._asking))
        await asyncio.shield(self._next)

    async def _ask_after(self, asking: asyncio.Future[None] | None) -> None:
        if asking is not None:
            await asyncio.wait([asking])
        self._asking, self._next = self._next, None
        await self.all()

"""The instruments that this worker has heard of, by symbol.

The decimals, the tick and the lot never change, and most calls need nothing else. So a known instrument is not asked
for again; its limits, fees and status may be old. An unknown symbol is asked for before it is refused.
"""

import asyncio
from collections.abc import Collection, Iterable
from typing import Protocol

from gateway.link.answers import expect
from gateway.link.broker import Broker
from gateway.link.errors import MatcherUnavailableError, RefusedError
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
        self._asking = {owner: _Asking() for owner in broker.brokers}
        broker.on_reset(self.known.clear)

    async def find(self, symbol: str) -> Instrument:
        """The instrument. RefusedError where the matcher has none, MatcherUnavailableError where no matcher answers."""
        instrument = self.known.get(symbol)
        if instrument is None and SYMBOL_PATTERN.fullmatch(symbol):
            await self._ask_once(self._broker.of(symbol))
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
        """All instruments, current; those of a shard that is away as they are known. MatcherUnavailableError where no
        matcher answers."""
        brokers = self._broker.brokers
        parts = await asyncio.gather(*(self._all_of(each) for each in brokers), return_exceptions=True)
        found: list[Instrument] = []
        away: list[BaseException] = []
        for broker, part in zip(brokers, parts, strict=True):
            if isinstance(part, list):
                found += part
            elif isinstance(part, MatcherUnavailableError):
                away.append(part)
                found += [each for each in self.known.values() if self._broker.of(each.symbol) is broker]
            else:
                raise part
        if len(away) == len(brokers):
            raise away[0]
        return found

    async def current(self, symbol: str) -> Instrument:
        """The instrument, current. Fails as `find`."""
        result = expect(InstrumentList, (await self._broker.query(InstrumentsQuery(symbol))).value)
        self.known.update((instrument.symbol, instrument) for instrument in result.instruments)
        return await self.find(symbol)

    async def _all_of(self, broker: Broker) -> list[Instrument]:
        """Those that the matcher of the broker owns. After a move of a symbol, its former matcher still has it."""
        result = expect(InstrumentList, (await broker.query(InstrumentsQuery())).value)
        own = [each for each in result.instruments if self._broker.of(each.symbol) is broker]
        self.known.update((instrument.symbol, instrument) for instrument in own)
        return own

    async def _ask_once(self, broker: Broker) -> None:
        """Ask the matcher. Callers share a query not sent yet, never one in flight: it may predate their symbol."""
        asking = self._asking[broker]
        if asking.next is None:
            asking.next = asyncio.ensure_future(self._ask_after(broker, asking))
        await asyncio.shield(asking.next)

    async def _ask_after(self, broker: Broker, asking: "_Asking") -> None:
        if asking.current is not None:
            await asyncio.wait([asking.current])
        asking.current, asking.next = asking.next, None
        await self._all_of(broker)


class _Asking:
    """Queries of one matcher: that in flight, and the one that waits for its end."""

    def __init__(self) -> None:
        self.current: asyncio.Future[None] | None = None
        self.next: asyncio.Future[None] | None = None

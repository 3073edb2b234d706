"""Market data and instruments. Each call asks the matcher, so no worker shows less than another has answered."""

from gateway.link.answers import Stamped, expect
from gateway.link.instruments import Instruments
from gateway.link.on_behalf import Link
from protocol.commands import DepthQuery, SetInstrument
from protocol.events import Depth, InstrumentSet
from protocol.instrument import Instrument


class Markets:
    def __init__(self, broker: Link, instruments: Instruments) -> None:
        self._broker = broker
        self._instruments = instruments

    async def depth(self, query: DepthQuery) -> Stamped[Depth]:
        answer = await self._broker.query(query)
        return Stamped(answer.sequence, answer.timestamp, expect(Depth, answer.value))

    async def set_instrument(self, command: SetInstrument) -> Instrument:
        changed = expect(InstrumentSet, (await self._broker.submit(command)).value).instrument
        self._instruments.known[changed.symbol] = changed
        return changed

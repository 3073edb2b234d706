"""The instruments under this dialect's names: BTC-USDT is BTCUSDT, the base joined with the quote.

Of two instruments with one joined name the first added keeps it. The other one is not in the dialect.
"""

import structlog

from gateway.binance.errors import BAD_SYMBOL, DialectError
from gateway.link.instruments import Instruments
from protocol.instrument import Instrument

log = structlog.get_logger("gateway")


def joined(instrument: Instrument) -> str:
    return instrument.base + instrument.quote


class Symbols:
    """One for each worker. What it knows may have old limits and an old status, as `Instruments.known`."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._owners: dict[str, str] = {}
        self._left_out: set[str] = set()

    async def find(self, name: str) -> Instrument:
        """The instrument of a joined name. DialectError where there is none."""
        found = self.known(name)
        if found is None and name.isalnum() and name.isascii():
            await self.all()
            found = self.known(name)
        if found is None:
            raise DialectError(BAD_SYMBOL)
        return found

    def known(self, name: str) -> Instrument | None:
        """As `find`, without a question to the matcher; None where that is needed, or there is none."""
        owner = self._owners.get(name)
        return None if owner is None else self._instruments.known.get(owner)

    def has(self, instrument: Instrument) -> bool:
        """Whether the instrument, which was listed by `all` before, is in the dialect."""
        return self._owners.get(joined(instrument)) == instrument.symbol

    async def all(self) -> list[Instrument]:
        """All instruments of the dialect, current, the first added first."""
        listed = await self._instruments.all()
        owners: dict[str, str] = {}
        found: list[Instrument] = []
        for instrument in listed:
            owner = owners.setdefault(joined(instrument), instrument.symbol)
            if owner == instrument.symbol:
                found.append(instrument)
            elif instrument.symbol not in self._left_out:
                self._left_out.add(instrument.symbol)
                log.warning(
                    "the Binance dialect leaves an instrument out: another one has its joined name",
                    symbol=instrument.symbol,
                    joined=joined(instrument),
                    kept_by=owner,
                )
        self._owners = owners
        return found

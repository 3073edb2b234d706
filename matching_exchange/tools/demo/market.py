"""What trades: the agents, and a recording beside them. It goes on over restarts of the matcher."""

from collections.abc import Sequence
from typing import Final

from matching_exchange.sim.agents.world import STEP
from matching_exchange.tools.demo.control import Control
from matching_exchange.tools.demo.crowd import ACCOUNTS, Crowd
from matching_exchange.tools.demo.recorded import ACCOUNT, RecordedMarket
from matching_exchange.tools.demo.venue import Venue, cancel_all, check_known
from protocol.commands import DepthQuery, SetInstrument, TradesQuery
from protocol.demo import REAL_TIME
from protocol.events import Depth, TradeHistory
from protocol.instrument import Instrument

BASES: Final = {"BTC-USDT": 60_000, "ETH-USDT": 3_000, "SOL-USDT": 150}
"""The prices around which the agents' values move, in whole quote currency. They trade no other symbols."""

NEAR: Final = 10
"""The last price of an earlier run is where the value begins, if it is as near to the base as a tenth of it."""

FASTEST: Final = 10 * REAL_TIME
"""The speed of agents at most: a second has a hundred steps then."""

PRICE_BAND_BPS: Final = 5_000
"""No order trades farther than half the price from the last trade."""

HALT_BPS, HALT_WINDOW_MS, HALT_MS = 2_000, 10_000, 5_000
"""A move of more than a fifth in ten seconds halts an instrument for five."""

MAX_TRADES: Final = 1_000
"""Trades of a symbol that one step sees at most."""

OWN_ACCOUNTS: Final = (*ACCOUNTS, ACCOUNT)
"""Those whose orders are the demo's."""


class Market:
    """The agents of the instruments that they know, and the recording, if there is one.

    seed: that of the agents. run: begins the names of all orders.
    """

    def __init__(self, seed: str, run: str, recorded: RecordedMarket | None) -> None:
        self._seed = seed
        self._run = run
        self._recorded = recorded
        self._crowd: Crowd | None = None
        self._crowds = 0
        self._due = 0
        """Of the agents' next step, in hundredths of it."""

    @property
    def symbols(self) -> list[str]:
        """What is traded, the recording's first."""
        recorded = [] if self._recorded is None else [self._recorded.symbol]
        return recorded + ([] if self._crowd is None else list(self._crowd.pits))

    def enter(self, venue: Venue, instruments: Sequence[Instrument]) -> None:
        """Begin to trade at a matcher, or go on at another one: cancel what is left, and protect the prices."""
        cancel_all(venue, OWN_ACCOUNTS)
        recorded = None if self._recorded is None else self._recorded.symbol
        known = [each for each in instruments if each.symbol in BASES and each.symbol != recorded]
        venue.carry_out([protect(instrument) for instrument in known])
        if self._crowd is None or list(self._crowd.pits) != [each.symbol for each in known]:
            self._crowd = self._new_crowd(venue, known)
        self._crowd.clear()
        for symbol, last_trade_id, _ in _last_trades(venue, list(self._crowd.pits)):
            self._crowd.pits[symbol].last_trade_id = last_trade_id
        if self._recorded is not None:
            self._recorded.prepare(venue)
            self._recorded.resume(venue)

    def trade(self, venue: Venue, control: Control) -> None:
        """What happens in one step of real time, at the speed that is asked for. Raises LostError."""
        assert self._crowd is not None, "it has entered"
        speed = control.state.speed
        self._due += min(speed, FASTEST)
        while self._due >= REAL_TIME:
            self._due -= REAL_TIME
            self._step(venue, self._crowd)
        if self._recorded is not None:
            self._recorded.play(venue, STEP * speed // REAL_TIME)
            control.at(self._recorded.time)

    def jump(self, venue: Venue, time: int) -> None:
        """Let the recording be at this time."""
        if self._recorded is not None:
            self._recorded.jump(venue, time)

    def _new_crowd(self, venue: Venue, instruments: Sequence[Instrument]) -> Crowd:
        bases = [(each, BASES[each.symbol] * 10**each.price_decimals) for each in instruments]
        at = {instrument.symbol: base for instrument, base in bases}
        starts = {
            symbol: price
            for symbol, _, price in _last_trades(venue, list(at))
            if price is not None and abs(price - at[symbol]) * NEAR <= at[symbol]
        }
        self._crowds += 1
        return Crowd(bases, self._seed, f"{self._run}-{self._crowds}", starts)

    def _step(self, venue: Venue, crowd: Crowd) -> None:
        crowd.answered(venue.carry_out(crowd.act()))
        symbols = list(crowd.pits)
        results = venue.ask(
            [
                *(TradesQuery(symbol, MAX_TRADES, crowd.pits[symbol].last_trade_id) for symbol in symbols),
                *(DepthQuery(symbol, 1) for symbol in symbols),
            ]
        )
        for symbol, told, depth in zip(symbols, results[: len(symbols)], results[len(symbols) :], strict=True):
            check_known(symbol, told)
            assert isinstance(told, TradeHistory) and isinstance(depth, Depth), "the symbol is known"
            crowd.saw(told.trades, depth)


def protect(instrument: Instrument) -> SetInstrument:
    """The command that gives the instrument the demo's protection of price."""
    return SetInstrument(
        instrument.symbol,
        instrument.price_decimals,
        instrument.quantity_decimals,
        price_band_bps=PRICE_BAND_BPS,
        halt_bps=HALT_BPS,
        halt_window_ms=HALT_WINDOW_MS,
        halt_ms=HALT_MS,
    )


def _last_trades(venue: Venue, symbols: Sequence[str]) -> list[tuple[str, int, int | None]]:
    """The trade_id and the price of each symbol's last trade; 0 and None before the first."""
    found: list[tuple[str, int, int | None]] = []
    for symbol, told in zip(symbols, venue.ask([TradesQuery(symbol, 1) for symbol in symbols]), strict=True):
        assert isinstance(told, TradeHistory), "the symbol is known"
        last = told.trades[-1] if told.trades else None
        found.append((symbol, 0, None) if last is None else (symbol, last.trade_id, last.price))
    return found

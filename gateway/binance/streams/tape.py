"""A symbol's trades, for all streams that are made of them."""

import asyncio
from typing import Any, Final, Protocol

from msgspec import Struct

from gateway.binance.sockets.client import Told
from gateway.binance.streams.channel import StreamChannel
from gateway.binance.symbols import joined
from gateway.binance.views.filters import price_text, quantity_text
from gateway.http.closing import CloseFrame
from gateway.streams.serve import OpenFollowers
from gateway.streams.trades_follower import TradesFollower
from protocol.events import Trade
from protocol.instrument import Instrument
from protocol.market_data import TradeMessage
from protocol.units import Side

LAST_SECONDS: Final = 0.01
"""Time after a trade in which others of its command come."""


class Printed(Struct, frozen=True):
    """A trade. maker_buys: whether the buyer's order stood in the book."""

    trade_id: int
    price: int
    quantity: int
    maker_buys: bool
    time: int
    sequence: int
    taker_order_id: int


class HearsTrades(Protocol):
    def hear_trade(self, trade: Printed) -> None:
        """The next trade."""

    def end(self, frame: CloseFrame) -> None: ...


class Tape(TradesFollower[HearsTrades, Printed]):
    @property
    def is_behind(self) -> bool:
        """Whether trades are missing that were made before those that were told."""
        return self._asking is not None or bool(self._waiting)

    def _remembered(self, trade: Trade) -> Printed:
        return Printed(
            trade.trade_id,
            trade.price,
            trade.quantity,
            trade.aggressor_side is Side.SELL,
            trade.timestamp,
            trade.sequence,
            trade.taker_order_id,
        )

    def _published(self, trade: TradeMessage) -> Printed:
        return Printed(
            trade.trade_id,
            trade.price,
            trade.quantity,
            trade.aggressor_side == "sell",
            trade.timestamp,
            trade.sequence,
            trade.taker_order_id,
        )

    def _tell(self, told: Printed) -> None:
        for listener in list(self.clients):
            listener.hear_trade(told)


Tapes = OpenFollowers[Tape]


class TradeStream(StreamChannel):
    """Every trade. tape: already open."""

    def __init__(self, instrument: Instrument, tape: Tape, tapes: Tapes) -> None:
        super().__init__()
        self._instrument = instrument
        self._symbol = joined(instrument)
        self._tape = tape
        self._tapes = tapes
        tape.clients.add(self)

    async def begun(self) -> None:
        await self._tape.begun()

    def close(self) -> None:
        self._tapes.leave(self._instrument.symbol, self._tape, self)

    def hear_trade(self, trade: Printed) -> None:
        self._tell(Told(lambda unit: self._view(trade, unit)))

    def _view(self, trade: Printed, unit: int) -> dict[str, Any]:
        time = trade.time // unit
        return {
            "e": "trade",
            "E": time,
            "s": self._symbol,
            "t": trade.trade_id,
            "p": price_text(self._instrument, trade.price),
            "q": quantity_text(self._instrument, trade.quantity),
            "T": time,
            "m": trade.maker_buys,
            "M": True,
        }


class AggregateStream(TradeStream):
    """The trades of one taker at one price within one command, as one. It waits a moment for the last of them."""

    def __init__(self, instrument: Instrument, tape: Tape, tapes: Tapes) -> None:
        super().__init__(instrument, tape, tapes)
        self._open: list[Printed] = []
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        super().close()
        if self._timer is not None:
            self._timer.cancel()

    def hear_trade(self, trade: Printed) -> None:
        if self._open and not _is_one(self._open[-1], trade):
            self._tell_open()
        self._open.append(trade)
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(LAST_SECONDS, self._look)

    def _look(self) -> None:
        if self._tape.is_behind:
            self._wait()
        elif self._open:
            self._tell_open()

    def _tell_open(self) -> None:
        trades, self._open = self._open, []
        self._tell(Told(lambda unit: self._aggregate_view(trades, unit)))

    def _aggregate_view(self, trades: list[Printed], unit: int) -> dict[str, Any]:
        first, last = trades[0], trades[-1]
        time = first.time // unit
        return {
            "e": "aggTrade",
            "E": time,
            "s": self._symbol,
            "a": first.trade_id,
            "p": price_text(self._instrument, first.price),
            "q": quantity_text(self._instrument, sum(trade.quantity for trade in trades)),
            "f": first.trade_id,
            "l": last.trade_id,
            "T": time,
            "m": first.maker_buys,
            "M": True,
        }


def _is_one(before: Printed, trade: Printed) -> bool:
    return (before.sequence, before.taker_order_id, before.price) == (
        trade.sequence,
        trade.taker_order_id,
        trade.price,
    )

"""Drives a recording through an exchange: steps become commands and queries, answers go to the comparison.

Orders are named by the venue's ids, behind a prefix of this run. So nothing waits for an answer, except a replace: it
first asks what is left of its order.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from matching_exchange.recordings.orders import ACCOUNT, RecordedOrders, recorded_instrument
from matching_exchange.recordings.recording import (
    Cancel,
    OutOfTurn,
    Place,
    Recording,
    Reduce,
    Replace,
    Sent,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from matching_exchange.tools.replay.comparison import Comparison
from matching_exchange.tools.replay.exchange import Exchange, ExchangeError, ask_now, send_now
from protocol.commands import CancelAllOrders, Command, DepthQuery, OrderQuery, OrdersQuery, SetInstrument
from protocol.events import CommandRefused, OrderPage, OrderState
from protocol.instrument import InstrumentError, check_instrument

PROGRESS_STEPS: Final = 1_000
"""Steps between two reports of progress."""


class Effort(Struct, frozen=True):
    """How many commands and queries were sent, in how many seconds."""

    commands: int
    queries: int
    seconds: float

    @property
    def commands_per_second(self) -> int:
        return round(self.commands / self.seconds) if self.seconds else 0


class Driver:
    """One run of a recording under `symbol`. `prefix` and a venue's order id together are a client_order_id; `clock`
    gives seconds."""

    def __init__(
        self,
        exchange: Exchange,
        recording: Recording,
        symbol: str,
        prefix: str,
        comparison: Comparison,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchange = exchange
        self._recording = recording
        self._symbol = symbol
        self._orders = RecordedOrders(symbol, prefix)
        self._comparison = comparison
        self._clock = clock
        self._commands = 0
        self._queries = 0
        self._best = DepthQuery(symbol, 1)
        self._act: dict[type, Callable[[Any], None]] = {
            Place: self._place,
            Take: self._take,
            Cancel: self._cancel,
            Reduce: self._reduce,
            Replace: self._replace,
            VenueBest: self._look,
            VenueTrade: comparison.venue_traded,
            VenueFill: comparison.venue_filled,
            OutOfTurn: comparison.executed_out_of_turn,
        }

    def prepare(self) -> None:
        """Make an instrument for the recording. Raises ExchangeError if that fails, or if the symbol has orders
        already: they would spoil the comparison."""
        instrument = recorded_instrument(self._recording, self._symbol)
        if instrument is None:
            raise ExchangeError("the recording holds no orders")
        if self._has_orders():
            raise ExchangeError(f"{self._symbol} has orders in this exchange: choose another symbol with --symbol")
        try:
            check_instrument(instrument)
        except InstrumentError as error:
            raise ExchangeError(
                f"no exchange can hold this recording as {self._symbol}: {error.field} {error}"
            ) from error
        answer = send_now(self._exchange, SetInstrument.of(instrument))
        if isinstance(answer, CommandRefused):
            why = " ".join((answer.refusal.name, answer.field, answer.detail)).strip()
            raise ExchangeError(
                f"this exchange refuses {self._symbol} as the recording needs it ({why}): choose another symbol "
                "with --symbol"
            )

    def run(self, speed: float | None, progress: Callable[[int], None]) -> Effort:
        """Send everything at `speed` times the recorded speed; None means as fast as possible. `progress` gets the
        number of steps done. Returns when all is answered."""
        started = self._clock()
        first: int | None = None
        for number, step in enumerate(self._recording.steps):
            if speed is not None and not isinstance(step, VenueFill | OutOfTurn):
                first = step.time if first is None else first
                early = started + (step.time - first) / 10**9 / speed - self._clock()
                if early > 0:
                    progress(number)
                    self._exchange.wait(early)
            if number % PROGRESS_STEPS == 0:
                progress(number)
            self._act[type(step)](step)
        self._exchange.settle()
        progress(len(self._recording.steps))
        return Effort(self._commands, self._queries, self._clock() - started)

    def _has_orders(self) -> bool:
        after: int | None = 0
        while after is not None:
            page = ask_now(self._exchange, OrdersQuery(self._symbol, after=after))
            if not isinstance(page, OrderPage):
                return False
            if page.orders:
                return True
            after = page.next
        return False

    def _place(self, step: Place) -> None:
        self._send(step, self._orders.place(step))

    def _take(self, step: Take) -> None:
        self._send(step, self._orders.take(step))

    def _cancel(self, step: Cancel) -> None:
        self._send(step, self._orders.cancel(step))

    def _reduce(self, step: Reduce) -> None:
        self._send(step, self._orders.reduce(step))

    def _replace(self, step: Replace) -> None:
        """Ask first what was filled of it here."""
        self._queries += 1
        state = ask_now(self._exchange, OrderQuery(None, ACCOUNT, self._orders.name(step.order)))
        filled = state.filled_quantity if isinstance(state, OrderState) else 0
        self._send(step, self._orders.replace(step, filled))

    def _look(self, step: VenueBest) -> None:
        self._queries += 1
        self._exchange.ask(self._best, self._comparison.looked, step)

    def _send(self, step: Sent, command: Command) -> None:
        self._commands += 1
        self._exchange.send(command, self._comparison.answered, step)


def clear(exchange: Exchange, symbol: str) -> None:
    """Cancel what replays left in the symbol's book."""
    send_now(exchange, CancelAllOrders(ACCOUNT, symbol))

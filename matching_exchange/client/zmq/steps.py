"""A call, as the commands and queries that it takes. Most take one; each answer may ask for another."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from matching_exchange.client.errors import ExchangeError
from matching_exchange.client.zmq.refused import error_of
from protocol.commands import Command, InstrumentsQuery, Query
from protocol.events import Answer, CommandRefused, InstrumentList, OrderState, Result
from protocol.instrument import Instrument

T = TypeVar("T")
Kind = TypeVar("Kind")


class Told(Struct, frozen=True):
    """What the matcher has answered, with the sequence and the time (nanoseconds) as of which it holds."""

    value: Answer | Result
    sequence: int
    timestamp: int


class Send(Struct, Generic[T], frozen=True):
    """Send a command. `read` makes the call's answer of what comes, or the next step.

    client_order_id: what an OutcomeUnknown tells.
    """

    command: Command
    read: "Callable[[Told], T | Send[T] | Ask[T]]"
    client_order_id: str | None = None


class Ask(Struct, Generic[T], frozen=True):
    """Ask a query. `read` as in Send."""

    query: Query
    read: "Callable[[Told], T | Send[T] | Ask[T]]"


Step = Send[T] | Ask[T]


class Known:
    """What calls know of the exchange and of their client.

    instruments: by symbol. Their decimals, tick and lot never change; limits and status may be old.
    account: of calls that name none.
    deadline: makes the latest time at which an order that is sent now may be taken, in nanoseconds; 0 for none.
    """

    def __init__(self, account: str, deadline: Callable[[], int]) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.account = account
        self.deadline = deadline
        self._doubted: set[str] = set()

    def doubt(self) -> None:
        """The exchange has another history: its instruments may be others of the same names. Calls ask for them."""
        self._doubted.update(self.instruments)

    def learn(self, told: Result | Answer) -> None:
        """Take in the answer to an InstrumentsQuery."""
        found = expect(told, InstrumentList)
        self._doubted.difference_update(instrument.symbol for instrument in found.instruments)
        self.instruments.update((instrument.symbol, instrument) for instrument in found.instruments)

    def knows(self, symbol: str) -> bool:
        """Whether the instrument is known, and of the exchange as it is now."""
        return symbol in self.instruments and symbol not in self._doubted

    def lacks(self, states: Iterable[OrderState]) -> bool:
        """Whether the instrument of one of them is not known."""
        return any(state.symbol not in self.instruments for state in states)

    def knowing(self, symbols: Iterable[str], then: Callable[[], T | Step[T]]) -> T | Step[T]:
        """Go on with all these instruments; those that are not known are asked for first."""
        if all(self.knows(symbol) for symbol in symbols):
            return then()

        def read(told: Told) -> T | Step[T]:
            self.learn(told.value)
            return then()

        return Ask(InstrumentsQuery(), read)


def expect(told: Answer | Result, kind: type[Kind], instrument: Instrument | None = None) -> Kind:
    """The answer, of this kind. Raises Refused where it is a refusal, with the numbers of the instrument's limits."""
    if isinstance(told, CommandRefused):
        raise error_of(told, instrument)
    if not isinstance(told, kind):
        raise ExchangeError("unreadable_answer", f"The matcher answered with a {type(told).__name__}.")
    return told

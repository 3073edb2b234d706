"""The agents of several instruments, and the market time that they share.

Whoever drives a crowd does the same at each step: takes its commands, carries them out in order, and tells it the
answers, then the new trades and the best prices of each instrument. So the same answers give the same commands.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from msgspec import Struct

from matching_exchange.agents.agent import Agent
from matching_exchange.agents.chance import Chance
from matching_exchange.agents.maker import LARGE, NIMBLE, Maker
from matching_exchange.agents.pace import Burst, Pace
from matching_exchange.agents.seen import STEP, Seen
from matching_exchange.agents.sizes import Sizes
from matching_exchange.agents.takers import LargeTrader, NoiseTrader, TrendFollower, ValueTrader
from matching_exchange.agents.values import Values
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.events import Answer, CommandRefused, OrderResult, OrderState, Trade
from protocol.instrument import Instrument
from protocol.units import OrderStatus, Refusal

ACCOUNTS: Final = ("demo-maker-1", "demo-maker-2", "demo-value", "demo-trend", "demo-noise", "demo-large")
"""The accounts of the agents, in the order in which they act."""

NOT_LIVE: Final = (Refusal.ORDER_NOT_OPEN, Refusal.UNKNOWN_ORDER)


class _Known(Struct):
    """Whose order it is, its name, and what may still trade of it."""

    agent: Agent
    name: str
    remaining: int


class _Sent(NamedTuple):
    pit: "Pit"
    agent: Agent
    command: Command


class Pit:
    """The agents of one instrument, and what they see of it."""

    def __init__(self, instrument: Instrument, value: int, seed: str, run: str) -> None:
        self.symbol = instrument.symbol
        self.sizes = Sizes(instrument, value)
        self.burst = Burst()
        self.last_trade_id = 0
        self._known: dict[int, _Known] = {}
        self._ended: list[tuple[Agent, str]] = []
        self._bid: int | None = None
        self._ask: int | None = None
        self._last: int | None = None
        self._trades: list[Trade] = []
        numbers = count(1)
        first, second, *takers = ACCOUNTS
        kinds = (ValueTrader, TrendFollower, NoiseTrader, LargeTrader)

        def new_name() -> str:
            return f"{run}-{instrument.base}-{next(numbers)}"

        def chance(account: str) -> Chance:
            return Chance(f"{seed}-{instrument.symbol}-{account}")

        self.agents: list[Agent] = [
            Maker(first, self.sizes, chance(first), new_name, NIMBLE, value),
            Maker(second, self.sizes, chance(second), new_name, LARGE, value),
            *(
                kind(account, self.sizes, chance(account), new_name)
                for kind, account in zip(kinds, takers, strict=True)
            ),
        ]

    def act(self, time: int, value: int, pace: int) -> Iterator[_Sent]:
        self.burst.step()
        seen = Seen(time, value, pace + self.burst.now, self._bid, self._ask, self._last, self._trades)
        for agent in self.agents:
            for command in agent.act(seen):
                yield _Sent(self, agent, command)
        self._trades = []

    def answered(self, agent: Agent, command: Command, answer: Answer) -> None:
        if isinstance(command, PlaceOrder):
            self._placed(agent, command, answer)
        elif isinstance(command, CancelOrder | AmendOrder):
            refused = isinstance(answer, CommandRefused) and answer.refusal in NOT_LIVE
            if isinstance(command, CancelOrder) or refused:
                # What it has traded before is told next.
                self._ended.append((agent, command.client_order_id or ""))

    def _placed(self, agent: Agent, command: PlaceOrder, answer: Answer) -> None:
        name = command.client_order_id or ""
        remaining = 0
        if isinstance(answer, OrderResult | OrderState):
            live = answer.resting or answer.status is OrderStatus.PENDING
            remaining = command.quantity if live else answer.filled_quantity
            if remaining:
                self._known[answer.order_id] = _Known(agent, name, remaining)
        if not remaining:
            agent.gone(name)

    def saw(self, trades: Sequence[Trade], bid: int | None, ask: int | None) -> None:
        """The trades after `last_trade_id`, and the best prices."""
        for trade in trades:
            self.last_trade_id = trade.trade_id
            self._last = trade.price
            self.burst.traded(trade.quantity, self.sizes.unit)
            for order_id in (trade.maker_order_id, trade.taker_order_id):
                self._filled(order_id, trade.quantity)
        self._trades = list(trades)
        self._bid, self._ask = bid, ask
        if self._ended:
            ended = {name for _, name in self._ended}
            self._known = {number: known for number, known in self._known.items() if known.name not in ended}
            for agent, name in self._ended:
                agent.gone(name)
            self._ended.clear()

    def _filled(self, order_id: int, quantity: int) -> None:
        known = self._known.get(order_id)
        if known is None:
            return
        known.agent.filled(known.name, quantity)
        known.remaining -= quantity
        if known.remaining <= 0:
            del self._known[order_id]
            known.agent.gone(known.name)

    def clear(self) -> None:
        """No order of the agents is live any more."""
        self._known.clear()
        self._ended.clear()
        for agent in self.agents:
            agent.clear()


class Crowd:
    """All agents.

    bases: the instruments, and the prices to which their values are drawn back.
    starts: the values at which some begin, by symbol; the others begin at their base.
    run: begins the names of all orders. No other run on the same exchange may have it.
    """

    def __init__(
        self,
        bases: Sequence[tuple[Instrument, int]],
        seed: str,
        run: str,
        starts: Mapping[str, int] | None = None,
    ) -> None:
        self.time = 0
        """Market time since the beginning, in nanoseconds."""
        self._pace = Pace(Chance(f"{seed}-pace"))
        self._values = Values({instrument.symbol: base for instrument, base in bases}, Chance(f"{seed}-values"), starts)
        self.pits = {
            instrument.symbol: Pit(instrument, self._values.of(instrument.symbol), seed, run) for instrument, _ in bases
        }
        self._sent: list[_Sent] = []

    def value(self, symbol: str) -> int:
        """What the instrument is worth now."""
        return self._values.of(symbol)

    def act(self) -> list[Command]:
        """The commands of the next step. `answered` is to be told their answers."""
        self.time += STEP
        self._pace.step()
        if self._values.step(self._pace.now):
            self._pace.wake()
        self._sent = [
            sent
            for symbol, pit in self.pits.items()
            for sent in pit.act(self.time, self._values.of(symbol), self._pace.now)
        ]
        return [sent.command for sent in self._sent]

    def answered(self, answers: Sequence[Answer]) -> None:
        """The answers to the commands of this step, in their order."""
        for sent, answer in zip(self._sent, answers, strict=True):
            sent.pit.answered(sent.agent, sent.command, answer)
        self._sent = []

    def clear(self) -> None:
        """No order of the agents is live any more: they were canceled, or nobody knows."""
        self._sent = []
        for pit in self.pits.values():
            pit.clear()

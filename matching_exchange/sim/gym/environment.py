"""What both environments share: episodes of a simulated market, decisions at equal steps, and the observation."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from matching_exchange.sim.gym.puppet import Puppet
from matching_exchange.sim.latency import Latency
from matching_exchange.sim.order_entry import Number, OrderEntryError, units_of
from matching_exchange.sim.result.result import Result
from matching_exchange.sim.simulation import Session, Simulation
from protocol.units import Side

Observation = NDArray[np.float32]
Action = NDArray[np.int64]
Info = dict[str, Any]

MakeMarket = Callable[[str], Simulation]
"""Gives the market of an episode, with all agents but the learning one, by the text of its seed."""

NAME: Final = "learner"
"""The account of the learning agent."""

BASIS_POINTS: Final = 10_000

MOST_BPS: Final = 1_000.0
"""The largest distance that an observation tells, in basis points; larger ones are cut to it."""

MOST_DECIMALS: Final = 12
"""Of a quantity."""

OBSERVED: Final = ("time_left", "holding", "spread", "imbalance", "move", "move_since_start", "flow", "live")
"""The fields of an observation, in their order. The guide tells each one's unit."""

LOW: Final = np.array([0, -1, 0, -1, -MOST_BPS, -MOST_BPS, -1, 0], np.float32)
HIGH: Final = np.array([1, 1, MOST_BPS, 1, MOST_BPS, MOST_BPS, 1, 1], np.float32)


class MarketEnv(gymnasium.Env[Observation, Action]):
    """Episodes of `decisions` decisions, one each `step` nanoseconds, after `warm_up` nanoseconds of the market alone.

    The observation has eight numbers of type float32:

    time_left: share of the decisions that are left, 0 to 1.
    holding: by each environment, -1 to 1.
    spread: of the best prices, in basis points of their middle.
    imbalance: (bids - asks) / (bids + asks) of the quantities of five levels, -1 to 1.
    move: of the middle since the last decision, in basis points of the first middle.
    move_since_start: of the middle since the first decision, in the same unit.
    flow: (bought - sold) / (bought + sold) by takers since the last decision, -1 to 1.
    live: own unfilled quantity in the market by the largest there may be, 0 to 1.

    The same seed and actions give the same episode on every machine. Episodes after one seed differ, and are as
    reproducible. `result` is the Result of the last finished episode.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  (as gymnasium has it)
    observation_space: spaces.Space[Observation] = spaces.Box(LOW, HIGH, dtype=np.float32)

    def __init__(
        self,
        action_space: spaces.Space[Action],
        market: MakeMarket,
        latency: Latency | None,
        warm_up: int,
        step: int,
        decisions: int,
    ) -> None:
        for name, value in (("warm_up", warm_up), ("step", step), ("decisions", decisions)):
            if value < 1:
                raise ValueError(f"{name} takes at least 1, not {value}.")
        self.action_space = action_space
        self.result: Result | None = None
        self._market = market
        self._latency = latency
        self._warm_up = warm_up
        self._step = step
        self._decisions = decisions
        self._episode = 0
        self._session: Session | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Begin an episode. `seed` makes this one and those that follow it reproducible; `options` has no fields."""
        super().reset(seed=seed)
        self._episode = 0 if seed is not None else self._episode + 1
        simulation = self._market(f"{self.np_random_seed}-{self._episode}")
        self.instrument = simulation.instruments[0]
        self.puppet = Puppet(self.instrument.symbol, self._warm_up, self._step, self._allowed)
        simulation.add(self.puppet, NAME, latency=self._latency)
        self._session = simulation.begin()
        self._next = simulation.start + self._warm_up
        self._session.run_until(self._next)
        self.decided = 0
        self.middle = Decimal(0)
        self._look()
        if not self.middle:
            raise RuntimeError(f"{self.instrument.symbol} has no bid and ask after the warm-up of {self._warm_up} ns.")
        self.first_middle = self.last_middle = self.middle
        self._begin_episode()
        return self._observe(), self._info()

    def step(self, action: Action) -> tuple[Observation, float, bool, bool, Info]:
        """Decide, and let the market go on until the next decision. An episode ends by `terminated`.

        Raises ValueError for an action that is not in the action space.
        """
        if self._session is None:
            raise RuntimeError("The episode is over, or none has begun: call reset().")
        chosen = np.asarray(action)
        if not self.action_space.contains(chosen):
            raise ValueError(f"action takes one of {self.action_space}, not {action!r}.")
        self._decide([int(number) for number in chosen])
        self.decided += 1
        over = self.decided == self._decisions
        self._go_on()
        over = self._is_done() or over
        if over:
            self._end_episode()
        reward = self._reward()
        seen = self._observe(), reward, over, False, self._info()
        if over:
            self.result = Result(self._session.finish())
            self._session = None
        return seen

    def close(self) -> None:
        self._session = None

    def _go_on(self) -> None:
        """Let the market run for one step."""
        assert self._session is not None, "an episode runs"
        self.last_middle = self.middle
        self._next += self._step
        self._session.run_until(self._next)
        self._look()

    def _look(self) -> None:
        """Note the middle of the best prices; where a side is empty, the one before stands."""
        middle = self.puppet.book().mid
        if middle is not None:
            self.middle = middle

    def bps(self, distance: Decimal) -> float:
        """The distance in basis points of the first middle, within what an observation tells."""
        return min(max(float(distance * BASIS_POINTS / self.first_middle), -MOST_BPS), MOST_BPS)

    def _observe(self) -> Observation:
        book = self.puppet.book()
        spread = book.ask - book.bid if book.ask is not None and book.bid is not None else Decimal(0)
        bids = sum(quantity for _, quantity in book.bids_units)
        asks = sum(quantity for _, quantity in book.asks_units)
        live = sum(order.remaining for order in self.puppet.seen.orders())
        return np.array(
            [
                1 - self.decided / self._decisions,
                min(max(float(self._holding()), -1.0), 1.0),
                self.bps(spread),
                (bids - asks) / (bids + asks) if bids + asks else 0.0,
                self.bps(self.middle - self.last_middle),
                self.bps(self.middle - self.first_middle),
                self.puppet.flow(),
                min(1.0, float(live / self._most_live())),
            ],
            np.float32,
        )

    def _info(self) -> Info:
        """Time in nanoseconds, middle, position and cash as texts of exact decimals."""
        return {
            "time": self._next,
            "middle": str(self.middle),
            "position": str(self.puppet.position),
            "cash": str(self.puppet.cash),
        }

    def _begin_episode(self) -> None:
        raise NotImplementedError

    def _decide(self, action: list[int]) -> None:
        """Set the puppet's targets."""
        raise NotImplementedError

    def _allowed(self, side: Side, units: int) -> int:
        """How many of so many units the puppet may send now; below 1 for none."""
        raise NotImplementedError

    def _is_done(self) -> bool:
        return False

    def _end_episode(self) -> None:
        """What is left to do after the last decision."""

    def _reward(self) -> float:
        """That of the step which has just ended."""
        raise NotImplementedError

    def _holding(self) -> Decimal:
        raise NotImplementedError

    def _most_live(self) -> Decimal:
        raise NotImplementedError


def amount(value: Number, field: str) -> Decimal:
    """The exact decimal, above zero. Raises OrderEntryError, a ValueError."""
    if units_of(value, MOST_DECIMALS, field) <= 0:
        raise OrderEntryError(field, f"takes more than zero, not {value!r}")
    return Decimal(str(value))

"""The environment of a market maker: choose how far both quotes are from the middle."""

from collections.abc import Sequence
from decimal import Decimal

from gymnasium import spaces

from matching_exchange.sim.durations import minutes, seconds
from matching_exchange.sim.gym.environment import BASIS_POINTS, MakeMarket, MarketEnv, amount
from matching_exchange.sim.gym.puppet import Target
from matching_exchange.sim.latency import Latency
from matching_exchange.sim.order_entry import Number, quantity_units
from matching_exchange.sim.scenarios import calm
from protocol.units import Side


class MarketMakingEnv(MarketEnv):
    """Quote both sides for `decisions` steps.

    quantity: of each quote, in the base currency: Decimal, str or int; a multiple of the instrument's lot.
    most: the largest position either way; a quote that could go beyond it is left out.
    offsets: distances from the middle, in basis points, between which an action chooses.
    aversion: taken off the reward of each step at a full position; less in proportion.
    step, warm_up, market, latency: as in ExecutionEnv.

    Action, `MultiDiscrete([n + 1, n + 1])` for n offsets: that of the bid, then that of the ask; 0 is no quote. Quotes
    are post-only, and rounded to the tick away from the middle. A quote that is wanted again as it stands keeps its
    place in the queue.

    Observation: that of MarketEnv; `holding` is the position by `most`, -1 to 1.

    Reward: what cash and the position at the middle have gained in the step, fees included, in basis points of the
    value of `most` at the first middle; less `aversion` by the share of the position. The last position is not sold.
    """

    def __init__(
        self,
        quantity: Number = "0.5",
        most: Number = "5",
        *,
        offsets: Sequence[int] = (1, 2, 5, 10, 20, 40),
        aversion: float = 0.0,
        step: int = seconds(5),
        decisions: int = 120,
        warm_up: int = minutes(1),
        market: MakeMarket = calm,
        latency: Latency | None = None,
    ) -> None:
        if not offsets or min(offsets) < 1 or max(offsets) >= BASIS_POINTS:
            raise ValueError(f"offsets takes basis points from 1 to 9999, not {tuple(offsets)}.")
        choices = len(offsets) + 1
        super().__init__(spaces.MultiDiscrete([choices, choices]), market, latency, warm_up, step, decisions)
        self.quantity = amount(quantity, "quantity")
        self.most = amount(most, "most")
        self.offsets = tuple(offsets)
        self.aversion = aversion

    def _begin_episode(self) -> None:
        self._quantity_units = quantity_units(self.instrument, self.quantity)
        self._most_units = quantity_units(self.instrument, self.most, "most")
        self._worth = self._wealth()

    def _decide(self, action: list[int]) -> None:
        self.puppet.targets = {
            side: Target(self._quantity_units, self._price(side, self.offsets[choice - 1]), post_only=True)
            for side, choice in zip((Side.BUY, Side.SELL), action, strict=True)
            if choice and self._may(side)
        }

    def _may(self, side: Side) -> bool:
        """Whether a fill of one more quote keeps the position within its bound."""
        position = self.puppet.seen.position_units()
        return (position if side is Side.BUY else -position) + self._quantity_units <= self._most_units

    def _allowed(self, side: Side, units: int) -> int:
        return units if self._may(side) else 0

    def _price(self, side: Side, offset: int) -> int:
        tick, decimals = self.instrument.tick_size, self.instrument.price_decimals
        away = self.middle * offset / BASIS_POINTS
        price = self.middle - away if side is Side.BUY else self.middle + away
        ticks, rest = divmod(price.scaleb(decimals), tick)
        return max(tick, int(ticks) * tick + (tick if rest and side is Side.SELL else 0))

    def _reward(self) -> float:
        worth = self._wealth()
        gained, self._worth = worth - self._worth, worth
        value = self.most * self.first_middle
        return float(gained * BASIS_POINTS / value) - self.aversion * abs(float(self._holding()))

    def _wealth(self) -> Decimal:
        return self.puppet.cash + self.puppet.position * self.middle

    def _holding(self) -> Decimal:
        return self.puppet.position / self.most

    def _most_live(self) -> Decimal:
        return 2 * self.quantity

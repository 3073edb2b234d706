"""The environment of an execution: buy or sell a quantity within a time, at as good a price as can be had."""

from decimal import Decimal
from typing import Final

from gymnasium import spaces

from matching_exchange.sim.durations import minutes, seconds
from matching_exchange.sim.gym.environment import BASIS_POINTS, MakeMarket, MarketEnv, amount
from matching_exchange.sim.gym.puppet import Target
from matching_exchange.sim.kernel.values import as_decimal
from matching_exchange.sim.latency import Latency
from matching_exchange.sim.order_entry import Number, quantity_units
from matching_exchange.sim.scenarios import calm
from protocol.units import Side

SHARES: Final = ((0, 1), (1, 8), (1, 4), (1, 2), (1, 1))
"""What an action sends, as a share of what is not yet traded."""

MARKET, TAKE, IMPROVE, JOIN, BEHIND = range(5)
"""Where it is priced."""

PENALTY_BPS: Final = 100
"""What is unfilled at the end counts as traded at the last middle, worse by so much."""


class ExecutionEnv(MarketEnv):
    """Trade `quantity` of the base currency in `decisions` steps.

    side: "sell" or "buy".
    quantity: Decimal, str or int, in the base currency; a multiple of the instrument's lot.
    step: nanoseconds between two decisions.
    warm_up: nanoseconds that the market runs before the first one.
    market: gives the simulation of an episode by the text of its seed; the calm scenario by default.
    latency: of the learning agent; none by default.

    Action, `MultiDiscrete([5, 5])`. An own order that rests and is not what the action asks for is canceled first.

    share: 0, 1/8, 1/4, 1/2 or all of what is not traded yet, rounded down to the lot.
    price: 0 a market order; 1 a limit order at the best opposite price; 2 one tick better than the best own side's
        price, without crossing; 3 at that price; 4 behind it by as much as the spread.

    Observation: that of MarketEnv; `holding` is the share that is not traded yet, 0 to 1.

    Reward: what the step's fills have earned against the first middle, fees included, in basis points of the value of
    the whole quantity at the first middle. After the last decision the rest goes as a market order, and one more step
    passes; what even that leaves counts as traded at the last middle, worse by 100 basis points. So the rewards of an
    episode sum up to the negative implementation shortfall.
    """

    def __init__(
        self,
        side: str = "sell",
        quantity: Number = "5",
        *,
        step: int = seconds(5),
        decisions: int = 36,
        warm_up: int = minutes(1),
        market: MakeMarket = calm,
        latency: Latency | None = None,
    ) -> None:
        if side not in ("sell", "buy"):
            raise ValueError(f"side takes sell or buy, not {side!r}.")
        super().__init__(spaces.MultiDiscrete([len(SHARES), 5]), market, latency, warm_up, step, decisions)
        self.side = Side.SELL if side == "sell" else Side.BUY
        self.quantity = amount(quantity, "quantity")

    def _begin_episode(self) -> None:
        self.quantity_units = quantity_units(self.instrument, self.quantity)
        self._value = self.quantity * self.first_middle
        self._counted = Decimal(0)

    def _decide(self, action: list[int]) -> None:
        share, price = action
        part, whole = SHARES[share]
        lot = self.instrument.lot_size
        units = self._left_units() * part // whole // lot * lot
        self.puppet.targets = {self.side: Target(units, self._price(price))} if units else {}

    def _price(self, choice: int) -> int | None:
        """The price of a choice, in units; None for a market order, also where a side of the book is empty."""
        book = self.puppet.book()
        bid, ask, tick = book.bid_units, book.ask_units, self.instrument.tick_size
        if choice == MARKET or bid is None or ask is None:
            return None
        own, opposite, inwards = (ask, bid, -tick) if self.side is Side.SELL else (bid, ask, tick)
        if choice == TAKE:
            return opposite
        if choice == IMPROVE:
            return own + inwards if own + inwards != opposite else own
        if choice == JOIN:
            return own
        return max(tick, own - (opposite - own))

    def _allowed(self, side: Side, units: int) -> int:
        """Not more than is left: the order before it may have traded since the decision."""
        return min(units, self._left_units())

    def _is_done(self) -> bool:
        return not self._left_units()

    def _end_episode(self) -> None:
        left = self._left_units()
        if left:
            self.puppet.targets = {self.side: Target(left, None)}
            self._go_on()

    def _reward(self) -> float:
        earned = self._earned()
        reward, self._counted = earned - self._counted, earned
        return float(reward * BASIS_POINTS / self._value)

    def _earned(self) -> Decimal:
        """What all fills, and at the end what is missing, have earned against the first middle, in quote currency."""
        puppet = self.puppet
        earned = puppet.cash + puppet.position * self.first_middle
        if self.decided == self._decisions:
            sign = -1 if self.side is Side.SELL else 1
            missing = as_decimal(self._left_units(), self.instrument.quantity_decimals)
            worse = self.middle * PENALTY_BPS / BASIS_POINTS
            earned += sign * missing * (self.first_middle - self.middle) - missing * worse
        return earned

    def _left_units(self) -> int:
        return self.quantity_units - abs(self.puppet.seen.position_units())

    def _holding(self) -> Decimal:
        return 1 - abs(self.puppet.position) / self.quantity

    def _most_live(self) -> Decimal:
        return self.quantity

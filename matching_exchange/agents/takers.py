"""Agents that take: one knows the value, one follows trends, one trades for no reason, one has large orders."""

from collections.abc import Callable
from typing import Final

from matching_exchange.agents.agent import Agent, sign
from matching_exchange.agents.chance import Chance
from matching_exchange.agents.seen import STEPS_PER_SECOND, USUAL, Seen
from matching_exchange.agents.sizes import Sizes
from protocol.commands import Command
from protocol.units import OrderType, Side

BPS: Final = 10_000

FINE: Final = 1_000
"""Averages are kept in thousandths of the price unit."""


def at_pace(millionths: int, seen: Seen) -> int:
    """The chance of a step in a market of this pace."""
    return millionths * seen.pace // USUAL


class ValueTrader(Agent):
    """Buys below the value and sells above it, up to the value."""

    OFTEN: Final = 60_000
    GAP: Final = 2
    """Basis points from which on it trades."""

    def act(self, seen: Seen) -> list[Command]:
        if not self.chance.happens(at_pace(self.OFTEN, seen)):
            return []
        reach = seen.value * self.GAP // BPS
        if seen.ask is not None and seen.ask <= seen.value - reach:
            side, gap = Side.BUY, seen.value - seen.ask
        elif seen.bid is not None and seen.bid >= seen.value + reach:
            side, gap = Side.SELL, seen.bid - seen.value
        else:
            return []
        share = min(6_000, 700 * gap // max(1, reach)) * self.chance.between(500, 1_500) // 1_000
        return [self.place(side, OrderType.IOC, self.sizes.quantity(share), self.sizes.near(seen.value))]


class TrendFollower(Agent):
    """Buys into a rise and sells into a fall, within bounds; leaves stops and take-profits in the book."""

    OFTEN: Final = 50_000
    SIGNAL: Final = 2
    """Basis points between the fast and the slow average from which on it follows."""
    MOST: Final = 30
    """Units that it holds at most, either way."""
    FAST: Final = 15 * STEPS_PER_SECOND
    SLOW: Final = 120 * STEPS_PER_SECOND
    TRIGGERS_OFTEN: Final = 6_000
    MAX_TRIGGERS: Final = 12

    def __init__(self, account: str, sizes: Sizes, chance: Chance, new_name: Callable[[], str]) -> None:
        super().__init__(account, sizes, chance, new_name)
        self._fast = self._slow = 0
        self._triggers: list[str] = []

    def act(self, seen: Seen) -> list[Command]:
        price = (seen.last or seen.middle) * FINE
        self._fast = self._fast + (price - self._fast) // self.FAST if self._fast else price
        self._slow = self._slow + (price - self._slow) // self.SLOW if self._slow else price
        commands: list[Command] = []
        if self.chance.happens(at_pace(self.OFTEN, seen)):
            commands += self._follow(seen)
        if self.chance.happens(at_pace(self.TRIGGERS_OFTEN, seen)):
            commands += self._leave_trigger(seen)
        return commands

    def clear(self) -> None:
        super().clear()
        self._triggers.clear()

    def _follow(self, seen: Seen) -> list[Command]:
        signal = (self._fast - self._slow) * BPS // self._slow
        if abs(signal) >= self.SIGNAL:
            side = Side.BUY if signal > 0 else Side.SELL
            if sign(side) * self.holds >= self.MOST * self.sizes.unit:
                return []
        elif self.holds:
            # Without a trend it goes home.
            side = Side.SELL if self.holds > 0 else Side.BUY
        else:
            return []
        share = self.chance.between(400, 2_000)
        reach = self.sizes.near(seen.middle + sign(side) * seen.middle // 1_000)
        return [self.place(side, OrderType.IOC, self.sizes.quantity(share), reach)]

    def _leave_trigger(self, seen: Seen) -> list[Command]:
        commands: list[Command] = []
        if len(self._triggers) >= self.MAX_TRIGGERS:
            commands.append(self.cancel(self._triggers.pop(0)))
        side = self.chance.side()
        order_type = OrderType.STOP_MARKET if self.chance.happens(500_000) else OrderType.TAKE_PROFIT
        above = (side is Side.BUY) is (order_type is OrderType.STOP_MARKET)
        away = seen.middle * self.chance.between(8, 40) // BPS
        trigger = self.sizes.near(seen.middle + (away if above else -away))
        order = self.place(side, order_type, self.sizes.quantity(self.chance.between(300, 1_500)), trigger=trigger)
        assert order.client_order_id is not None, "it was named"
        self._triggers.append(order.client_order_id)
        return [*commands, order]


class NoiseTrader(Agent):
    """Trades for no reason, mostly on the side of its trade before; leaves orders near the best price."""

    OFTEN: Final = 55_000
    AGAIN: Final = 620_000
    """Millionths of its trades that have the side of the one before."""
    LEAVES_OFTEN: Final = 45_000
    MOST_LEFT: Final = 14
    LARGEST: Final = 12_000
    """Thousandths of a unit that it trades at most."""
    OPENS_BY: Final = 8
    """The step by which it has traded once: nobody waits for the first trade."""

    def __init__(self, account: str, sizes: Sizes, chance: Chance, new_name: Callable[[], str]) -> None:
        super().__init__(account, sizes, chance, new_name)
        self._side = Side.BUY
        self._steps = 0
        self._left: list[str] = []

    def act(self, seen: Seen) -> list[Command]:
        self._steps += 1
        commands: list[Command] = []
        if self.chance.happens(at_pace(self.OFTEN, seen)) or self._steps == self.OPENS_BY:
            commands.append(self._trade(seen))
        if self.chance.happens(at_pace(self.LEAVES_OFTEN, seen)):
            commands += self._leave(seen)
        return commands

    def clear(self) -> None:
        super().clear()
        self._left.clear()

    def _trade(self, seen: Seen) -> Command:
        if not self.chance.happens(self.AGAIN):
            self._side = Side.SELL if self._side is Side.BUY else Side.BUY
        quantity = self.sizes.quantity(self.chance.heavy(120, self.LARGEST))
        if self.chance.happens(600_000):
            return self.place(self._side, OrderType.MARKET, quantity)
        reach = sign(self._side) * seen.middle // 2_000
        return self.place(self._side, OrderType.IOC, quantity, self.sizes.near(seen.middle + reach))

    def _leave(self, seen: Seen) -> list[Command]:
        commands: list[Command] = []
        if len(self._left) >= self.MOST_LEFT:
            commands.append(self.cancel(self._left.pop(self.chance.between(0, 3))))
        side = self.chance.side()
        away = seen.middle * self.chance.between(0, 30) ** 2 // 1_000_000
        price = seen.middle - sign(side) * away
        price = self.sizes.down(price) if side is Side.BUY else self.sizes.up(price)
        order = self.place(side, OrderType.LIMIT, self.sizes.quantity(self.chance.heavy(150, 8_000)), price)
        assert order.client_order_id is not None, "it was named"
        self._left.append(order.client_order_id)
        return [*commands, order]


class LargeTrader(Agent):
    """Has a large order now and then: sends it at once, or in parts."""

    OFTEN: Final = 600
    """Millionths of steps: about every three minutes in a calm market."""
    AT_ONCE: Final = (12_000, 60_000)
    PART: Final = (1_500, 6_000)
    """Thousandths of a unit."""
    PARTS: Final = (6, 24)
    PARTS_OFTEN: Final = 220_000

    def __init__(self, account: str, sizes: Sizes, chance: Chance, new_name: Callable[[], str]) -> None:
        super().__init__(account, sizes, chance, new_name)
        self._side = Side.BUY
        self._parts = 0

    def act(self, seen: Seen) -> list[Command]:
        if self._parts:
            if not self.chance.happens(self.PARTS_OFTEN):
                return []
            self._parts -= 1
            return [self._send(self.PART)]
        if not self.chance.happens(at_pace(self.OFTEN, seen)):
            return []
        self._side = self.chance.side()
        if self.chance.happens(400_000):
            return [self._send(self.AT_ONCE)]
        self._parts = self.chance.between(*self.PARTS)
        return []

    def _send(self, thousandths: tuple[int, int]) -> Command:
        quantity = self.sizes.quantity(self.chance.between(*thousandths))
        return self.place(self._side, OrderType.MARKET, quantity)

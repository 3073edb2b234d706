"""Market makers: quotes on both sides, around an estimate of the value, leaning against what they hold."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from matching_exchange.agents.agent import Agent, sign
from matching_exchange.agents.chance import MILLION, Chance
from matching_exchange.agents.seen import USUAL, Seen
from matching_exchange.agents.sizes import Sizes
from protocol.commands import Command
from protocol.units import OrderType, Side

FINE: Final = 1_000
"""The estimate is kept in thousandths of the price unit."""

BASE: Final = 10_000_000
"""Distances are in ten-millionths of the price: thousandths of a basis point."""

LEAN: Final = 60
MOST_LEAN: Final = 15_000
"""How far quotes move for each unit that is held, and at most."""

IMPACT: Final = 120
MOST_IMPACT: Final = 6_000
"""How far the estimate moves for each unit that takers buy, and for one trade at most."""

FADE: Final = 40
"""Steps in which most of a fast market is forgotten."""

MOST_OFTEN: Final = 700_000
"""Millionths of steps in which a maker looks at its quotes, at most."""

LEFT: Final = 400
"""A quote with less left than these thousandths is replaced."""


class Style(Struct, frozen=True):
    """How a maker quotes.

    half: half of its spread in a calm market.
    steps: steps in which it follows most of a move of the value.
    often: millionths of steps in which it looks at its quotes, in a calm market.
    levels: on each side.
    first, more: thousandths of a unit at the best level, and more on each one behind it.
    """

    half: int
    steps: int
    often: int
    levels: int
    first: int
    more: int


NIMBLE: Final = Style(600, 10, 220_000, 10, 400, 250)
LARGE: Final = Style(1_100, 25, 90_000, 10, 900, 700)


class Maker(Agent):
    """One maker."""

    def __init__(
        self, account: str, sizes: Sizes, chance: Chance, new_name: Callable[[], str], style: Style, start: int
    ) -> None:
        super().__init__(account, sizes, chance, new_name)
        self._style = style
        self._estimate = start * FINE
        self._haste = 0
        """How fast the value has moved lately, as a distance."""
        self._ladder: dict[tuple[Side, int], str] = {}
        self._around = start

    def act(self, seen: Seen) -> list[Command]:
        self._learn(seen)
        often = min(MOST_OFTEN, self._style.often * seen.pace // USUAL)
        if self.orders and not self.chance.happens(often):
            return []
        return [command for side, level in self._rungs() for command in self._quote(side, level, seen)]

    def clear(self) -> None:
        super().clear()
        self._ladder.clear()

    def half_spread(self, pace: int) -> int:
        """The distance of the best quotes. It is wider while the market is fast, and while it is thin."""
        thin = USUAL * USUAL // max(200, min(pace, USUAL))
        return self._style.half * (USUAL + thin) // (2 * USUAL) + self._haste

    def middle(self) -> int:
        """The price around which it quotes, in the price unit."""
        lean = -self.holds * LEAN // self.sizes.unit
        lean = min(max(lean, -MOST_LEAN), MOST_LEAN)
        return (self._estimate + self._estimate * lean // BASE) // FINE

    def _learn(self, seen: Seen) -> None:
        before = self._estimate
        self._estimate += (seen.value * FINE - self._estimate) // self._style.steps
        for trade in seen.trades:
            impact = min(MOST_IMPACT, IMPACT * trade.quantity // self.sizes.unit)
            self._estimate += sign(trade.aggressor_side) * self._estimate * impact // BASE
        moved = abs(self._estimate - before) * BASE // self._estimate
        self._haste += (moved * 2 - self._haste) // FADE

    def _rungs(self) -> Iterator[tuple[Side, int]]:
        """All quotes, those first which are in the way of the others."""
        middle = self.middle()
        rising = middle > self._around
        self._around = middle
        for side in (Side.SELL, Side.BUY) if rising else (Side.BUY, Side.SELL):
            yield from ((side, level) for level in range(self._style.levels))

    def _quote(self, side: Side, level: int, seen: Seen) -> list[Command]:
        style = self._style
        distance = self.half_spread(seen.pace) * (100 + 60 * level + 12 * level * level) // 100
        away = self._around * distance // BASE
        price = self.sizes.down(self._around - away) if side is Side.BUY else self.sizes.up(self._around + away)
        name = self._ladder.get((side, level))
        own = None if name is None else self.orders.get(name)
        commands: list[Command] = []
        if name is not None and own is not None and own.price is not None:
            if own.remaining * 1_000 > own.quantity * LEFT:
                return [self.move(name, price)] if abs(own.price - price) > away // 3 else []
            commands.append(self.cancel(name))
        share = (style.first + style.more * level) * self.chance.between(600, 1_400) // 1_000
        order = self.place(side, OrderType.LIMIT, self.sizes.quantity(share), price)
        assert order.client_order_id is not None, "it was named"
        self._ladder[side, level] = order.client_order_id
        return [*commands, order]


assert MOST_OFTEN < MILLION

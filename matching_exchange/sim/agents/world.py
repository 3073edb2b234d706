"""The world behind the markets: what instruments are worth, and how lively their trading is.

Agents that share a world react to the same news, each in its own way. It moves in steps, up to the time that somebody
asks for; so it depends on its seed and on the trades that it is told, and on nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from matching_exchange.sim.agents.amounts import at_least
from matching_exchange.sim.chance import MILLION, Chance
from matching_exchange.sim.order_entry import Number, units_of
from protocol.instrument import Instrument

STEP: Final = 100_000_000
"""Time from one step of a world to the next, in nanoseconds."""

CLOCK_STEP: Final = 1_000_000_000
"""A clock of a machine that is set back by so much, in nanoseconds, is no other run."""

STEPS_PER_SECOND: Final = 1_000_000_000 // STEP

BILLION: Final = 1_000_000_000
"""Deviations are told in billionths of the base."""

USUAL: Final = 1_000
"""The pace of a calm market."""

INERTIA: Final = 30
"""Steps in which most of the way to a phase's pace is made."""

FADE: Final = 60
"""Steps in which most of a burst is over."""

PER_UNIT: Final = 60
PER_TRADE: Final = 500
"""What a trade of one typical quantity adds to a burst, and a trade at most."""

MOST_BURST: Final = 5_000
"""The strongest burst."""


class Phase(Struct, frozen=True):
    """pace: where it leads; 1000 is calm. seconds: how long it lasts, on average."""

    pace: int
    seconds: int


CALM: Final = Phase(USUAL, 150)
THIN: Final = Phase(300, 80)
BUSY: Final = Phase(2_600, 45)
OPENING: Final = Phase(2_000, 20)

MOST_PACE: Final = BUSY.pace + MOST_BURST
"""The greatest pace."""


class Motion(Struct, frozen=True):
    """How values move. Moves are billionths of the base, in one step of a tenth of a second.

    common, own: standard deviations of what all values share, and of what each has alone; 31,000 together make about
        one basis point in a second, and 3 % in a day.
    back: steps in which most of a deviation from the base is drawn back.
    news, own_news: millionths of steps in which news comes, of all values together and of one alone.
    news_moves: the least and the greatest move by news.
    trend: the greatest move of a trend in one step; trends last `trend_seconds` on average.
    drift: the move of every step.
    phases: how lively the world is; one of these comes after another. The first is `opening`; with `opening_fixed` it
        lasts exactly its time.
    moods: thousandths by which phases and moves are livelier for long; one after another, `mood_seconds` on average.
    bursts: whether trades bring more trades.
    """

    common: int = 21_000
    own: int = 23_000
    back: int = 100_000
    news: int = 170
    own_news: int = 60
    news_moves: tuple[int, int] = (500_000, 2_500_000)
    trend: int = 400
    trend_seconds: int = 180
    drift: int = 0
    phases: tuple[Phase, ...] = (CALM, CALM, THIN, THIN, BUSY)
    opening: Phase = OPENING
    opening_fixed: bool = False
    moods: tuple[int, ...] = (700, 1_000, 1_500)
    mood_seconds: int = 900
    bursts: bool = True


USUAL_MOTION: Final = Motion()


class Burst:
    """What the trades of one instrument add to its pace: they bring more trades, and fade."""

    def __init__(self) -> None:
        self._times_thousand = 0

    @property
    def now(self) -> int:
        return self._times_thousand // 1_000

    def step(self) -> None:
        self._times_thousand -= self._times_thousand // FADE

    def traded(self, quantity: int, unit: int) -> None:
        added = min(PER_TRADE, PER_UNIT * quantity // unit)
        self._times_thousand = min(MOST_BURST * 1_000, self._times_thousand + added * 1_000)


class Pace:
    """The phases that all instruments share."""

    def __init__(self, chance: Chance, motion: Motion = USUAL_MOTION) -> None:
        self._chance = chance
        self._phases = motion.phases
        self._phase = motion.opening
        self._fixed = motion.opening.seconds * STEPS_PER_SECOND if motion.opening_fixed else 0
        """Steps for which the first phase still lasts."""
        self._moods = motion.moods
        self._mood = USUAL
        self._mood_ends = MILLION // (motion.mood_seconds * STEPS_PER_SECOND)
        self._times_thousand = self._phase.pace * 1_000

    @property
    def now(self) -> int:
        return self._times_thousand // 1_000

    def step(self) -> None:
        if self._fixed:
            self._fixed -= 1
            ended = self._fixed == 0
        else:
            ended = self._chance.happens(MILLION // (self._phase.seconds * STEPS_PER_SECOND))
        if ended:
            self._phase = self._phases[self._chance.between(0, len(self._phases) - 1)]
        if self._chance.happens(self._mood_ends):
            self._mood = self._moods[self._chance.between(0, len(self._moods) - 1)]
        self._times_thousand += (self._phase.pace * self._mood - self._times_thousand) // INERTIA

    def wake(self) -> None:
        """News has come: the liveliest phase begins."""
        self._phase = max(self._phase, *self._phases, key=lambda phase: phase.pace)


class Values:
    """The values of several instruments, by symbol: they move together a little, and are drawn back to their bases.

    bases: in the price unit. starts: where some begin; the others begin at their base.
    """

    def __init__(
        self,
        bases: Mapping[str, int],
        chance: Chance,
        starts: Mapping[str, int] | None = None,
        motion: Motion = USUAL_MOTION,
    ) -> None:
        self._bases = dict(bases)
        self._chance = chance
        self._motion = motion
        starts = starts or {}
        self._away = {
            symbol: (starts.get(symbol, base) - base) * BILLION // base for symbol, base in self._bases.items()
        }
        self._common_trend = 0
        self._trends = dict.fromkeys(self._bases, 0)
        self._trend_ends = MILLION // (motion.trend_seconds * STEPS_PER_SECOND)

    def step(self, pace: int) -> bool:
        """Move all values; whether news has come for all of them. `pace` is that of the market."""
        chance, motion = self._chance, self._motion
        # A busy market moves more, but less than its pace.
        scale = (USUAL + pace * 2) // 3
        common = motion.drift + chance.bell(motion.common * scale // USUAL)
        news = chance.happens(motion.news)
        if news:
            common += self._news()
        if chance.happens(self._trend_ends):
            self._common_trend = chance.between(-motion.trend, motion.trend) // 2
        for symbol in self._bases:
            move = common + self._common_trend + self._trends[symbol] + chance.bell(motion.own * scale // USUAL)
            if chance.happens(motion.own_news):
                move += self._news() // 2
            if chance.happens(self._trend_ends):
                self._trends[symbol] = chance.between(-motion.trend, motion.trend)
            self._away[symbol] += move - self._away[symbol] // motion.back
        return news

    def of(self, symbol: str) -> int:
        base = self._bases[symbol]
        return max(1, base + base * self._away[symbol] // BILLION)

    def _news(self) -> int:
        size = self._chance.between(*self._motion.news_moves)
        return size if self._chance.happens(500_000) else -size


class World:
    """What agents share: values in integers, an Ornstein-Uhlenbeck path with jumps; and the pace of the market.

    prices: each instrument, and the price around which its value moves, a decimal.
    seed: the same text gives the same world.
    starts: where some values begin, in the price unit, by symbol; the others begin at their price.
    """

    def __init__(
        self,
        prices: Sequence[tuple[Instrument, Number]],
        seed: str,
        motion: Motion = USUAL_MOTION,
        starts: Mapping[str, int] | None = None,
    ) -> None:
        bases = {
            instrument.symbol: at_least(1, units_of(price, instrument.price_decimals, "prices"), "prices")
            for instrument, price in prices
        }
        self._motion = motion
        self._values = Values(bases, Chance(f"{seed}-values"), starts, motion)
        self._pace = Pace(Chance(f"{seed}-pace"), motion)
        self._bursts = {symbol: Burst() for symbol in bases}
        self._time: int | None = None

    def value(self, symbol: str, time: int) -> int:
        """What the instrument is worth at this time, in the price unit. Times never go back. Raises ValueError for an
        instrument that it does not have."""
        self._check(symbol)
        self._advance(time)
        return self._values.of(symbol)

    def pace(self, symbol: str, time: int) -> int:
        """How lively its market is; 1000 is calm. Raises ValueError as `value` does."""
        self._check(symbol)
        self._advance(time)
        return self._pace.now + self._bursts[symbol].now

    def traded(self, symbol: str, quantity: int, unit: int) -> None:
        """A trade: it makes its market livelier for some seconds. `unit` is a typical quantity."""
        if self._motion.bursts:
            self._bursts[symbol].traded(quantity, unit)

    def _check(self, symbol: str) -> None:
        if symbol not in self._bursts:
            raise ValueError(f"the world has {', '.join(self._bursts)}, not {symbol}")

    def _advance(self, time: int) -> None:
        if self._time is None:
            # The first one to ask begins it.
            self._time = time
        elif time < self._time - CLOCK_STEP:
            raise ValueError("a world belongs to one run: its times never go back. Make another one for another run")
        while self._time + STEP <= time:
            self._time += STEP
            for burst in self._bursts.values():
                burst.step()
            self._pace.step()
            if self._values.step(self._pace.now):
                self._pace.wake()

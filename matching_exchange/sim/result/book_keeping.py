"""The account of one agent over a run: position and equity after each fill and each change of a mark.

Amounts are integers in units of 10^-decimals of the quote, where `decimals` fit every symbol of the scope.
"""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import repeat
from typing import Final, NamedTuple

from matcher.core.ledger import Position
from matching_exchange.sim.result.columns import Columns
from matching_exchange.sim.result.marks import TENTHS, Marks, marks_of
from protocol.instrument import FEE_DECIMALS
from protocol.units import Side

FEE_UNIT: Final = 10**FEE_DECIMALS
"""Units of money in one of price x quantity."""

FILL: Final = -1
"""Stands where a symbol would, for a step that is a fill. It sorts before marks of the same time."""


class Rows:
    """The rows of a record by agent, and the marks by symbol."""

    def __init__(self, record: Columns) -> None:
        self.record = record
        self.marks: list[Marks] = marks_of(record)
        self.fills = _by_agent(record.fills.agent, len(record.agents))
        self.orders = _by_agent(record.orders.agent, len(record.agents))

    def fills_of(self, agent: int, symbols: Sequence[int]) -> list[int]:
        """The rows of the agent's fills in these symbols, oldest first."""
        of = self.record.fills.symbol
        return [row for row in self.fills[agent] if of[row] in symbols]

    def orders_of(self, agent: int, symbols: Sequence[int]) -> list[int]:
        of = self.record.orders.symbol
        return [row for row in self.orders[agent] if of[row] in symbols]

    def symbols_of(self, agent: int) -> list[int]:
        """Those in which the agent has sent orders or has fills."""
        fills, orders = self.record.fills, self.record.orders
        found = {fills.symbol[row] for row in self.fills[agent]}
        found.update(orders.symbol[row] for row in self.orders[agent])
        return sorted(found)


def _by_agent(column: Sequence[int], count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for row, agent in enumerate(column):
        found[agent].append(row)
    return found


class Point(NamedTuple):
    """equity: cash and positions at their marks, less fees. Before the first fill it is 0."""

    time: int
    equity: int


class Account:
    """The positions of an agent in some symbols of one quote. What it held at the start does not count.

    decimals: those of all amounts.
    """

    def __init__(self, rows: Rows, agent: int, symbols: Sequence[int]) -> None:
        record = rows.record
        self.decimals = max(record.instruments[symbol].value_decimals for symbol in symbols) + FEE_DECIMALS
        self.positions = {symbol: Position() for symbol in symbols}
        self.largest = dict.fromkeys(symbols, 0)
        self._rows = rows
        self._fills = rows.fills_of(agent, symbols)
        self._marks = dict.fromkeys(symbols, 0)
        self._worth = dict.fromkeys(symbols, 0)
        self.factors: dict[int, int] = {
            symbol: 10 ** (self.decimals - FEE_DECIMALS - record.instruments[symbol].value_decimals)
            for symbol in symbols
        }

    def points(self) -> Iterator[Point]:
        """The equity after each time that changed it. Run it once; afterwards the account is that of the end."""
        time = self._rows.record.start
        equity = told = 0
        yield Point(time, 0)
        for then, symbol, value in self._steps():
            if then > time and equity != told:
                yield Point(time, equity)
                told = equity
            time = then
            if symbol == FILL:
                changed = self._take(value)
            elif self._marks[symbol] != value:
                self._marks[symbol] = value
                changed = symbol
            else:
                continue
            worth = self._worth_of(changed)
            equity += worth - self._worth[changed]
            self._worth[changed] = worth
        if equity != told:
            yield Point(time, equity)
        end = self._rows.record.end
        if end > time:
            yield Point(end, equity)

    def _steps(self) -> Iterator[tuple[int, int, int]]:
        """(time, FILL, row) and (time, symbol, mark), oldest first."""
        if not self._fills:
            return iter(())
        times = self._rows.record.fills.time
        fills = [(times[row], FILL, row) for row in self._fills]
        marks = [
            zip(found.times, repeat(symbol), found.marks)
            for symbol, found in ((symbol, self._rows.marks[symbol]) for symbol in self.positions)
        ]
        return merge(fills, *marks)

    def _take(self, row: int) -> int:
        """Take in a fill. Returns its symbol."""
        fills = self._rows.record.fills
        symbol, price, quantity = fills.symbol[row], fills.price[row], fills.quantity[row]
        position = self.positions[symbol]
        move = position.buy if fills.side[row] == Side.BUY else position.sell
        value = price * quantity
        move(quantity, price, value, value * fills.fee_bps[row])
        self.largest[symbol] = max(self.largest[symbol], abs(position.quantity))
        if not self._marks[symbol]:
            # Nothing has told a price before.
            self._marks[symbol] = price * TENTHS
        return symbol

    def _worth_of(self, symbol: int) -> int:
        """Cash and the position at its mark, less fees."""
        position = self.positions[symbol]
        held = position.quantity * self._marks[symbol] * (FEE_UNIT // TENTHS)
        return (position.cash * FEE_UNIT + held - position.fees) * self.factors[symbol]

    @property
    def realised(self) -> int:
        """Received less paid, plus the cost of what is held. Fees are apart."""
        return sum((p.cash + p.cost) * FEE_UNIT * self.factors[symbol] for symbol, p in self.positions.items())

    @property
    def unrealised(self) -> int:
        """What is held at the last mark, less its cost."""
        return sum(
            (p.quantity * self._marks[symbol] * (FEE_UNIT // TENTHS) - p.cost * FEE_UNIT) * self.factors[symbol]
            for symbol, p in self.positions.items()
        )

    @property
    def fees(self) -> int:
        return sum(p.fees * self.factors[symbol] for symbol, p in self.positions.items())

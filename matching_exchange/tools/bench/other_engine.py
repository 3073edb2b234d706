"""The engine of the package matching-engine, where it is installed: a yardstick from elsewhere.

Its commands are made from the tape before they are timed, with their stamps. It is told to let accounts trade with
themselves, as the tape's orders do.
"""

import time
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.stopwatch import Stopwatch
from protocol.commands import CancelOrder, Command, PlaceOrder
from protocol.units import OrderType, Side

PACKAGE: Final = "matching-engine"
VERSION: Final = "0.1.1"
NAME: Final = f"{PACKAGE} {VERSION}"


def why_missing() -> str:
    """Why it cannot be measured, and what to do; empty if it can."""
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        found = ""
    if found == VERSION:
        return ""
    there = f"its version {found} is installed" if found else "it is not installed"
    return f"{there} (pip install 'matching-exchange[yardstick]' with Python 3.12 or newer)"


class OtherStopwatch(Stopwatch):
    """Times that engine. It takes one argument, a stamped command."""

    def __init__(self) -> None:
        domain = import_module("matching_engine.domain")
        self.engine: Any = import_module("matching_engine.engine").MatchingEngine()
        super().__init__(self.engine)
        self._stamped = domain.SequencedCommand
        self._cancel = domain.CancelOrder
        self._new = domain.NewOrder
        self._sides = {Side.BUY: domain.Side.BUY, Side.SELL: domain.Side.SELL}
        self._limit = domain.OrderType.LIMIT, domain.TimeInForce.GTC
        self._market = domain.OrderType.MARKET, domain.TimeInForce.IOC
        self._self_trades = domain.SelfTradePrevention.NONE
        self._accounts: dict[str, int] = {}
        self._owners: list[int] = [0]

    def warm_up(self, commands: list[Command]) -> None:
        for command in self._translate(commands):
            events = self.engine.process(command)
            if type(events[0]).__name__ == "OrderRejected":
                raise BenchError(f"{command} was refused: {events[0]}")

    def time_together(self, commands: list[Command]) -> None:
        prepared, process = self._translate(commands), self.engine.process
        started = time.perf_counter()
        for command in prepared:
            process(command)
        self.note_together(commands, time.perf_counter() - started)

    def time_each(self, commands: list[Command]) -> None:
        prepared, process, clock = self._translate(commands), self.engine.process, time.perf_counter_ns
        times: list[int] = []
        for command in prepared:
            started = clock()
            process(command)
            times.append(clock() - started)
        self.note_each(commands, times)

    def outcome(self) -> dict[str, int]:
        orders = self.engine.book.orders
        resting = sum(order.remaining for order in orders.values())
        return {"live orders": len(orders), "resting quantity": resting, "trades": self.engine.next_trade_id - 1}

    def _translate(self, commands: Sequence[Command]) -> list[Any]:
        """The commands in its words."""
        translated: list[Any] = []
        for command in commands:
            self._sequence += 1
            translated.append(self._stamped(self._sequence, self._sequence, self._translate_one(command)))
        return translated

    def _translate_one(self, command: Command) -> Any:
        if type(command) is CancelOrder and command.order_id is not None:
            return self._cancel(command.order_id, self._owners[command.order_id])
        assert type(command) is PlaceOrder, "the mix has no other commands"
        account = self._accounts.setdefault(command.account, len(self._accounts) + 1)
        order_id = len(self._owners)
        self._owners.append(account)
        kind = self._market if command.order_type is OrderType.MARKET else self._limit
        side, price, quantity = self._sides[command.side], command.price or 0, command.quantity
        return self._new(order_id, account, side, price, quantity, *kind, False, self._self_trades)  # noqa: FBT003

"""python -m matching_exchange.tools.bench.paused KIND COUNT SEED: the longest time that an engine takes for one of many
commands.

KIND is `mix` or `named`. `mix` is COUNT commands of the mix over ACCOUNTS accounts. `named` is COUNT resting orders of
one account, each with a client_order_id, the cancel of each, and half as many orders that are canceled at once. As in
the matcher, the cyclic collector is off.
"""

import gc
import sys
import time
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Final

import msgspec
from msgspec.structs import replace

from matcher.core.registry import REMEMBERED_ORDERS, Registry
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.data import resting
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.mix import Mix, new_engine
from matching_exchange.tools.bench.remembered import CHARACTERS, NAME_LENGTHS
from protocol.codec import encode
from protocol.commands import CancelOrder, Command, OwnCommand
from protocol.events import CommandRefused, Event

ACCOUNTS: Final = 1_000

ONE: Final = "account-1"
"""The account of all named orders."""

LEVELS: Final = 10_000

WARM_UP: Final = 1_000
"""Commands that do not count: the first ones read code and memory for the first time."""

_decode = msgspec.msgpack.Decoder(Command).decode


class Paused(Measured, frozen=True):
    """The commands, and the longest of them in nanoseconds.

    processor: by the processor time of the thread. number, kind: of that command.
    wall: by the clock, which goes on while another process has the core."""

    commands: int
    processor: int
    number: int
    kind: str
    wall: int


class Pauses:
    """An engine that remembers its longest command."""

    def __init__(self) -> None:
        self.engine = new_engine()
        self.commands = self.processor = self.number = self.wall = 0
        self.kind = ""

    @property
    def registry(self) -> Registry:
        return self.engine.registry

    def apply(self, sequence: int, time_: int, command: OwnCommand) -> list[Event]:
        wall_clock, clock = time.perf_counter_ns, time.thread_time_ns
        began = wall_clock()
        started = clock()
        events = self.engine.apply(sequence, time_, command)
        processor = clock() - started
        wall = wall_clock() - began
        self.commands += 1
        if self.commands > WARM_UP:
            self.wall = max(self.wall, wall)
            if processor > self.processor:
                self.processor, self.number, self.kind = processor, self.commands, type(command).__name__
        return events

    def carry_out(self, command: Command) -> None:
        """Apply it as it comes from a socket, of new objects. Raises BenchError if it is refused."""
        events = self.apply(self.commands + 1, self.commands + 1, _decode(encode(command)))
        if events and isinstance(events[0], CommandRefused):
            raise BenchError(f"{command} was refused: {events[0]}")


def named(count: int, seed: int) -> Iterator[Command]:
    """Resting orders of one account and their cancels by name. Half as many follow, each canceled at once: the oldest
    names are forgotten meanwhile."""
    random = Random(seed)
    orders = resting(seed, LEVELS)
    names: list[str] = []
    for order in islice(orders, count):
        names.append("".join(random.choices(CHARACTERS, k=random.randint(*NAME_LENGTHS))))
        yield replace(order, account=ONE, client_order_id=names[-1])
    random.shuffle(names)
    for name in names:
        yield CancelOrder(None, ONE, name)
    for order in islice(orders, count // 2):
        name = "".join(random.choices(CHARACTERS, k=random.randint(*NAME_LENGTHS)))
        yield replace(order, account=ONE, client_order_id=name)
        yield CancelOrder(None, ONE, name)


def measure(kind: str, count: int, seed: int) -> Paused:
    gc.freeze()
    gc.disable()
    pauses = Pauses()
    if kind == "mix":
        accounts = [f"account-{number}" for number in range(ACCOUNTS)]
        for _ in islice(Mix(seed, pauses, accounts=accounts), count):
            pass
    else:
        for command in named(count, seed):
            pauses.carry_out(command)
        remembered = min(count + count // 2, REMEMBERED_ORDERS)
        if (found := len(pauses.registry.accounts[ONE].client_orders)) < remembered:
            raise BenchError(f"{found} names are remembered, not {remembered}")
    return Paused(pauses.commands, pauses.processor, pauses.number, pauses.kind, pauses.wall)


if __name__ == "__main__":
    print(msgspec.json.encode(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))).decode())

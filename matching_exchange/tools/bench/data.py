"""Data directories for measured matchers: with a journal or a snapshot, as a matcher would have left them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matcher.storage.entries import OwnCommands
from matcher.storage.journal import Journal
from matcher.storage.recovery import recover
from matcher.storage.snapshot import write_snapshot
from matching_exchange.tools.bench.mix import ACCOUNTS, LOT, MAX_LOTS, MIDDLE, SYMBOL, first_commands
from protocol.codec import encode
from protocol.commands import VERSION, Command, Commands, Hello, PlaceOrder
from protocol.units import OrderType, Side

SESSION: Final = 1

BEGIN: Final = 1_700_000_000_000_000_000
BETWEEN: Final = 100_000
"""When the first record was made, and the time from one to the next, in nanoseconds."""


def write_journal(path: Path, commands: Iterable[Command], frame: int) -> int:
    """Make a data directory with the commands in its journal; each record holds one frame. Returns the number of
    commands."""
    with DataDirectory(path) as directory:
        journal = Journal(directory.journal)
        for _ in journal.records():
            raise AssertionError("the directory is new")
        own = first_commands()
        journal.append(1, BEGIN, [encode(Hello(VERSION, SESSION)), encode(OwnCommands(own))])
        first, time, number = len(own) + 1, BEGIN, 1
        rest = iter(commands)
        while some := list(islice(rest, frame)):
            time += BETWEEN
            journal.append(first, time, [encode(Commands(VERSION, SESSION, number, number - 1, some))])
            first += len(some)
            number += len(some)
        journal.sync()
        journal.close()
    return number - 1


def write_resting(path: Path, orders: int, levels: int, seed: int) -> State:
    """Make a data directory with a snapshot of resting orders, spread over the levels of each side. Returns its
    state."""
    write_journal(path, islice(resting(seed, levels), orders), 1024)
    with DataDirectory(path) as directory:
        recovered = recover(directory)
        journal, state = recovered.journal, recovered.state
        write_snapshot(directory.snapshots, state, journal.id, journal.crc)
    return state


def resting(seed: int, levels: int, symbols: Sequence[str] = (SYMBOL,)) -> Iterator[PlaceOrder]:
    """Orders that never trade, spread evenly over the levels of each side of each symbol, shuffled."""
    random = Random(seed)
    places = [
        (symbol, side, 1 + level) for symbol in symbols for side in (Side.BUY, Side.SELL) for level in range(levels)
    ]
    while True:
        random.shuffle(places)
        for symbol, side, distance in places:
            account = ACCOUNTS[int(random.random() * len(ACCOUNTS))]
            price = MIDDLE - distance if side is Side.BUY else MIDDLE + distance
            yield PlaceOrder(symbol, account, side, OrderType.LIMIT, LOT * (1 + int(random.random() * MAX_LOTS)), price)

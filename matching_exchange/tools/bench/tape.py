"""The commands for a measured engine: encoded chunks, decoded just before use, like those from a socket."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from matcher.core.digest import digest
from matching_exchange.tools.bench.data import resting
from matching_exchange.tools.bench.mix import REACH, Mix, fund, new_engine, symbols_of
from protocol.codec import encode
from protocol.commands import Command

CHUNK: Final = 1_024
"""Commands of a chunk."""

decode_chunk = msgspec.msgpack.Decoder(list[Command]).decode
_decode_tape = msgspec.msgpack.Decoder(list[bytes]).decode


class Shape(Struct, frozen=True):
    """A book: a number of resting orders, spread over the levels of each side of each symbol. With none, the mix
    makes its own. `funded`: the accounts have ledgers."""

    resting: int
    levels: int
    symbols: int = 1
    funded: bool = False


class Written(Struct, frozen=True):
    """What comes of a tape: the digest of an engine that has carried it out, and counts."""

    digest: str
    outcome: dict[str, int]


def chunks_of(commands: Iterable[Command]) -> Iterator[bytes]:
    rest = iter(commands)
    while some := list(islice(rest, CHUNK)):
        yield encode(some)


def resting_orders(shape: Shape, seed: int) -> Iterator[Command]:
    """The orders that rest before the mix begins."""
    return islice(resting(seed, shape.levels, symbols_of(shape.symbols)), shape.resting)


def write_tape(path: Path, shape: Shape, seed: int, commands: int) -> Written:
    """Write commands of the mix on the book to a file. Returns what comes of them.

    The limit orders of the mix reach over all levels of the book, so the book keeps its shape."""
    symbols = symbols_of(shape.symbols)
    engine = new_engine(symbols)
    if shape.funded:
        fund(engine)
    live: dict[int, int] = {}
    for chunk in chunks_of(resting_orders(shape, seed)):
        for command in decode_chunk(chunk):
            engine.apply(1, 1, command)
            live[engine.registry.last_order_id] = engine.registry.orders[engine.registry.last_order_id].remaining
    mix = Mix(seed, engine, live, symbols, max(REACH, shape.levels // 2))
    path.write_bytes(encode(list(chunks_of(islice(mix, commands)))))
    outcome = {
        "live orders": mix.live,
        "resting quantity": mix.resting,
        "filled quantity": mix.filled,
        "trades": mix.trades,
    }
    return Written(digest(mix.engine.registry), outcome)


def read_tape(path: Path) -> list[bytes]:
    return _decode_tape(path.read_bytes())

"""What measured simulations share with the engine alone: what they have found, and the tape of their commands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from matching_exchange.tools.bench.cores import Measured
from protocol.codec import encode
from protocol.commands import AmendOrder, CancelAllOrders, CancelOrder, OwnCommand, PlaceOrder

CHUNK: Final = 1_024
"""Commands of a chunk."""

ORDERS: Final = (PlaceOrder, CancelOrder, AmendOrder, CancelAllOrders)
"""What counts as an order: the commands that agents send."""

Stamped = tuple[int, OwnCommand]
"""The time, in nanoseconds since 1970, and the command."""

_decode_tape = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_chunk = msgspec.msgpack.Decoder(list[Stamped]).decode


class Simulated(Measured, frozen=True):
    """A simulation, or its commands on an engine alone.

    orders: the commands that reached the engine.
    counts: the same by kind; empty where that was not looked at.
    seconds: what they took.
    digest: that of the engine after them."""

    orders: int
    seconds: float
    digest: str
    counts: dict[str, int] = msgspec.field(default_factory=dict)


def write_simulated(path: Path, stamped: list[Stamped]) -> None:
    chunks = [stamped[place : place + CHUNK] for place in range(0, len(stamped), CHUNK)]
    path.write_bytes(encode([encode(chunk) for chunk in chunks]))


def read_simulated(path: Path) -> Iterator[list[Stamped]]:
    """Chunk by chunk. Each is decoded when it is asked for."""
    for chunk in _decode_tape(path.read_bytes()):
        yield _decode_chunk(chunk)

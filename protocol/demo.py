"""What a gateway and a demo market say to each other over the demo's socket. Each connection carries one request and
one answer, as MessagePack. The end of the writing side ends a message."""

import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

SOCKET: Final = "demo.sock"
"""The demo's socket, below the matcher's data directory."""

SPEED_DECIMALS: Final = 2
"""Decimals of a speed: it is an integer in units of 10^-2 of real time."""

REAL_TIME: Final = 100
"""The speed of real time."""

MIN_SPEED: Final = 10
MAX_SPEED: Final = 10_000
"""A tenth of real time, and a hundred times."""

MAX_MESSAGE: Final = 16 * 1024
"""The largest message, in bytes."""

AGENTS: Final = "agents"
RECORDING: Final = "recording"
"""Where a demo's market comes from. Agents trade beside a recording too."""


class Steer(Struct, frozen=True, array_like=True, tag=1):
    """Change what is not None. All None asks for the state alone. Answer: DemoState or DemoRefused.

    speed: in units of 10^-SPEED_DECIMALS of real time.
    jump_to: a time of the recording, in nanoseconds.
    """

    paused: bool | None = None
    speed: int | None = None
    jump_to: int | None = None


class DemoState(Struct, frozen=True, array_like=True, tag=2):
    """How the demo stands.

    connected: whether a matcher answers it.
    source: AGENTS or RECORDING.
    symbols: the instruments that it trades; the recording's comes first.
    time, begin, end: of the recording, in nanoseconds on its own clock; None without one.
    """

    paused: bool
    connected: bool
    speed: int
    source: str
    symbols: list[str]
    time: int | None = None
    begin: int | None = None
    end: int | None = None


class DemoRefused(Struct, frozen=True, array_like=True, tag=3):
    """Nothing was changed. `field` is the one at fault, `detail` says what it takes."""

    field: str
    detail: str


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Steer).decode
_decode_answer = msgspec.msgpack.Decoder(DemoState | DemoRefused).decode


def decode_answer(message: bytes) -> DemoState | DemoRefused:
    """Raises MsgspecError where it is none."""
    answer: DemoState | DemoRefused = _decode_answer(message)
    return answer


def socket_path(directory: Path) -> str:
    """The path of the demo's socket of this data directory. It is relative where that is shorter: systems bound it."""
    path = str(directory / SOCKET)
    return min(path, os.path.relpath(path), key=len)

"""An intake without sockets: frames in, turns out."""

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import zmq

from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.own_symbols import OwnSymbols
from matcher.serving.intake import Intake
from matcher.serving.turn import Turn, new_turn
from matcher.state import State
from matcher.storage.data_directory import DataDirectory
from matching_exchange.process.log_brake import LogBrake
from protocol.codec import encode
from protocol.commands import Frame

if TYPE_CHECKING:
    from matcher.serving.background import Background
    from matcher.serving.query_desk import QueryDesk

SESSION = 7


class Door:
    """An intake whose clock goes on by `pace` nanoseconds each time that it is asked. `own` are the symbols of its
    shard."""

    def __init__(self, path: Path, pace: int, own: OwnSymbols | None = None) -> None:
        self.state = State(Engine())
        self.state.apply(0, 0, read_instruments(None), 1)
        self.now = 0
        self.pace = pace
        self.waiting: deque[bytes] = deque()
        desk, background = cast("QueryDesk", None), cast("Background", None)
        self.intake = Intake(
            self.receive,
            self.state,
            DataDirectory(path),
            desk,
            background,
            (1, "journal"),
            self.monotonic,
            LogBrake(),
            own=own,
        )

    def receive(self) -> zmq.Frame:
        if not self.waiting:
            raise zmq.Again
        return zmq.Frame(self.waiting.popleft())

    def monotonic(self) -> int:
        self.now += self.pace
        return self.now

    def send(self, *frames: Frame) -> None:
        self.waiting += [encode(frame) for frame in frames]

    def turn(self) -> Turn:
        turn = new_turn(self.state.sequence + 1, 1, self.now)
        self.intake.take(turn)
        self.intake.logged(turn)
        return turn

"""The recorded flow of a venue, with each core."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from matching_exchange.recordings.readers import read_recording
from matching_exchange.recordings.recording import RecordingError
from matching_exchange.tools.bench.child import measure_in_child
from matching_exchange.tools.bench.machine import time_look_ups
from matching_exchange.tools.bench.measure import BenchError, Plan, spread, take_named_turns
from matching_exchange.tools.bench.recorded_flow import Flow
from matching_exchange.tools.bench.table import LOOK_UPS, Row, look_up_yardstick, row
from matching_exchange.tools.bench.tape import chunks_of
from matching_exchange.tools.replay.comparison import Comparison
from matching_exchange.tools.replay.driver import Driver
from matching_exchange.tools.replay.exchange import EngineExchange, ExchangeError, Subject
from protocol.codec import encode
from protocol.commands import Command
from protocol.events import Answer

NAME: Final = "recorded flow of Bitstamp"


class _Recorder(EngineExchange):
    """Keeps the commands that it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []

    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        self.commands.append(command)
        super().send(command, receive, subject)


def recorded_flow(plan: Plan, cores: list[str]) -> Iterator[Row]:
    """The flow, again and again for the seconds of a round, each time from an empty book."""
    if not plan.recording.is_file():
        plan.left_out.append(f"{NAME}: there is no file {plan.recording}")
        return
    plan.tell(NAME)
    tape = plan.directory / "recorded.tape"
    tape.write_bytes(encode(commands_of(plan.recording)))

    def recorded_per_second(core: str) -> float:
        module = "matching_exchange.tools.bench.recorded_flow"
        flow = measure_in_child(module, [str(tape), str(plan.seconds)], Flow, core)
        return flow.operations / flow.seconds

    measurements = {core: partial(recorded_per_second, core) for core in cores}
    rates = take_named_turns(plan.rounds, {**measurements, LOOK_UPS: time_look_ups})
    for core in cores:
        yield row(f"{NAME}, {core}", spread(rates[core]), "operations/s", look_up_yardstick(rates[LOOK_UPS]))


def commands_of(path: Path) -> list[bytes]:
    """The commands of a recording, its instrument's first. Raises BenchError if there are none."""
    recorder = _Recorder()
    try:
        recording = read_recording([path])
        driver = Driver(recorder, recording, recording.symbol, "", Comparison(), time.monotonic)
        driver.prepare()
    except (RecordingError, ExchangeError) as error:
        raise BenchError(str(error)) from error
    driver.run(None, lambda _: None)
    return list(chunks_of(recorder.commands))

"""python -m matching_exchange.tools.bench.carried TAPE: what commands take from the bytes of their frame to the bytes
of their answers and of the market data. There are no sockets and no journal.

Each frame is a turn of its own, and somebody wants all market data. As in the matcher, the cyclic collector is off.
"""

import gc
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.serving.market_data import MarketData
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from matching_exchange.tools.bench.cores import Measured
from matching_exchange.tools.bench.data import SESSION
from matching_exchange.tools.bench.measure import BenchError
from matching_exchange.tools.bench.mix import SYMBOL, first_commands
from matching_exchange.tools.bench.tape import read_tape
from protocol import topics
from protocol.codec import decode_market_data, decode_report, encode, read_frame
from protocol.commands import VERSION, Commands, Hello
from protocol.events import Answers, CommandRefused
from protocol.market_data import DepthMessage, TradeMessage
from protocol.public_number import public_number

EPOCH: Final = 1
DEPTH_INTERVAL: Final = 10_000_000
"""Nanoseconds: the matcher's default."""

WARM_UP: Final = 16
"""Frames that are not timed."""

PATIENCE: Final = 60_000_000_000
"""Nanoseconds until a turn is over: none of these is."""

STAGES: Final = ("decode", "apply and answer", "encode", "market data", "let go")


class Carried(Measured, frozen=True):
    """The timed commands. `stages` are the nanoseconds of all of them in each of STAGES."""

    digest: str
    commands: int
    stages: dict[str, int]


class Everything:
    """Somebody subscribes to all market data."""

    changes = 0

    def want(self, topic: bytes) -> bool:
        return True


class Way:
    """A matcher without sockets and journal. `reports` and `published` are what it would have sent."""

    def __init__(self) -> None:
        self.state = State(Engine())
        self.reports: list[bytes] = []
        self.published: list[bytes] = []
        self.market_data = MarketData(
            self.state.registry, self._publish, Everything(), EPOCH, DEPTH_INTERVAL, time.monotonic_ns
        )
        self.state.apply(OWN_SESSION, 0, first_commands(), 1)
        self.state.sessions.hello(Hello(VERSION, SESSION))
        self.market_data.publish_all(self.state.sequence, 1)

    def carry(self, payload: bytes) -> tuple[int, ...]:
        """Carry one frame. Returns the nanoseconds of each stage."""
        clock, state = time.perf_counter_ns, self.state
        stamp = time.time_ns()
        until = time.monotonic_ns() + PATIENCE
        started = clock()
        frame = read_frame(payload)
        decoded = clock()
        assert isinstance(frame, Commands), "nothing else was written"
        taken = state.sessions.receive(frame)
        assert isinstance(taken, Taken), "the frames are in order"
        reply, caused = state.apply(
            frame.session, taken.number, taken.commands, stamp, lambda: time.monotonic_ns() >= until
        )
        applied = clock()
        to = public_number(reply.session)
        answers = Answers(to, EPOCH, reply.number, reply.sequence, reply.timestamp, reply.answers)
        self._report(topics.reports(to), encode(answers))
        encoded = clock()
        self.market_data.publish(caused, stamp)
        self.market_data.flush(state.sequence, stamp)
        published = clock()
        del frame, taken, answers, reply, caused
        gone = clock()
        return decoded - started, applied - decoded, encoded - applied, published - encoded, gone - published

    def check(self, commands: int) -> None:
        """Check that each command was answered and not refused, and that market data tells of each trade."""
        answered = traded = 0
        for payload in self.reports:
            report = decode_report(payload)
            assert isinstance(report, Answers), "nothing else was sent"
            answered += len(report.answers)
            if refused := [answer for answer in report.answers if isinstance(answer, CommandRefused)]:
                raise BenchError(f"a command was refused: {refused[0]}")
        if answered != commands:
            raise BenchError(f"{answered} commands were answered, not {commands}")
        book = self.state.registry.books[SYMBOL]
        self.market_data.flush(self.state.sequence, self.state.time)
        depth: DepthMessage | None = None
        for message in map(decode_market_data, self.published):
            traded += isinstance(message, TradeMessage)
            if isinstance(message, DepthMessage) and message.symbol == SYMBOL:
                depth = message
        if traded != book.last_trade_id:
            raise BenchError(f"{traded} trades were published, not {book.last_trade_id}")
        levels = (book.bids.top(10), book.asks.top(10))
        if depth is None or (depth.bids, depth.asks) != levels:
            raise BenchError("the depth that was published last is not that of the book")

    def _report(self, _topic: bytes, payload: bytes) -> None:
        self.reports.append(payload)

    def _publish(self, _topic: bytes, payload: bytes) -> None:
        self.published.append(payload)


def measure(path: Path) -> Carried:
    gc.freeze()
    gc.disable()
    way = Way()
    payloads = read_tape(path)
    for payload in payloads[:WARM_UP]:
        way.carry(payload)
    before = way.state.sequence
    totals = [0] * len(STAGES)
    for payload in payloads[WARM_UP:]:
        for stage, nanoseconds in enumerate(way.carry(payload)):
            totals[stage] += nanoseconds
    after = way.state.sequence
    # The last depth is due by then.
    time.sleep(DEPTH_INTERVAL / 1e9)
    way.check(after - len(first_commands()))
    return Carried(digest(way.state.registry), after - before, dict(zip(STAGES, totals, strict=True)))


if __name__ == "__main__":
    print(msgspec.json.encode(measure(Path(sys.argv[1]))).decode())

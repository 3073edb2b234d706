"""Many WebSocket clients on the market data of one busy symbol, compared with a bare broadcast of the same bytes. Also
their cost to the matcher.

A gateway sends each client the newest state and leaves out older ones: what is counted is what arrived. An update is
late by the time from the matcher's stamp, which has milliseconds, until it is read. After each round all clients must
have had the last state of the book.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from matching_exchange.tools.bench.distribution import Distribution, middle_of
from matching_exchange.tools.bench.exchange import GatewayProcess, MatcherProcess
from matching_exchange.tools.bench.listeners import Heard, Listeners, may_open
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.mix import SYMBOL, Mix
from matching_exchange.tools.bench.snapshots import load
from matching_exchange.tools.bench.system import processor_time
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.wire import ASK_EVERY, PATIENCE, Wire, frames
from matching_exchange.tools.processes import Process, free_ports

CLIENTS: Final = 1_000
QUICK_CLIENTS: Final = 50

RATE: Final = 2_000
"""Commands a second that keep the book busy."""

FRAME: Final = 16
UNDER_WAY: Final = 1_024
PER_SECOND: Final = 50_000
"""Commands for each second of a round in which the matcher's speed is measured."""

CATCH_UP: Final = 0.2

PATH: Final = f"/ws/marketdata?symbol={SYMBOL}"


class Fed:
    """An exchange whose matcher is sent the mix."""

    def __init__(self, stack: ExitStack, below: Path, seed: int) -> None:
        below.mkdir()
        self.matcher = stack.enter_context(MatcherProcess(below / "data", "--sync=off"))
        self.gateway = stack.enter_context(GatewayProcess(self.matcher, below / "gateway.log"))
        self.wire: Wire = stack.enter_context(self.matcher.connect())
        self.wire.open()
        self._mix = Mix(seed)

    def feed(self, seconds: float) -> None:
        """Send RATE commands a second."""
        load(self.wire, list(frames(islice(self._mix, int(seconds * RATE)), 1)), RATE)
        self.wire.check()

    def speed(self, seconds: float, costs: list[float]) -> float:
        """Commands a second at full speed. `costs` gets the matcher's processor time for one, in microseconds, if
        the system tells it."""
        prepared = list(frames(islice(self._mix, int(seconds * PER_SECOND)), FRAME))
        before = self._processor_time()
        found = self.wire.run(iter(prepared), UNDER_WAY)
        after = self._processor_time()
        if before is not None and after is not None:
            costs.append((after - before) / 1000 / found.commands)
        self.wire.check()
        return found.per_second

    def depth(self) -> Any:
        connection = HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/depth?symbol={SYMBOL}&levels=10")
            return msgspec.json.decode(connection.getresponse().read())
        finally:
            connection.close()

    def _processor_time(self) -> int | None:
        return processor_time(self.matcher.process.running.pid)


class Broadcast:
    """The bare broadcast, with its clients."""

    def __init__(self, stack: ExitStack, text: str, clients: int, below: Path) -> None:
        [port] = free_ports(1)
        self._process = Process(
            "matching_exchange.tools.bench.broadcaster", [str(port), text], {}, below / "broadcaster.log"
        )
        stack.callback(self._process.close)
        self._clients = clients
        self._port = port
        self._log = below / "broadcast-clients.log"
        self._process.start()
        wait_for_port(self._process, port)

    def delivered(self, seconds: float, found: list[Heard]) -> float:
        """Messages a second. The clients leave: a running broadcast would slow down everything else."""
        with Listeners(self._port, "/", self._clients, self._log) as listeners:
            # What came while they connected has waited for them.
            listeners.ask(CATCH_UP)
            listeners.answer()
            listeners.ask(seconds)
            found.append(listeners.answer())
        return found[-1].messages / found[-1].seconds


def fanout(plan: Plan) -> Iterator[Row]:
    """The suite."""
    clients = QUICK_CLIENTS if plan.quick else CLIENTS
    if not may_open(clients):
        plan.left_out.append(
            f"fan-out to {clients:,} clients: this system lets a process open too few files (ulimit -n)"
        )
        return
    with ExitStack() as stack:
        plan.tell("starting two exchanges")
        busy = Fed(stack, plan.directory / "with-clients", plan.seed)
        alone = Fed(stack, plan.directory / "without-clients", plan.seed)
        plan.tell(f"connecting {clients:,} clients")
        log = plan.directory / "clients.log"
        listeners = stack.enter_context(Listeners(busy.gateway.port, PATH, clients, log))
        for each in (busy, alone):
            each.feed(plan.seconds)
        broadcast = Broadcast(stack, last_of(listeners, busy), clients, plan.directory)
        plan.tell(f"{clients:,} clients")
        heard: list[Heard] = []
        bare_heard: list[Heard] = []
        costs: list[float] = []
        costs_alone: list[float] = []
        delivered, bare, speed, speed_alone = take_turns(
            plan.rounds,
            partial(deliver, listeners, busy, plan.seconds, heard),
            partial(broadcast.delivered, plan.seconds, bare_heard),
            partial(busy.speed, plan.seconds, costs),
            partial(alone.speed, plan.seconds, costs_alone),
        )
        last_of(listeners, busy)
    name = f"{clients:,} clients"
    yardstick = Yardstick("bare broadcast", median(bare), "updates/s")
    yield row(f"{name}, delivered", spread(delivered), "updates/s", yardstick)
    share = Yardstick("clients busy, broadcast", max(each.busy for each in bare_heard) * 100, "%")
    yield row(
        f"{name}, delivered, to the bare broadcast",
        ratio(delivered, bare),
        "ratio",
        share,
        Target(0.7),
        quick=plan.quick,
    )
    yield row(f"{name}, clients busy", spread([each.busy * 100 for each in heard]), "%", share)
    yield row(f"{name}, late, p50", spread([each.p50 for each in heard]), "ms")
    yield row(f"{name}, late, p99", spread([each.p99 for each in heard]), "ms")
    none = Yardstick("without clients", median(speed_alone), "commands/s")
    yield row(f"matcher with {name}", spread(speed), "commands/s", none)
    yield row(f"matcher with {name}, to none", ratio(speed, speed_alone), "ratio", none, Target(0.95), quick=plan.quick)
    if costs_alone:
        cost = Yardstick("without clients", median(costs_alone), "µs")
        yield row(f"matcher with {name}, processor time each", spread(costs), "µs", cost)
        more, target = ratio(costs, costs_alone), Target(1.1, at_most=True)
        yield row(f"matcher with {name}, processor time to none", more, "ratio", cost, target, quick=plan.quick)
    else:
        plan.left_out.append("the matcher's processor time: this system does not tell it")
    plan.distributions.append(Distribution(f"late, {name}", middle_of([each.points for each in heard])))
    plan.distributions.append(Distribution("late, bare broadcast", middle_of([each.points for each in bare_heard])))


def deliver(listeners: Listeners, fed: Fed, seconds: float, found: list[Heard]) -> float:
    """Updates a second that arrive while the book is busy."""
    listeners.ask(seconds)
    fed.feed(seconds)
    found.append(listeners.answer())
    last_of(listeners, fed)
    return found[-1].messages / found[-1].seconds


def last_of(listeners: Listeners, fed: Fed) -> str:
    """The last update of all clients, after no more come. Raises BenchError if it is not the current book."""
    listeners.ask(0)
    last = listeners.answer().last
    if len(last) != 1:
        raise BenchError(f"the clients have had {len(last)} different updates last")
    update, depth = msgspec.json.decode(last[0]), fed.depth()
    if (update["bids"], update["asks"]) != (depth["bids"], depth["asks"]):
        raise BenchError(f"the clients have had {last[0]} last, but the book is {depth}")
    return last[0]


def wait_for_port(process: Process, port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        _ = process.running
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(ASK_EVERY)
        else:
            return
        finally:
            connection.close()
    raise BenchError(f"nobody listens on port {port}:\n{process.log_end()}")

"""POST /orders through a real gateway, and a matcher that syncs every batch. An empty route of the same server is
measured for comparison.

A closed loop: each connection sends its next order when the one before is answered. The client is a loop over plain
sockets with ready bytes. The report shows how busy it was. Every answer is read and checked afterwards.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from itertools import islice
from statistics import median
from typing import Final

from msgspec import Struct

from matching_exchange.process.files import SYNC_NAME
from matching_exchange.tools.bench.distribution import Distribution, Point, at_percentile, middle_of, points_of
from matching_exchange.tools.bench.exchange import GatewayProcess, MatcherProcess
from matching_exchange.tools.bench.machine import time_sync
from matching_exchange.tools.bench.measure import BenchError, Plan, ratio, spread, take_turns
from matching_exchange.tools.bench.mix import MIDDLE, SYMBOL
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.wire import PATIENCE
from matching_exchange.tools.connections import Connections, request_bytes
from matching_exchange.tools.load_test.check import Checker
from matching_exchange.tools.load_test.orders import Flow, Market, Sent
from matching_exchange.tools.load_test.over_http import order_body, read_order

WORKERS: Final = (1, 2)
CONNECTIONS: Final = (1, 32, 256)

FASTEST: Final = 20_000
"""Orders prepared for each second: more than any gateway answers."""

MARKET: Final = Market(SYMBOL, 2, 5, 1, 1, 1, 10**7)
ACCOUNT: Final = "bench"


class Loop(Struct, frozen=True):
    """A round: the answered requests, the seconds, and the latencies in seconds, ascending. `busy` is the client's
    share of the time."""

    answered: int
    seconds: float
    latencies: Sequence[float]
    busy: float

    @property
    def per_second(self) -> float:
        return self.answered / self.seconds

    @property
    def points(self) -> list[Point]:
        return points_of(self.latencies, 1_000_000)

    def milliseconds(self, percentile: float) -> float:
        return at_percentile(self.latencies, percentile) * 1000


class Orders:
    """Prepares the orders of a round, and checks the answers."""

    def __init__(self, seed: int, count: int) -> None:
        self._seed = seed
        self._count = count
        self._rounds = 0
        self._checker = Checker()
        self.sent: list[Sent] = []

    def prepare(self, port: int) -> list[bytes]:
        """The requests of the next round: orders that were not sent before."""
        self._rounds += 1
        flow = Flow(MARKET, MIDDLE, f"round-{self._rounds}", self._seed + self._rounds)
        self.sent = list(islice(flow, self._count))
        return [
            request_bytes("POST", "/orders", f"127.0.0.1:{port}", order_body(order, ACCOUNT, MARKET))
            for order in self.sent
        ]

    def check(self, bodies: dict[int, bytes]) -> None:
        """Check that each answer adds up and is that to its order. Raises BenchError if not."""
        for number, body in bodies.items():
            self._checker.answered(self.sent[number], read_order(body, MARKET))
        if self._checker.count:
            raise BenchError(f"{self._checker.count} answers cannot be true: {self._checker.faults[0]}")


def http(plan: Plan) -> Iterator[Row]:
    """The suite."""
    for workers in WORKERS:
        with ExitStack() as stack:
            plan.tell(f"starting a gateway, workers: {workers}")
            below = plan.directory / f"http-{workers}"
            below.mkdir()
            matcher = stack.enter_context(MatcherProcess(below / "data", "--sync=always"))
            gateway = stack.enter_context(GatewayProcess(matcher, below / "gateway.log", workers))
            noop = stack.enter_context(
                GatewayProcess(matcher, below / "noop.log", workers, "matching_exchange.tools.bench.noop")
            )
            orders = Orders(plan.seed, int(plan.seconds * FASTEST))
            for server in (gateway, noop):
                measure(server, orders, max(CONNECTIONS), plan.seconds, [], check=server is gateway)
            for connections in CONNECTIONS:
                plan.tell(f"{connections} connections, workers: {workers}")
                yield from rows(plan, gateway, noop, orders, workers, connections)


def rows(
    plan: Plan, gateway: GatewayProcess, noop: GatewayProcess, orders: Orders, workers: int, connections: int
) -> Iterator[Row]:
    placed: list[Loop] = []
    nothing: list[Loop] = []
    alone = workers == connections == 1
    rates, bare, *syncs = take_turns(
        plan.rounds,
        partial(measure, gateway, orders, connections, plan.seconds, placed, check=True),
        partial(measure, noop, orders, connections, plan.seconds, nothing, check=False),
        *((partial(time_sync, plan.directory),) if alone else ()),
    )
    name = f"{workers} worker{'s' * (workers > 1)}, {connections} connection{'s' * (connections > 1)}"
    durable = workers == 1 and connections == 32
    busy = Yardstick("client busy, no-op", max(each.busy for each in nothing) * 100, "%")
    yield row(name, spread(rates), "orders/s", Yardstick("no-op route", median(bare), "requests/s"))
    yield row(
        f"{name}, to the no-op", ratio(rates, bare), "ratio", busy, Target(0.9) if durable else None, quick=plan.quick
    )
    yield row(f"{name}, client busy", spread([each.busy * 100 for each in placed]), "%", busy)
    for percentile in (50.0, 99.0):
        wait = spread([each.milliseconds(percentile) for each in placed])
        yardstick = Yardstick("no-op route", median(each.milliseconds(percentile) for each in nothing), "ms")
        yield row(f"{name}, p{percentile:g}", wait, "ms", yardstick)
    for disk in syncs:
        pairs = zip(placed, nothing, disk, strict=True)
        beyond = spread([one.milliseconds(50) - other.milliseconds(50) - sync for one, other, sync in pairs])
        yardstick = Yardstick(f"{SYNC_NAME} of 4 KiB", median(disk), "ms")
        yield row(
            f"{name}, p50 beyond no-op and sync", beyond, "ms", yardstick, Target(0.25, at_most=True), quick=plan.quick
        )
    plan.distributions.append(Distribution(name, middle_of([each.points for each in placed])))
    plan.distributions.append(Distribution(f"{name}, no-op", middle_of([each.points for each in nothing])))


def measure(
    server: GatewayProcess, orders: Orders, connections: int, seconds: float, found: list[Loop], *, check: bool
) -> float:
    """One round; requests a second."""
    requests = orders.prepare(server.port)
    loop, bodies = closed_loop(server.port, connections, len(requests), requests.__getitem__, seconds)
    if check:
        orders.check(bodies)
    found.append(loop)
    return loop.per_second


def closed_loop(
    port: int, connected: int, most: int, request: Callable[[int], bytes], seconds: float
) -> tuple[Loop, dict[int, bytes]]:
    """Send requests for some seconds, at most so many, and wait for all answers. Returns the bodies, by the requests'
    numbers. Raises BenchError if one is not answered with 200.

    request: makes the request of a number, just before it is sent.
    """
    connections = Connections("127.0.0.1", port, connected)
    connections.open()
    sent: list[float] = []
    waits: list[float] = []
    bodies: dict[int, bytes] = {}
    clock = time.perf_counter
    worked = time.process_time()
    started = heard = clock()
    try:
        while (more := len(sent) < most and clock() < started + seconds) or len(bodies) < len(sent):
            while more and connections.free:
                number = len(sent)
                sent.append(clock())
                connections.send(number, request(number))
                more = len(sent) < most
            for response in connections.receive(1.0):
                if response.status != HTTPStatus.OK:
                    raise BenchError(
                        f"a request was answered with {response.status}: {response.body.decode(errors='replace')}"
                    )
                bodies[response.number] = response.body
                waits.append(response.at - sent[response.number])
                heard = response.at
            if clock() > heard + PATIENCE:
                raise BenchError(f"{len(sent) - len(bodies)} requests were not answered within {PATIENCE:g} seconds")
        took = clock() - started
        busy = (time.process_time() - worked) / took
    finally:
        connections.close()
    return Loop(len(bodies), took, sorted(waits), busy), bodies

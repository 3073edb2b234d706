"""What a client that floods takes of another's latency, where requests have a limit.

A quiet client sends orders at a rate of its own, with and without the flood in turns. The flood is a process of the
lowest priority. It sends five times what its address may send.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec

from matching_exchange.tools.bench.distribution import at_percentile
from matching_exchange.tools.bench.exchange import GatewayProcess, MatcherProcess
from matching_exchange.tools.bench.flood import Flooded, order_from
from matching_exchange.tools.bench.measure import BenchError, Plan, spread, take_turns
from matching_exchange.tools.bench.table import Row, Target, Yardstick, row
from matching_exchange.tools.bench.wire import PATIENCE
from matching_exchange.tools.connections import Connections

LIMIT: Final = 200
"""Requests a second that one address may send."""

TIMES: Final = 5
"""The flood sends its limit so many times."""

QUIET: Final = 50
"""Orders a second of the quiet client."""

ADDRESS: Final = "192.0.2.2"
CONNECTIONS: Final = 16

MODULE: Final = "matching_exchange.tools.bench.flood"


def fairness(plan: Plan) -> Iterator[Row]:
    """The suite."""
    with ExitStack() as stack:
        plan.tell("starting a gateway with limits")
        below = plan.directory / "fairness"
        below.mkdir()
        matcher = stack.enter_context(MatcherProcess(below / "data", "--sync=always"))
        flags = (f"--requests-per-address={LIMIT}/1", "--trusted-proxies=127.0.0.1")
        gateway = stack.enter_context(GatewayProcess(matcher, below / "gateway.log", flags=flags))
        alone: list[float] = []
        beside: list[float] = []
        floods: list[Flooded] = []
        plan.tell("a quiet client, alone and beside the flood")
        by_itself, flooded = take_turns(
            plan.rounds,
            partial(quiet, gateway.port, plan.seconds, alone),
            partial(quiet_beside_flood, gateway.port, plan.seconds, beside, floods),
        )
    yardstick = Yardstick("alone, all rounds", p99(alone), "ms")
    target = Target(max(2 * p99(alone), p99(alone) + 5), at_most=True)
    yield row("quiet client alone, p99", spread(by_itself), "ms", yardstick)
    yield row("quiet client beside the flood, p99", spread(flooded), "ms", yardstick)
    yield row("beside the flood, p99 of all rounds", spread([p99(beside)]), "ms", yardstick, target, quick=plan.quick)
    refused = spread([100 * each.refused / (each.taken + each.refused) for each in floods])
    yield row("requests of the flood refused", refused, "%", Yardstick("late in the client", _late(floods), "%"))
    sent = spread([(each.taken + each.refused) / each.seconds for each in floods])
    yield row("requests of the flood", sent, "requests/s", Yardstick("its limit", LIMIT, "requests/s"))


def _late(floods: list[Flooded]) -> float:
    return max(100 * each.late / (each.taken + each.refused + each.late) for each in floods)


def p99(latencies: list[float]) -> float:
    """In milliseconds."""
    return at_percentile(sorted(latencies), 99.0) * 1000


def quiet(port: int, seconds: float, found: list[float]) -> float:
    """One round of the quiet client; its p99 in ms. A latency counts from the moment that was meant for its order."""
    connections = Connections("127.0.0.1", port, CONNECTIONS)
    connections.open()
    request = order_from(ADDRESS, port)
    count = max(1, int(seconds * QUIET))
    started = time.perf_counter()
    latencies: list[float] = []
    sent = 0
    try:
        while len(latencies) < count:
            now = time.perf_counter()
            if now > started + seconds + PATIENCE:
                raise BenchError(f"{count - len(latencies)} orders of the quiet client were not answered")
            while sent < count and connections.free and now >= started + sent / QUIET:
                connections.send(sent, request)
                sent += 1
            wait = started + sent / QUIET - now if sent < count else 1.0
            for response in connections.receive(max(wait, 0)):
                if response.status != HTTPStatus.OK:
                    raise BenchError(f"an order of the quiet client was answered with {response.status}")
                latencies.append(response.at - started - response.number / QUIET)
    finally:
        connections.close()
    found += latencies
    return p99(latencies)


def quiet_beside_flood(port: int, seconds: float, found: list[float], floods: list[Flooded]) -> float:
    """The same, while the flood comes."""
    arguments = [sys.executable, "-m", MODULE, str(port), str(LIMIT * TIMES), str(seconds)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:  # noqa: S603
        try:
            measured = quiet(port, seconds, found)
            told, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    if process.returncode != 0:
        raise BenchError(f"the flood ended with status {process.returncode}")
    flooded = msgspec.json.decode(told, type=Flooded)
    if not flooded.taken or (seconds >= 1 and not flooded.refused):
        raise BenchError(f"the flood was no flood: {flooded}")
    floods.append(flooded)
    return measured

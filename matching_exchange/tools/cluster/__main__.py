"""python -m matching_exchange.tools.cluster: a cluster on one machine, by one command. Ctrl-C stops all of it."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from matcher.compile_setting import read_compile
from matcher.compiled import ALWAYS
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line, run_program
from matching_exchange.process.settings import MAX_PORT, bounded
from matching_exchange.process.settings_file import FLAG, HELP
from matching_exchange.process.settings_file import VARIABLE as FILE_VARIABLE
from matching_exchange.tools.arguments import Parser, number, told
from matching_exchange.tools.cluster import etcd
from matching_exchange.tools.cluster.layout import (
    HOST,
    MAX_BASE,
    MAX_SHARDS,
    NODES,
    OWN,
    SERVERS,
    Layout,
    LayoutError,
    anywhere,
    check_free,
    from_base,
    gateway_settings,
    matcher_settings,
    note,
    noted,
    usual,
)
from matching_exchange.tools.cluster.pulses import Pulses
from matching_exchange.tools.cluster.supervisor import EtcdPart, Part, ProcessPart, Supervisor
from matching_exchange.tools.core_build import BuildBeside, build_before
from matching_exchange.tools.processes import Process
from matching_exchange.tools.run import Stop

PROGRAM: Final = "cluster"

FREE: Final = "free"

START_SECONDS: Final = 60.0
"""The log, and then the exchange, must answer in this time."""

HEALTH_SECONDS: Final = 1.0
LOOK_EVERY: Final = 0.05

LOG, MATCHERS, GATEWAY = range(3)
"""The groups of processes, in the order of their start."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0; 1 if the cluster does not start."""
    options = parse(arguments)
    if options.config is not None:
        environment = {**environment, FILE_VARIABLE: options.config}
    wanted = read_compile(PROGRAM, environment)
    try:
        program = etcd.find(options.etcd)
        layout = choose(options)
    except (etcd.NotInstalledError, LayoutError) as error:
        end_with_line(PROGRAM, str(error), EXIT_FAILED)
    if wanted == ALWAYS:
        build_before(PROGRAM, environment)
    stop = Stop()
    supervisor = Supervisor(parts(layout, options.data_dir, program, environment), tell)
    leaders = Leaders(layout)
    beside: BuildBeside | None = None
    try:
        if not start(supervisor, layout, stop):
            return 0 if stop.wanted else EXIT_FAILED
        print(banner(layout, options.data_dir), flush=True)
        beside = BuildBeside(PROGRAM, wanted, environment, verbose=False)
        while not stop.wanted:
            supervisor.look()
            beside.look()
            leaders.look(LOOK_EVERY)
    finally:
        if beside is not None:
            beside.stop()
        leaders.close()
        supervisor.stop()
    print("The cluster is closed.")
    return 0


class Leaders:
    """Who leads each shard. `look` says it in a line, once for each epoch."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pulses = [
            Pulses([f"tcp://{HOST}:{node.base + 2}" for node in layout.nodes_of(shard)])
            for shard in range(layout.shards)
        ]
        self._epochs = [0] * layout.shards

    def look(self, seconds: float) -> None:
        """Hear what comes in up to `seconds` seconds."""
        for shard, pulses in enumerate(self._pulses):
            pulses.hear(seconds / len(self._pulses))
            leader = pulses.leader
            if leader is not None and leader.epoch > self._epochs[shard]:
                self._epochs[shard] = leader.epoch
                print(f"{self._layout.name_of(self._layout.nodes_of(shard)[leader.node])} leads.", flush=True)

    def close(self) -> None:
        for pulses in self._pulses:
            pulses.close()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        f"Start a cluster on this machine: a log of {SERVERS} etcd servers, {NODES} matchers and a gateway. A process "
        "that ends is started again. Ctrl-C stops all. All listens on the loopback alone: it is for trying, and for "
        "tests.",
        "Settings of matchers and gateway are environment variables (MATCHER_..., GATEWAY_...), or stand in the "
        "settings file, but for those of addresses, of directories and of the log. Each process logs to a file below "
        "DIR/logs.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("./cluster-data"),
        metavar="DIR",
        help="the directory of all data (default: ./cluster-data)",
    )
    parser.add_argument(
        "--ports",
        type=told(read_ports, f"a port from 1 to {MAX_BASE}, or {FREE}"),
        default=usual,
        metavar="BASE",
        help=f"BASE for the gateway, and the ports behind it for the others; or {FREE}: ports that nobody uses. A "
        "directory keeps the ports of its first start",
    )
    parser.add_argument(
        "--shards",
        type=number(1, MAX_SHARDS),
        metavar="N",
        help=f"share the symbols out to N groups of {NODES} matchers, each with a log of its own in the same servers "
        "(default: 1). A directory keeps its shards",
    )
    parser.add_argument("--etcd", metavar="PATH", help="the program etcd (default: the one in PATH)")
    parser.add_argument(f"--{FLAG}", metavar="FILE", help=HELP)
    return parser.parse_args(arguments)


def read_ports(text: str) -> Callable[[int], Layout]:
    """What makes the layout of that many shards."""
    return anywhere if text == FREE else partial(from_base, bounded(1, min(MAX_BASE, MAX_PORT))(text))


def choose(options: argparse.Namespace) -> Layout:
    """The layout of the directory, or a new one. Raises LayoutError."""
    before = noted(options.data_dir)
    layout: Layout = before or options.ports(options.shards or 1)
    if before is not None:
        if options.shards not in (None, before.shards):
            raise LayoutError(f"--shards: {options.data_dir} has {before.shards} from its first start")
        if options.ports is not usual and options.ports(before.shards) != before:
            raise LayoutError(f"--ports: {options.data_dir} has ports from its first start (gateway {before.gateway})")
    check_free(layout)
    note(layout, options.data_dir)
    return layout


def parts(layout: Layout, directory: Path, program: str, environment: Mapping[str, str]) -> list[list[Part]]:
    """All processes: the log's servers, the matchers, the gateway."""
    given = {name: value for name, value in environment.items() if name not in OWN}
    logs = directory / "logs"
    servers = [
        EtcdPart(etcd.EtcdServer(program, member, layout.members, directory / member.name, logs / f"{member.name}.log"))
        for member in layout.members
    ]
    matchers = [
        ProcessPart(
            layout.name_of(node),
            Process(
                "matcher",
                [],
                {**given, **matcher_settings(layout, node, directory)},
                logs / f"{layout.folder_of(node)}.log",
            ),
        )
        for node in layout.nodes
    ]
    serving = {**given, **gateway_settings(layout, directory, given)}
    gateway = ProcessPart("gateway", Process("gateway", [], serving, logs / "gateway.log"))
    return [[*servers], [*matchers], [gateway]]


def start(supervisor: Supervisor, layout: Layout, stop: Stop) -> bool:
    """Start all, each when what it needs is there. False, after one line, if that fails or `stop` comes first."""
    supervisor.start(LOG)
    if not wait(supervisor, stop, lambda: all(member.serves for member in layout.members), "the log"):
        return False
    supervisor.start(MATCHERS)
    supervisor.start(GATEWAY)
    return wait(supervisor, stop, lambda: is_healthy(layout.gateway), "the exchange")


def wait(supervisor: Supervisor, stop: Stop, ready: Callable[[], bool], what: str) -> bool:
    """Whether it is ready before `stop`, in time, and with all processes still there. If not, one line says why."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if stop.wanted:
            return False
        ended = supervisor.ended()
        if ended is not None:
            print(f"{PROGRAM}: {ended.name} did not start: {last_line(ended.log)}", file=sys.stderr)
            return False
        if time.monotonic() > deadline:
            print(f"{PROGRAM}: {what} did not answer within {START_SECONDS:g} seconds", file=sys.stderr)
            return False
        time.sleep(LOOK_EVERY)
    return True


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return f"{lines[-1]} ({log})" if lines else f"see {log}"


def is_healthy(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def tell(line: str) -> None:
    print(f"{PROGRAM}: {line}", file=sys.stderr, flush=True)


def banner(layout: Layout, directory: Path) -> str:
    url = f"http://{HOST}:{layout.gateway}"
    servers = "\n".join(f"    {member.name}       {member.client_address}" for member in layout.members)
    nodes = "\n".join(
        f"    {layout.name_of(node)}    {node.address} (market data {node.base + 1}, reports {node.base + 2}, "
        f"snapshots {node.base + 3})"
        for node in layout.nodes
    )
    logs = "\n".join(f"    log          {layout.log_of(shard)}" for shard in range(layout.shards))
    return f"""
  The cluster is open.

    dashboard    {url}/
    API          {url}/docs
    health       {url}/health
{logs}
{servers}
{nodes}
    data, logs   {directory}/, {directory / "logs"}/

  Ctrl-C closes it.
"""


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))

"""python -m matching_exchange.tools.cluster: a cluster on one machine, by one command. Ctrl-C stops all of it."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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
from matching_exchange.tools.arguments import Parser, told
from matching_exchange.tools.cluster import etcd
from matching_exchange.tools.cluster.layout import (
    DEFAULT,
    HOST,
    MAX_BASE,
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
    pulses = Pulses([f"tcp://{HOST}:{base + 2}" for base in layout.matchers])
    beside: BuildBeside | None = None
    try:
        if not start(supervisor, layout, stop):
            return 0 if stop.wanted else EXIT_FAILED
        print(banner(layout, options.data_dir), flush=True)
        beside = BuildBeside(PROGRAM, wanted, environment, verbose=False)
        epoch = 0
        while not stop.wanted:
            supervisor.look()
            beside.look()
            pulses.hear(LOOK_EVERY)
            leader = pulses.leader
            if leader is not None and leader.epoch > epoch:
                epoch = leader.epoch
                print(f"matcher {leader.node} leads.", flush=True)
    finally:
        if beside is not None:
            beside.stop()
        pulses.close()
        supervisor.stop()
    print("The cluster is closed.")
    return 0


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
        metavar="BASE",
        help=f"BASE for the gateway, and the ports behind it for the others; or {FREE}: ports that nobody uses. A "
        "directory keeps the ports of its first start",
    )
    parser.add_argument("--etcd", metavar="PATH", help="the program etcd (default: the one in PATH)")
    parser.add_argument(f"--{FLAG}", metavar="FILE", help=HELP)
    return parser.parse_args(arguments)


def read_ports(text: str) -> Layout:
    return anywhere() if text == FREE else from_base(bounded(1, min(MAX_BASE, MAX_PORT))(text))


def choose(options: argparse.Namespace) -> Layout:
    """The layout of the directory, or a new one. Raises LayoutError."""
    before = noted(options.data_dir)
    layout: Layout = before or options.ports or DEFAULT
    if options.ports is not None and layout.etcd != options.ports.etcd and before is not None:
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
            f"matcher {node}",
            Process(
                "matcher", [], {**given, **matcher_settings(layout, node, directory)}, logs / f"matcher-{node}.log"
            ),
        )
        for node in range(NODES)
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
        f"    matcher {node}    {HOST}:{base} (market data {base + 1}, reports {base + 2}, snapshots {base + 3})"
        for node, base in enumerate(layout.matchers)
    )
    return f"""
  The cluster is open.

    dashboard    {url}/
    API          {url}/docs
    health       {url}/health
    log          {layout.log}
{servers}
{nodes}
    data, logs   {directory}/, {directory / "logs"}/

  Ctrl-C closes it.
"""


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))

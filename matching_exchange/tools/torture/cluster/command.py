"""`scripts/torture --cluster`: its arguments, and one run after the other."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import structs
from rich.console import Console

from matching_exchange.process.command_line import end_with_line
from matching_exchange.tools.arguments import MAX_NUMBER, Parser, number
from matching_exchange.tools.cluster import etcd
from matching_exchange.tools.tables import to_json
from matching_exchange.tools.torture.cluster.network import hindrance
from matching_exchange.tools.torture.cluster.report import ClusterReport, KindReport, print_cluster_report
from matching_exchange.tools.torture.cluster.run import ClusterPlan, torture_cluster
from matching_exchange.tools.torture.cluster.striker import CUTS, Kind
from matching_exchange.tools.torture.run import Plan

DEFAULTS: Final[dict[Kind, int]] = {"kill": 10, "pause": 10, "both": 10, "partition": len(CUTS)}
"""Strikes of each kind, where none is asked for."""

FLAGS: Final[dict[Kind, str]] = {"kill": "kills", "pause": "pauses", "both": "both", "partition": "partitions"}

CLIENT_PAUSE: Final = 0.01
"""Seconds between two requests of a client, where nothing else is asked for: the checks keep all answers."""


def add_cluster_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--cluster",
        action="store_true",
        help="torture a cluster (etcd x 3, matchers x 3, a gateway): --kills strike its leader; one run for each kind",
    )
    for flag, text in (
        ("pauses", "with --cluster: how many times to pause the leader, for 2 to 10 s"),
        ("both", "with --cluster: how many times to kill the leader and the log's leader together"),
        ("partitions", "with --cluster: how many times to cut the network (as root, on Linux)"),
        ("seconds", "with --cluster: begin no strike after N seconds of a run (default: no limit)"),
    ):
        parser.add_argument(f"--{flag}", type=number(0, MAX_NUMBER), metavar="N", help=text)


def check_cluster_arguments(parser: Parser, options: argparse.Namespace) -> None:
    """End the process where one is given that needs --cluster, or one that a cluster does not take."""
    if options.cluster:
        if options.sync is not None:
            parser.error("--sync: a replicated log is always synced")
        return
    for flag in (*FLAGS.values(), "seconds"):
        if flag != "kills" and getattr(options, flag) is not None:
            parser.error(f"--{flag} needs --cluster")


def wanted(options: argparse.Namespace) -> dict[Kind, int]:
    """Strikes of each kind."""
    given = {kind: getattr(options, flag) for kind, flag in FLAGS.items()}
    if all(count is None for count in given.values()):
        return dict(DEFAULTS)
    return {kind: count or 0 for kind, count in given.items()}


def run_cluster(
    program: str,
    options: argparse.Namespace,
    plan: Plan,
    directory: Path,
    progress: Callable[[str, int, int, int], None],
) -> ClusterReport:
    """One run for each kind of strike. `progress` gets the kind, its strikes, those done, and answered commands."""
    try:
        etcd.find(None)
    except etcd.NotInstalledError as error:
        end_with_line(program, f"--cluster: {error}")
    kinds: list[KindReport] = []
    left_out: list[str] = []
    for kind, count in wanted(options).items():
        reason = hindrance() if kind == "partition" and count else ""
        if reason:
            left_out.append(f"{count} partitions: {reason}")
        if not count or reason:
            continue
        below = directory / kind
        below.mkdir()
        seconds = float("inf") if options.seconds is None else options.seconds
        run = ClusterPlan((kind,) * count, structs.replace(plan, kills=count), seconds)
        kinds.append(torture_cluster(run, below, partial(progress, kind, count)))
    return ClusterReport(plan.clients, kinds, left_out)


def tell_cluster(report: ClusterReport, *, as_json: bool) -> None:
    if as_json:
        print(to_json(report))
    else:
        print_cluster_report(report, Console())

"""python -m matching_exchange.tools.load_test: put a running exchange under load and check what it answers."""

import argparse
import os
import re
import secrets
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Final

from rich.console import Console
from rich.status import Status

from matching_exchange.process.addresses import host
from matching_exchange.process.command_line import EXIT_INTERRUPTED, run_program
from matching_exchange.process.settings import port
from matching_exchange.tools.arguments import MAX_NUMBER, Parser, number, told
from matching_exchange.tools.load_test.check import Checker
from matching_exchange.tools.load_test.orders import Flow, Sent
from matching_exchange.tools.load_test.over_http import HttpTransport
from matching_exchange.tools.load_test.over_zeromq import ZeroMqTransport
from matching_exchange.tools.load_test.pace import Run, Step, check_orders
from matching_exchange.tools.load_test.ramp import ramp, within
from matching_exchange.tools.load_test.report import Report, print_report
from matching_exchange.tools.load_test.transport import LoadError, Transport
from matching_exchange.tools.tables import to_json
from protocol.client import MatcherAwayError, OutcomeUnknownError
from protocol.units import NAME_PATTERN

PROGRAM: Final = "load_test"

EXIT_MISSED: Final = 1

AWAY: Final = (LoadError, MatcherAwayError, OutcomeUnknownError)
"""What a transport raises if the exchange does not answer."""

DEFAULT_URL: Final = "http://127.0.0.1:8000"
URL: Final = f"http://HOST:PORT, such as {DEFAULT_URL} or http://[::1]:8000"

MAX_CONNECTIONS: Final = 10_000

RUN_BYTES: Final = 4
"""The random part of a run's client_order_ids."""

LOOKED_UP: Final = 20_000
"""The most orders that are looked up at the end."""

WIDTH: Final = 140
"""Characters of a line. In a file, no cell is broken then."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0; 1 for a missed limit, an untrue answer, or an exchange that does not answer."""
    options = parse(arguments, environment)
    terminal = Console(stderr=True)
    try:
        with closing(connect(options)) as transport, terminal.status("connecting") as status:
            test = LoadTest(options, transport, status)
            report = test.run()
    except AWAY as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_MISSED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        print(to_json(report))
    else:
        print_report(report, Console(width=WIDTH))
    if report.failure is not None:
        print(f"{PROGRAM}: the exchange went away: {report.failure}", file=sys.stderr)
        return EXIT_MISSED
    if report.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_MISSED if report.missed else 0


def connect(options: argparse.Namespace) -> Transport:
    if options.commands is not None:
        return ZeroMqTransport(options.commands, options.reports, options.account, options.keys)
    return HttpTransport(options.url, options.account, options.connections)


class LoadTest:
    """One test. It keeps what it has found if it is interrupted, or if the exchange goes away."""

    def __init__(self, options: argparse.Namespace, transport: Transport, status: Status) -> None:
        self._options = options
        self._transport = transport
        self._status = status
        self._checker = Checker()
        self._runs: list[Run] = []
        market = transport.market(options.symbol)
        self._flow = Flow(market, transport.middle(), secrets.token_hex(RUN_BYTES), options.seed)

    def run(self) -> Report:
        options = self._options
        highest: float | None = None
        looked_up = 0
        interrupted = False
        failure: str | None = None
        try:
            try:
                if options.ramp:
                    highest = ramp(self._measure, options.rate, options.p99_limit)
                else:
                    self._measure(options.rate)
            except KeyboardInterrupt:
                interrupted = True
            else:
                looked_up = self._look_up()
            self._transport.cancel_all()
        except AWAY as error:
            failure = str(error)
        details: dict[str, int] = {}
        for run in self._runs:
            for detail, count in run.details.items():
                details[detail] = details.get(detail, 0) + count
        return Report(
            options.url if options.commands is None else options.commands,
            options.symbol,
            options.connections if options.commands is None else None,
            options.seed,
            [run.step() for run in self._runs],
            highest,
            options.p99_limit,
            looked_up,
            details,
            self._checker.count,
            self._checker.faults,
            self._missed(highest, cut_short=interrupted or failure is not None),
            interrupted,
            failure,
        )

    def _measure(self, rate: float) -> Step:
        run = Run(self._transport, self._flow, self._checker, rate, self._options.seconds)
        self._runs.append(run)
        return run.run(self._tell)

    def _tell(self, step: Step) -> None:
        self._status.update(
            f"{step.rate:,.0f}/s: {step.answered:,} of {step.planned:,} answered, p50 {step.p50:.2f} ms, p99 "
            f"{step.p99:.2f} ms"
        )

    def _look_up(self) -> int:
        self._status.update("looking the orders up")
        orders: list[Sent] = [order for run in self._runs for order in run.sent]
        return check_orders(self._transport, self._checker, orders, LOOKED_UP)

    def _missed(self, highest: float | None, *, cut_short: bool) -> list[str]:
        options = self._options
        missed: list[str] = []
        if self._checker.count:
            missed.append(f"{self._checker.count} answers or look-ups cannot be true")
        if cut_short:
            return missed
        if options.ramp:
            if highest is None:
                missed.append(f"not even {options.rate:,}/s holds a p99 of {options.p99_limit:g} ms")
            elif options.least_rate is not None and highest < options.least_rate:
                missed.append(f"the highest rate is {highest:,.0f}/s, not {options.least_rate:,}/s")
            return missed
        step = self._runs[-1].step()
        if not step.complete:
            missed.append(f"{step.planned - step.answered:,} of {step.planned:,} orders were not answered")
        if options.p99_limit is not None and step.complete and not within(step, options.p99_limit):
            missed.append(f"p99 is {step.p99:g} ms, not {options.p99_limit:g} ms")
        return missed


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> argparse.Namespace:
    parser = Parser(
        PROGRAM,
        "Put a running exchange under load: send limit orders at a constant rate, without waiting for answers. A "
        "latency counts from when its order was meant to be sent. Check every answer. At the end look up all orders, "
        f"or {LOOKED_UP:,} evenly spread ones. Then cancel the account's orders for the symbol. Exit status: 0; 1 for "
        "a missed limit, an untrue answer, or an exchange that does not answer.",
    )
    parser.add_argument(
        "--url",
        type=told(url, URL),
        help=f"the gateway (default: {DEFAULT_URL}; environment: GATEWAY_HOST, GATEWAY_PORT)",
    )
    parser.add_endpoint("commands", "load the matcher over ZeroMQ, not a gateway; alone: the matcher", optional=True)
    parser.add_endpoint("reports", "with --commands: its socket of reports")
    for name, default, most, text in (
        ("rate", 1_000, MAX_NUMBER, "orders a second, or with --ramp the first rate"),
        (
            "connections",
            32,
            MAX_CONNECTIONS,
            "HTTP connections; an order waits if all are busy, and the wait counts",
        ),
        ("seed", 1, MAX_NUMBER, "of what is sent"),
    ):
        parser.add_argument(
            f"--{name}", type=number(1, most), default=default, metavar="N", help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--seconds",
        type=told(positive, "a number above zero and below a million"),
        default=10.0,
        metavar="S",
        help="how long each rate lasts (default: 10)",
    )
    parser.add_argument("--symbol", default="BTC-USDT", help="the instrument (default: BTC-USDT)")
    parser.add_argument(
        "--account",
        type=told(name_of_account, "1 to 64 of letters, digits and . _ : -"),
        default="load-test",
        metavar="NAME",
        help="whose orders they are (default: load-test)",
    )
    parser.add_argument("--ramp", action="store_true", help="look for the highest rate within --p99-limit")
    parser.add_argument(
        "--p99-limit",
        type=told(positive, "milliseconds, 5 or 0.5"),
        metavar="MS",
        help="a p99 above it is a missed limit",
    )
    parser.add_argument(
        "--least-rate", type=number(1), metavar="N", help="with --ramp: a lower highest rate is a missed limit"
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.read(arguments, environment)
    if options.url is None:
        options.url = parser.gateway_url(environment)
    if options.ramp and options.p99_limit is None:
        parser.error("--ramp needs --p99-limit")
    if options.least_rate is not None and not options.ramp:
        parser.error("--least-rate needs --ramp")
    return options


def positive(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) or float(text) == 0:
        raise ValueError(text)
    return float(text)


def url(text: str) -> str:
    found = re.fullmatch(r"http://(\[[^]]+\]|[^]/?#\s:@\[]+)(?::([0-9]+))?/?", text)
    if found is None:
        raise ValueError(text)
    host(found[1].strip("[]"))
    port(found[2] or "80")
    return text.rstrip("/")


def name_of_account(text: str) -> str:
    if not NAME_PATTERN.fullmatch(text):
        raise ValueError(text)
    return text


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))

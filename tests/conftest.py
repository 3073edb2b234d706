"""Fixtures of running exchanges, their logs in the report of a failed test, and the files that took the longest."""

import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from history.schema.database import Database, read_database, sqlite_database
from matcher import CORE
from matching_exchange.tools import processes
from tests.exchange import LIVING, Exchange, Matcher
from tests.postgres import Server, running_server

SLOWEST = 10
"""How many files the report of a run names."""


def pytest_configure() -> None:
    """Give each process of a run ports of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = len(processes.PORTS) // count
    first = int(worker.removeprefix("gw")) * size
    # In one piece, for bases have the ports behind them.
    processes.PORTS = processes.PORTS[first : first + size]


def pytest_report_header() -> str:
    return f"core: {CORE.kind}" + (f" ({CORE.reason})" if CORE.reason else "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [(f"log of {process.log.name}", process.text()) for process in LIVING]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.location[0]] += report.duration
    if len(seconds) > 1:
        terminalreporter.section(f"{SLOWEST} slowest files")
        for file, taken in sorted(seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
            terminalreporter.write_line(f"{taken:7.1f} s  {file}")


@pytest.fixture(autouse=True)
def shared_processes_run() -> None:
    """Fail at once, not by patience, where an earlier test has brought a shared process down."""
    for process in LIVING:
        assert process.process is None or process.running


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory for sockets, whose paths may have about a hundred characters."""
    with TemporaryDirectory(prefix="exchange-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def matcher(tmp_path: Path) -> Iterator[Matcher]:
    """A matcher of the test's own, up."""
    yield from _running_matcher(tmp_path)


@pytest.fixture(scope="module")
def shared_matcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matcher]:
    """A matcher for all tests of the module: each works with symbols or accounts of its own."""
    yield from _running_matcher(tmp_path_factory.mktemp("matcher"))


def _running_matcher(directory: Path) -> Iterator[Matcher]:
    matcher = Matcher(directory)
    matcher.start()
    try:
        matcher.wait_until_ready()
        yield matcher
    finally:
        matcher.close()


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """An exchange of the test's own, up."""
    with Exchange(tmp_path) as exchange:
        yield exchange


@pytest.fixture(scope="module")
def shared_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange for all tests of the module: each works with symbols or accounts of its own."""
    with Exchange(tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange


@pytest.fixture
def symbol(shared_exchange: Exchange) -> str:
    """An instrument of the test's own on the shared exchange, like BTC-USDT."""
    return shared_exchange.add_instrument()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server of PostgreSQL for all tests: each makes a database of its own."""
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database for a history, of each kind in turn."""
    if request.param == "sqlite":
        yield sqlite_database(tmp_path / "history" / "history.sqlite")
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.make_database()
    yield read_database(server.url(name))
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")

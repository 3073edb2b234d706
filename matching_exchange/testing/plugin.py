"""Fixtures for pytest: `exchange`, `exchange_factory`, `exchange_in_process`.

A test says what exchange it wants: `@pytest.mark.exchange(instruments=["BTC-USDT"], keys=True, settings={...})`.
Nothing of the exchange is imported before a test asks for one.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from matching_exchange.testing.exchange import Exchange
    from matching_exchange.testing.in_process.exchange import InProcessExchange

INSTRUMENTS: Final = "exchange_instruments"
SCOPE: Final = "exchange_scope"
FUNCTION: Final = "function"
SESSION: Final = "session"
MARKER: Final = "exchange"

Options = dict[str, Any]


class _Kept:
    """The exchange that tests of one session share, one after the other. It is emptied before each further test."""

    def __init__(self) -> None:
        self._exchange: Exchange | None = None
        self._options: Options = {}

    def give(self, options: Options) -> "Exchange":
        """One that is empty and has these options."""
        if self._exchange is not None and self._options == options:
            try:
                self._exchange.close_clients()
                self._exchange.reset()
            except BaseException:
                # A broken one is for no further test.
                self.close()
                raise
            return self._exchange
        self.close()
        self._exchange, self._options = _new(options), options
        return self._exchange

    def close(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.__exit__(None, None, None)


_EXCHANGES: Final = pytest.StashKey[list["Exchange"]]()
"""Those of a test: their logs are shown if it fails."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(INSTRUMENTS, "symbols of the exchange's instruments, such as BTC-USDT", "args", [])
    parser.addini(
        SCOPE,
        f"{FUNCTION}: each test has processes of its own; {SESSION}: tests share them, and each finds them empty",
        default=FUNCTION,
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{MARKER}(instruments, keys, settings): the exchange that the fixtures of matching-exchange start"
    )
    if config.getini(SCOPE) not in (FUNCTION, SESSION):
        raise pytest.UsageError(f"{SCOPE}: takes {FUNCTION} or {SESSION}, not {config.getini(SCOPE)!r}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for exchange in item.stash.get(_EXCHANGES, []):
            for server in (exchange.matcher, exchange.gateway):
                report.sections.append((f"log of the {server.module} at {exchange.url}", server.log_end()))
    return report


def _options(request: pytest.FixtureRequest) -> Options:
    """What the test's marker says, or else the ini file."""
    marker = request.node.get_closest_marker(MARKER)
    listed = request.config.getini(INSTRUMENTS)
    told = {} if marker is None else dict(marker.kwargs)
    if marker is not None and marker.args:
        raise pytest.UsageError(f"@pytest.mark.{MARKER} takes its options by name: instruments=[...]")
    return {"instruments": listed, **told}


def _new(options: Options) -> "Exchange":
    from matching_exchange.testing.exchange import Exchange  # noqa: PLC0415  nobody pays who asks for none

    return Exchange(**options).__enter__()


def _note(request: pytest.FixtureRequest, exchange: "Exchange") -> None:
    request.node.stash.setdefault(_EXCHANGES, []).append(exchange)


@pytest.fixture(scope="session")
def _kept_exchange() -> Iterator[_Kept]:
    kept = _Kept()
    yield kept
    kept.close()


@pytest.fixture
def exchange_factory(request: pytest.FixtureRequest) -> "Iterator[Callable[..., Exchange]]":
    """`exchange_factory(instruments=[...], keys=False, settings={...})` starts one more exchange. All end with the
    test."""
    with ExitStack() as open_exchanges:

        def start(**options: Any) -> "Exchange":
            exchange = _new({**_options(request), **options})
            open_exchanges.push(exchange)
            _note(request, exchange)
            return exchange

        yield start


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> "Exchange":
    """An empty exchange of a matcher and a gateway, on free ports."""
    if request.config.getini(SCOPE) == FUNCTION:
        started: Exchange = request.getfixturevalue("exchange_factory")()
        return started
    kept: _Kept = request.getfixturevalue("_kept_exchange")
    exchange = kept.give(_options(request))
    _note(request, exchange)
    return exchange


@pytest.fixture
def exchange_in_process(request: pytest.FixtureRequest) -> "Iterator[InProcessExchange]":
    """An empty exchange in this process, without sockets, with a clock that the test moves."""
    from matching_exchange.testing.in_process.exchange import InProcessExchange  # noqa: PLC0415

    with InProcessExchange(**_options(request)) as exchange:
        yield exchange

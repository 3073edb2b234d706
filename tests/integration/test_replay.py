"""Replays over the real sockets of a matcher in its own process."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from matching_exchange.recordings.recording import Cancel, Place, Recording, Reduce, Replace, Step, Take, VenueBest
from matching_exchange.tools.replay.comparison import Comparison
from matching_exchange.tools.replay.driver import Driver
from matching_exchange.tools.replay.exchange import EngineExchange, Exchange, ExchangeError
from matching_exchange.tools.replay.sockets import MAX_UNDER_WAY, SocketExchange
from protocol.client import CommandClient
from protocol.commands import OrdersQuery
from protocol.events import CommandRefused, Depth, OrderPage, Result
from protocol.units import Side

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""How many seconds anything may take before its test fails."""

FLOW = """\
1000 order_created {"price": "101.00", "amount": "2.00000000", "datetime": "1", "id": 21, "order_type": 1}
1001 order_created {"price": "101.00", "amount": "3.00000000", "datetime": "1", "id": 22, "order_type": 1}
1002 order_created {"price": "101.00", "amount": "2.50000000", "datetime": "1", "id": 23, "order_type": 0}
1003 order_deleted {"price": "101.00", "amount": "0.00000000", "datetime": "1", "id": 21, "order_type": 1}
1004 trade {"price": 101.0, "amount": 2, "id": 1}
1005 order_changed {"price": "101.00", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
1006 order_changed {"price": "100.50", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
1007 order_book {"bids": [], "asks": [["100.50", "2.50000000"]]}
1008 order_created {"price": "102.00", "amount": "1.00000000", "datetime": "1", "id": 24, "order_type": 1}
1009 order_deleted {"price": "100.50", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
100000 order_deleted {"price": "102.00", "amount": "1.00000000", "datetime": "1", "id": 999, "order_type": 1}
"""
"""Order 24 is still in the book at its end."""

Report = dict[str, Any]


class RunningMatcher(Struct):
    commands: str
    reports: str
    process: subprocess.Popen[bytes]

    def live_orders(self, symbol: str) -> int:
        with CommandClient(self.commands, self.reports, PATIENCE) as client:
            page = client.query(OrdersQuery(symbol)).result
        return len(page.orders) if isinstance(page, OrderPage) else 0

    def start_replay(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "GATEWAY_COMMANDS": self.commands, "GATEWAY_REPORTS": self.reports}
        command = [sys.executable, "-m", "matching_exchange.tools.replay", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def replay(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        process = self.start_replay(*arguments)
        output, error = process.communicate(timeout=PATIENCE)
        return process.returncode, output, error


@pytest.fixture
def matcher() -> Iterator[RunningMatcher]:
    # The paths of sockets are limited to about a hundred characters: no tmp_path.
    with tempfile.TemporaryDirectory() as directory:
        sockets = {name: f"ipc://{directory}/{name}" for name in ("commands", "market-data", "reports")}
        options = [text for name, socket in sockets.items() for text in (f"--{name}", socket)]
        process = subprocess.Popen(
            [sys.executable, "-m", "matcher", *options, "--data-dir", f"{directory}/data"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        try:
            with CommandClient(sockets["commands"], sockets["reports"], PATIENCE):
                yield RunningMatcher(sockets["commands"], sockets["reports"], process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture
def flow(tmp_path: Path) -> str:
    path = tmp_path / "flow.log"
    path.write_text(FLOW)
    return str(path)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_sockets_give_the_figures_of_the_engine(matcher: RunningMatcher, flow: str) -> None:
    reports: list[Report] = []
    for where in ((), ("--in-process",)):
        status, output, error = matcher.replay("--json", *where, flow)
        assert (status, error) == (0, "")
        reports.append(json.loads(output))
    sockets, engine = reports
    for compared in ("scores", "refused", "commands", "queries", "symbol"):
        assert sockets[compared] == engine[compared]
    reached = {score["name"]: (score["reached"], score["possible"]) for score in sockets["scores"]}
    assert reached == {
        "tape": (1, 1),
        "filled": (1, 1),
        "repriced": (1, 1),
        "cancels": (2, 2),
        "best": (1, 1),
        "quantities": (1, 1),
    }


def test_a_matcher_takes_one_replay_after_the_other(matcher: RunningMatcher, flow: str) -> None:
    assert matcher.replay(flow)[0] == 0
    assert matcher.live_orders("BTC-USD") == 0
    assert matcher.replay("--keep", flow)[0] == 0
    assert matcher.live_orders("BTC-USD") == 1
    status, output, error = matcher.replay(flow)
    assert (status, output) == (2, "")
    assert error == "replay: BTC-USD has orders in this exchange: choose another symbol with --symbol\n"
    assert matcher.replay("--symbol", "BTC-USD-2", flow)[0] == 0
    assert matcher.live_orders("BTC-USD") == 1


def test_a_known_symbol_of_another_kind_is_refused(matcher: RunningMatcher, flow: str) -> None:
    status, _, error = matcher.replay("--symbol", "BTC-USDT", flow)
    assert status == 2
    assert error.startswith("replay: this exchange refuses BTC-USDT")
    assert error.count("\n") == 1


def test_standard_input_is_a_file_like_others(flow: str) -> None:
    command = [sys.executable, "-m", "matching_exchange.tools.replay", "--in-process", "--json"]
    reports: list[Report] = []
    for path, text in ((flow, ""), ("/dev/stdin", FLOW)):
        done = subprocess.run(
            [*command, path], cwd=ROOT, input=text, capture_output=True, text=True, timeout=PATIENCE, check=True
        )
        reports.append(json.loads(done.stdout))
    file, standard_input = reports
    for compared in ("format", "scores", "refused", "commands", "queries", "symbol"):
        assert standard_input[compared] == file[compared]


def test_an_interrupt_clears_the_book(matcher: RunningMatcher, flow: str) -> None:
    process = matcher.start_replay("--speed", "0.1", flow)
    wait_for(lambda: matcher.live_orders("BTC-USD") > 0)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, error) == (130, "")
    assert matcher.live_orders("BTC-USD") == 0


def test_no_matcher_is_an_error(short_path: Path) -> None:
    with pytest.raises(ExchangeError, match=r"no matcher answered within 0\.1 seconds"):
        SocketExchange(f"ipc://{short_path}/c", f"ipc://{short_path}/r", timeout=0.1)


def test_a_matcher_that_goes_away_is_an_error(matcher: RunningMatcher) -> None:
    with closing(SocketExchange(matcher.commands, matcher.reports, timeout=1.0)) as exchange:
        driver = Driver(exchange, random_flow(100), "COIN-USD", "run:", Comparison())
        driver.prepare()
        matcher.process.kill()
        matcher.process.wait(PATIENCE)
        with pytest.raises(ExchangeError, match=matcher.commands):
            driver.run(None, lambda _: None)


# Many under way


class Witness(Comparison):
    """Keeps every answer and every look, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[object, object]] = []

    def answered(self, step: Any, answer: Any) -> None:
        refused = isinstance(answer, CommandRefused)
        self.seen.append((step, answer if refused else [(trade.price, trade.quantity) for trade in answer.trades]))
        super().answered(step, answer)

    def looked(self, step: VenueBest, result: Result) -> None:
        assert isinstance(result, Depth)
        self.seen.append((step, (result.bids, result.asks)))
        super().looked(step, result)


def random_flow(length: int) -> Recording:
    """Orders, changes and looks in no order, much of it nonsense to the engine."""
    dice = random.Random(20_150_501)
    steps: list[Step] = []
    for number in range(length):
        earlier = str(dice.randrange(max(1, number)))
        side = dice.choice([Side.BUY, Side.SELL])
        steps.append(Place(number, str(number), side, dice.randint(90, 110), dice.randint(10, 50)))
        changes: list[Step] = [
            Take(number, side, dice.randint(90, 110), dice.randint(1, 50), earlier),
            Cancel(number, earlier, 5),
            Reduce(number, str(number), 3),
            Replace(number, earlier, dice.randint(90, 110), 7),
        ]
        steps.append(dice.choice(changes))
        steps.append(VenueBest(number, (99, 1), None))
    return Recording("made up", "COIN-USD", "COIN", "USD", 2, 3, 1, 1, steps)


def test_answers_keep_their_order_with_many_under_way(matcher: RunningMatcher) -> None:
    recording = random_flow(4 * MAX_UNDER_WAY)

    def seen_on(exchange: Exchange) -> list[tuple[object, object]]:
        witness = Witness()
        driver = Driver(exchange, recording, "COIN-USD", "run:", witness)
        driver.prepare()
        driver.run(None, lambda _: None)
        return witness.seen

    expected = seen_on(EngineExchange())
    with closing(SocketExchange(matcher.commands, matcher.reports)) as exchange:
        seen = seen_on(exchange)
    assert len(seen) == 3 * 4 * MAX_UNDER_WAY
    assert seen == expected

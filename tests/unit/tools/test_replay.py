"""Recordings of the tests' own making, replayed to an engine in this process, from the command line to the report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matching_exchange.recordings.recording import (
    Cancel,
    Place,
    Recording,
    Reduce,
    Replace,
    Step,
    Take,
    VenueBest,
    VenueFill,
    VenueTrade,
)
from matching_exchange.tools.replay.__main__ import main
from matching_exchange.tools.replay.comparison import Comparison, Score
from matching_exchange.tools.replay.driver import Driver, Effort, clear
from matching_exchange.tools.replay.exchange import EngineExchange, ExchangeError, Subject
from protocol.commands import Command
from protocol.events import Answer
from protocol.units import Side

BITSTAMP = """\
1000 order_changed {"price": "99.00", "amount": "1.00000000", "datetime": "1", "id": 10, "order_type": 0}
1001 order_created {"price": "101.00", "amount": "2.00000000", "datetime": "1", "id": 21, "order_type": 1}
1002 order_created {"price": "101.00", "amount": "3.00000000", "datetime": "1", "id": 22, "order_type": 1}
1003 order_book {"bids": [["99.00", "1.00000000"]], "asks": [["101.00", "5.00000000"]]}
1004 order_created {"price": "101.00", "amount": "2.50000000", "datetime": "1", "id": 23, "order_type": 0}
1005 order_deleted {"price": "101.00", "amount": "0.00000000", "datetime": "1", "id": 21, "order_type": 1}
1006 order_changed {"price": "101.00", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
1007 order_deleted {"price": "101.00", "amount": "0.00000000", "datetime": "1", "id": 23, "order_type": 0}
1008 trade {"price": 101.0, "amount": 2.0000000000000001, "id": 1}
1009 trade {"price": 101.0, "amount": 0.5, "id": 2}
1010 order_changed {"price": "100.50", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
1011 order_book {"bids": [["99.00", "1.00000000"]], "asks": [["100.50", "2.50000000"]]}
1012 order_deleted {"price": "100.50", "amount": "2.50000000", "datetime": "1", "id": 22, "order_type": 1}
1013 order_deleted {"price": "99.00", "amount": "1.00000000", "datetime": "1", "id": 10, "order_type": 0}
1014 order_book {"bids": [], "asks": []}
"""

LOBSTER_MESSAGES = """\
34200.1,5,0,1,10000,1
34200.2,1,77,10,9900,1
34200.3,4,11,3,9900,1
34200.4,3,12,4,9900,1
34200.5,4,77,6,9900,1
34200.6,2,77,1,9900,1
34200.7,3,77,3,9900,1
"""
LOBSTER_ROWS = """\
10100,5,9900,7,10200,6,9800,8
10100,5,9900,17,10200,6,9800,8
10100,5,9900,14,10200,6,9800,8
10100,5,9900,10,10200,6,9800,8
10100,5,9900,4,10200,6,9800,8
10100,5,9900,3,10200,6,9800,8
10100,5,9800,8,10200,6,9700,9
"""

BITSTAMP_SCORES = {
    "tape": (2, 2),
    "filled": (2, 2),
    "repriced": (1, 1),
    "cancels": (2, 2),
    "best": (3, 3),
    "quantities": (3, 3),
}
LOBSTER_SCORES = {
    "tape": (2, 2),
    "filled": (1, 1),
    "cancels": (1, 1),
    "queue": (1, 1),
    "best": (6, 6),
    "quantities": (6, 6),
}

Report = dict[str, Any]
Replay = Callable[..., Report]


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Replay:
    """Runs the tool on a file and reads its report."""

    def run(path: Path, *options: str) -> Report:
        assert main(["--in-process", "--json", *options, str(path)], {}) == 0
        report: Report = json.loads(capsys.readouterr().out)
        return report

    return run


def write_bitstamp(tmp_path: Path, old: str = "", new: str = "") -> Path:
    """The recording, with one passage changed."""
    assert old in BITSTAMP
    path = tmp_path / "flow.log"
    path.write_text(BITSTAMP.replace(old, new, 1) if old else BITSTAMP)
    return path


def write_lobster(tmp_path: Path, old: str = "", new: str = "") -> Path:
    path = tmp_path / "ABC_2012-06-21_34200000_57600000_message_2.csv"
    rows = path.with_name(path.name.replace("message", "orderbook"))
    for file, text in ((path, LOBSTER_MESSAGES), (rows, LOBSTER_ROWS)):
        file.write_text(text.replace(old, new, 1) if old else text)
    return path


def scores(report: Report) -> dict[str, tuple[int, int]]:
    return {score["name"]: (score["reached"], score["possible"]) for score in report["scores"]}


def test_a_bitstamp_recording(tmp_path: Path, replay: Replay) -> None:
    report = replay(write_bitstamp(tmp_path))
    assert scores(report) == BITSTAMP_SCORES
    assert (report["format"], report["symbol"], report["commands"]) == ("bitstamp", "BTC-USD", 9)
    assert report["refused"] == {"Cancel ORDER_NOT_OPEN": 2}


@pytest.mark.parametrize(
    ("old", "new", "name", "reached"),
    [
        ('trade {"price": 101.0, "amount": 0.5', 'trade {"price": 101.0, "amount": 0.4', "tape", 1),
        ('trade {"price": 101.0, "amount": 0.5', 'trade {"price": 101.01, "amount": 0.5', "tape", 1),
        (
            '1006 order_changed {"price": "101.00", "amount": "2.50',
            '1006 order_changed {"price": "101.00", "amount": "2.40',
            "repriced",
            0,
        ),
        (
            '1005 order_deleted {"price": "101.00", "amount": "0.00',
            '1005 order_deleted {"price": "101.00", "amount": "0.10',
            "filled",
            1,
        ),
        (
            '1013 order_deleted {"price": "99.00", "amount": "1.00',
            '1013 order_deleted {"price": "99.00", "amount": "0.90',
            "cancels",
            1,
        ),
        ('[["100.50", "2.5', '[["100.51", "2.5', "best", 2),
        ('[["100.50", "2.5', '[["100.50", "2.4', "quantities", 2),
    ],
)
def test_a_venue_that_did_something_else_lowers_the_score(
    tmp_path: Path, replay: Replay, old: str, new: str, name: str, reached: int
) -> None:
    found = scores(replay(write_bitstamp(tmp_path, old, new)))
    assert found[name] == (reached, BITSTAMP_SCORES[name][1])


def test_a_lobster_recording(tmp_path: Path, replay: Replay) -> None:
    report = replay(write_lobster(tmp_path))
    assert scores(report) == LOBSTER_SCORES
    assert (report["format"], report["symbol"], report["refused"]) == ("lobster", "ABC-USD", {})


@pytest.mark.parametrize(
    ("old", "new", "name", "reached"),
    [
        ("34200.5,4,77,6", "34200.5,4,77,11", "queue", 0),
        ("34200.5,4,77,6", "34200.5,4,77,11", "filled", 0),
        ("34200.7,3,77,3", "34200.7,3,77,2", "cancels", 0),
        ("10100,5,9900,4,", "10100,5,9900,5,", "quantities", 5),
        ("10100,5,9900,10,", "10200,5,9900,10,", "best", 5),
    ],
)
def test_a_lobster_venue_that_did_something_else(
    tmp_path: Path, replay: Replay, old: str, new: str, name: str, reached: int
) -> None:
    found = scores(replay(write_lobster(tmp_path, old, new)))
    assert found[name] == (reached, LOBSTER_SCORES[name][1])


def test_an_order_that_passes_anonymous_volume_is_executed_in_turn(tmp_path: Path, replay: Replay) -> None:
    """Seven that are not known were there before order 77, and the venue executes it first."""
    path = tmp_path / "ABC_2012-06-21_34200000_57600000_message_2.csv"
    path.write_text(
        "34200.1,5,0,1,10000,1\n34200.2,1,77,10,9900,1\n34200.3,4,77,6,9900,1\n34200.4,4,77,4,9900,1\n34200.5,4,12,7,9900,1\n"
    )
    rows = [f"10100,5,9900,{size},10200,6,9800,8\n" for size in (7, 17, 11, 7)]
    path.with_name(path.name.replace("message", "orderbook")).write_text(
        "".join((*rows, "10100,5,9800,8,10200,6,9700,9\n"))
    )
    report = replay(path)
    assert scores(report) == {"tape": (3, 3), "filled": (1, 1), "queue": (2, 2), "best": (4, 4), "quantities": (4, 4)}
    assert report["refused"] == {}


def test_a_stock_below_a_dollar_replays_as_one_above(tmp_path: Path, replay: Replay) -> None:
    """The same day at a hundredth of its prices, with a level that is not there."""
    path = write_lobster(tmp_path)
    path.write_text(LOBSTER_MESSAGES.replace("9900,1", "99,1").replace("10000,1", "100,1"))
    cents = LOBSTER_ROWS.replace("00,", ",").replace("\n", ",9999999999,0,-9999999999,0\n")
    path.with_name(path.name.replace("message", "orderbook")).write_text(cents)
    report = replay(path)
    assert scores(report) == LOBSTER_SCORES
    assert report["refused"] == {}


# The driver


class Clock:
    """A clock that only an exchange's waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class NotingExchange(EngineExchange):
    """Notes the commands, and waits on its own clock."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__()
        self.sent: list[tuple[float, Command]] = []
        self.clock = clock or Clock()

    def send(self, command: Command, receive: Callable[[Subject, Answer], None], subject: Subject) -> None:
        self.sent.append((self.clock.now, command))
        super().send(command, receive, subject)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds


def recording(*steps: Step, price_decimals: int = 2) -> Recording:
    return Recording("made up", "COIN-USD", "COIN", "USD", price_decimals, 3, 1, 1, list(steps))


def drive(
    exchange: NotingExchange, flow: Recording, speed: float | None = None, prefix: str = "run:"
) -> tuple[Effort, list[Score]]:
    comparison = Comparison()
    driver = Driver(exchange, flow, flow.symbol, prefix, comparison, exchange.clock)
    driver.prepare()
    effort = driver.run(speed, lambda _: None)
    return effort, comparison.scores()


BUY, SELL = Side.BUY, Side.SELL
S = 10**9


def test_a_replaced_order_keeps_what_is_left_and_loses_its_place() -> None:
    flow = recording(
        Place(0, "a", SELL, 100, 5),
        Take(0, BUY, 100, 2, "a"),
        Place(0, "b", SELL, 101, 5),
        Replace(0, "a", 101, 3),
        Take(0, BUY, 101, 5, "b"),
        Take(0, BUY, 101, 3, "a"),
        VenueFill("a", 5),
    )
    _, found = drive(NotingExchange(), flow)
    assert {score.name: (score.reached, score.possible) for score in found} == {"queue": (3, 3), "repriced": (1, 1)}


def test_a_reduced_order_keeps_its_place() -> None:
    flow = recording(
        Place(0, "a", SELL, 100, 9),
        Place(0, "b", SELL, 100, 5),
        Reduce(0, "a", 2),
        Reduce(0, "a", 3),
        Take(0, BUY, 100, 4, "a"),
        Take(0, BUY, 100, 5, "b"),
    )
    _, found = drive(NotingExchange(), flow)
    assert {score.name: (score.reached, score.possible) for score in found} == {"queue": (2, 2)}


def test_a_wrong_queue_order_is_noticed() -> None:
    flow = recording(Place(0, "a", SELL, 100, 5), Place(0, "b", SELL, 100, 5), Take(0, BUY, 100, 5, "b"))
    _, found = drive(NotingExchange(), flow)
    assert {score.name: (score.reached, score.possible) for score in found} == {"queue": (0, 1)}


def test_effort_counts_commands_and_queries() -> None:
    flow = recording(
        Place(0, "a", SELL, 100, 5), VenueBest(0, None, (100, 5)), VenueTrade(0, 100, 5), Cancel(0, "a", 5)
    )
    effort, _ = drive(NotingExchange(), flow)
    assert (effort.commands, effort.queries) == (2, 1)


def test_commands_leave_at_the_recorded_speed_times_the_factor() -> None:
    exchange = NotingExchange()
    flow = recording(
        Place(50 * S, "a", SELL, 100, 5),
        Place(50 * S, "b", SELL, 100, 5),
        Cancel(90 * S, "a", 5),
        Cancel(170 * S, "b", 5),
        VenueFill("a", 0),
    )
    effort, _ = drive(exchange, flow, speed=10)
    assert [when for when, _ in exchange.sent[1:]] == [100.0, 100.0, 104.0, 112.0]
    assert effort.seconds == 12.0


def test_as_fast_as_possible_waits_for_nothing() -> None:
    exchange = NotingExchange()
    effort, _ = drive(exchange, recording(Place(50 * S, "a", SELL, 100, 5), Cancel(90 * S, "a", 5)))
    assert effort.seconds == 0.0
    assert effort.commands_per_second == 0


def test_progress_tells_every_step_at_the_end() -> None:
    flow = recording(*(Place(0, str(number), SELL, 100, 5) for number in range(2_500)))
    exchange = NotingExchange()
    driver = Driver(exchange, flow, flow.symbol, "run:", Comparison())
    driver.prepare()
    told: list[int] = []
    driver.run(None, told.append)
    assert told == [0, 1_000, 2_000, 2_500]


def test_a_symbol_with_orders_is_refused_until_they_are_cleared() -> None:
    exchange = NotingExchange()
    flow = recording(Place(0, "a", SELL, 100, 5), VenueBest(0, None, (100, 5)))
    drive(exchange, flow)
    with pytest.raises(
        ExchangeError, match="COIN-USD has orders in this exchange: choose another symbol with --symbol"
    ):
        drive(exchange, flow, prefix="again:")
    clear(exchange, "COIN-USD")
    _, found = drive(exchange, flow, prefix="again:")
    assert [score.reached for score in found] == [1, 1]


def test_a_symbol_with_other_units_is_refused() -> None:
    exchange = NotingExchange()
    drive(exchange, recording(Place(0, "a", SELL, 100, 5), Cancel(0, "a", 5)))
    with pytest.raises(ExchangeError, match=r"refuses COIN-USD .*INSTRUMENT_FIXED"):
        drive(exchange, recording(Place(0, "a", SELL, 100, 5), price_decimals=3))


def test_a_recording_that_no_instrument_can_hold_is_refused() -> None:
    with pytest.raises(ExchangeError, match="no exchange can hold this recording as COIN-USD: max_price"):
        drive(NotingExchange(), recording(Place(0, "a", SELL, 10**14, 5)))
    with pytest.raises(ExchangeError, match="the recording holds no orders"):
        drive(NotingExchange(), recording(VenueTrade(0, 100, 5)))


# The command line


def test_the_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--in-process", "--symbol", "OTHER", str(write_bitstamp(tmp_path))], {}) == 0
    captured = capsys.readouterr()
    rows = [line.split() for line in captured.out.splitlines()]
    assert ["trades", "on", "the", "tape", "tape", "2", "2", "100.00", "%"] in rows
    assert captured.out.startswith("OTHER (bitstamp) replayed to an engine in this process")
    assert "9 commands and 4 queries in " in captured.out
    assert captured.err == ""


def test_a_share_is_never_rounded_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_bitstamp(tmp_path, '[["100.50", "2.5', '[["100.50", "2.4')
    assert main(["--in-process", str(path)], {}) == 0
    assert "66.66 %" in capsys.readouterr().out


@pytest.mark.parametrize(("expected", "status"), [("tape=2", 0), ("tape=3", 1), ("queue=0", 1)])
def test_expectations_decide_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: str, status: int
) -> None:
    path = write_bitstamp(tmp_path)
    assert main(["--in-process", "--expect", "best=3", "--expect", expected, str(path)], {}) == status
    name, _, number = expected.partition("=")
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"replay: {name}: reached ") and line.endswith(f"expected {number}") for line in lines] == [
        True
    ] * status


def test_help_tells_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"], {})
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "more than 20 % of the commands are refused" in text
    assert "bitstamp: Bitstamp event log" in text
    assert "lobster: LOBSTER message and orderbook files" in text

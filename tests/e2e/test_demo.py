"""The demo market as a program beside a running exchange: its life, its pause, its recording, its people."""

import os
import pty
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from matching_exchange.tools.demo.__main__ import main
from matching_exchange.tools.run import demo_arguments, parse
from protocol.events import Trade
from protocol.instrument import format_decimal
from tests.agents_market import AgentsMarket
from tests.e2e.dashboard import chromium, expect, needs_chromium
from tests.e2e.keyed import ADMIN_HEADERS, TOKEN, Closed
from tests.exchange import PATIENCE, Exchange, Json, clean_environment, wait_until
from tests.scripts import Script, is_lively, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DEMO = [sys.executable, "-m", "matching_exchange.tools.demo"]
SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT")

RECORDING = "".join(
    f'{1_430_438_400_000 + number * 1_000} order_created {{"order_type": {number % 2}, "price": "{price}", '
    f'"amount": "1.00000000", "id": {number + 1}}}\n'
    for number, price in enumerate(("100.00", "102.00", "99.00", "103.00", "101.50", "101.50", "98.00", "104.00"))
)
"""Eight orders, one each second; the fifth and the sixth trade with each other."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One whose gateway finds a demo; each test ends the demos that it starts."""
    directory = tmp_path_factory.mktemp("exchange")
    environment = {"MATCHER_DATA_DIR": str(directory / "data")}
    with Exchange(directory, gateway_environment=environment) as running_exchange:
        yield running_exchange


def command(exchange: Exchange, *arguments: str) -> list[str]:
    matcher = exchange.matcher
    endpoints = [f"--commands={matcher.commands}", f"--reports={matcher.reports}", f"--data-dir={matcher.data}"]
    return [*DEMO, *endpoints, *arguments]


@contextmanager
def demo(exchange: Exchange, directory: Path, *arguments: str) -> Iterator[Script]:
    """A demo that trades; at the end it is stopped."""
    with running(command(exchange, *arguments), directory, clean_environment()) as script:
        wait_until(lambda: "demo: trades" in script.text() or script.process.poll() is not None, "a demo that trades")
        assert script.process.poll() is None, script.text()
        yield script


def orders_of_the_demo(exchange: Exchange) -> list[Json]:
    return [each for each in exchange.get("/orders", limit=1000)["orders"] if each["account"].startswith("demo-")]


def sequence(exchange: Exchange) -> int:
    number: int = exchange.get("/health")["sequence"]
    return number


def wait_for_orders(exchange: Exchange) -> None:
    before = sequence(exchange)
    wait_until(lambda: sequence(exchange) > before + 20, "more orders")


def test_it_trades_outlives_the_exchange_and_takes_its_orders_away(exchange: Exchange, tmp_path: Path) -> None:
    mine = exchange.place("BTC-USDT", "limit", "buy", "1", "100")
    with demo(exchange, tmp_path) as script:
        for symbol in SYMBOLS:
            wait_until(lambda symbol=symbol: is_lively(exchange.url, symbol), f"a lively market in {symbol}")  # type: ignore[misc]
        protected = {
            shown["symbol"]: tuple(shown[name] for name in ("price_band_bps", "halt_bps", "halt_window_ms", "halt_ms"))
            for shown in exchange.get("/instruments")["instruments"]
            if shown["symbol"] in SYMBOLS
        }
        assert protected == dict.fromkeys(SYMBOLS, (5_000, 2_000, 10_000, 5_000))
        exchange.gateway.kill()
        exchange.matcher.kill()
        exchange.gateway.start()
        exchange.matcher.start()
        exchange.gateway.wait_until_ready()
        wait_for_orders(exchange)
        wait_until(lambda: exchange.get("/demo")["connected"], "a demo that has found the matcher")
        for symbol in SYMBOLS:
            wait_until(lambda symbol=symbol: is_lively(exchange.url, symbol), f"a lively market in {symbol}")  # type: ignore[misc]
        # It has no quotes twice: ten levels on each side.
        quotes = Counter((order["account"], order["symbol"]) for order in orders_of_the_demo(exchange))
        assert max(quotes.values()) <= 20
        assert script.interrupt() == 0
    assert "Traceback" not in script.text()
    lines = [line for line in script.text().splitlines() if line.startswith("demo: trades")]
    assert set(lines) == {"demo: trades BTC-USDT, ETH-USDT, SOL-USDT"}
    assert orders_of_the_demo(exchange) == []
    assert exchange.get("/orders", account="default")["orders"] == [mine]
    assert exchange.get("/demo")["running"] is False


def test_what_a_killed_demo_has_left_is_canceled_at_the_next_start(exchange: Exchange, tmp_path: Path) -> None:
    with demo(exchange, tmp_path) as script:
        wait_until(lambda: is_lively(exchange.url, "BTC-USDT"), "a lively market")
        script.process.kill()
        script.process.wait(PATIENCE)
    left = {order["order_id"] for order in orders_of_the_demo(exchange)}
    assert left
    with demo(exchange, tmp_path):
        wait_for_orders(exchange)
        assert left.isdisjoint({order["order_id"] for order in orders_of_the_demo(exchange)})


def test_a_paused_demo_sends_nothing_and_its_quotes_stay(exchange: Exchange, tmp_path: Path) -> None:
    with demo(exchange, tmp_path):
        wait_until(lambda: is_lively(exchange.url, "BTC-USDT"), "a lively market")
        assert exchange.post("/admin/demo", {"paused": True, "speed": "2"})["paused"] is True

        def stands_still() -> bool:
            before = sequence(exchange)
            taken = exchange.place("BTC-USDT", "market", "buy", "0.00001", account="stranger")
            assert taken["status"] == "filled"
            return sequence(exchange) == before + 1

        wait_until(stands_still, "a market that stands still")
        assert is_lively(exchange.url, "BTC-USDT")
        told = exchange.get("/demo")
        assert (told["running"], told["paused"], told["speed"], told["source"]) == (True, True, "2", "agents")
        assert told["symbols"] == list(SYMBOLS)
        exchange.post("/admin/demo", {"paused": False})
        wait_for_orders(exchange)


def test_a_second_demo_ends_with_one_line(exchange: Exchange, tmp_path: Path) -> None:
    with demo(exchange, tmp_path):
        done = subprocess.run(
            command(exchange), cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=PATIENCE
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            f"demo: another demo trades beside the exchange of {exchange.matcher.data}: stop it first\n"
        )
        assert exchange.get("/demo")["running"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--speed=0"], "demo: argument --speed: '0': takes a number from 0.1 to 100 with at most 2 decimals"),
        (["--speed=1.234"], "demo: argument --speed: '1.234': takes a number from 0.1 to 100 with at most 2 decimals"),
        (["--seed=-1"], "demo: argument --seed: '-1': takes a whole number from 0 to 1000000000"),
        (["--from", "missing.log"], "demo: --from: missing.log: No such file or directory"),
    ],
)
def test_bad_arguments_end_with_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, {})
    assert ended.value.code == 2
    assert capsys.readouterr() == ("", f"{said}\n")


def test_a_recording_plays_beside_the_agents_and_jumps(exchange: Exchange, tmp_path: Path) -> None:
    file = tmp_path / "market.log"
    file.write_text(RECORDING)
    with demo(exchange, tmp_path, "--speed=20", "--from", str(file)) as script:
        assert "demo: trades BTC-USD, BTC-USDT, ETH-USDT, SOL-USDT\n" in script.text()
        told = exchange.get("/demo")
        assert (told["source"], told["symbols"]) == ("recording", ["BTC-USD", *SYMBOLS])
        assert (told["begin"], told["end"]) == ("2015-05-01T00:00:00.000Z", "2015-05-01T00:00:07.000Z")
        # It has been played to its end more than once.
        wait_until(lambda: len(exchange.get("/trades", symbol="BTC-USD")["trades"]) > 1, "two trades of two rounds")
        wait_until(lambda: is_lively(exchange.url, "BTC-USDT"), "a lively market beside it")
        exchange.post("/admin/demo", {"paused": True, "jump_to": "2015-05-01T00:00:03.500Z"})

        def book() -> list[list[list[str]]]:
            depth = exchange.get("/depth", symbol="BTC-USD")
            return [depth["bids"], depth["asks"]]

        there = [[["100", "1"], ["99", "1"]], [["102", "1"], ["103", "1"]]]
        wait_until(lambda: book() == there, "the book of that time")
        assert exchange.get("/demo")["time"] == "2015-05-01T00:00:03.500Z"
        refused = exchange.http.post("/admin/demo", json={"jump_to": "2016-05-01T00:00:00Z"})
        assert (refused.status_code, refused.json()["field"]) == (422, "jump_to")
        assert script.interrupt() == 0
    assert book() == [[], []]


def test_run_hands_the_demo_what_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = parse(["--demo", "--seed=3", "--speed=0.50", "--from", "one.csv", "/two.csv"])
    assert demo_arguments(options) == ["--seed=3", "--speed=0.5", "--from", str(tmp_path / "one.csv"), "/two.csv"]
    assert demo_arguments(parse(["--demo"])) == ["--seed=1", "--speed=1"]


def test_two_people_have_money_once_and_who_was_there_keeps_his_own(tmp_path: Path) -> None:
    with Exchange(tmp_path) as fresh:
        fresh.place("BTC-USDT", "limit", "buy", "0.1", "100", account="bob")
        with demo(fresh, tmp_path, "--seed=7", "--speed=10") as script:
            wait_until(lambda: "money to trade with" in script.text(), "money")
            assert balances(fresh, "alice") == {"BTC": "2", "ETH": "20", "SOL": "200", "USDT": "100000"}
            assert balances(fresh, "bob") == {}
            # Nobody else trades: the agents do what they do without sockets.
            same = AgentsMarket("7")
            same.run(60)
            expected = {symbol: [shown(trade) for _, trade in told[:20]] for symbol, told in same.trades.items()}
            wait_until(lambda: all(len(tape(fresh, symbol)) == 20 for symbol in SYMBOLS), "twenty trades of each")
            assert {symbol: tape(fresh, symbol) for symbol in SYMBOLS} == expected
        fresh.post("/admin/accounts/alice/withdraw", {"asset": "BTC", "amount": "1", "transfer_id": "out"})
        with demo(fresh, tmp_path):
            wait_for_orders(fresh)
        assert balances(fresh, "alice")["BTC"] == "1"
        assert script.text().count("money to trade with") == 1


def tape(exchange: Exchange, symbol: str) -> list[tuple[str, str]]:
    """Prices and sides of the first trades."""
    told = exchange.get("/trades", symbol=symbol, after=0, limit=20)["trades"]
    return [(trade["price"], trade["aggressor_side"]) for trade in told]


def shown(trade: Trade) -> tuple[str, str]:
    return format_decimal(trade.price, 2), trade.aggressor_side.name.lower()


def balances(exchange: Exchange, account: str) -> dict[str, str]:
    return {each["asset"]: each["free"] for each in exchange.get(f"/accounts/{account}/balances")["balances"]}


def test_keys_are_shown_on_a_terminal_alone(tmp_path: Path) -> None:
    with Closed(tmp_path) as closed:
        environment = clean_environment(
            {
                "GATEWAY_AUTH": "keys",
                "GATEWAY_ADMIN_TOKENS": f"ann:{TOKEN}",
                "GATEWAY_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(closed.gateway.port),
            }
        )
        with running(command(closed), tmp_path, environment) as script:
            wait_until(lambda: "a key of bob" in script.text(), "the command that makes a key")
            assert "demo: a key of alice: scripts/keys create --account alice\n" in script.text()
            assert script.interrupt() == 0
        assert closed.http.get("/admin/keys", headers=ADMIN_HEADERS).json()["keys"] == []
        shown = on_a_terminal(command(closed), environment, "the key of bob: ")
        proof = shown.partition("the key of alice: ")[2].split()[0]
        own = closed.http.get("/key", headers={"Authorization": f"Bearer {proof}"}).json()
        assert (own["account"], own["label"]) == ("alice", "demo")
        # They have keys now: nobody is shown a secret again, and no key is made.
        again = on_a_terminal(command(closed), environment, "a key of bob: ")
        assert "the key of" not in again
        assert len(closed.http.get("/admin/keys", headers=ADMIN_HEADERS).json()["keys"]) == 2


def on_a_terminal(command: list[str], environment: dict[str, str], until: str) -> str:
    """What the program prints on a terminal, up to the end of the line with these words. Then it is stopped."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        text = ""
        while until not in text or not text.partition(until)[2].endswith("\n"):
            text += os.read(ours, 4096).decode()
        return text
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        os.close(ours)


@needs_chromium
def test_the_page_has_a_control_of_it(exchange: Exchange, tmp_path: Path) -> None:
    with chromium() as browser:
        control = opened_control(browser, exchange)
        expect(control.locator("#box")).to_be_hidden()
        file = tmp_path / "market.log"
        file.write_text(RECORDING)
        with demo(exchange, tmp_path, "--from", str(file)):
            # It looks rarely while no demo runs.
            control.evaluate("control.stop(); control.start()")
            pause = control.get_by_role("button", name="Pause", exact=True)
            expect(pause).to_be_visible()
            pause.click()
            expect(control.get_by_role("button", name="Go on")).to_be_visible()
            assert exchange.get("/demo")["paused"] is True
            control.get_by_label("Speed of the demo market").select_option("5")
            wait_until(lambda: exchange.get("/demo")["speed"] == "5", "the speed")
            slider = control.get_by_label("Time of the recording")
            slider.fill("500")
            wait_until(lambda: exchange.get("/demo")["time"] == "2015-05-01T00:00:03.500Z", "the jump")
            expect(control.locator("#box")).to_contain_text("00:00:03")
        expect(control.locator("#box")).to_be_hidden()


def opened_control(browser: "Browser", exchange: Exchange) -> "Page":
    """A page with the control beside something else, from the gateway's own file."""
    page = browser.new_page()
    page.goto(f"{exchange.url}/docs")
    page.evaluate(
        """async () => {
            const { DemoControl } = await import("/static/terminal/market/demo_control.js");
            const box = document.createElement("div");
            box.id = "box";
            document.body.append(box);
            window.control = new DemoControl(box);
            window.control.start();
        }"""
    )
    return page

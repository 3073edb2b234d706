"""Kills the history of an exchange of its own at random moments under load, and its matcher too. Then compares its
tables with those of a follower that was never killed, row by row."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Final

from rich.console import Console

from history.schema.database import TAKES, Database, read_database, sqlite_database
from matcher.storage.journal_reader import JournalReader
from matching_exchange.process.command_line import EXIT_FAILED, end_with_line, run_program
from matching_exchange.tools.arguments import Parser, number
from matching_exchange.tools.history_rows import differences, place_of, rows_of
from matching_exchange.tools.processes import ExchangeError, Process, free_ports
from matching_exchange.tools.tables import plain_table
from protocol.client import CommandClient, MatcherAwayError, OutcomeUnknownError
from protocol.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from protocol.money import Deposit
from protocol.units import OrderType, Side

PROGRAM: Final = "history_soak"

SYMBOLS: Final = ("BTC-USDT", "ETH-USDT")
PRICE: Final = 5_000_000

BATCH: Final = 200
"""Commands that are sent before their answers are read."""

PAUSE: Final = 0.02
"""Seconds between two batches: the history keeps up with them on most machines."""

LONGEST: Final = 2.0
"""Seconds between two kills at most."""

MATCHER_EVERY: Final = 4
CRASH_EVERY: Final = 5
"""Each so many kills the matcher dies too, or the database crashes."""

PATIENCE: Final = 300.0
"""Seconds that the history may take to catch up."""

LOOK: Final = 0.1


class Load:
    """Draws commands from a seed: orders that trade, are canceled and amended, and money that comes in."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.drawn = 0

    def draw(self) -> Command:
        self.drawn += 1
        random = self._random
        account, symbol, kind = f"account-{random.randrange(8)}", random.choice(SYMBOLS), random.random()
        order_id = random.randrange(1, self.drawn + 1)
        if kind < 0.02:
            return Deposit("funded", "USDT", str(random.randrange(1, 10**6)), f"deposit-{self.drawn}")
        if kind < 0.15:
            return CancelOrder(order_id, account)
        if kind < 0.2:
            return AmendOrder(order_id, account, quantity=100_000)
        side = random.choice((Side.BUY, Side.SELL))
        quantity = random.randrange(1, 5) * 100_000
        if kind > 0.9:
            return PlaceOrder(symbol, account, side, OrderType.MARKET, quantity, None)
        return PlaceOrder(symbol, account, side, OrderType.LIMIT, quantity, PRICE + random.randrange(-10, 11) * 100)


class Soak:
    """The processes, below a directory. `database` is a URL; empty for the file in the data directory."""

    def __init__(self, directory: Path, seed: int, database: str) -> None:
        commands, market_data, reports = (f"tcp://127.0.0.1:{port}" for port in free_ports(3))
        self.directory = directory
        self.data = directory / "data"
        self.database = read_database(database) if database else self._own(self.data)
        self._endpoints = (commands, reports)
        self._load = Load(seed)
        self._random = Random(f"{seed} kills")
        arguments = [f"--commands={commands}", f"--market-data={market_data}", f"--reports={reports}"]
        options = ["--keep-journal=all", "--snapshot-every=5000", "--log-level=warning"]
        data = f"--data-dir={self.data}"
        self.matcher = Process("matcher", [*arguments, data, *options], {}, directory / "matcher.log")
        self.history = self._history(self.data, database)

    def _own(self, data: Path) -> Database:
        return sqlite_database(data / "history" / "history.sqlite")

    def _history(self, data: Path, database: str) -> Process:
        settings = {"HISTORY_DATABASE": database} if database else {}
        log = self.directory / f"history-of-{data.name}.log"
        return Process("history", [f"--data-dir={data}", "--log-level=warning"], settings, log)

    def kill_often(self, kills: int, crash: Sequence[str], tell: Callable[[int], None]) -> int:
        """Returns how often the matcher was killed."""
        over = Event()
        self.matcher.start()
        self.history.start()
        loading = Thread(target=self._send, args=(over,), daemon=True)
        loading.start()
        matchers = 0
        for kill in range(1, kills + 1):
            time.sleep(self._random.uniform(0, LONGEST))
            self.history.kill(with_children=True)
            if kill % MATCHER_EVERY == 0:
                matchers += 1
                self.matcher.kill(with_children=True)
                self.matcher.start()
            if crash and kill % CRASH_EVERY == 0:
                subprocess.run(crash, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603
            self.history.start()
            tell(kill)
        over.set()
        loading.join()
        self._stop_matcher()
        return matchers

    def _stop_matcher(self) -> None:
        """Stop it cleanly, once it has started: before that, a signal ends it at once."""
        deadline = time.monotonic() + PATIENCE
        while True:
            _ = self.matcher.running
            try:
                with CommandClient(*self._endpoints, 5.0):
                    break
            except MatcherAwayError:
                if time.monotonic() > deadline:
                    raise
        self.matcher.stop()

    def _send(self, over: Event) -> None:
        """Send commands until it is over, whoever is away meanwhile."""
        while not over.is_set():
            with suppress(MatcherAwayError, OutcomeUnknownError), CommandClient(*self._endpoints, 5.0) as client:
                while not over.is_set():
                    client.send([self._load.draw() for _ in range(BATCH)])
                    for _ in range(BATCH):
                        client.receive()
                    over.wait(PAUSE)

    def catch_up(self, history: Process, database: Database) -> int:
        """Wait until the tables reach the end of the journal, and stop the history. Returns that end."""
        head = JournalReader(self.data / "journal").head()
        deadline = time.monotonic() + PATIENCE
        while (place := place_of(database)) < head:
            _ = history.running
            if time.monotonic() > deadline:
                raise ExchangeError(
                    f"the history is at sequence {place} of {head} after {PATIENCE:g} seconds:\n{history.log_end()}"
                )
            time.sleep(LOOK)
        history.stop()
        return head

    def fresh(self) -> Database:
        """The tables of a follower that reads the same journal from its first record, and is left alone."""
        data = self.directory / "fresh"
        shutil.copytree(self.data / "journal", data / "journal")
        history = self._history(data, "")
        try:
            history.start()
            self.catch_up(history, self._own(data))
        finally:
            history.close()
        return self._own(data)

    def close(self) -> None:
        self.history.close()
        self.matcher.close()


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit status: 0 if no row differs."""
    parser = Parser(
        PROGRAM,
        "Kill the history of an exchange of its own at random moments under load, its matcher at each fourth of them, "
        "and compare the tables with those of a follower that was never killed, row by row.",
        f"HISTORY_DATABASE: where the killed history has its tables, which must not be there yet; {TAKES}. Without it, "
        "a file of SQLite.",
    )
    parser.add_argument("--kills", type=number(1), default=100, metavar="N", help="kills (default: 100)")
    parser.add_argument("--seed", type=number(0), default=1, metavar="N", help="of the load and the kills (default: 1)")
    parser.add_argument(
        "--crash", default="", metavar="COMMAND", help="crashes the database and starts it again, at each fifth kill"
    )
    options = parser.parse_args(arguments)
    url = environment.get("HISTORY_DATABASE", "")
    if url:
        try:
            database = read_database(url)
        except ValueError as error:
            end_with_line(PROGRAM, f"HISTORY_DATABASE: {error}")
        if place_of(database) >= 0:
            end_with_line(PROGRAM, f"HISTORY_DATABASE: {database.name} holds tables already", EXIT_FAILED)
    directory = Path(tempfile.mkdtemp(prefix="history-soak-"))
    soak = Soak(directory, options.seed, url)
    console = Console(soft_wrap=True)
    try:
        differing = run(soak, options.kills, shlex.split(options.crash), console)
    except ExchangeError as error:
        end_with_line(PROGRAM, f"{error}\n(all of it is in {directory})", EXIT_FAILED)
    finally:
        soak.close()
    if differing:
        console.print(f"All of it is in {directory}.")
        return EXIT_FAILED
    shutil.rmtree(directory)
    return 0


def run(soak: Soak, kills: int, crash: Sequence[str], console: Console) -> int:
    """Returns how many rows differ."""
    with console.status("killing ...") as status:
        matchers = soak.kill_often(kills, crash, lambda kill: status.update(f"{kill} of {kills} kills"))
        status.update("catching up ...")
        commands = soak.catch_up(soak.history, soak.database)
        status.update("a fresh follower reads all of it ...")
        fresh = rows_of(soak.fresh())
        found = differences(rows_of(soak.database), fresh)
    crashes = kills // CRASH_EVERY if crash else 0
    title = f"{kills} kills of the history, {matchers} of the matcher, {crashes} of the database; {commands} commands"
    table = plain_table(title, ["table"], ["rows", "differences"])
    for name, count in found.items():
        table.add_row(name, f"{len(fresh[name]):,}", str(count))
    table.add_row("all", f"{sum(map(len, fresh.values())):,}", str(sum(found.values())))
    console.print(table)
    return sum(found.values())


if __name__ == "__main__":
    run_program(PROGRAM, lambda: main(sys.argv[1:], os.environ))

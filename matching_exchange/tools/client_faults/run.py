"""One run: bots trade through the dialect while the exchange is killed; then everything is compared."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Final

import msgspec
from msgspec import Struct

from matching_exchange.tools.client_faults.api import Call, Rest, Signer, make_key
from matching_exchange.tools.client_faults.books import Book, depth, sides_of
from matching_exchange.tools.client_faults.bots import Bot
from matching_exchange.tools.client_faults.checks import Checks
from matching_exchange.tools.client_faults.drawing import SYMBOLS
from matching_exchange.tools.client_faults.ears import Ears
from matching_exchange.tools.client_faults.evidence import Account, Evidence, Listed, Unknown, plain
from matching_exchange.tools.client_faults.report import Outcomes, Report
from matching_exchange.tools.client_faults.truth import Truth
from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.torture.clients import Connection
from matching_exchange.tools.torture.exchange import LOOK_SECONDS, Exchange
from matching_exchange.tools.torture.killer import Killer
from matching_exchange.tools.torture.listings import get, pages
from matching_exchange.tools.torture.replay import replay
from matching_exchange.tools.torture.report import recoveries

EVIDENCE_FILE: Final = "evidence.json"

DEPOSITS: Final = {"USDT": "100000000000", "BTC": "1000000", "ETH": "1000000"}

DEADLINE: Final = 500
"""Milliseconds of GATEWAY_DEADLINE: with it a matcher that is away for two seconds leaves outcomes unknown."""

SETTLE_CALLS: Final = 300
"""Calls that bots have answered after the last recovery."""

SETTLE_SECONDS: Final = 60.0

BOOKS: Final = "local books that differ from the depth"
LATE: Final = "a stream that stays behind"


class Plan(Struct, frozen=True):
    """The size of a run.

    calm: the longest time between a recovery and the next kill, in seconds.
    pause: about how long a bot waits between two calls, in seconds."""

    kills: int
    seed: int
    clients: int = 4
    workers: int = 1
    calm: float = 2.0
    pause: float = 0.02


class Client:
    """One account: its bot, and the ears that hear it."""

    def __init__(self, account: str, port: int, plan: Plan) -> None:
        self.account = account
        self.signer = make_key(port, account, DEPOSITS)
        self.bot = Bot(account, port, self.signer, plan.seed, plan.pause)
        self.ears = Ears(account, port, self.signer, plan.seed)


def client_faults(plan: Plan, directory: Path, progress: Callable[[int, int], None]) -> Report:
    """Carry out the plan in the directory. `progress` gets the numbers of kills and of answered calls. Raises
    ExchangeError if a process does not come back, UnansweredError if a bot gets no answer."""
    started = time.monotonic()
    flags = [f"--key-file={directory / 'server.key'}", "--binance-listen-keys=on", f"--deadline={DEADLINE}"]
    with Exchange(directory, plan.workers, "always", 500, flags) as exchange:
        exchange.wait_until_ready()
        clients = [Client(f"bot-{number}", exchange.port, plan) for number in range(1, plan.clients + 1)]
        books = [Book(symbol, exchange.port) for symbol in SYMBOLS]
        killer = Killer(exchange, plan.seed, plan.calm)
        evidence = gather(plan, exchange, killer, clients, books, progress)
        exchange.stop()
    (directory / EVIDENCE_FILE).write_bytes(msgspec.json.encode(evidence))
    truth = Truth({client.account for client in clients})
    replay(exchange.data, truth.watch)
    checks = Checks(evidence, truth)
    return Report(
        plan.seed,
        plan.clients,
        plan.workers,
        round(time.monotonic() - started, 1),
        recoveries(killer.kills),
        answered(clients),
        len(evidence.sent),
        sum(len(placed) for placed in truth.placed.values()),
        truth.trades,
        truth.commands,
        sum(client.bot.again for client in clients),
        outcomes(evidence.unknown),
        len(truth.changes),
        sum(len(connection) for heard in evidence.heard for connection in heard.connections),
        checks.found_by_look_ups,
        sum(len(heard.connections) for heard in evidence.heard),
        sum(heard.look_ups for heard in evidence.heard),
        sum(book.syncs for book in books),
        sum(book.events for book in books),
        checks.promises(),
    )


def gather(
    plan: Plan,
    exchange: Exchange,
    killer: Killer,
    clients: Sequence[Client],
    books: Sequence[Book],
    progress: Callable[[int, int], None],
) -> Evidence:
    """Let clients trade and hear while the killer works. Returns all that they were told, and the survivor's lists."""
    stop, give_up = Event(), Event()
    faults: list[tuple[str, str]] = []
    with ThreadPoolExecutor(2 * len(clients) + len(books)) as threads:
        hearing = [threads.submit(client.ears.run, give_up) for client in clients]
        keeping = [threads.submit(book.run, give_up) for book in books]
        trading = [threads.submit(client.bot.run, stop) for client in clients]
        try:
            killer.run(plan.kills, lambda kills: progress(kills, answered(clients)))
            settle(clients)
            stop.set()
            for each in trading:
                each.result()
            faults += farewells(clients)
            faults += compare_books(exchange.port, books)
            accounts = [ask_account(exchange.port, client.account, client.signer) for client in clients]
            faults += compare_positions(clients, accounts)
        finally:
            stop.set()
            give_up.set()
        for each in [*hearing, *keeping]:
            each.result()
    for client in clients:
        faults += [*client.bot.faults, *client.ears.faults]
    for book in books:
        faults += book.faults
    return Evidence(
        [sent for client in clients for sent in client.bot.sent],
        [renamed for client in clients for renamed in client.bot.renamed],
        [unknown for client in clients for unknown in client.bot.unknown],
        [look for client in clients for look in client.bot.looks],
        [client.ears.heard for client in clients],
        accounts,
        faults,
    )


def answered(clients: Sequence[Client]) -> int:
    return sum(client.bot.answered for client in clients)


def settle(clients: Sequence[Client]) -> None:
    """Let bots trade after the last recovery. ExchangeError where they do not."""
    goal, deadline = answered(clients) + SETTLE_CALLS, time.monotonic() + SETTLE_SECONDS
    while answered(clients) < goal:
        if time.monotonic() > deadline:
            raise ExchangeError(f"after the last recovery, {SETTLE_CALLS} calls took over {SETTLE_SECONDS:g} seconds")
        time.sleep(LOOK_SECONDS)


def farewells(clients: Sequence[Client]) -> list[tuple[str, str]]:
    """A last order of each bot, once all have stopped; its ears must hear how it ends. Returns faults."""
    faults = []
    deadline = time.monotonic() + SETTLE_SECONDS
    last = {client.account: client.bot.farewell(SYMBOLS[0]) for client in clients}
    for client in clients:
        client.bot.close()
        while not client.ears.knows_end_of(last[client.account]):
            if time.monotonic() > deadline:
                faults.append((LATE, f"{client.account} has not heard of order {last[client.account]}"))
                break
            time.sleep(LOOK_SECONDS)
    return faults


def compare_books(port: int, books: Sequence[Book]) -> list[tuple[str, str]]:
    """Each local book must become the depth of the end. Returns faults."""
    faults = []
    deadline = time.monotonic() + SETTLE_SECONDS
    for book in books:
        while (found := depth(port, book.symbol)) is None or sides_of(found) != book.sides():
            if time.monotonic() > deadline:
                faults.append((BOOKS, f"{book.symbol}: {book.sides()}, the depth is {found}"))
                break
            time.sleep(LOOK_SECONDS)
    return faults


def compare_positions(clients: Sequence[Client], accounts: Sequence[Account]) -> list[tuple[str, str]]:
    """What each stream tells last of an asset must become the account's balance. Returns faults."""
    faults = []
    deadline = time.monotonic() + SETTLE_SECONDS
    for client, account in zip(clients, accounts, strict=True):
        while not client.ears.heard.positions.items() <= account.balances.items():
            if time.monotonic() > deadline:
                faults.append((LATE, f"{client.account} was told {client.ears.heard.positions}: {account.balances}"))
                break
            time.sleep(LOOK_SECONDS)
    return faults


def ask_account(port: int, account: str, signer: Signer) -> Account:
    """What the survivor says of the account, in both dialects."""
    with closing(Rest(port, signer, _never)) as rest, closing(Connection(port)) as connection:
        held = rest.call(Call("GET", "account", "", {})).said["balances"]
        natively = get(connection, f"/accounts/{account}/balances")["balances"]
        orders = [order for status in ("open", "done") for order in pages(connection, account, status)]
    return Account(
        account,
        DEPOSITS,
        [
            Listed(int(order["order_id"]), order["client_order_id"], order["filled_quantity"])
            for order in orders
            if order["status"] != "rejected"
        ],
        {each["asset"]: (plain(each["free"]), plain(each["locked"])) for each in held},
        {each["asset"]: (plain(each["free"]), plain(each["locked"])) for each in natively},
    )


def _never(what: str) -> None:
    raise ExchangeError(what)


def outcomes(unknown: Sequence[Unknown]) -> list[Outcomes]:
    """By kind of call, and all together."""
    rows = []
    for kind in [*sorted({each.kind for each in unknown}), None]:
        those = [each for each in unknown if kind in (None, each.kind)]
        how, found = Counter(each.how for each in those), Counter(each.found for each in those)
        counts = how["timeout"], how["cut"], found["placed"], found["absent"], found["changed"], found["unchanged"]
        rows.append(Outcomes(kind or "all", *counts, found[None]))
    return rows

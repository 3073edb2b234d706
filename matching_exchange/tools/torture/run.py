"""One run: start the exchange, let clients trade while it is killed, ask the survivor, stop it, and check."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from threading import Event
from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from matcher.core.digest import digest
from matcher.state import State
from matching_exchange.tools.processes import ExchangeError
from matching_exchange.tools.torture.checks import Checks
from matching_exchange.tools.torture.clients import Client, Connection, decode
from matching_exchange.tools.torture.evidence import MOVES, PLACES, Evidence, Told
from matching_exchange.tools.torture.exchange import LOOK_SECONDS, Exchange, Struck
from matching_exchange.tools.torture.follower import Follower
from matching_exchange.tools.torture.killer import Killer
from matching_exchange.tools.torture.listings import PAGE, get, list_money, list_orders, pages
from matching_exchange.tools.torture.money_check import BALANCES, DOUBLED, LOST, SUMS
from matching_exchange.tools.torture.promises import Promise
from matching_exchange.tools.torture.replay import recover_from_snapshots, replay
from matching_exchange.tools.torture.report import Report, Transfers, recoveries
from matching_exchange.tools.torture.subscriber import read_trades
from protocol.client import CommandClient, MatcherAwayError
from protocol.commands import AccountUpdatesQuery, DigestQuery, InstrumentsQuery, Query, SetInstrument
from protocol.events import AccountUpdates, Digest, InstrumentList

EVIDENCE_FILE: Final = "evidence.json"

ANSWER_SECONDS: Final = 60.0
"""How long the matcher may take for an answer in the end: a digest of many orders."""

QUIET_SECONDS: Final = 30.0
"""How long it may take, after the clients have gone, until nothing falls due any more."""

STREAM_SECONDS: Final = 30.0
"""How long the follower may take until it knows what has happened."""

SWITCHED: Final = "switched"
"""The account of one more client, which is suspended and resumed."""

FUNDED: Final = 2
"""Each account of this number has money, the first one among them. The others trade without limit."""

PROTECTION: Final = {
    "ETH-USDT": {"price_band_bps": 5},
    "SOL-USDT": {"halt_bps": 8, "halt_window_ms": 1_000, "halt_ms": 200},
}
"""Settings that the drawn prices meet now and then. BTC-USDT has none of them."""

SETTLE_COMMANDS: Final = 2_000
"""The most commands that clients send after the last recovery."""

SETTLE_SECONDS: Final = 60.0


Kind = TypeVar("Kind")


class Strikes(Protocol):
    """What is done to an exchange while clients trade."""

    def run(self, count: int, progress: Callable[[int], None]) -> None: ...


class Plan(Struct, frozen=True):
    """The size of a run.

    calm: the longest time between a recovery and the next kill, in seconds.
    pause: about how long a client waits between two requests, in seconds.
    sync: the matcher's setting.
    snapshot_every: commands between two snapshots."""

    kills: int
    seed: int
    clients: int = 8
    workers: int = 1
    sync: str = "always"
    snapshot_every: int = 500
    calm: float = 1.0
    pause: float = 0.0


def torture(plan: Plan, directory: Path, progress: Callable[[int, int], None]) -> Report:
    """Carry out the plan in the directory. `progress` gets the numbers of kills and of answered commands. Raises
    ExchangeError if a process does not come back, UnansweredError if a client gets no answer. Raises JournalError if
    the journal cannot be read."""
    started = time.monotonic()
    with Exchange(directory, plan.workers, plan.sync, plan.snapshot_every) as exchange:
        killer = Killer(exchange, plan.seed, plan.calm)
        evidence = gather(plan, exchange, killer, progress)
        exchange.stop()
    (directory / EVIDENCE_FILE).write_bytes(msgspec.json.encode(evidence))
    checks = Checks(evidence)
    state = replay(exchange.data, checks.watch)
    digests, same_state = compare_states(evidence.digest, state, recover_from_snapshots(exchange.data))
    promises = checks.promises()
    unknown = [told for told in evidence.told if told.unknown]
    calls = Counter((told.key.account, told.invoked) for told in evidence.told)
    messages = Counter(
        decode(text.encode())["type"] for connection in evidence.stream.connections for text in connection
    )
    return Report(
        plan.seed,
        plan.sync,
        plan.clients,
        plan.workers,
        round(time.monotonic() - started, 1),
        recoveries(killer.kills),
        len(evidence.told),
        dict(Counter(told.key.kind for told in evidence.told)),
        sum(calls[told.key.account, told.invoked] > 1 for told in evidence.told),
        sum(1 for told in evidence.told if told.unknown or told.refused),
        len(unknown),
        sum(1 for told in unknown if is_duplicate(told)),
        evidence.look_ups,
        checks.commands,
        checks.trades,
        len(evidence.published),
        len(evidence.stream.connections),
        messages["resumed"],
        messages["update"],
        exchange.matcher.log.read_text().count('"snapshot written"'),
        sum(1 for kill in killer.kills if kill.half_written),
        dict(sorted(checks.happened.items())),
        [*promises, same_state],
        digests,
        count_transfers(evidence.told, promises),
    )


def gather(plan: Plan, exchange: Struck, killer: Strikes, progress: Callable[[int, int], None]) -> Evidence:
    """Run clients, subscribers and a follower of the first client while the killer works. Returns all their
    answers, and the survivor's own lists."""
    stop, give_up = Event(), Event()
    accounts = [*(f"client-{number}" for number in range(1, plan.clients + 1)), SWITCHED]
    funded = accounts[:-1:FUNDED]
    clients = [
        Client(
            account,
            plan.seed,
            Connection(exchange.port),
            plan.pause,
            give_up,
            switching=account == SWITCHED,
            peers=[other for other in funded if other != account] if account in funded else None,
        )
        for account in accounts
    ]
    exchange.wait_until_ready()
    protect(exchange)
    follower = Follower(accounts[0], exchange.port, plan.seed)
    published = exchange.published
    with ThreadPoolExecutor(len(clients) + len(published) + 1) as threads:
        reading = [threads.submit(read_trades, endpoint, give_up) for endpoint in published]
        following = threads.submit(follower.run, give_up)
        running = [threads.submit(client.run, stop) for client in clients]
        try:
            killer.run(plan.kills, lambda kills: progress(kills, answered(clients)))
            settle(plan, exchange, clients)
            stop.set()
            for each in running:
                each.result()
            with closing(Connection(exchange.port)) as connection:
                wait_until_quiet(connection, accounts)
                compare_stream(exchange, connection, follower)
                listings = [list_orders(connection, account) for account in accounts]
                money = list_money(connection, accounts)
            live = ask_digest(exchange)
        finally:
            stop.set()
            give_up.set()
        following.result()
    return Evidence(
        [told for client in clients for told in client.told],
        sum(client.look_ups for client in clients),
        [fault for client in clients for fault in client.look_up_faults],
        listings,
        [trade for reader in reading for trade in reader.result()],
        follower.evidence,
        money,
        live,
    )


def protect(exchange: Struck) -> None:
    """Let two instruments protect their prices."""
    known = ask(exchange, InstrumentsQuery(), InstrumentList).instruments
    try:
        with CommandClient(exchange.commands, exchange.reports, ANSWER_SECONDS) as client:
            for each in known:
                command = SetInstrument(each.symbol, each.price_decimals, each.quantity_decimals)
                if each.symbol in PROTECTION:
                    client.command(structs.replace(command, **PROTECTION[each.symbol]))
    except MatcherAwayError as error:
        raise ExchangeError(f"the matcher does not take the instruments' protection: {error}") from error


def settle(plan: Plan, exchange: Struck, clients: list[Client]) -> None:
    """Let clients trade after the last recovery until one more snapshot is due, and wait for it. Raises
    ExchangeError if none comes."""
    commands = min(plan.snapshot_every, SETTLE_COMMANDS)
    goal = answered(clients) + commands
    deadline = time.monotonic() + SETTLE_SECONDS
    while answered(clients) < goal or not (exchange.snapshots() or plan.snapshot_every > SETTLE_COMMANDS):
        if time.monotonic() > deadline:
            raise ExchangeError(
                f"after the last recovery, {commands} commands and a snapshot did not come in {SETTLE_SECONDS:g} "
                "seconds"
            )
        time.sleep(LOOK_SECONDS)


def answered(clients: list[Client]) -> int:
    return sum(len(client.told) for client in clients)


def is_duplicate(told: Told) -> bool:
    """Whether the answer is that to an order or OCO that had been placed before."""
    return told.key.kind in PLACES and told.status == HTTPStatus.OK and b'"duplicate":true' in told.body


def count_transfers(told: list[Told], promises: list[Promise]) -> Transfers:
    """The run's transfers, and what the promises say of them."""
    answers = [each for each in told if each.key.kind in MOVES and each.status == HTTPStatus.OK]
    broken = {promise.name: promise.broken for promise in promises}
    return Transfers(
        len({(each.key.account, each.key.name) for each in answers}),
        sum(b'"duplicate":true' in each.body for each in answers),
        broken[LOST],
        broken[DOUBLED],
        not (broken[BALANCES] or broken[SUMS]),
    )


def wait_until_quiet(connection: Connection, accounts: list[str]) -> None:
    """Wait until no order expires and no halt ends any more: the clients have gone, and their timers are off."""
    deadline = time.monotonic() + QUIET_SECONDS
    while any("expire_time" in order for account in accounts for order in pages(connection, account, "open")) or any(
        instrument["halted_until"] for instrument in get(connection, "/instruments")["instruments"]
    ):
        if time.monotonic() > deadline:
            raise ExchangeError(
                f"{QUIET_SECONDS:g} seconds after the last order came, an order should have expired, or a halt ended"
            )
        time.sleep(LOOK_SECONDS)


def compare_stream(exchange: Struck, connection: Connection, follower: Follower) -> None:
    """What the follower knows in the end must be what the exchange says when it is asked."""
    evidence, deadline = follower.evidence, time.monotonic() + STREAM_SECONDS
    position, orders, fills = follower.view()
    while position is None or ask(exchange, AccountUpdatesQuery(evidence.account, position), AccountUpdates).updates:
        if time.monotonic() > deadline:
            evidence.faults.append(f"the follower stays at sequence {position}")
            return
        time.sleep(LOOK_SECONDS)
        position, orders, fills = follower.view()
    listed = list(pages(connection, evidence.account, "open"))
    if orders != listed:
        evidence.faults.append(f"the open orders are {listed}, the follower knows {orders}")
    last = get(connection, f"/fills?account={evidence.account}&limit={PAGE}")["fills"]
    both = min(len(last), len(fills))
    if last[len(last) - both :] != fills[len(fills) - both :]:
        evidence.faults.append(f"the last fills are {last}, the follower knows {fills}")
    found = get(connection, f"/accounts/{evidence.account}/balances")
    known = [follower.balances.get(each["asset"], {**each, "free": "0", "locked": "0"}) for each in found["balances"]]
    if (found["ledger"], found["balances"]) != (follower.ledger, known):
        evidence.faults.append(f"the balances are {found}, the follower knows {follower.balances}")


def ask_digest(exchange: Struck) -> str:
    """The digest of the living exchange."""
    return ask(exchange, DigestQuery(), Digest).digest


def ask(exchange: Struck, query: Query, kind: type[Kind]) -> Kind:
    """What the living matcher answers."""
    try:
        with CommandClient(exchange.commands, exchange.reports, ANSWER_SECONDS) as client:
            result = client.query(query).result
    except MatcherAwayError as error:
        raise ExchangeError(f"the matcher does not answer {query}: {error}") from error
    if not isinstance(result, kind):
        raise ExchangeError(f"the matcher answers {query} with {result}")
    return result


def compare_states(live: str, replayed: State, recovered: list[tuple[str, State]]) -> tuple[dict[str, str], Promise]:
    """The digests by their source, and whether all ways lead to the same state. A start from a snapshot must also
    restore the sessions and the accounts' streams."""
    digests = {"live": live, "replay from the first record": digest(replayed.engine.registry)}
    promise = Promise("unequal states")
    for name, state in recovered:
        digests[f"{name} and tail"] = digest(state.registry)
        # Without a command after the snapshot, its clock was ahead.
        if state.sequence != replayed.sequence or state.time < replayed.time:
            ends = f"sequence {state.sequence} at {state.time}, the replay with {replayed.sequence} at {replayed.time}"
            promise.breach(f"{name} and tail: ends with {ends}")
        if list(state.sessions.known()) != list(replayed.sessions.known()):
            promise.breach(f"{name} and tail: the sessions are not those of the replay")
        if [list(part) for part in state.streams.known()] != [list(part) for part in replayed.streams.known()]:
            promise.breach(f"{name} and tail: the accounts' streams are not those of the replay")
    for name, other in digests.items():
        if other != live:
            promise.breach(f"{name}: {other}, live: {live}")
    return digests, promise

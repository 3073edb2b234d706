"""Compares what clients were told with what really happened."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from matching_exchange.tools.client_faults.evidence import FINAL, Account, Evidence, Heard, OwnTrade, Report
from matching_exchange.tools.client_faults.truth import Change, Truth
from matching_exchange.tools.torture.promises import Promise

LOST: Final = "lost orders"
DOUBLED: Final = "doubled orders"
TAKEN_AFTER_ALL: Final = "taken, though a refusal or a look-up said otherwise"
UNRESOLVED: Final = "unknown outcomes that no look-up resolves"
LOOKS: Final = "look-ups that do not agree with the journal"
TWICE: Final = "changes seen twice"
INVENTED: Final = "changes told that never happened"
HOLES: Final = "changes missing in the middle of a connection"
UNSEEN: Final = "changes that neither stream nor look-ups show"
LISTED: Final = "native orders that do not agree with the journal"
BALANCES: Final = "balances that do not agree with deposits and trades"
CLIENTS: Final = "faults that clients found themselves"

NAMES: Final = (
    LOST,
    DOUBLED,
    TAKEN_AFTER_ALL,
    UNRESOLVED,
    LOOKS,
    TWICE,
    INVENTED,
    HOLES,
    UNSEEN,
    LISTED,
    BALANCES,
    CLIENTS,
)

PLACES: Final = 8
"""Of the decimals that are compared: no symbol of the run has more."""


class Checks:
    """`promises` says which were kept. found_by_look_ups: changes that no stream told."""

    def __init__(self, evidence: Evidence, truth: Truth) -> None:
        self._evidence = evidence
        self._truth = truth
        self._states = truth.states()
        self._promises = {name: Promise(name) for name in NAMES}
        self.found_by_look_ups = 0
        for name, case in evidence.faults:
            self._breach(CLIENTS, f"{name}: {case}")
        self._check_orders()
        self._check_unknown()
        self._check_looks()
        for heard in evidence.heard:
            self._check_heard(heard)
        for account in evidence.accounts:
            self._check_account(account)

    def promises(self) -> list[Promise]:
        return list(self._promises.values())

    def _breach(self, name: str, case: str) -> None:
        self._promises[name].breach(case)

    def _check_orders(self) -> None:
        """Each order that a client knows is there once, and none that it does not know."""
        for sent in self._evidence.sent:
            placed = self._truth.placed.get((sent.account, sent.name), [])
            if len(placed) > 1:
                self._breach(DOUBLED, f"{sent.name}: {placed}")
            elif sent.order_id is None and placed:
                self._breach(TAKEN_AFTER_ALL, f"{sent.name}: order {placed[0]}")
            elif sent.order_id is not None and placed != [sent.order_id]:
                self._breach(LOST, f"{sent.name}: order {sent.order_id}, in the journal {placed}")
        for renamed in self._evidence.renamed:
            times = self._truth.renamed[renamed.account, renamed.name]
            if times > 1:
                self._breach(DOUBLED, f"the amend to {renamed.name}: {times} times")
            elif times < renamed.taken:
                self._breach(LOST, f"the amend to {renamed.name}")
            elif times > renamed.taken:
                self._breach(TAKEN_AFTER_ALL, f"the amend to {renamed.name}")

    def _check_unknown(self) -> None:
        for unknown in self._evidence.unknown:
            if unknown.found is None:
                self._breach(UNRESOLVED, f"{unknown.kind} of {unknown.name}, {unknown.how}")

    def _check_looks(self) -> None:
        """An order that a look-up showed as done is so; any other one was filled no further then."""
        for look in [
            *self._evidence.looks,
            *(look for heard in self._evidence.heard for look in heard.orders.values()),
        ]:
            state = self._states.get(look.order_id)
            executed = _units(look.executed)
            if (
                state is None
                or executed > state.filled
                or (look.status in FINAL and (look.status, executed) != (state.status, state.filled))
            ):
                self._breach(LOOKS, f"{look}, in the journal {state}")

    def _check_heard(self, heard: Heard) -> None:
        """Every change of the account was told once by its streams, or is shown by a look-up, and nothing else is."""
        changes = [change for change in self._truth.changes if change.account == heard.account]
        told, numbers = Counter[Change](), set[int]()
        for connection in heard.connections:
            for report in connection:
                if report.number in numbers:
                    self._breach(TWICE, f"{heard.account}: {report}")
                    continue
                numbers.add(report.number)
                told[_change(heard.account, report)] += 1
            self._check_connection(heard, connection, changes)
        for change, times in (told - Counter(changes)).items():
            self._breach(INVENTED, f"{change}, {times} times")
        trades = {(trade.symbol, trade.trade_id, trade.order_id) for trade in heard.trades}
        for change, times in (Counter(changes) - told).items():
            if self._is_shown(heard, change, trades):
                self.found_by_look_ups += times
            else:
                self._breach(UNSEEN, f"{change}, {times} times; look-ups show {heard.orders.get(change.order_id)}")

    def _check_connection(self, heard: Heard, connection: list[Report], changes: list[Change]) -> None:
        """From its first report to its last one a connection has told all. The last command may be cut off."""
        if not connection:
            return
        first, last = connection[0].sequence, connection[-1].sequence
        told = Counter(_change(heard.account, report) for report in connection)
        due = Counter(change for change in changes if first <= change.sequence < last)
        for change, times in (due - told).items():
            self._breach(HOLES, f"{change}, {times} times, between {first} and {last}")

    def _is_shown(self, heard: Heard, change: Change, trades: set[tuple[str, int, int]]) -> bool:
        """Whether the account's look-ups show the change."""
        look = heard.orders.get(change.order_id)
        if change.execution == "TRADE":
            return (self._truth.symbols[change.order_id], change.trade_id, change.order_id) in trades
        if look is None or change.execution == "NEW":
            return look is not None
        if change.execution == "REPLACED":
            amend = change.order_id, change.sequence
            resized = self._truth.resized.get(amend)
            # Amends make orders smaller, and the look is the last one.
            return amend in heard.amendments if resized is None else _units(look.quantity) <= resized
        return look.status in FINAL

    def _check_account(self, account: Account) -> None:
        """The native list holds the journal's orders; the balances are what deposits and known trades make."""
        listed = Counter(order.order_id for order in account.listed)
        for order in account.listed:
            state = self._states.get(order.order_id)
            if listed[order.order_id] > 1 or state is None or _units(order.filled) != state.filled:
                self._breach(LISTED, f"{account.account}: {order}, {listed[order.order_id]} times; journal: {state}")
        for name, placed in self._truth.placed.items():
            for order_id in placed:
                if name[0] == account.account and order_id not in listed:
                    self._breach(LISTED, f"{name[1]}, order {order_id}, is not listed")
        if account.balances != account.native_balances:
            self._breach(BALANCES, f"{account.account}: {account.balances}, natively {account.native_balances}")
        known = {
            (trade.symbol, trade.trade_id, trade.order_id): trade
            for heard in self._evidence.heard
            for trade in _trades(heard, account.account)
        }
        sums = balances_of(account.deposits, list(known.values()))
        for asset, (free, locked) in account.balances.items():
            has = Fraction(free) + Fraction(locked)
            if has != sums.get(asset, 0):
                self._breach(BALANCES, f"{account.account} has {has} {asset}, its trades make {sums.get(asset)}")


def balances_of(deposits: dict[str, str], trades: list[OwnTrade]) -> dict[str, Fraction]:
    """What deposits and trades make of each asset. Fees are paid in the quote currency."""
    sums = {asset: Fraction(amount) for asset, amount in deposits.items()}
    for trade in trades:
        base, quote = trade.symbol.removesuffix("USDT"), "USDT"
        sign = 1 if trade.side == "BUY" else -1
        sums[base] = sums.get(base, Fraction(0)) + sign * Fraction(trade.quantity)
        sums[quote] = sums.get(quote, Fraction(0)) - sign * Fraction(trade.value) - Fraction(trade.commission)
    return sums


def _trades(heard: Heard, account: str) -> Iterator[OwnTrade]:
    """All trades that the account's client knows, by its streams and by look-ups; one may come twice."""
    if heard.account != account:
        return
    yield from heard.trades
    for connection in heard.connections:
        for report in connection:
            if report.execution == "TRADE":
                amounts = report.quantity, report.value, report.commission
                yield OwnTrade(report.symbol, report.trade_id, report.order_id, report.side, *amounts)


def _change(account: str, report: Report) -> Change:
    return Change(account, report.sequence, report.order_id, report.execution, report.trade_id)


def _units(text: str) -> int:
    """A decimal text in hundred-millionths."""
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(PLACES, "0")[:PLACES])

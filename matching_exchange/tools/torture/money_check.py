"""The money: each answered transfer once, and balances as answers and trades make them, in exact decimals.

A book-keeping of its own: it takes the answered transfers and the journal's trades, and no balance of the exchange.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, localcontext
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from matcher.engine import Engine
from matcher.state import Caused
from matching_exchange.tools.torture.evidence import MOVES, Evidence, Lock, MoneyEvidence, MoveKind, Told
from matching_exchange.tools.torture.promises import Promise
from protocol.commands import Deposit, ResetAccount, Transfer, Withdraw
from protocol.events import CommandRefused, Trade, TransferDuplicated
from protocol.units import Side

LOST: Final = "transfers lost"
DOUBLED: Final = "transfers doubled"
BALANCES: Final = "balances otherwise than answers and trades say"
SUMS: Final = "sums not exact"

EXACT: Final = Context(prec=200, traps=[Inexact])
"""Whatever would be rounded is an error."""

BASIS_POINTS: Final = 10_000

ZERO: Final = Decimal(0)


class Asked(Struct, frozen=True):
    """The body of a request that moves money."""

    transfer_id: str
    asset: str = ""
    amount: Decimal = ZERO
    to: str = ""
    balances: dict[str, Decimal] = {}


class Answered(Struct, frozen=True):
    """What counts of its answer."""

    sequence: int
    duplicate: bool


class Move(Struct, frozen=True):
    """A transfer that was answered, and the sequence of the command that moved the money."""

    sequence: int
    kind: MoveKind
    account: str
    asked: Asked


class Traded(Struct, frozen=True):
    """A trade with the fees that the instrument's rates make."""

    sequence: int
    symbol: str
    buyer: str
    seller: str
    quantity: Decimal
    value: Decimal
    buyer_fee: Decimal
    seller_fee: Decimal


Holdings = defaultdict[str, Decimal]


class Books:
    """The balances that moves and trades make, one after the other."""

    def __init__(self) -> None:
        self.accounts: dict[str, Holdings] = {}
        self.fees = Holdings(Decimal)
        self.outside = Holdings(Decimal)
        self.deposited = Holdings(Decimal)

    def take(self, step: Move | Traded) -> None:
        if isinstance(step, Traded):
            if step.buyer in self.accounts or step.seller in self.accounts:
                self._trade(step)
            return
        asked = step.asked
        holdings = self.accounts.setdefault(step.account, Holdings(Decimal))
        match step.kind:
            case "deposit":
                holdings[asked.asset] += asked.amount
                self.deposited[asked.asset] += asked.amount
            case "withdraw":
                holdings[asked.asset] -= asked.amount
                self.deposited[asked.asset] -= asked.amount
            case "transfer":
                holdings[asked.asset] -= asked.amount
                self.accounts.setdefault(asked.to, Holdings(Decimal))[asked.asset] += asked.amount
            case "reset":
                for asset in holdings.keys() | asked.balances.keys():
                    wanted = asked.balances.get(asset, ZERO)
                    self.deposited[asset] += wanted - holdings[asset]
                    holdings[asset] = wanted

    def _trade(self, trade: Traded) -> None:
        base, quote = trade.symbol.split("-")
        buyer = self.accounts.get(trade.buyer, self.outside)
        seller = self.accounts.get(trade.seller, self.outside)
        buyer[base] += trade.quantity
        buyer[quote] -= trade.value + trade.buyer_fee
        seller[base] -= trade.quantity
        seller[quote] += trade.value - trade.seller_fee
        self.fees[quote] += trade.buyer_fee + trade.seller_fee


class MoneyCheck:
    """Takes in a replay by `watch`; then `promises` says what was kept."""

    def __init__(self, evidence: Evidence) -> None:
        self._told = [told for told in evidence.told if told.key.kind in MOVES and told.status == HTTPStatus.OK]
        self._money = evidence.money
        self._moved = Counter[tuple[str, str]]()
        self._trades: list[Traded] = []

    def watch(self, engine: Engine, caused: Caused) -> None:
        """Take in the next command of the replay."""
        command = caused.command
        if isinstance(command, Deposit | Withdraw | Transfer | ResetAccount):
            self._moved[command.account, command.transfer_id] += not isinstance(
                caused.events[0], TransferDuplicated | CommandRefused
            )
        with localcontext(EXACT):
            for event in caused.events:
                if isinstance(event, Trade):
                    self._trades.append(_traded(engine, event, caused.sequence))

    def promises(self) -> list[Promise]:
        """Every promise about money, kept or broken."""
        lost, doubled, balances, sums = Promise(LOST), Promise(DOUBLED), Promise(BALANCES), Promise(SUMS)
        moves = self._moves(lost, doubled)
        with localcontext(EXACT):
            books = Books()
            steps: list[Move | Traded] = [*moves, *self._trades]
            for step in sorted(steps, key=lambda step: step.sequence):
                books.take(step)
            self._check_balances(books, self._money, balances)
            _check_sums(books, self._money, sums)
        return [lost, doubled, balances, sums]

    def _moves(self, lost: Promise, doubled: Promise) -> list[Move]:
        """What was answered, each id once."""
        moves: dict[tuple[str, str], Move] = {}
        first_answers = Counter[tuple[str, str]]()
        for told in self._told:
            key, move, duplicate = (told.key.account, told.key.name), *_read(told)
            known = moves.setdefault(key, move)
            first_answers[key] += not duplicate
            if known != move or first_answers[key] > 1:
                doubled.breach(f"{told.key}: answered as {move}, and before as {known}")
        for key, move in moves.items():
            if not self._moved[key]:
                lost.breach(f"{move}: not in the journal")
        for key, times in self._moved.items():
            if times > 1 or (times and key not in moves):
                doubled.breach(f"{key}: {times} times in the journal, {int(key in moves)} times answered")
        return list(moves.values())

    def _check_balances(self, books: Books, money: MoneyEvidence, promise: Promise) -> None:
        """Free and locked together are what the books say. Locked is what the open orders lock."""
        for account in money.accounts:
            expected = books.accounts.get(account.account)
            if account.ledger is not (expected is not None):
                promise.breach(f"{account.account}: ledger {account.ledger}, expected {expected}")
            locked = _locked(account.locks)
            for each in account.balances:
                said = Decimal(each.free) + Decimal(each.locked)
                total = ZERO if expected is None else expected[each.asset]
                if said != total:
                    promise.breach(f"{account.account}: has {said} {each.asset}, expected {total}")
                if (
                    Decimal(each.locked) != locked.pop(each.asset, ZERO)
                    or min(Decimal(each.free), Decimal(each.locked)) < 0
                ):
                    promise.breach(f"{account.account}: {each}, its orders lock {account.locks}")
            if any(locked.values()):
                promise.breach(f"{account.account}: its orders lock {locked}, and it has {account.balances}")


def _check_sums(books: Books, money: MoneyEvidence, promise: Promise) -> None:
    """The sums that the exchange shows are those of the books, and add up. It lists each account with a ledger."""
    for each in money.sums:
        accounts = sum((holdings[each.asset] for holdings in books.accounts.values()), ZERO)
        expected = (accounts, books.fees[each.asset], books.outside[each.asset], books.deposited[each.asset])
        said = tuple(Decimal(text) for text in (each.accounts, each.fees, each.outside, each.deposited))
        if said != expected or not each.exact or sum(said[:3]) != said[3]:
            names = ("accounts", "fees", "outside", "deposited")
            promise.breach(f"{each}, expected {dict(zip(names, map(str, expected), strict=True))}")
    assets = {each.asset for each in money.sums}
    for asset in books.deposited.keys() - assets:
        promise.breach(f"{asset}: was deposited, and has no sum")
    listed = {account.account: {each.asset: each for each in account.balances} for account in money.listed}
    said_of = {
        account.account: {each.asset: each for each in account.balances if (each.free, each.locked) != ("0", "0")}
        for account in money.accounts
        if account.ledger
    }
    if listed != said_of:
        promise.breach(f"the accounts are listed as {listed}, and say themselves {said_of}")


def _read(told: Told) -> tuple[Move, bool]:
    """The move that was answered, and whether as a duplicate."""
    asked = msgspec.json.decode(told.asked, type=Asked)
    answered = msgspec.json.decode(told.body, type=Answered)
    kind = told.key.kind
    assert kind in ("deposit", "withdraw", "transfer", "reset"), "only such are read"
    return Move(answered.sequence, kind, told.key.account, asked), answered.duplicate


def _traded(engine: Engine, trade: Trade, sequence: int) -> Traded:
    registry = engine.registry
    instrument = registry.books[trade.symbol].instrument
    price = Decimal(trade.price).scaleb(-instrument.price_decimals)
    quantity = Decimal(trade.quantity).scaleb(-instrument.quantity_decimals)
    value = price * quantity
    maker, taker = (registry.orders[order_id].account.name for order_id in (trade.maker_order_id, trade.taker_order_id))
    maker_fee, taker_fee = (
        value * rate / BASIS_POINTS for rate in (instrument.maker_fee_bps, instrument.taker_fee_bps)
    )
    if trade.aggressor_side is Side.BUY:
        return Traded(sequence, trade.symbol, taker, maker, quantity, value, taker_fee, maker_fee)
    return Traded(sequence, trade.symbol, maker, taker, quantity, value, maker_fee, taker_fee)


def _locked(locks: Iterable[Lock]) -> dict[str, Decimal]:
    """By asset: a buy locks the quote, a sell the base."""
    locked = Holdings(Decimal)
    for lock in locks:
        base, quote = lock.symbol.split("-")
        locked[base if lock.side == "sell" else quote] += Decimal(lock.reserved or 0)
    return locked

"""The evidence against the journal: a replay from the first record says what really happened."""

from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

import msgspec

from gateway.http.responses import encode
from gateway.native.json.money_views import ledger_view, transfer_view
from gateway.native.json.replacement_views import replacement
from gateway.native.json.schemas import AccountView, CancelAfterView, CanceledOrders, OcoOrders
from gateway.native.json.schemas import Order as OrderView
from gateway.native.json.times import MILLISECOND, format_timestamp
from gateway.native.json.translate import order
from matcher.engine import Engine
from matcher.state import Caused
from matching_exchange.tools.torture.clients import decode, orders_in
from matching_exchange.tools.torture.evidence import (
    PLACES,
    Evidence,
    Identity,
    Key,
    MoveKind,
    PublishedTrade,
    Told,
    amend_name,
)
from matching_exchange.tools.torture.happened import word_of
from matching_exchange.tools.torture.money_check import MoneyCheck
from matching_exchange.tools.torture.promises import CASES_TOLD, Promise
from matching_exchange.tools.torture.stream_check import StreamCheck
from protocol.commands import (
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Deposit,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    ResetAccount,
    SetAccountStatus,
    Transfer,
    Withdraw,
)
from protocol.events import (
    AccountState,
    Answer,
    CancelReplaced,
    CommandRefused,
    LedgerState,
    OrderPlaced,
    OrderRejected,
    OrderResult,
    OrderState,
    OrderStates,
    Trade,
    TransferState,
)
from protocol.placed import placed_order
from protocol.refusals import refusal_code
from protocol.units import DEFAULT_ACCOUNT, STOP_LEG_SUFFIX

_MOVE_KINDS: Final[dict[type, MoveKind]] = {
    Deposit: "deposit",
    Withdraw: "withdraw",
    Transfer: "transfer",
    ResetAccount: "reset",
}


class Checks:
    """Watches a replay (`watch` each command), then says which promises were kept."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._open: dict[Key, list[Told]] = {}
        for told in evidence.told:
            self._open.setdefault(told.key, []).append(told)
        self._allowed = Counter[Key]()
        for told in evidence.told:
            self._allowed[told.key] += 1 + told.unknown
        self._copies = Counter[Key]()
        self._placed: dict[tuple[str, str], list[Identity]] = {}
        self._effects = [(_sequence(told), told) for told in evidence.told if _is_first_answer(told)]
        self._trades: dict[tuple[str, int], PublishedTrade] = {}
        self._time_went_back = Promise("time went back")
        self._expired = Promise("traded after its expire_time")
        self._left_undone = Promise("left undone when it was due")
        self._stream = StreamCheck(evidence.stream)
        self._money = MoneyCheck(evidence)
        self._time = 0
        self.commands = 0
        self.happened = Counter[str]()

    @property
    def trades(self) -> int:
        """How many trades the journal holds."""
        return len(self._trades)

    def watch(self, engine: Engine, time: int, caused: Caused, answer: Answer) -> None:
        """Take in the next command of the replay."""
        self.commands += 1
        if time < self._time:
            self._time_went_back.breach(f"sequence {caused.sequence}: {time} after {self._time}")
        self._time = time
        for event in caused.events:
            self.happened[word_of(event)] += 1
            if isinstance(event, Trade):
                self._trades[event.symbol, event.trade_id] = _published(event)
                self._check_expiry(engine, event)
        if engine.due(time):
            self._left_undone.breach(f"sequence {caused.sequence}, at {time}: {caused.command}")
        self._stream.watch(engine, caused)
        self._money.watch(engine, caused)
        key = _key(caused.command)
        if key is None:
            return
        self._copies[key] += 1
        if key.kind in PLACES:
            names = (key.name, key.name + STOP_LEG_SUFFIX) if key.kind == "oco" else (key.name,)
            entered = [event for event in caused.events if isinstance(event, OrderPlaced | OrderRejected)]
            for name, event in zip(names, entered, strict=False):
                identity = Identity(str(event.order_id), caused.sequence, format_timestamp(time))
                self._placed.setdefault((key.account, name), []).append(identity)
        self._match(key, engine, time, caused, answer)

    def _check_expiry(self, engine: Engine, trade: Trade) -> None:
        for order_id in (trade.maker_order_id, trade.taker_order_id):
            expire_time = engine.registry.orders[order_id].terms.expire_time
            if 0 < expire_time < trade.timestamp:
                self._expired.breach(f"order {order_id}, good until {expire_time}: {trade}")

    def _match(self, key: Key, engine: Engine, time: int, caused: Caused, answer: Answer) -> None:
        """Find the first request that was answered so and has no command in the journal yet."""
        waiting = self._open.get(key, [])
        if not waiting:
            return
        code = refusal_code(answer.refusal) if isinstance(answer, CommandRefused) else ""
        body = b"" if code else _body(engine, time, caused, answer)
        for index, told in enumerate(waiting):
            if told.body == body if told.status == HTTPStatus.OK else code and _code(told.body) == code:
                del waiting[index]
                if told.key.kind not in PLACES and _is_unique(caused.command, answer):
                    self._effects.append((caused.sequence, told))
                return

    def promises(self) -> list[Promise]:
        """Every promise that can be checked so, kept or broken."""
        lost, untrue = Promise("lost"), Promise("answered otherwise than it happened")
        for told in (told for waiting in self._open.values() for told in waiting):
            is_new = told.key.kind in PLACES and told.status == HTTPStatus.OK
            gone = is_new and (told.key.account, told.key.name) not in self._placed
            (lost if gone else untrue).breach(f"{told.key}: {told.status} {told.body.decode()}")
        doubled = Promise("doubled")
        for (account, name), identities in self._placed.items():
            if len(identities) > 1:
                doubled.breach(f"{account} {name}: {identities}")
        self._check_listings(lost, doubled)
        look_up_faults = self._evidence.look_up_faults
        look_ups = Promise("look-up behind an answer", len(look_up_faults), look_up_faults[:CASES_TOLD])
        about_orders = [lost, doubled, self._out_of_order(), untrue, self._taken_after_refusal(), look_ups]
        about_time = [self._time_went_back, self._expired, self._left_undone]
        return [*about_orders, *self._money.promises(), self._unjournaled(), *about_time, self._stream.promise()]

    def _check_listings(self, lost: Promise, doubled: Promise) -> None:
        """What the exchange lists at the end are the orders of the journal, each once."""
        for listing in self._evidence.listings:
            for (account, name), identities in self._placed.items():
                if account == listing.account and listing.orders.get(name) != identities[0]:
                    lost.breach(f"{account} {name}: {identities[0]}, listed as {listing.orders.get(name)}")
            for name, times in listing.times_listed.items():
                if times > 1 or (listing.account, name) not in self._placed:
                    doubled.breach(f"{listing.account} {name}: listed {times} times, as {listing.orders[name]}")

    def _out_of_order(self) -> Promise:
        """A command sent after an answer has a later sequence. Above all, one client's commands keep their order."""
        promise = Promise("out of order")
        earliest: tuple[float, int, Key] | None = None
        for sequence, told in sorted(self._effects, key=lambda effect: effect[0], reverse=True):
            if earliest is not None and earliest[0] < told.invoked:
                promise.breach(
                    f"{earliest[2]}, sequence {earliest[1]}, was answered before {told.key}, sequence "
                    f"{sequence}, was sent"
                )
            if earliest is None or told.returned < earliest[0]:
                earliest = told.returned, sequence, told.key
        self._check_batches(promise)
        return promise

    def _check_batches(self, promise: Promise) -> None:
        """What was sent in one call is carried out in its order."""
        calls: dict[tuple[str, float], tuple[int, Told]] = {}
        for sequence, told in sorted(self._effects, key=lambda effect: effect[0]):
            call = told.key.account, told.invoked
            before = calls.get(call)
            if before is not None and before[1].position > told.position:
                promise.breach(
                    f"{told.key}, sequence {sequence}, was sent before {before[1].key}, sequence {before[0]}, in "
                    "one call"
                )
            calls[call] = sequence, told

    def _taken_after_refusal(self) -> Promise:
        """A command is taken once per answer, and at most once more per attempt with an unknown outcome."""
        promise = Promise("taken after a 503")
        for key, copies in self._copies.items():
            if copies > self._allowed[key]:
                promise.breach(f"{key}: journaled {copies} times, {self._allowed[key]} attempts could have been taken")
        return promise

    def _unjournaled(self) -> Promise:
        promise = Promise("published, but not in the journal")
        for trade in self._evidence.published:
            if self._trades.get((trade.symbol, trade.trade_id)) != trade:
                promise.breach(f"{trade}: in the journal {self._trades.get((trade.symbol, trade.trade_id))}")
        return promise


def _key(command: OwnCommand) -> Key | None:
    """The key of the request that sent the command; None for those that no client sends."""
    match command:
        case PlaceOrder():
            return Key("place", command.account, command.client_order_id or "")
        case PlaceOco():
            return Key("oco", command.account, command.client_order_id or "")
        case CancelReplace(_, new):
            return Key("replace", new.account, new.client_order_id or "")
        case CancelOrder():
            return Key("cancel", command.account or DEFAULT_ACCOUNT, _named(command))
        case AmendOrder():
            name = amend_name(_named(command), command.quantity, command.price, command.trigger_price)
            return Key("amend", command.account or DEFAULT_ACCOUNT, name)
        case CancelAllOrders():
            return Key("cancel_all", command.account, command.symbol or "")
        case CancelAfter():
            return Key("cancel_after", command.account, str(command.timeout // MILLISECOND))
        case SetAccountStatus():
            return Key("suspend" if command.suspended else "resume", command.account, "")
        case Deposit() | Withdraw() | Transfer() | ResetAccount():
            return Key(_MOVE_KINDS[type(command)], command.account, command.transfer_id)
    return None


def _named(command: CancelOrder | AmendOrder) -> str:
    return f"client:{command.client_order_id}" if command.order_id is None else str(command.order_id)


def _body(engine: Engine, time: int, caused: Caused, answer: Answer) -> bytes:
    """The body with which a gateway passes the answer on."""
    match answer:
        case OrderStates():
            views = _views(engine, answer.orders)
            return encode(
                OcoOrders(views) if isinstance(caused.command, PlaceOco) else CanceledOrders(views, len(views))
            )
        case AccountState() if isinstance(caused.command, CancelAfter):
            cancel_at = None if answer.cancel_at is None else format_timestamp(answer.cancel_at)
            return encode(CancelAfterView(answer.account, caused.command.timeout // MILLISECOND, cancel_at))
        case AccountState():
            views = _views(engine, answer.orders)
            return encode(AccountView(answer.account, answer.suspended, views, len(views)))
        case OrderResult():
            assert isinstance(caused.command, PlaceOrder), "no other command is answered so"
            return encode(*_views(engine, [placed_order(caused.command, answer, caused.sequence, time)]))
        case CancelReplaced():
            books = engine.registry.books.items()
            return encode(replacement(answer, {symbol: book.instrument for symbol, book in books}))
        case TransferState():
            return encode(transfer_view(answer))
        case LedgerState():
            return encode(ledger_view(answer))
    assert isinstance(answer, OrderState), "clients send no other command"
    return encode(*_views(engine, [answer]))


def _views(engine: Engine, states: Iterable[OrderState]) -> list[OrderView]:
    return [order(state, engine.registry.books[state.symbol].instrument) for state in states]


def _is_first_answer(told: Told) -> bool:
    """Whether it is the first answer to an order or OCO: its sequence is in it."""
    return told.key.kind in PLACES and told.status == HTTPStatus.OK and not told.again


def _sequence(told: Told) -> int:
    """The sequence in an answer to an order or OCO."""
    answer = decode(told.body)
    return int(orders_in(told.key.kind, answer)[0]["sequence"])


def _is_unique(command: OwnCommand, answer: Answer) -> bool:
    """Whether the answer shows a change: then no other command can have the same answer."""
    match answer:
        case OrderStates():
            return bool(answer.orders)
        case AccountState():
            return answer.cancel_at is not None if isinstance(command, CancelAfter) else bool(answer.orders)
        case TransferState() | LedgerState():
            return not answer.duplicate
    return isinstance(answer, OrderState)


def _code(body: bytes) -> str:
    """The code of a problem; empty if the body is no problem."""
    try:
        problem = decode(body)
    except msgspec.DecodeError:
        return ""
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""


def _published(trade: Trade) -> PublishedTrade:
    return PublishedTrade(
        trade.symbol,
        trade.trade_id,
        trade.price,
        trade.quantity,
        trade.maker_order_id,
        trade.taker_order_id,
        trade.sequence,
        trade.timestamp,
    )

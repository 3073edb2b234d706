"""The evidence against the journal: a replay from the first record says what really happened."""

from collections import Counter
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Struct

from gateway.problems import refusal_code
from gateway.resources import encode
from gateway.schemas import CanceledOrders
from gateway.times import format_timestamp
from gateway.translate import order, placed_order
from matcher.engine import Engine
from matcher.state import Caused
from protocol.commands import CancelAllOrders, CancelOrder, Command, PlaceOrder
from protocol.events import Answer, CommandRefused, OrderPlaced, OrderRejected, OrderResult, OrderState, OrderStates, Trade
from protocol.units import DEFAULT_ACCOUNT
from tools.torture.clients import decode
from tools.torture.evidence import Evidence, Identity, Key, PublishedTrade, Told

CASES_TOLD: Final = 20
"""The most cases of a broken promise that are told in words."""


class Promise(Struct):
    """What was promised, how often it was broken, and the first cases in words."""

    name: str
    broken: int = 0
    cases: list[str] = []

    def breach(self, case: str) -> None:
        self.broken += 1
        if len(self.cases) < CASES_TOLD:
            self.cases.append(case)


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
        self._effects = [(decode(told.body)["sequence"], told) for told in evidence.told if _is_first_answer(told)]
        self._trades: dict[tuple[str, int], PublishedTrade] = {}
        self._time_went_back = Promise("time went back")
        self._time = 0
        self.commands = 0

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
            if isinstance(event, Trade):
                self._trades[event.symbol, event.trade_id] = _published(event)
        key = _key(caused.command)
        if key is None:
            return
        self._copies[key] += 1
        if isinstance(caused.command, PlaceOrder) and isinstance(caused.events[0], OrderPlaced | OrderRejected):
            identity = Identity(str(caused.events[0].order_id), caused.sequence, format_timestamp(time))
            self._placed.setdefault((key.account, key.name), []).append(identity)
        self._match(key, engine, time, caused, answer)

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
                if told.key.kind != "place" and _canceled(answer):
                    self._effects.append((caused.sequence, told))
                return

    def promises(self) -> list[Promise]:
        """Every promise that can be checked so, kept or broken."""
        lost, untrue = Promise("lost"), Promise("answered otherwise than it happened")
        for told in (told for waiting in self._open.values() for told in waiting):
            gone = told.key.kind == "place" and told.status == HTTPStatus.OK and (told.key.account, told.key.name) not in self._placed
            (lost if gone else untrue).breach(f"{told.key}: {told.status} {told.body.decode()}")
        doubled = Promise("doubled")
        for (account, name), identities in self._placed.items():
            if len(identities) > 1:
                doubled.breach(f"{account} {name}: {identities}")
        self._check_listings(lost, doubled)
        look_up_faults = self._evidence.look_up_faults
        look_ups = Promise("look-up behind an answer", len(look_up_faults), look_up_faults[:CASES_TOLD])
        about_orders = [lost, doubled, self._out_of_order(), untrue, self._taken_after_refusal(), look_ups]
        return [*about_orders, self._unjournaled(), self._time_went_back]

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
        """Who asks after an answer comes after it, one client's commands in the order in which it sent them above all."""
        promise = Promise("out of order")
        earliest: tuple[float, int, Key] | None = None
        for sequence, told in sorted(self._effects, key=lambda effect: effect[0], reverse=True):
            if earliest is not None and earliest[0] < told.invoked:
                promise.breach(f"{earliest[2]}, sequence {earliest[1]}, was answered before {told.key}, sequence {sequence}, was sent")
            if earliest is None or told.returned < earliest[0]:
                earliest = told.returned, sequence, told.key
        return promise

    def _taken_after_refusal(self) -> Promise:
        """A command is taken as often as it was answered, and at most once more for each attempt with an unknown outcome."""
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


def _key(command: Command) -> Key | None:
    """The key of the request that sent the command; None for those that no client sends."""
    if isinstance(command, PlaceOrder):
        return Key("place", command.account, command.client_order_id or "")
    if isinstance(command, CancelOrder):
        name = f"client:{command.client_order_id}" if command.order_id is None else str(command.order_id)
        return Key("cancel", command.account or DEFAULT_ACCOUNT, name)
    if isinstance(command, CancelAllOrders):
        return Key("cancel_all", command.account, command.symbol or "")
    return None


def _body(engine: Engine, time: int, caused: Caused, answer: Answer) -> bytes:
    """The body with which a gateway passes the answer on."""
    if isinstance(answer, OrderStates):
        return encode(CanceledOrders([order(state, engine.books[state.symbol].instrument) for state in answer.orders]))
    if isinstance(answer, OrderResult):
        assert isinstance(caused.command, PlaceOrder), "no other command is answered so"
        answer = placed_order(caused.command, answer, caused.sequence, time)
    assert isinstance(answer, OrderState), "clients send no other command"
    return encode(order(answer, engine.books[answer.symbol].instrument))


def _is_first_answer(told: Told) -> bool:
    """Whether it is the first answer to an order: its sequence is in it."""
    return told.key.kind == "place" and told.status == HTTPStatus.OK and not told.again


def _canceled(answer: Answer) -> bool:
    """Whether it is the answer to a cancel that found something."""
    return bool(answer.orders) if isinstance(answer, OrderStates) else isinstance(answer, OrderState)


def _code(body: bytes) -> str:
    """The code of a problem; empty where the body is none."""
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

"""Shards for tests of the use cases: each has a real engine behind a link that may be away or lose answers."""

import asyncio
from typing import Any, cast

from msgspec.structs import replace

from gateway.exchange.exchange import Exchange
from gateway.exchange.shards.healing import Healing
from gateway.exchange.shards.parts import Part, Parts
from gateway.link.answers import Stamped
from gateway.link.errors import MatcherUnavailableError, OutcomeUnknownError
from gateway.link.instruments import Instruments
from gateway.link.key_copies import KeyCopies
from gateway.link.on_behalf import Link
from gateway.link.tables import NO_TABLES
from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.serving.money_queries import account_list
from matcher.serving.queries import answer_query
from matcher.state import State
from matcher.storage.entries import OWN_SESSION
from protocol.commands import AccountsQuery, Command, OwnCommand, PlaceOrder, Query, SetInstrument, SetLimits
from protocol.events import Answer, OrderResult, Result
from protocol.instrument import Instrument
from protocol.shards import first_order_id
from protocol.units import OrderType, Side
from tests.unit.gateway.fakes import BTC

ETH = replace(BTC, symbol="ETH-USDT", base="ETH")
MILLISECOND = 1_000_000
START = 1_700_000_000_000 * MILLISECOND

LOST_BEFORE = "before"
LOST_AFTER = "after"
"""When the answer to the next command is lost: before the matcher has it, or after it was carried out."""


class EngineLink:
    """A matcher in this process. `clock` is shared: each command of any shard is a millisecond later than all before."""

    def __init__(self, number: int, instrument: Instrument, clock: "Clock") -> None:
        self.state = State(Engine())
        self.state.registry.last_order_id = first_order_id(number)
        self.clock = clock
        self.ahead = 0
        self.available = True
        self.epoch = 1
        self.clock_difference = 0
        self.losses: list[str] = []
        self.sent: list[Command] = []
        self.do(SetInstrument.of(instrument))

    @property
    def sequence(self) -> int:
        return self.state.sequence

    @property
    def digest(self) -> str:
        return digest(self.state.registry)

    def now(self) -> int:
        return self.clock.time + self.ahead

    def deadline(self) -> int:
        return self.now() + 5_000 * MILLISECOND

    def of(self, _symbol: str) -> "EngineLink":
        return self

    def shards(self) -> list[tuple[str, Link]]:
        return [("", self)]

    def do(self, command: OwnCommand) -> Answer:
        self.clock.time += MILLISECOND
        reply, _ = self.state.apply(OWN_SESSION, 0, [command], max(self.now(), self.state.time + 1))
        return reply.answers[0]

    def limit(self, cancels: int) -> None:
        """Let one command cancel so many orders."""
        self.do(SetLimits(cancels=cancels))

    def place(self, account: str, price: int, side: Side = Side.BUY, quantity: int = 100_000) -> int:
        """A limit order of the shard's only symbol; its id."""
        [symbol] = self.state.registry.books
        answer = self.do(PlaceOrder(symbol, account, side, OrderType.LIMIT, quantity, price))
        assert isinstance(answer, OrderResult), answer
        return answer.order_id

    def submit(self, command: Command) -> "asyncio.Future[Stamped[Answer]]":
        if not self.available:
            raise MatcherUnavailableError("away")
        self.sent.append(command)
        loss = self.losses.pop(0) if self.losses else ""
        future: asyncio.Future[Stamped[Answer]] = asyncio.get_running_loop().create_future()
        answer = None if loss == LOST_BEFORE else self.do(command)
        if loss or answer is None:
            future.set_exception(OutcomeUnknownError("lost"))
        else:
            future.set_result(Stamped(self.state.sequence, self.state.time, answer))
        return future

    async def query(self, query: Query, timeout: float = 2.0, repeat: float = 0.5) -> Stamped[Result]:  # noqa: ASYNC109
        if not self.available:
            raise MatcherUnavailableError("away")
        registry, known = self.state.registry, cast("Any", query)
        result = account_list(registry, query) if isinstance(query, AccountsQuery) else answer_query(registry, known)
        return Stamped(self.state.sequence, self.state.time, result)


class Clock:
    def __init__(self) -> None:
        self.time = START


class _Known(Instruments):
    """All of them, without asking."""

    def __init__(self, *instruments: Instrument) -> None:
        self.known = {instrument.symbol: instrument for instrument in instruments}


class ShardWorld:
    """Two shards: `majors` with BTC-USDT, `rest` with ETH-USDT."""

    def __init__(self) -> None:
        clock = Clock()
        self.majors, self.rest = EngineLink(0, BTC, clock), EngineLink(1, ETH, clock)
        self.links = (self.majors, self.rest)
        parts = [
            Part(number, name, link, NO_TABLES)
            for number, (name, link) in enumerate(zip(NAMES, self.links, strict=True))
        ]
        self.parts = Parts(parts, lambda symbol: int(symbol != BTC.symbol))
        self.instruments = _Known(BTC, ETH)
        self.exchange = Exchange(self.majors, self.instruments, (("USDT", "5"),), parts=self.parts)
        self.copies = KeyCopies(self.links, NAMES)

    async def heal(self) -> None:
        """What a gateway that has just started does."""
        healing = Healing(self.parts, self.instruments, KeyCopies(self.links, NAMES), lambda _: None)
        healing.soon()
        await healing.done()


NAMES = ["majors", "rest"]

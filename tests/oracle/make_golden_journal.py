"""Makes a golden journal: `python -m tests.oracle.make_golden_journal DIR SEED`.

In tests/data, with seed 2 it made golden_limits, with seed 3 golden_rebuild, by version 0.2.0. With seed 4 the compiled
core of version 0.3.0 made golden_compiled. With seed 10 version 0.4.0 made golden_protection, with seed 11
golden_money. With seed 12 version 0.5.0 made golden_terms, with seed 13 golden_commands.

Each was made once and stays as it is: every later version has to replay it to the same digests. Whoever adds a kind of
command, or a field, makes another journal beside it, with a name of its own.

The journal holds all kinds of commands (also refused ones), all order types with all terms, frames of several sessions,
frames that were sent again in part, commands of the matcher itself at their times, deadlines that were kept and missed,
limits that are met, timers that are moved, and a book with all of it that was saved and loaded again; in two segments.

All but golden_terms and golden_commands were made by this program as it was before. They cannot be made again:
messages have got more fields since, so that the same commands are more bytes now.
"""

import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from matcher.core.digest import digest
from matcher.core.saved_books import save_book
from matcher.engine import Engine
from matcher.instrument_list import read_instruments
from matcher.sessions import Taken
from matcher.state import State
from matcher.storage.entries import OWN_SESSION, OwnCommands
from matcher.storage.journal import Journal
from protocol.codec import encode
from protocol.commands import (
    VERSION,
    AdvanceTime,
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    CancelReplace,
    Command,
    Commands,
    Hello,
    LoadBook,
    MoveTimers,
    OrderTerms,
    OwnCommand,
    PlaceOco,
    PlaceOrder,
    RefuseCommand,
    SetAccountStatus,
    SetInstrument,
    SetLimits,
    WatchAccount,
)
from protocol.units import InstrumentStatus, OnlyStatus, OrderType, Refusal, Side, TimeInForce
from tests.oracle.golden_draws import Draws
from tests.oracle.golden_money import MoneyMaker

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_800_000_000_000_000_000
BATCHES = 200
SEGMENT_BYTES = 28_000
DIGEST_EVERY = 10
"""In batches."""

SESSIONS = (11, 22, 33)
FUNDED = ("cat", "dan")
ACCOUNTS = ("ann", "bob", "default", *FUNDED)
SYMBOLS = ("BTC-USDT", "ETH-USDT", "NEW-USDT")
MIDDLE = {"BTC-USDT": 6_000_000, "ETH-USDT": 300_000, "NEW-USDT": 1_000}
LOT = {"BTC-USDT": 1_000, "ETH-USDT": 1_000, "NEW-USDT": 10}
WAITING_LIMIT = (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.TRAILING_STOP_LIMIT)
RESTING = (OrderType.LIMIT, *WAITING_LIMIT)
TRAILING = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
PRICED = (*RESTING, OrderType.IOC, OrderType.FOK)
TRIGGERED = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
WAITING = (*TRIGGERED, *TRAILING)
TAKING = (OrderType.MARKET, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)

STEP = 1_000_000
"""Nanoseconds between two records."""


class Maker(Draws):
    """Applies commands and journals them, as the matcher's loop does."""

    def __init__(self, directory: Path, seed: int) -> None:
        super().__init__(seed)
        self.journal = Journal(directory / "journal", segment_bytes=SEGMENT_BYTES)
        assert list(self.journal.records()) == [], "the directory holds a journal already"
        self.state = State(Engine())
        self.sent = dict.fromkeys(SESSIONS, 0)
        self.funds = MoneyMaker(self.random, (*FUNDED * 3, "bob"))
        self.placed: list[PlaceOrder | PlaceOco] = []
        self.times = count(START, STEP)
        self.digests: dict[int, str] = {}

    def own(self, commands: list[OwnCommand]) -> None:
        """A record of the matcher's own commands."""
        first, time = self.state.sequence + 1, next(self.times)
        self.state.apply(OWN_SESSION, 0, commands, time)
        self.journal.append(first, time, [encode(OwnCommands(commands))])

    def hello(self, session: int) -> None:
        frame = Hello(VERSION, session)
        self.state.sessions.hello(frame)
        self.journal.append(self.state.sequence + 1, self.state.time, [encode(frame)])

    def batch(self, frames: list[tuple[int, list[Command]]], again: int = 0) -> None:
        """A record of frames; the first command of each frame was sent `again` commands ago already."""
        first, time, entries = self.state.sequence + 1, next(self.times), list[bytes]()
        if self.state.engine.due(time):
            own: list[OwnCommand] = [AdvanceTime()]
            self.state.apply(OWN_SESSION, 0, own, time)
            entries.append(encode(OwnCommands(own)))
        for session, commands in frames:
            number = self.sent[session] + 1
            repeated: list[Command] = [RefuseCommand(Refusal.COMMAND_REFUSED, "taken before")] * min(
                again, self.sent[session]
            )
            frame = Commands(VERSION, session, number - len(repeated), max(0, number - 40), [*repeated, *commands])
            outcome = self.state.sessions.receive(frame)
            assert isinstance(outcome, Taken) and outcome.commands == commands
            self.state.apply(session, outcome.number, outcome.commands, time)
            self.sent[session] += len(commands)
            entries.append(encode(frame))
        if entries:
            self.journal.append(first, time, entries)

    def note_digest(self) -> None:
        self.digests[self.state.sequence] = digest(self.state.registry)

    def finish(self, directory: Path) -> None:
        self.note_digest()
        self.journal.sync()
        self.journal.close()
        content = {"sequence": self.state.sequence, "time": self.state.time, "digests": self.digests}
        (directory / "digests.json").write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")

    def any_command(self) -> Command:
        """Mostly orders; cancels and amends of orders that may be done, by either name."""
        makers: tuple[Callable[[], Command], ...] = (
            self.order,
            self.oco,
            self.cancel,
            self.cancel_replace,
            self.amend,
            self.cancel_all,
            self.repeat,
            self.cancel_after,
            self.watch,
            self.funds.money,
            lambda: self.funds.key(self.state.time),
        )
        return self.random.choices(makers, (60, 18, 8, 12, 14, 1, 6, 2, 1, 12, 3))[0]()

    def order(self) -> PlaceOrder:
        random = self.random
        symbol = random.choice(SYMBOLS)
        order_type = random.choice((*[OrderType.LIMIT] * 6, *TRAILING, *OrderType))
        terms = self.terms(symbol, order_type)
        quantity = LOT[symbol] * random.randint(1, 20) + random.choice((0,) * 30 + (1,))
        order = PlaceOrder(
            symbol,
            random.choice(ACCOUNTS),
            random.choice(list(Side)),
            order_type,
            quantity if terms.quote_quantity is None else 0,
            self.price(symbol) if order_type in PRICED else None,
            self.price(symbol) if order_type in TRIGGERED else None,
            self.name(),
            random.choice((0,) * 7 + (START, START + 10**15)),
            None if terms == OrderTerms() else terms,
            self.open_only(),
        )
        self.placed.append(order)
        return order

    def terms(self, symbol: str, order_type: OrderType) -> OrderTerms:
        """Terms that go with the type; now and then one that does not."""
        random = self.random
        flawed = random.random() < 0.03
        trailing = order_type in TRAILING
        by_amount = random.random() < 0.5
        in_force = self.in_force() if order_type in WAITING_LIMIT else TimeInForce.GTC
        rests = order_type in RESTING and in_force is TimeInForce.GTC
        return OrderTerms(
            post_only=(rests or flawed) and random.random() < 0.15,
            self_trade_prevention=self.prevention(),
            expire_time=self.expire_time() if order_type in RESTING else 0,
            display_quantity=LOT[symbol] * random.randint(1, 6) if rests and random.random() < 0.3 else None,
            quote_quantity=self.quote_quantity(symbol)
            if order_type is OrderType.MARKET and random.random() < 0.5
            else None,
            trailing_bps=random.randint(1, 40)
            if (trailing and not by_amount) or (flawed and random.random() < 0.5)
            else None,
            trailing_amount=5 * random.randint(1, 6) if trailing and by_amount else None,
            activation_price=self.price(symbol) if trailing and random.random() < 0.4 else None,
            max_slippage_bps=random.choice((1, 5, 30)) if order_type in TAKING and random.random() < 0.7 else None,
            reject_if_triggered=order_type in WAITING and random.random() < 0.2,
            time_in_force=in_force,
            tag=self.tag(),
        )

    def expire_time(self) -> int:
        """Mostly none; else soon, now and then too soon."""
        return self.random.choice((0, 0, 0, self.state.time + STEP * self.random.randint(1, 14)))

    def quote_quantity(self, symbol: str) -> int:
        """Enough for some lots, or for none."""
        return self.random.choice(
            (1, MIDDLE[symbol] * LOT[symbol] * self.random.randint(1, 12) + self.random.randint(0, LOT[symbol]))
        )

    def oco(self) -> PlaceOco:
        """Mostly on the right sides of the last trade."""
        random = self.random
        symbol, side = random.choice(SYMBOLS), random.choice(list(Side))
        last = self.state.registry.books[symbol].last_price or MIDDLE[symbol]
        away = 5 if side is Side.SELL else -5
        trigger_price = last - away * random.randint(0, 6)
        limit, stops_at, profits = last + away * random.randint(0, 6), random.random() < 0.5, random.random() < 0.4
        priced = not profits or random.random() < 0.6
        display, name = LOT[symbol] * random.randint(1, 3), self.name()
        oco = PlaceOco(
            symbol,
            random.choice(ACCOUNTS),
            side,
            LOT[symbol] * random.randint(1, 20),
            limit if priced else None,
            trigger_price,
            trigger_price - away * random.randint(0, 2) if stops_at else None,
            name,
            random.choice((0,) * 9 + (START,)),
            self.prevention(),
            self.expire_time(),
            random.random() < 0.6,
            priced and random.random() < 0.2,
            limit if profits else None,
            f"{name}-down" if name is not None and random.random() < 0.3 else None,
            random.choice((None, None, "pair-1", "pair-2")),
            display if priced and random.random() < 0.2 else None,
            self.in_force() if profits and random.random() < 0.3 else TimeInForce.GTC,
            self.tag(),
            display if stops_at and random.random() < 0.2 else None,
            self.in_force() if stops_at and random.random() < 0.3 else TimeInForce.GTC,
            self.tag(),
        )
        self.placed.append(oco)
        return oco

    def cancel_after(self) -> CancelAfter:
        return CancelAfter(self.random.choice(ACCOUNTS), STEP * self.random.choice((0, 3, 8, 15)))

    def watch(self) -> WatchAccount:
        return WatchAccount(self.random.choice(ACCOUNTS))

    def price(self, symbol: str) -> int:
        return MIDDLE[symbol] + self.random.randint(-8, 8) * 5

    def cancel(self) -> CancelOrder:
        only_status = self.random.choice((None, None, *OnlyStatus))
        return CancelOrder(*self.any_name(), only_status, self.random.choice((None, "cancel-1", "cancel-2")))

    def cancel_replace(self) -> CancelReplace:
        """Mostly of a live order, by one of its account."""
        live = [order for book in self.state.registry.books.values() for order in book.live_orders()]
        cancel, place = self.cancel(), self.order()
        if live and self.random.random() < 0.8:
            order = self.random.choice(live)
            cancel = CancelOrder(order.order_id, None, None, cancel.only_status, cancel.cancel_client_order_id)
            place = msgspec.structs.replace(place, account=order.account.name)
            named = [other for other in order.account.orders if other.client_order_id and other is not order]
            if named and self.random.random() < 0.3:
                # Mostly refused after the cancel.
                name = self.random.choice(named).client_order_id
                place = msgspec.structs.replace(place, client_order_id=name, open_only_client_order_id=True)
        return CancelReplace(cancel, place, allow_failure=self.random.random() < 0.5)

    def amend(self) -> AmendOrder:
        random = self.random
        live = [order.order_id for book in self.state.registry.books.values() for order in book.live_orders()]
        order_id = (
            random.choice(live)
            if live and random.random() < 0.8
            else random.randint(1, self.state.registry.last_order_id + 2)
        )
        known = self.state.registry.orders.get(order_id)
        symbol = "BTC-USDT" if known is None else known.book.instrument.symbol
        quantity = LOT[symbol] * random.randint(1, 30) if random.random() < 0.6 else None
        price = self.price(symbol) if random.random() < 0.5 else None
        trigger_price = self.price(symbol) if random.random() < 0.2 else None
        new_client_order_id = self.name() if random.random() < 0.4 else None
        return AmendOrder(order_id, None, None, quantity, price, trigger_price, new_client_order_id)

    def any_name(self) -> tuple[int | None, str | None, str | None]:
        named = [order for order in self.placed if order.client_order_id]
        if named and self.random.random() < 0.5:
            order = self.random.choice(named[-40:])
            return None, order.account, order.client_order_id
        return self.random.randint(1, self.state.registry.last_order_id + 2), None, None

    def cancel_all(self) -> CancelAllOrders:
        cancel_client_order_id = self.random.choice((None, "cancel-3"))
        return CancelAllOrders(
            self.random.choice(ACCOUNTS), self.random.choice((None, *SYMBOLS)), cancel_client_order_id
        )

    def repeat(self) -> Command:
        """An order once more, some of them altered."""
        if not self.placed:
            return self.order()
        order = self.random.choice(self.placed[-60:])
        return (
            order
            if self.random.random() < 0.8
            else msgspec.structs.replace(order, quantity=order.quantity + LOT[order.symbol])
        )

    def load(self, symbol: str, *, alter: bool) -> LoadBook:
        """The symbol's book as it is now; altered, it cannot be loaded."""
        saved = save_book(self.state.registry.books[symbol], self.state.sequence)
        return LoadBook(symbol, msgspec.structs.replace(saved, symbol="OTHER") if alter else saved)


def new_instrument() -> SetInstrument:
    return SetInstrument("NEW-USDT", 2, 1, "NEW", "USDT", 5, 10, 10, 100_000, 1_000_000, 0, 0, 25)


def change(**fields: Any) -> SetInstrument:
    return SetInstrument("NEW-USDT", 2, 1, **fields)


def make(directory: Path, seed: int) -> None:
    maker = Maker(directory, seed)
    maker.own(list(read_instruments(None)))
    for session in SESSIONS:
        maker.hello(session)
    maker.batch([(SESSIONS[0], [new_instrument(), change(tick_size=1)])])
    maker.batch([(SESSIONS[1], [*maker.funds.beginning(FUNDED)])])
    special: dict[int, list[Command]] = {
        20: [change(status=InstrumentStatus.HALTED)],
        24: [change(status=InstrumentStatus.CANCEL_ONLY)],
        28: [change(status=InstrumentStatus.TRADING, taker_fee_bps=30, maker_fee_bps=5)],
        40: [RefuseCommand(Refusal.NO_SAVED_BOOK, "there is no state/orderbook_BTC-USDT.json"), LoadBook("NONE-USDT")],
        60: [
            RefuseCommand(Refusal.COMMAND_REFUSED, "RuntimeError('a defect')"),
            change(max_quantity=50_000, min_notional=1),
        ],
        64: [change(price_band_bps=100, reference_price=1_000)],
        80: [change(max_open_orders=3, max_order_notional=120_000)],
        100: [SetAccountStatus("bob", suspended=True)],
        104: [SetAccountStatus("bob", suspended=False), WatchAccount("bob")],
        110: [
            change(
                price_band_bps=0, max_open_orders=0, max_order_notional=0, halt_bps=100, halt_window_ms=90, halt_ms=4
            )
        ],
        150: [change(halt_bps=150, price_band_bps=300)],
        180: [change(halt_bps=0, halt_window_ms=0, halt_ms=0)],
        170: [SetAccountStatus("ann", suspended=True)],
    }
    own: dict[int, OwnCommand] = {
        10: SetLimits(accounts=100, trades=2, trigger_moves=1, cancels=1, iceberg_parts=3),
        50: SetLimits(trades=3, cancels=2, trigger_orders=4, expiring_orders=2),
        90: SetLimits(accounts=5, trades=4, trigger_moves=2, cancels=1),
        130: SetLimits(),
        160: SetLimits(
            accounts=5, trades=5, trigger_moves=10, cancels=3, trigger_orders=20, expiring_orders=10, iceberg_parts=4
        ),
        **{number: MoveTimers(STEP * (number % 3 - 1)) for number in (30, 45, 61, 77, 95, 121, 143, 155)},
    }
    saved = LoadBook("BTC-USDT")
    for number in range(BATCHES):
        sessions = maker.random.sample(SESSIONS, maker.random.randint(1, 2))
        frames = [(session, [maker.any_command() for _ in range(maker.random.randint(1, 4))]) for session in sessions]
        maker.batch(frames, again=maker.random.choice((0, 0, 0, 2)))
        if number % 7 == 0:
            # Nobody sends anything: what falls due comes alone.
            maker.batch([])
        if number in own:
            maker.own([own[number]])
        if number in special:
            maker.batch([(SESSIONS[0], special[number])])
        if number == 140:
            saved = maker.load("BTC-USDT", alter=False)
        if number == 190:
            maker.batch([(SESSIONS[1], [maker.load("ETH-USDT", alter=True), saved])])
        if number % DIGEST_EVERY == 0:
            maker.note_digest()
    maker.finish(directory)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))

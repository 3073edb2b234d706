"""Snapshots: the whole state as of a sequence, from which a start needs only the journal's tail.

This is the mapping of the state to parts and back. `matcher.storage.snapshot_file` holds the parts. A new part is one
class, its writer and its reader. A new field of an order stands in `Order` and in `OrderRecord` under the same name.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct, structs

from matcher.core.asset_list import add_book
from matcher.core.assets import FeeChange
from matcher.core.book import Book
from matcher.core.digest import digest
from matcher.core.order import Extra, Order
from matcher.core.price_window import Stamped
from matcher.core.protection import count_open
from matcher.core.restoring import put_back
from matcher.core.settlement import last_fills, remember_done
from matcher.engine import Engine
from matcher.reply import Reply
from matcher.serving.watched import Watched
from matcher.state import State
from matcher.storage.chunks import chunks
from matcher.storage.journal_format import ENGINE
from matcher.storage.key_parts import KeysPart, key_parts, read_keys_part
from matcher.storage.money_parts import AssetsPart, LedgerPart, MoneyPart, TransfersPart, money_parts, read_money_part
from matcher.storage.order_gaps import fill_gaps
from matcher.storage.order_parts import (
    ORDER_PARTS,
    ClientIdKind,
    OrderPart,
    enter,
    kind_of_client_id,
    order_parts,
    read_order_part,
)
from matcher.storage.snapshot_file import FORMAT, Head, Replicated, open_blocks, write_blocks
from matcher.storage.snapshot_format_1 import read_old_part
from matcher.storage.version_parts import AccountVersionsPart, read_version_part, version_parts
from protocol.commands import NO_TERMS, OrderTerms, SetLimits
from protocol.events import AccountUpdate, Trade
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Reason, Side

if TYPE_CHECKING:
    from matcher.core.registry import Registry


class LimitsPart(Struct, frozen=True, tag="limits"):
    """The limits that hold. Left out without any."""

    limits: SetLimits


class BookPart(Struct, frozen=True, tag="book"):
    """One instrument and its book, without the orders. `lows` and `highs`: those of its PriceWindow.
    `fee_changes`: those of its Currencies."""

    instrument: Instrument
    last_price: int | None
    last_trade_id: int
    trades: list[Trade]
    forgotten: int = 0
    lows: list[Stamped] = []
    highs: list[Stamped] = []
    fee_changes: list[FeeChange] = []


class ExtraRecord(Struct, frozen=True, omit_defaults=True):
    """The fields of `Extra`. `partner` is an order_id."""

    terms: OrderTerms = NO_TERMS
    prevented: int = 0
    shown: int = 0
    unspent: int | None = None
    partner: int | None = None
    oco_id: int | None = None
    active: bool = False
    best_price: int | None = None
    cancel_on_first_fill: bool = False
    list_client_order_id: str | None = None
    active_since: int = 0
    prevented_match: int = 0


class OrderRecord(Struct, frozen=True, omit_defaults=True):
    """The fields of `Order`, with names for the account and the symbol."""

    order_id: int
    account_name: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: int
    remaining: int
    sequence: int
    timestamp: int
    client_order_id: str | None = None
    price: int | None = None
    trigger_price: int | None = None
    status: OrderStatus = OrderStatus.OPEN
    reason: Reason | None = None
    filled_value: int = 0
    fills: list[Trade] | None = None
    extra: ExtraRecord | None = None
    updated_sequence: int = 0
    updated: int = 0
    reserved: str = ""
    client_id_kind: ClientIdKind = ClientIdKind.FOR_GOOD
    fired: int = 0


class LiveOrdersPart(Struct, frozen=True, tag="live_orders"):
    """The live orders of each book: bids and asks in queue order, then pending ones by entry."""

    orders: list[OrderRecord]


class DoneOrdersPart(Struct, frozen=True, tag="done_orders"):
    """Done orders in the order of their ends."""

    orders: list[OrderRecord]


class AccountPart(Struct, frozen=True, tag="account"):
    """One account: its last fills, whether it is suspended, when its orders are canceled."""

    account: str
    maker_fills: list[Trade] = []
    taker_fills: list[Trade] = []
    suspended: bool = False
    cancel_at: int | None = None


class WatchedPart(Struct, frozen=True, tag="watched"):
    """Watched accounts, the one whose WatchAccount is the longest ago first."""

    accounts: list[Watched]


class UpdatesPart(Struct, frozen=True, tag="updates"):
    """What is kept of what happened to watched accounts, oldest first."""

    updates: list[AccountUpdate]


class SessionPart(Struct, frozen=True, tag="session"):
    """A session, the one that was silent longest first."""

    session: int
    taken: int
    replies: list[Reply]


Part = (
    LimitsPart
    | BookPart
    | LiveOrdersPart
    | DoneOrdersPart
    | OrderPart
    | AccountPart
    | MoneyPart
    | WatchedPart
    | UpdatesPart
    | SessionPart
    | KeysPart
    | AccountVersionsPart
)

_decode_part: Callable[[bytes], Part] = msgspec.msgpack.Decoder(Part).decode

_ORDER_FIELDS: Final = tuple(
    name
    for name in (field.name for field in structs.fields(OrderRecord))
    if name not in ("account_name", "symbol", "fills", "extra", "reserved", "client_id_kind")
)
"""The fields that a record and its order share as they are."""

_STATE_FIELDS: Final = ("status", "reason", "filled_value", "updated_sequence", "updated", "fired")
"""The fields of them that a new order has at their defaults."""

_EXTRA_FIELDS: Final = tuple(field.name for field in structs.fields(ExtraRecord) if field.name != "partner")


def write_snapshot(directory: Path, state: State, journal: str, crc: int, replicated: Replicated | None = None) -> Path:
    """Write the state, which is that of the journal up to the record of that CRC. Returns the file. OSError if the disk
    does not take it."""
    registry = state.registry
    head = Head(
        FORMAT,
        ENGINE,
        journal,
        state.sequence,
        state.time,
        crc,
        digest(registry),
        registry.last_order_id,
        registry.forgotten,
        **({} if replicated is None else structs.asdict(replicated)),
    )
    return write_blocks(directory, head, _parts(state))


def read_snapshot(path: Path, engine: int | None = ENGINE) -> tuple[Head, State]:
    """The state in the file; SnapshotError if it is no whole snapshot of this engine (None: of any)."""
    head, blocks = open_blocks(path, engine)
    state = State(Engine())
    state.sequence, state.time = head.sequence, head.time
    state.registry.last_order_id, state.registry.forgotten = head.last_order_id, head.forgotten
    reader = _Reader(state)
    for payload in blocks:
        reader.read(_decode_part(payload) if head.format == FORMAT else read_old_part(payload, Part))
    reader.finish()
    return head, state


def _parts(state: State) -> Iterator[Part]:
    registry = state.registry
    books = registry.books.values()
    if registry.limits != SetLimits():
        yield LimitsPart(registry.limits)
    for book in books:
        yield _book_part(book)
    for orders in chunks(_record(order) for book in books for order in book.live_orders()):
        yield LiveOrdersPart(orders)
    for orders in chunks(_record(order) for order in registry.done):
        yield DoneOrdersPart(orders)
    yield from order_parts(registry)
    for account in registry.accounts.values():
        if account.maker_fills or account.taker_fills or account.suspended or account.cancel_at is not None:
            yield AccountPart(account.name, *last_fills(account), account.suspended, account.cancel_at)
    yield from key_parts(registry)
    yield from version_parts(registry)
    yield from money_parts(registry)
    watched, updates = state.streams.known()
    yield WatchedPart(watched)
    for some_updates in chunks(updates):
        yield UpdatesPart(some_updates)
    for session, taken, replies in state.sessions.known():
        yield SessionPart(session, taken, replies)


def _book_part(book: Book) -> BookPart:
    window = book.window
    prices = ([], []) if window is None else (list(window.lows), list(window.highs))
    return BookPart(
        book.instrument,
        book.last_price,
        book.last_trade_id,
        list(book.trades),
        book.forgotten,
        *prices,
        book.currencies.fee_changes,
    )


def _record(order: Order) -> OrderRecord:
    extra = order.extra
    fields: dict[str, Any] = {name: getattr(order, name) for name in _ORDER_FIELDS}
    if extra is not None:
        partner = None if extra.partner is None else extra.partner.order_id
        fields["extra"] = ExtraRecord(partner=partner, **{name: getattr(extra, name) for name in _EXTRA_FIELDS})
    if order.reserved:
        fields["reserved"] = str(order.reserved)
    fields["client_id_kind"] = kind_of_client_id(order)
    return OrderRecord(account_name=order.account.name, symbol=order.symbol, fills=order.fills, **fields)


class _Reader:
    """Brings a state back, part by part."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._registry: Registry = state.registry
        self._trades: dict[tuple[str, int], Trade] = {}
        self._live: list[Order] = []
        self._partners: dict[int, int] = {}
        self._readers: dict[type, Callable[[Any], None]] = {
            LimitsPart: self._limits,
            BookPart: self._book,
            LiveOrdersPart: self._live_orders,
            DoneOrdersPart: self._done_orders,
            **dict.fromkeys(ORDER_PARTS, partial(read_order_part, self._registry)),
            AccountPart: self._account,
            **dict.fromkeys((AssetsPart, LedgerPart, TransfersPart), partial(read_money_part, self._registry)),
            WatchedPart: self._watched,
            UpdatesPart: self._updates,
            SessionPart: self._session,
            KeysPart: partial(read_keys_part, self._registry),
            AccountVersionsPart: partial(read_version_part, self._registry),
        }

    def read(self, part: Part) -> None:
        self._readers[type(part)](part)

    def finish(self) -> None:
        """What needs all parts: the lists of live orders, the legs of OCOs, the orders that books count, the order of
        prevented matches."""
        for order in sorted(self._live, key=lambda order: order.order_id):
            self._registry.list_restored(order)
        for order_id, partner_id in self._partners.items():
            extra = self._registry.orders[order_id].extra
            assert extra is not None, "only a leg of an OCO has a partner"
            extra.partner = self._registry.orders[partner_id]
        for book in self._registry.books.values():
            count_open(book)
        self._registry.note_guards()
        self._registry.running.prevented.restored()

    def _limits(self, part: LimitsPart) -> None:
        self._registry.set_limits(part.limits)

    def _book(self, part: BookPart) -> None:
        book = add_book(self._registry, part.instrument)
        book.currencies.fee_changes = part.fee_changes
        book.set_last_price(part.last_price)
        book.last_trade_id = part.last_trade_id
        book.forgotten = part.forgotten
        book.trades.extend(self._shared(part.trades))
        if book.window is not None:
            book.window.lows.extend(part.lows)
            book.window.highs.extend(part.highs)
        if part.instrument.halted_until:
            self._registry.halts.add(part.instrument.halted_until, part.instrument.symbol)

    def _live_orders(self, part: LiveOrdersPart) -> None:
        for record in part.orders:
            order = self._order(record)
            put_back(self._registry, order)
            if record.extra is not None and record.extra.partner is not None:
                self._partners[order.order_id] = record.extra.partner
            self._live.append(order)

    def _done_orders(self, part: DoneOrdersPart) -> None:
        for record in part.orders:
            remember_done(self._registry, self._order(record))

    def _account(self, part: AccountPart) -> None:
        account = self._registry.account(part.account)
        account.maker_fills = self._shared(part.maker_fills) or None
        account.taker_fills = self._shared(part.taker_fills) or None
        account.suspended = part.suspended
        account.cancel_at = part.cancel_at
        if account.cancel_at is not None:
            self._registry.timers.add(account.cancel_at, account.name)

    def _watched(self, part: WatchedPart) -> None:
        for watched in part.accounts:
            self._state.streams.restore_account(watched)

    def _updates(self, part: UpdatesPart) -> None:
        for update in part.updates:
            self._state.streams.restore_update(update)

    def _session(self, part: SessionPart) -> None:
        replies = [(reply.number, len(reply.answers), reply) for reply in part.replies]
        self._state.sessions.restore(part.session, part.taken, replies)

    def _shared(self, trades: list[Trade]) -> list[Trade]:
        """The trades. One that is remembered in several places is one object again."""
        return [self._trades.setdefault((trade.symbol, trade.trade_id), trade) for trade in trades]

    def _order(self, record: OrderRecord) -> Order:
        account = self._registry.account(record.account_name)
        order = Order(
            record.order_id,
            account,
            self._registry.books[record.symbol],
            record.client_order_id,
            record.side,
            record.order_type,
            record.quantity,
            record.remaining,
            record.price,
            record.trigger_price,
            record.sequence,
            record.timestamp,
        )
        for name in _STATE_FIELDS:
            setattr(order, name, getattr(record, name))
        if record.reserved:
            order.reserved = int(record.reserved)
        if record.fills is not None:
            order.fills = self._shared(record.fills)
        fill_gaps(order)
        if record.extra is not None:
            extra = {name: getattr(record.extra, name) for name in _EXTRA_FIELDS}
            if extra["terms"] == NO_TERMS:
                extra["terms"] = NO_TERMS
            order.extra = Extra(**extra)
        enter(self._registry, order, record.client_id_kind)
        return order

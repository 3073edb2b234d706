"""Snapshots: the whole state as of a sequence, from which a start needs only the journal's tail.

A file is a magic word and blocks: length, CRC-32, MessagePack. The first block is the head, which names the place in
the journal's chain, the last one says how many there were; a file that lacks one of them, or whose CRCs do not fit, is
no snapshot. It is written under another name, synced, read again, renamed, and the directory synced: a half-written one
is never taken for one.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar
from zlib import crc32

import msgspec
from msgspec import Struct

from matcher.book import Book
from matcher.digest import digest
from matcher.engine import Engine
from matcher.journal import ENGINE
from matcher.order import Order, Special, last_fills, remember_done
from matcher.restoring import enter_book
from matcher.state import Reply, State
from matching_exchange.process.files import (
    list_files,
    make_directory,
    named,
    open_private,
    open_regular,
    sync_directory,
    sync_file,
)
from protocol.commands import NO_TERMS, OrderTerms, SetLimits
from protocol.events import AccountUpdate, Trade
from protocol.instrument import Instrument
from protocol.units import OrderStatus, OrderType, Reason, Side

FORMAT: Final = 1
MAGIC: Final = b"EXSNAPSH"
SUFFIX: Final = ".snapshot"

KEPT: Final = 2
"""How many snapshots stay: the newest, and one to fall back on."""

BLOCK_ORDERS: Final = 5_000
"""How many orders, or ids, one block holds."""

SYNC_EVERY: Final = 1024 * 1024
"""After so many bytes what was written of a snapshot is synced."""

_BLOCK = struct.Struct("<II")

_encode = msgspec.msgpack.Encoder().encode

Item = TypeVar("Item")


class SnapshotError(Exception):
    """The file is no whole snapshot of this version; the message says why."""


class Head(Struct, frozen=True, array_like=True):
    """Where the snapshot stands: `crc` is that of the journal's last record that is in it."""

    format: int
    engine: int
    journal: str
    sequence: int
    time: int
    crc: int
    digest: str
    last_order_id: int
    forgotten: int


class _Book(Struct, frozen=True, array_like=True, tag=1):
    instrument: Instrument
    last_price: int | None
    last_trade_id: int
    trades: list[Trade]
    forgotten: int = 0


class _Special(Struct, frozen=True, array_like=True):
    terms: OrderTerms
    prevented: int
    shown: int
    unspent: int | None
    partner: int | None
    oco_id: int | None
    active: bool
    mark: int | None


class _Order(Struct, frozen=True, array_like=True):
    order_id: int
    account: str
    symbol: str
    client_order_id: str | None
    side: Side
    order_type: OrderType
    quantity: int
    remaining: int
    price: int | None
    trigger_price: int | None
    sequence: int
    timestamp: int
    status: OrderStatus
    reason: Reason | None
    filled_value: int
    fills: list[Trade] | None
    special: _Special | None = None
    updated_sequence: int = 0
    updated: int = 0


class _LiveOrders(Struct, frozen=True, array_like=True, tag=2):
    """Live orders: of each book the bids and asks in queue order, then the pending ones in the order of their entry."""

    orders: list[_Order]


class _DoneOrders(Struct, frozen=True, array_like=True, tag=3):
    """Done orders in the order of their ends."""

    orders: list[_Order]


class _Accounts(Struct, frozen=True, array_like=True, tag=4):
    """What the orders do not say of accounts: name, a number that older versions used, entered values."""

    accounts: list[tuple[str, int, dict[str, tuple[int, int | None, int | None]]]]


class _Session(Struct, frozen=True, array_like=True, tag=5):
    """A session, the one that was silent longest first."""

    session: int
    taken: int
    replies: list[Reply]


class _End(Struct, frozen=True, array_like=True, tag=6):
    blocks: int


class _AccountState(Struct, frozen=True, array_like=True, tag=7):
    """What else there is of an account: its last fills, whether it is suspended, when its orders are canceled."""

    account: str
    maker_fills: list[Trade]
    taker_fills: list[Trade]
    suspended: bool
    cancel_at: int | None


class _Watched(Struct, frozen=True, array_like=True, tag=8):
    """Watched accounts: name, since, last, complete_after; the one whose WatchAccount is the longest ago first."""

    accounts: list[tuple[str, int, int, int]]


class _Updates(Struct, frozen=True, array_like=True, tag=9):
    """What is kept of what happened to the orders of watched accounts, oldest first."""

    updates: list[AccountUpdate]


class _Limits(Struct, frozen=True, array_like=True, tag=10):
    """The limits that hold, where there are any."""

    limits: SetLimits


_Block = _Book | _LiveOrders | _DoneOrders | _Accounts | _Session | _End | _AccountState | _Watched | _Updates | _Limits

_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_block = msgspec.msgpack.Decoder(_Block).decode


def write_snapshot(directory: Path, state: State, journal: str, crc: int) -> Path:
    """Write the state, which is that of the journal up to the record of that CRC; the file. OSError where the disk does
    not take it."""
    make_directory(directory)
    path = directory / f"{state.sequence:020d}{SUFFIX}"
    temporary = path.with_name(path.name + ".new")
    engine = state.engine
    head = Head(
        FORMAT, ENGINE, journal, state.sequence, state.time, crc, digest(engine), engine.last_order_id, engine.forgotten
    )
    with named(temporary), open(temporary, "wb", opener=open_private) as file:
        file.write(MAGIC)
        file.write(_block(_encode(head)))
        blocks = unsynced = 0
        for block in _pack(state):
            unsynced += file.write(_block(_encode(block)))
            blocks += 1
            if unsynced >= SYNC_EVERY:
                # Little by little: one large sync at the end would hold up the journal's on the same disk.
                file.flush()
                sync_file(file.fileno())
                unsynced = 0
        file.write(_block(_encode(_End(blocks))))
        file.flush()
        sync_file(file.fileno())
    for _ in _read_blocks(temporary):
        pass
    temporary.rename(path)
    sync_directory(directory)
    return path


def read_head(path: Path) -> Head:
    """The head of a snapshot; SnapshotError where it is none."""
    return next(_heads(path))


def read_snapshot(path: Path) -> tuple[Head, State]:
    """The state in the file; SnapshotError where it is no whole snapshot."""
    blocks = _read_blocks(path)
    head = _head_of(path, next(blocks))
    state = State(Engine())
    state.sequence, state.time = head.sequence, head.time
    state.engine.last_order_id, state.engine.forgotten = head.last_order_id, head.forgotten
    _unpack(state, (_decode_block(payload) for payload in blocks))
    return head, state


def snapshots(directory: Path) -> list[Path]:
    """The snapshots of the directory, newest first; whether they are whole is seen when they are read. OSError where
    the directory is there and cannot be listed."""
    return list_files(directory, SUFFIX)[::-1]


def _heads(path: Path) -> Iterator[Head]:
    for payload in _read_blocks(path):
        yield _head_of(path, payload)


def _head_of(path: Path, payload: bytes) -> Head:
    try:
        head: Head = _decode_head(payload)
    except msgspec.MsgspecError as error:
        raise SnapshotError(f"{path}: its head cannot be read: {error}") from error
    if (head.format, head.engine) != (FORMAT, ENGINE):
        raise SnapshotError(f"{path}: was written as format {head.format} of engine {head.engine}")
    return head


def _block(payload: bytes) -> bytes:
    return _BLOCK.pack(len(payload), crc32(payload)) + payload


def _read_blocks(path: Path) -> Iterator[bytes]:
    """The payloads of the file's blocks without the end; SnapshotError, at the latest after the last one, where it is
    not whole; OSError where the file cannot be read."""
    with named(path), open_regular(path) as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SnapshotError(f"{path}: is no snapshot")
        count = -1
        ahead: bytes | None = None
        while True:
            header = file.read(_BLOCK.size)
            if not header:
                break
            if len(header) < _BLOCK.size:
                raise SnapshotError(f"{path}: is not whole")
            length, crc = _BLOCK.unpack(header)
            payload = file.read(length)
            if len(payload) < length or crc32(payload) != crc:
                raise SnapshotError(f"{path}: is damaged before byte {file.tell()}")
            if ahead is not None:
                yield ahead
                count += 1
            ahead = payload
        if ahead is None or ahead != _encode(_End(count)):
            raise SnapshotError(f"{path}: is not whole")


def _pack(state: State) -> Iterator[_Block]:
    engine = state.engine
    if engine.limits != SetLimits():
        yield _Limits(engine.limits)
    for book in engine.books.values():
        yield _Book(book.instrument, book.last_price, book.last_trade_id, list(book.trades), book.forgotten)
    for orders in _chunks(_pack_order(order) for book in engine.books.values() for order in book.live_orders()):
        yield _LiveOrders(orders)
    for orders in _chunks(_pack_order(order) for order in engine.done):
        yield _DoneOrders(orders)
    named = ((account.name, 0, account.entered) for account in engine.accounts.values())
    for some in _chunks(account for account in named if account[2]):
        yield _Accounts(some)
    for account in engine.accounts.values():
        if account.maker_fills or account.taker_fills or account.suspended or account.cancel_at is not None:
            yield _AccountState(account.name, *last_fills(account), account.suspended, account.cancel_at)
    watched, updates = state.streams.known()
    yield _Watched(watched)
    for some_updates in _chunks(updates):
        yield _Updates(some_updates)
    for session, taken, replies in state.sessions.known():
        yield _Session(session, taken, replies)


def _pack_order(order: Order) -> _Order:
    return _Order(
        order.order_id,
        order.account.name,
        order.book.instrument.symbol,
        order.client_order_id,
        order.side,
        order.order_type,
        order.quantity,
        order.remaining,
        order.price,
        order.trigger_price,
        order.sequence,
        order.timestamp,
        order.status,
        order.reason,
        order.filled_value,
        order.fills,
        None if order.special is None else _pack_special(order.special),
        order.updated_sequence,
        order.updated,
    )


def _pack_special(special: Special) -> _Special:
    return _Special(
        special.terms,
        special.prevented,
        special.shown,
        special.unspent,
        None if special.partner is None else special.partner.order_id,
        special.oco_id,
        special.active,
        special.mark,
    )


def _chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, BLOCK_ORDERS)):
        yield chunk


def _unpack(state: State, blocks: Iterable[Any]) -> None:
    engine = state.engine
    trades: dict[tuple[str, int], Trade] = {}
    live: list[Order] = []
    partners: dict[int, int] = {}
    for block in blocks:
        if isinstance(block, _Book):
            book = engine.books[block.instrument.symbol] = Book(
                block.instrument, engine.running, engine.done, engine.expiries
            )
            book.set_last_price(block.last_price)
            book.last_trade_id = block.last_trade_id
            book.forgotten = block.forgotten
            book.trades.extend(_shared(block.trades, trades))
        elif isinstance(block, _LiveOrders):
            for packed in block.orders:
                order = _unpack_order(engine, packed, trades)
                enter_book(order)
                if packed.special is not None and packed.special.partner is not None:
                    partners[order.order_id] = packed.special.partner
                live.append(order)
        elif isinstance(block, _DoneOrders):
            for packed in block.orders:
                order = _unpack_order(engine, packed, trades)
                engine.done.append(order)
                order.book.done.append(order)
                remember_done(order)
        elif isinstance(block, _Accounts):
            for name, _, entered in block.accounts:
                engine.account(name).entered = entered
        elif isinstance(block, _AccountState):
            _unpack_account(engine, block, trades)
        elif isinstance(block, _Watched):
            for watched in block.accounts:
                state.streams.restore_account(*watched)
        elif isinstance(block, _Updates):
            for update in block.updates:
                state.streams.restore_update(update)
        elif isinstance(block, _Limits):
            engine.limits = block.limits
        else:
            assert isinstance(block, _Session), "there is no other block"
            state.sessions.restore(
                block.session, block.taken, [(reply.number, len(reply.answers), reply) for reply in block.replies]
            )
    for order in sorted(live, key=lambda order: order.order_id):
        order.account.orders.add(order)
        order.book.orders.add(order)
    for order_id, partner_id in partners.items():
        special = engine.orders[order_id].special
        assert special is not None, "only a leg of an OCO has a partner"
        special.partner = engine.orders[partner_id]


def _unpack_account(engine: Engine, block: _AccountState, trades: dict[tuple[str, int], Trade]) -> None:
    account = engine.account(block.account)
    account.maker_fills = _shared(block.maker_fills, trades) or None
    account.taker_fills = _shared(block.taker_fills, trades) or None
    account.suspended = block.suspended
    account.cancel_at = block.cancel_at
    if account.cancel_at is not None:
        engine.timers.add(account.cancel_at, account.name)


def _shared(some: list[Trade], trades: dict[tuple[str, int], Trade]) -> list[Trade]:
    """The trades: one that is remembered in several places is one object again."""
    return [trades.setdefault((trade.symbol, trade.trade_id), trade) for trade in some]


def _unpack_order(engine: Engine, packed: _Order, trades: dict[tuple[str, int], Trade]) -> Order:
    account = engine.account(packed.account)
    order = Order(
        packed.order_id,
        account,
        engine.books[packed.symbol],
        packed.client_order_id,
        packed.side,
        packed.order_type,
        packed.quantity,
        packed.remaining,
        packed.price,
        packed.trigger_price,
        packed.sequence,
        packed.timestamp,
        packed.status,
        packed.reason,
        packed.filled_value,
        updated_sequence=packed.updated_sequence,
        updated=packed.updated,
    )
    if packed.fills is not None:
        order.fills = _shared(packed.fills, trades)
    if order.fills and not order.updated_sequence:
        # An older version did not note it; the last fill is what is known.
        last = order.fills[-1]
        order.updated_sequence, order.updated = last.sequence, last.timestamp
    if packed.special is not None:
        special = packed.special
        order.special = Special(
            NO_TERMS if special.terms == NO_TERMS else special.terms,
            special.prevented,
            special.shown,
            special.unspent,
            None,
            special.oco_id,
            special.active,
            special.mark,
        )
    engine.orders.add(order)
    if order.client_order_id is not None:
        account.client_orders[order.client_order_id] = order
    return order

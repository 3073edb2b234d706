"""The digest: a SHA-256 over the canonical state, by which two matchers, or a replay, can be told to agree.

It covers the books in queue order, the pending orders, the instruments, the limits, suspended accounts and timers, the
remembered client_order_ids and the next ids; not the sessions, the sequence or the time, nor what is only remembered
(fills, last trades, done orders without a client_order_id). Symbols, accounts and client_order_ids are sorted. Fields
at their default are left out, so that a later version with more fields agrees.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct, structs

from matcher.engine import Engine
from matcher.order import PLAIN, Order
from protocol.commands import SetLimits
from protocol.units import InstrumentStatus, SelfTradePrevention

_encode = msgspec.json.Encoder().encode


class _CanonicalOrder(Struct, frozen=True, omit_defaults=True):
    order_id: int
    account: str
    side: int
    order_type: int
    quantity: int
    remaining: int
    price: int | None = None
    trigger_price: int | None = None
    client_order_id: str | None = None
    filled_value: int = 0
    post_only: bool = False
    self_trade_prevention: int = SelfTradePrevention.NONE.value
    expire_time: int = 0
    display_quantity: int | None = None
    trailing_bps: int | None = None
    trailing_amount: int | None = None
    activation_price: int | None = None
    prevented: int = 0
    shown: int = 0
    oco_partner: int | None = None
    active: bool = False
    mark: int | None = None


class _CanonicalInstrument(Struct, frozen=True, omit_defaults=True):
    symbol: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: int
    lot_size: int
    min_quantity: int
    max_quantity: int
    max_price: int
    min_notional: int = 0
    maker_fee_bps: int = 0
    taker_fee_bps: int = 0
    status: int = InstrumentStatus.TRADING.value
    last_price: int | None = None
    last_trade_id: int = 0


class _CanonicalIds(Struct, frozen=True, omit_defaults=True):
    """An account's remembered client_order_ids with their orders, and what those that were amended since were entered
    with."""

    account: str
    client_order_ids: list[tuple[str, int]]
    entered: list[tuple[str, tuple[int, int | None, int | None]]] = []


class _CanonicalAccount(Struct, frozen=True, omit_defaults=True):
    """A suspended account, or one with a cancel on silence."""

    account: str
    suspended: bool = False
    cancel_at: int | None = None


def digest(engine: Engine) -> str:
    """The digest in hexadecimal."""
    result = sha256()
    for part in canonical_state(engine):
        result.update(part)
        result.update(b"\n")
    return result.hexdigest()


def canonical_state(engine: Engine) -> Iterator[bytes]:
    """The canonical state as lines of JSON."""
    yield _encode({"last_order_id": engine.last_order_id})
    if engine.limits != SetLimits():
        yield _encode({"limits": structs.asdict(engine.limits)})
    for symbol in sorted(engine.books):
        book = engine.books[symbol]
        i = book.instrument
        yield _encode(
            _CanonicalInstrument(
                i.symbol,
                i.base,
                i.quote,
                i.price_decimals,
                i.quantity_decimals,
                i.tick_size,
                i.lot_size,
                i.min_quantity,
                i.max_quantity,
                i.max_price,
                i.min_notional,
                i.maker_fee_bps,
                i.taker_fee_bps,
                i.status.value,
                book.last_price,
                book.last_trade_id,
            )
        )
        for levels in (book.bids, book.asks):
            for level in levels:
                for order in level:
                    yield _encode(_canonical(order))
        for order in book.triggers.pending.values():
            yield _encode(_canonical(order))
    for name in sorted(engine.accounts):
        account = engine.accounts[name]
        if account.suspended or account.cancel_at is not None:
            yield _encode(_CanonicalAccount(name, account.suspended, account.cancel_at))
        if account.client_orders:
            ids = sorted((client_order_id, order.order_id) for client_order_id, order in account.client_orders.items())
            yield _encode(_CanonicalIds(name, ids, sorted(account.entered.items())))


def _canonical(order: Order) -> _CanonicalOrder:
    special = order.special or PLAIN
    terms = special.terms
    return _CanonicalOrder(
        order.order_id,
        order.account.name,
        order.side.value,
        order.order_type.value,
        order.quantity,
        order.remaining,
        order.price,
        order.trigger_price,
        order.client_order_id,
        order.filled_value,
        terms.post_only,
        terms.self_trade_prevention.value,
        terms.expire_time,
        terms.display_quantity,
        terms.trailing_bps,
        terms.trailing_amount,
        terms.activation_price,
        special.prevented,
        special.shown,
        None if special.partner is None else special.partner.order_id,
        special.active,
        special.mark,
    )

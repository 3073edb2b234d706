"""The digest: a SHA-256 over the canonical state. Two matchers, or a replay, agree if their digests do.

It covers:
- the books in queue order, and the pending orders,
- the instruments and the limits,
- the ledgers, what is booked beside them, and the remembered transfers,
- suspended accounts and timers,
- the API keys,
- the remembered client_order_ids and the next ids.

It does not cover the sessions, the sequence, the time, or what is only
remembered: fills, last trades, last uses of keys, done orders without a client_order_id.

The canonical state is lines of JSON, read by field name. Symbols, accounts and client_order_ids are sorted. A field at
its default is left out, so a later version with more fields agrees.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import structs

from matcher.core.account import Account
from matcher.core.book import Book
from matcher.core.ledger import Ledger
from matcher.core.order import Extra, Order
from matcher.core.registry import Registry
from protocol.commands import NO_TERMS, SetLimits
from protocol.instrument import Instrument
from protocol.keys import Key, KeyState
from protocol.order_types import ORDER_TYPES, TERMS, Waits

_encode = msgspec.json.Encoder().encode

INSTRUMENT_DEFAULTS: Final = {
    **{field.name: field.default for field in structs.fields(Instrument) if not field.required},
    "min_notional": 0,
    "maker_fee_bps": 0,
    "taker_fee_bps": 0,
}

KEY_DEFAULTS: Final = {
    **{field.name: field.default for field in structs.fields(Key) if not field.required},
    "addresses": [],
}

LIVE_TERMS: Final = tuple(
    name
    for name in TERMS
    if any(row.takes(name) for row in ORDER_TYPES.values() if row.rests or row.waits is not Waits.NO)
)
"""The terms that an order in a book may have."""


def digest(registry: Registry) -> str:
    """The digest in hexadecimal."""
    result = sha256()
    for line in canonical_state(registry):
        result.update(line)
        result.update(b"\n")
    return result.hexdigest()


def canonical_state(registry: Registry) -> Iterator[bytes]:
    """The canonical state, line by line."""
    yield _encode({"last_order_id": registry.last_order_id})
    if registry.limits != SetLimits():
        yield _encode({"limits": structs.asdict(registry.limits)})
    for name in sorted(registry.assets):
        asset = registry.assets[name]
        if asset.is_used:
            sums = [str(amount) for amount in (asset.deposited, asset.fees, asset.outside)]
            yield _encode({"asset": name, "decimals": asset.decimals, "sums": sums})
    for symbol in sorted(registry.books):
        book = registry.books[symbol]
        yield _encode(_book_line(book))
        for order in book.live_orders():
            yield _encode(_order_line(order))
    for name in sorted(registry.accounts):
        for line in _account_lines(registry.accounts[name]):
            yield _encode(line)
        ledger = registry.accounts[name].ledger
        if ledger is not None:
            yield _encode(_ledger_line(registry, name, ledger))
    for name, version in registry.account_versions.all():
        yield _encode({"account": name, "version": version})
    for transfer in registry.transfers:
        yield _encode({"transfer": transfer.row()})
    for state in registry.keys.all():
        yield _encode(_key_line(state))


def _key_line(state: KeyState) -> dict[str, Any]:
    fields = structs.asdict(state.key).items()
    return {name: value for name, value in fields if value != KEY_DEFAULTS.get(name)} | {"created": state.created}


def _book_line(book: Book) -> dict[str, Any]:
    """The instrument, the last price, the last trade_id and the prices by which it halts."""
    fields = structs.asdict(book.instrument).items()
    line = {name: value for name, value in fields if value != INSTRUMENT_DEFAULTS.get(name)}
    if book.last_price is not None:
        line["last_price"] = book.last_price
    if book.last_trade_id:
        line["last_trade_id"] = book.last_trade_id
    if book.currencies.fee_changes:
        line["fee_changes"] = book.currencies.fee_changes
    if book.window is not None and book.window.lows:
        line["lows"], line["highs"] = list(book.window.lows), list(book.window.highs)
    return line


def _order_line(order: Order) -> dict[str, Any]:
    line: dict[str, Any] = {
        "order_id": order.order_id,
        "account": order.account.name,
        "side": order.side,
        "order_type": order.order_type,
        "quantity": order.quantity,
        "remaining": order.remaining,
    }
    if order.price is not None:
        line["price"] = order.price
    if order.trigger_price is not None:
        line["trigger_price"] = order.trigger_price
    if order.client_order_id is not None:
        line["client_order_id"] = order.client_order_id
    if order.filled_value:
        line["filled_value"] = order.filled_value
    if order.reserved:
        line["reserved"] = str(order.reserved)
    return line if order.extra is None else line | _extra_fields(order.extra)


def _extra_fields(extra: Extra) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for name in LIVE_TERMS:
        value = getattr(extra.terms, name)
        if value != getattr(NO_TERMS, name):
            line[name] = value
    if extra.prevented:
        line["prevented"] = extra.prevented
    if extra.shown:
        line["shown"] = extra.shown
    if extra.partner is not None:
        line["oco_partner"] = extra.partner.order_id
        if extra.cancel_on_first_fill:
            line["cancel_on_first_fill"] = True
    if extra.list_client_order_id is not None:
        line["list_client_order_id"] = extra.list_client_order_id
    if extra.active:
        line["active"] = True
    if extra.best_price is not None:
        line["mark"] = extra.best_price
    return line


def _account_lines(account: Account) -> Iterator[dict[str, Any]]:
    """A line if the account is suspended or has a timer, one if it has client_order_ids, one for those of the open-only
    kind."""
    if account.suspended or account.cancel_at is not None:
        line: dict[str, Any] = {"account": account.name}
        if account.suspended:
            line["suspended"] = True
        if account.cancel_at is not None:
            line["cancel_at"] = account.cancel_at
        yield line
    if account.client_orders:
        ids = sorted((name, order.order_id) for name, order in account.client_orders.items())
        line = {"account": account.name, "client_order_ids": ids}
        if account.entered:
            line["entered"] = sorted(account.entered.items())
        if account.former_ids:
            line["former_ids"] = sorted(account.former_ids.items())
        yield line
    open_only = account.open_only_orders
    # Compiled, the truth of what may be None says nothing of its length.
    if open_only is not None and len(open_only) > 0:
        ids = sorted((name, order.order_id) for name, order in open_only.items())
        yield {"account": account.name, "open_only_client_order_ids": ids}


def _ledger_line(registry: Registry, name: str, ledger: Ledger) -> dict[str, Any]:
    """The balances and positions that are not zero."""
    held = [(name, ledger.balance(registry.assets[name])) for name in sorted(registry.assets)]
    return {
        "account": name,
        "ledger": ledger.since,
        "balances": [
            (asset, str(balance.free), str(balance.locked)) for asset, balance in held if balance.free or balance.locked
        ],
        "positions": [
            (symbol, *(str(number) for number in (position.quantity, position.cost, position.cash, position.fees)))
            for symbol, position in sorted(ledger.positions.items())
        ],
    }

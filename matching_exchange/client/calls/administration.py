"""Calls about the exchange itself, and those of administrators, which need an admin_token where one is set."""

from collections.abc import Mapping, Sequence
from typing import Any

from matching_exchange.client.call import Access, AccountPlace, Call, Repeat, answer, given, reader, segment
from matching_exchange.client.calls.requests import put, put_decimals
from matching_exchange.client.calls.route import route
from matching_exchange.client.decimals import DecimalInput, decimal_text
from matching_exchange.client.pages import Pages
from matching_exchange.client.times import TimeInput, time_text
from matching_exchange.client.types.administration import (
    Demo,
    Digest,
    Health,
    Key,
    KeyList,
    LoadedBook,
    NewKey,
    SavedBook,
    SessionList,
    Unhealthy,
)
from matching_exchange.client.types.markets import Instrument
from matching_exchange.client.types.orders import AccountStatus
from matching_exchange.client.types.words import (
    InstrumentStatus,
    InstrumentStatusWord,
    KeyType,
    KeyTypeWord,
    Permission,
    PermissionWord,
)

_health = reader(Health | Unhealthy)
_demo = answer(Demo)
_instrument = answer(Instrument)
_status = answer(AccountStatus)
_saved = answer(SavedBook)
_loaded = answer(LoadedBook)
_digest = answer(Digest)
_sessions = answer(SessionList)
_new_key = answer(NewKey)
_key = answer(Key)
_keys = answer(KeyList)


@route("GET", "/health")
def health() -> Call[Health | Unhealthy]:
    """Whether the matcher answers: `ok` of the answer tells. It is not repeated where the matcher is away."""
    return Call("GET", "/health", _health, Access.PUBLIC, Repeat.ALWAYS, answers=(200, 503))


@route("GET", "/metrics")
def metrics() -> Call[str]:
    """The metrics of all processes, as Prometheus reads them. From loopback, or with the admin_token."""
    return Call("GET", "/metrics", lambda content: content.decode(), Access.ADMIN, Repeat.ALWAYS)


@route("GET", "/demo")
def demo() -> Call[Demo]:
    """The demo market beside this exchange, if one runs."""
    return Call("GET", "/demo", _demo, Access.PUBLIC, Repeat.ALWAYS)


@route("POST", "/admin/demo")
def set_demo(
    *, paused: bool | None = None, speed: DecimalInput | None = None, jump_to: TimeInput | None = None
) -> Call[Demo]:
    """Pause the demo market, set its speed (0.1 to 100), or jump to a time of its recording."""
    body: dict[str, Any] = {}
    put(body, paused=paused, jump_to=None if jump_to is None else time_text(jump_to, "jump_to"))
    put_decimals(body, speed=speed)
    return Call("POST", "/admin/demo", _demo, Access.ADMIN, body=body)


@route("POST", "/admin/instruments")
def set_instrument(
    symbol: str,
    *,
    base: str | None = None,
    quote: str | None = None,
    tick_size: DecimalInput | None = None,
    lot_size: DecimalInput | None = None,
    min_quantity: DecimalInput | None = None,
    max_quantity: DecimalInput | None = None,
    max_price: DecimalInput | None = None,
    min_notional: DecimalInput | None = None,
    maker_fee_bps: int | None = None,
    taker_fee_bps: int | None = None,
    status: InstrumentStatus | InstrumentStatusWord | None = None,
    price_band_bps: int | None = None,
    reference_price: DecimalInput | None = None,
    max_open_orders: int | None = None,
    max_order_notional: DecimalInput | None = None,
    halt_bps: int | None = None,
    halt_window_ms: int | None = None,
    halt_ms: int | None = None,
) -> Call[Instrument]:
    """Add an instrument, or change one: of a known one, what is missing stays. Fees are in basis points.

    A new one needs base, quote, tick_size, lot_size, max_quantity and max_price; these four never change:
    base, quote, tick_size, lot_size. What protects the price is off unless it is given; 0 switches it off again.
    """
    body: dict[str, Any] = {"symbol": symbol}
    put_decimals(
        body,
        tick_size=tick_size,
        lot_size=lot_size,
        min_quantity=min_quantity,
        max_quantity=max_quantity,
        max_price=max_price,
        min_notional=min_notional,
        reference_price=reference_price,
        max_order_notional=max_order_notional,
    )
    put(
        body,
        base=base,
        quote=quote,
        maker_fee_bps=maker_fee_bps,
        taker_fee_bps=taker_fee_bps,
        status=status,
        price_band_bps=price_band_bps,
        max_open_orders=max_open_orders,
        halt_bps=halt_bps,
        halt_window_ms=halt_window_ms,
        halt_ms=halt_ms,
    )
    return Call("POST", "/admin/instruments", _instrument, Access.ADMIN, body=body)


@route("POST", "/admin/accounts/{account}/suspend")
def suspend(account: str) -> Call[AccountStatus]:
    """Cancel all orders of an account, and take no more of it."""
    return _of_account("suspend", account)


@route("POST", "/admin/accounts/{account}/resume")
def resume(account: str) -> Call[AccountStatus]:
    """Let a suspended account trade again."""
    return _of_account("resume", account)


def _of_account(action: str, account: str) -> Call[AccountStatus]:
    path = f"/admin/accounts/{{account}}/{action}"
    return Call("POST", path, _status, Access.ADMIN, account=account, account_place=AccountPlace.PATH)


@route("POST", "/admin/save")
def save_book(symbol: str) -> Call[SavedBook]:
    """Save a book to its file in the matcher's data directory."""
    return Call("POST", "/admin/save", _saved, Access.ADMIN, query=given(symbol=symbol))


@route("POST", "/admin/load")
def load_book(
    symbol: str, *, book: Mapping[str, object] | None = None, new_order_ids: bool = False
) -> Call[LoadedBook]:
    """Make a saved book the symbol's book again: that of its file, or `book`, as the file has it.

    new_order_ids: its orders count as entered now, with new order_ids and without client_order_ids.
    """
    body: dict[str, Any] = {"new_order_ids": new_order_ids}
    put(body, book=book)
    return Call("POST", "/admin/load", _loaded, Access.ADMIN, query=given(symbol=symbol), body=body)


@route("GET", "/admin/digest")
def digest() -> Call[Digest]:
    """A SHA-256 over the whole state: the same journal gives the same digest."""
    return Call("GET", "/admin/digest", _digest, Access.ADMIN, Repeat.ALWAYS)


@route("GET", "/admin/sessions")
def sessions() -> Call[SessionList]:
    """The sessions with the matcher."""
    return Call("GET", "/admin/sessions", _sessions, Access.ADMIN, Repeat.ALWAYS)


@route("POST", "/admin/keys")
def create_key(
    account: str,
    *,
    label: str | None = None,
    type: KeyType | KeyTypeWord | None = None,  # noqa: A002
    public_key: str | None = None,
    permissions: Sequence[Permission | PermissionWord] | None = None,
    addresses: Sequence[str] | None = None,
    expires: TimeInput | None = None,
    deposit: Mapping[str, DecimalInput] | None = None,
) -> Call[NewKey]:
    """Make an API key. The answer shows its secret this once; `bearer` of it is what a client takes as its key.

    type: hmac (default), ed25519 or rsa, the latter with public_key in PEM. permissions: all if they are missing.
    addresses: from which it may be used. deposit: an amount of each asset, put on the account.
    Not sent again after a lost answer: each call makes another key.
    """
    body: dict[str, Any] = {"account": account}
    put(
        body,
        label=label,
        type=type,
        public_key=public_key,
        permissions=permissions,
        addresses=addresses,
        expires=None if expires is None else time_text(expires, "expires"),
        deposit=None if deposit is None else _amounts(deposit, "deposit"),
    )
    return Call("POST", "/admin/keys", _new_key, Access.ADMIN, body=body)


@route("GET", "/admin/keys")
def keys(*, limit: int = 500, after: str | None = None) -> Call[KeyList]:
    """One page of the API keys, without their secrets. limit: 1 to 500."""
    return Call("GET", "/admin/keys", _keys, Access.ADMIN, Repeat.ALWAYS, query=given(limit=limit, after=after))


def iter_keys() -> Pages[KeyList, Key]:
    """All API keys, without their secrets, page by page."""
    return Pages(keys(), lambda found: found.keys, lambda found: keys(after=found.next) if found.next else None)


@route("DELETE", "/admin/keys/{key}")
def revoke_key(key: str) -> Call[Key]:
    """Revoke an API key. It counts nowhere any more once this has answered."""
    return Call("DELETE", f"/admin/keys/{segment(key)}", _key, Access.ADMIN)


@route("POST", "/admin/keys/{key}/secret")
def renew_key(key: str) -> Call[NewKey]:
    """Give an HMAC key a new secret; the one before is good no more."""
    return Call("POST", f"/admin/keys/{segment(key)}/secret", _new_key, Access.ADMIN)


def _amounts(values: Mapping[str, DecimalInput], field: str) -> dict[str, str]:
    return {asset: decimal_text(amount, field) for asset, amount in values.items()}

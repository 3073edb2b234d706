"""Calls about API keys: make, list, revoke, give a new secret."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from msgspec import UNSET, Raw, structs
from starlette.types import Receive, Scope

from gateway.access.keys import KeyStore
from gateway.access.proofs import read_public_key
from gateway.access.server_key import KeyFileError, ServerKey, check_of, derive_secret, new_key_id
from gateway.exchange.money import Money
from gateway.http.resources import read_body
from gateway.http.responses import JSON, NO_STORE, HttpResponse, encode, json_response
from gateway.link.errors import MatcherUnavailableError
from gateway.native.calls.bodies import body_decoder
from gateway.native.calls.money import read_amount, read_asset, told
from gateway.native.calls.parameters import query_parameters, whole_number
from gateway.native.enum_words import word
from gateway.native.json.key_schemas import MAX_DEPOSITS, KeyRequest, KeyView, KeyViews, NewKey
from gateway.native.json.names import check_name, read_word
from gateway.native.json.times import format_exact_time, format_timestamp, parse_exact_time
from gateway.native.problems import ProblemError
from protocol.commands import Deposit
from protocol.events import KeyState
from protocol.keys import (
    ALL_PERMISSIONS,
    KEY_PATTERN,
    LABEL_LENGTH,
    MAX_ADDRESSES,
    MAX_PUBLIC_KEY,
    Key,
    KeyType,
    Permission,
)
from protocol.refusals import refusal_code
from protocol.units import Refusal

MAX_KEYS_LISTED: Final = 500

ID_LENGTH: Final = 40
"""Characters of a key in the transfer_id of its deposits, which takes 64 with the asset."""

_LOST: Final = "No answer in time: the key may be there, with some of its deposits. Nobody has its secret: revoke it."

KEY_TYPES: Final = {word(kind): kind for kind in KeyType}
PERMISSIONS: Final = {word(each): each for each in Permission}

_read_request = body_decoder(KeyRequest)


class KeyDesk:
    """What these calls need."""

    def __init__(self, keys: KeyStore, server_key: ServerKey, money: Money) -> None:
        self.keys = keys
        self.money = money
        self.server_key = server_key

    async def make_server_key(self) -> bytes:
        """The server key, made at its first need. ProblemError where there is none."""
        try:
            found = self.server_key.get()
            if found is None:
                found = self.server_key.get_or_make(may_make=not await self.keys.has_hmac_keys())
        except KeyFileError as error:
            raise ProblemError("key_file_required", str(error)) from error
        return found


async def create(desk: KeyDesk, scope: Scope, receive: Receive) -> HttpResponse:
    query_parameters(scope)
    request = _read_request(await read_body(receive))
    key = read_key(request)
    deposits = await _read_deposits(desk, key, request.deposit or {})
    secret: str | None = None
    if key.key_type is KeyType.HMAC:
        server_key = await desk.make_server_key()
        key = structs.replace(key, check=check_of(server_key))
        secret = derive_secret(server_key, key.key, key.generation)
    state = await desk.keys.put(key)
    await _fund(desk, key, deposits)
    return _created(state, secret)


async def list_keys(desk: KeyDesk, scope: Scope, _: Receive) -> HttpResponse:
    parameters = query_parameters(scope, "limit", "after")
    limit = whole_number(parameters, "limit", MAX_KEYS_LISTED, 1, MAX_KEYS_LISTED)
    after = parameters.get("after")
    if after is not None and not KEY_PATTERN.fullmatch(after):
        raise ProblemError("invalid_value", "after takes the `next` of the list that this one continues.", "after")
    found = await desk.keys.page(limit, after or "")
    return json_response(KeyViews([_view(state) for state in found.keys], found.next))


async def revoke(desk: KeyDesk, scope: Scope, _: Receive) -> HttpResponse:
    return json_response(_view(await desk.keys.revoke(_key_of_path(scope))))


async def renew(desk: KeyDesk, scope: Scope, _: Receive) -> HttpResponse:
    state = await desk.keys.get(_key_of_path(scope))
    if state is None:
        raise ProblemError("unknown_key")
    if state.key.key_type is not KeyType.HMAC:
        raise ProblemError("no_secret")
    server_key = await desk.make_server_key()
    key = structs.replace(state.key, generation=state.key.generation + 1, check=check_of(server_key))
    return _created(await desk.keys.put(key), derive_secret(server_key, key.key, key.generation))


def read_key(request: KeyRequest) -> Key:
    """The new key, with an id and without a check. ProblemError for the first field that cannot be."""
    account = check_name("account", request.account)
    key_type = KeyType.HMAC if request.type is None else read_word("type", request.type, KEY_TYPES)
    label = request.label or ""
    if len(label) > LABEL_LENGTH or not label.isprintable():
        raise ProblemError("invalid_value", f"label takes at most {LABEL_LENGTH} printable characters.", "label")
    permissions = ALL_PERMISSIONS
    if request.permissions is not None:
        members = {read_word("permissions", each, PERMISSIONS) for each in request.permissions}
        permissions = sum(members)
        if not members:
            raise ProblemError("invalid_value", f"permissions takes some of {', '.join(PERMISSIONS)}.", "permissions")
    expires = 0 if request.expires is None else parse_exact_time(request.expires, "expires")
    if request.expires is not None and expires <= 0:
        raise ProblemError("invalid_value", "expires takes a time in the future.", "expires")
    return Key(
        new_key_id(),
        account,
        key_type,
        _public_key(key_type, request.public_key),
        label,
        permissions,
        _addresses(request.addresses or []),
        expires,
    )


async def _read_deposits(desk: KeyDesk, key: Key, amounts: Mapping[str, Raw]) -> list[Deposit]:
    """The deposits for the key. ProblemError for the first amount that no deposit can have."""
    if len(amounts) > MAX_DEPOSITS:
        raise ProblemError("invalid_value", f"deposit takes at most {MAX_DEPOSITS} assets.", "deposit")
    texts = {read_asset(asset, "deposit"): read_amount(amount, "deposit") for asset, amount in amounts.items()}
    decimals = await desk.money.asset_decimals() if texts else {}
    for asset in texts:
        if asset not in decimals:
            raise ProblemError(refusal_code(Refusal.UNKNOWN_ASSET), field="deposit")
        read_amount(amounts[asset], "deposit", decimals=decimals[asset])
    name = f"key-{key.key[:ID_LENGTH]}"
    return [Deposit(key.account, asset, amount, f"{name}:{asset}") for asset, amount in texts.items()]


async def _fund(desk: KeyDesk, key: Key, deposits: Sequence[Deposit]) -> None:
    """Make the deposits of a key that nobody has yet. ProblemError where one is refused: then the key is revoked.

    The key comes first, for money moves for nothing else. Amounts are checked before. So what can be refused is the
    first deposit, for the account's orders.
    """
    made: list[str] = []
    for deposit in deposits:
        try:
            await told(desk.money.move(deposit), _LOST)
        except (ProblemError, MatcherUnavailableError) as error:
            if isinstance(error, MatcherUnavailableError) or error.code == "outcome_unknown":
                raise ProblemError("outcome_unknown", f"{_LOST} The key: {key.key}.") from error
            await desk.keys.revoke(key.key)
            raise ProblemError(error.code, " ".join([error.detail, "No key was made.", *made]), "deposit") from error
        made.append(f"The deposit of {deposit.asset} stands.")


def _public_key(key_type: KeyType, pem: str | None) -> str:
    if key_type is KeyType.HMAC:
        if pem is not None:
            raise ProblemError("invalid_value", "An hmac key takes no public_key.", "public_key")
        return ""
    if pem is None:
        raise ProblemError("missing_field", "An ed25519 or rsa key needs its public_key.", "public_key")
    if len(pem) > MAX_PUBLIC_KEY:
        raise ProblemError("invalid_value", f"public_key takes at most {MAX_PUBLIC_KEY} characters.", "public_key")
    try:
        return read_public_key(key_type, pem)
    except ValueError as error:
        raise ProblemError("invalid_value", f"public_key {error}.", "public_key") from error


def _addresses(texts: list[str]) -> list[str]:
    if len(texts) > MAX_ADDRESSES:
        raise ProblemError("invalid_value", f"addresses takes at most {MAX_ADDRESSES}.", "addresses")
    try:
        return [str(ip_network(text)) for text in texts]
    except ValueError as error:
        detail = "addresses takes addresses and networks such as 192.0.2.7 and 192.0.2.0/24."
        raise ProblemError("invalid_value", detail, "addresses") from error


def permission_words(key: Key) -> list[str]:
    return [name for name, each in PERMISSIONS.items() if key.permissions & each]


def expire_time(key: Key) -> str | None:
    """From when on the key is good no more; None for never."""
    return format_exact_time(key.expires) if key.expires else None


def _key_of_path(scope: Scope) -> str:
    query_parameters(scope)
    key: str = scope["path_params"]["key"]
    if not KEY_PATTERN.fullmatch(key):
        raise ProblemError("unknown_key")
    return key


def _created(state: KeyState, secret: str | None) -> HttpResponse:
    shown = structs.asdict(_view(state))
    del shown["last_used"], shown["public_key"]
    return HttpResponse(201, encode(NewKey(**shown, secret=UNSET if secret is None else secret)), JSON, NO_STORE)


def _view(state: KeyState) -> KeyView:
    key = state.key
    return KeyView(
        key.key,
        key.account,
        key.label,
        word(key.key_type),
        permission_words(key),
        key.addresses,
        format_timestamp(state.created),
        expire_time(key),
        format_timestamp(state.last_used) if state.last_used else None,
        key.public_key or UNSET,
    )

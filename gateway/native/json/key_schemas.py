"""The public JSON of API keys. No schema of a list holds a secret."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from gateway.native.enum_words import word
from gateway.native.json.field_types import MORE_THAN_ZERO, ExpireTime, ExpireTimeInput, NameText, Timestamp
from protocol.keys import KEY_PATTERN, LABEL_LENGTH, MAX_ADDRESSES, MAX_PUBLIC_KEY, KeyType, Permission
from protocol.units import CURRENCY_PATTERN

MAX_DEPOSITS: Final = 32
"""Assets of one key's deposit: each one is a command."""

KeyText = Annotated[str, Meta(extra_json_schema={"pattern": f"^{KEY_PATTERN.pattern}$"})]
SecretText = Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z0-9]{64}$"})]
LabelText = Annotated[str, Meta(extra_json_schema={"maxLength": LABEL_LENGTH, "examples": ["bot"]})]
KeyTypeWord = Annotated[str, Meta(extra_json_schema={"enum": [word(kind) for kind in KeyType]})]
PublicKeyText = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_PUBLIC_KEY, "description": "PEM."})]
PermissionWords = Annotated[
    list[str],
    Meta(extra_json_schema={"minItems": 1, "items": {"enum": [word(each) for each in Permission]}}),
]
DepositInput = Annotated[
    dict[str, Raw],
    Meta(
        extra_json_schema={
            "propertyNames": {"pattern": f"^{CURRENCY_PATTERN.pattern}$"},
            "additionalProperties": MORE_THAN_ZERO,
            "maxProperties": MAX_DEPOSITS,
            "examples": [{"USDT": "10000"}],
        }
    ),
]
Addresses = Annotated[
    list[str],
    Meta(extra_json_schema={"maxItems": MAX_ADDRESSES, "items": {"type": "string", "examples": ["192.0.2.0/24"]}}),
]


class KeyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A new key, for one account.

    * type: hmac (a secret), ed25519 or rsa (with public_key)
    * permissions: all if they are missing
    * addresses: addresses and networks from which the key may be used; any if they are missing
    * expires: from when on the key is good no more
    * deposit: an amount of each asset, put on the account; a refused one makes no key
    """

    account: NameText
    label: LabelText | None = None
    type: KeyTypeWord | None = None
    public_key: PublicKeyText | None = None
    permissions: PermissionWords | None = None
    addresses: Addresses | None = None
    expires: ExpireTimeInput | None = None
    deposit: DepositInput | None = None


class KeyView(Struct, frozen=True):
    """A key. `last_used` is the minute of its last use; null if there was none."""

    key: KeyText
    account: NameText
    label: LabelText
    type: KeyTypeWord
    permissions: PermissionWords
    addresses: Addresses
    created: Timestamp
    expires: ExpireTime | None
    last_used: Timestamp | None
    public_key: PublicKeyText | UnsetType = UNSET


class OwnKey(Struct, frozen=True):
    """The key that the caller has proved."""

    key: KeyText
    account: NameText
    label: LabelText
    permissions: PermissionWords
    expires: ExpireTime | None


class NewKey(Struct, frozen=True):
    """A key that was made, or given a new secret. `secret` is there for an HMAC key, this once."""

    key: KeyText
    account: NameText
    label: LabelText
    type: KeyTypeWord
    permissions: PermissionWords
    addresses: Addresses
    created: Timestamp
    expires: ExpireTime | None
    secret: SecretText | UnsetType = UNSET


class KeyViews(Struct, frozen=True):
    """In the order of the keys. `next` is the value of `after` for those that follow; null at the end."""

    keys: list[KeyView]
    next: str | None

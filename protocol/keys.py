"""API keys, as the matcher keeps them and as gateways check callers by them. No secret stands here.

Only append fields: journals and snapshots hold these structs.
"""

import re
from enum import IntEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from protocol.units import Count, Name, Time

KEY_PATTERN: Final = re.compile(r"[A-Za-z0-9]{64}")
"""A key's id. A gateway draws it at random."""

LABEL_LENGTH: Final = 64
"""The longest label, in characters."""

MAX_ADDRESSES: Final = 32
"""Networks that one key names at most."""

MAX_PUBLIC_KEY: Final = 2_048
"""The longest public key in PEM, in characters. One of RSA with 8,192 bits fits."""


class KeyType(IntEnum):
    """How a key's holder proves that it is his."""

    HMAC = 1
    ED25519 = 2
    RSA = 3


class Permission(IntEnum):
    """What a key may do. The values are bits.

    TRADE: send, amend and cancel orders.
    USER_DATA: read the account.
    USER_STREAM: hear the account's stream.
    """

    TRADE = 1
    USER_DATA = 2
    USER_STREAM = 4


ALL_PERMISSIONS: Final = sum(Permission)

KeyId = Annotated[str, Meta(min_length=64, max_length=64)]
PermissionBits = Annotated[int, Meta(ge=1, le=ALL_PERMISSIONS)]
Network = Annotated[str, Meta(min_length=1, max_length=43)]
Generation = Annotated[int, Meta(ge=0, le=2**31)]


class Key(Struct, frozen=True, array_like=True, gc=False):
    """A key with all that is set of it.

    key: its id.
    account: the only account that its holder acts for.
    public_key: in PEM; empty for an HMAC key.
    permissions: the sum of its Permissions.
    addresses: the networks from which it may be used, such as 192.0.2.0/24; empty for any.
    expires: the time from which it is good no more, in nanoseconds since 1970; zero for never.
    generation: counts the secrets that an HMAC key was given. The newest one is good.
    check: tells from which server key the secret is derived; empty for other types.
    """

    key: KeyId
    account: Name
    key_type: KeyType
    public_key: Annotated[str, Meta(max_length=MAX_PUBLIC_KEY)] = ""
    label: Annotated[str, Meta(max_length=LABEL_LENGTH)] = ""
    permissions: PermissionBits = ALL_PERMISSIONS
    addresses: Annotated[list[Network], Meta(max_length=MAX_ADDRESSES)] = []
    expires: Time = 0
    generation: Generation = 0
    check: Annotated[str, Meta(max_length=64)] = ""


class KeyState(Struct, frozen=True, array_like=True, tag=26, gc=False):
    """A key as it stands; in the answer to a RevokeKey, as it stood.

    created: when it was set first, in nanoseconds.
    last_used: the minute of its last use, in nanoseconds; zero for none.
    """

    key: Key
    created: Count
    last_used: Count = 0

"""The part of a snapshot that holds the API keys, and its way there and back."""

from collections.abc import Iterator

from msgspec import Struct

from matcher.core.registry import Registry
from protocol.keys import KeyState


class KeysPart(Struct, frozen=True, tag="keys"):
    """API keys in the order of their ids, and when one was changed last. Left out before the first key."""

    keys: list[KeyState]
    changed: int


def key_parts(registry: Registry) -> Iterator[KeysPart]:
    if registry.keys.changed:
        yield KeysPart(registry.keys.all(), registry.keys.changed)


def read_keys_part(registry: Registry, part: KeysPart) -> None:
    registry.keys.changed = part.changed
    for state in part.keys:
        registry.keys.put(state)

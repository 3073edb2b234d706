"""What is done to API keys: set, revoke, note a use. Gateways check callers by them; the core itself does not."""

from typing import Final

from matcher.core.registry import Registry
from protocol.commands import CopyKeys, NoteKeyUse, RevokeKey, SetKey
from protocol.events import CommandRefused, Event, KeyRevoked, KeySet, KeyState
from protocol.keys import KEY_PATTERN, Key, KeyType
from protocol.units import NAME_PATTERN, Refusal

MAX_KEYS: Final = 10_000
"""Keys that there may be at once."""

MINUTE: Final = 60_000_000_000
"""In nanoseconds: the last use of a key is kept to the minute."""


def set_key(registry: Registry, command: SetKey) -> list[Event]:
    """Add a key, or replace what is set of it."""
    ring = registry.keys
    key = command.key
    known = ring.get(key.key)
    refused = _fault(key) or (_refuse_new(registry, key) if known is None else _refuse_change(known.key, key))
    if refused is not None:
        return [refused]
    if known is not None and known.key == key:
        return [KeySet(known, ring.changed, ring.changed)]
    running = registry.running
    state = KeyState(key, running.time) if known is None else KeyState(key, known.created, known.last_used)
    ring.put(state)
    previous, ring.changed = ring.changed, running.sequence
    return [KeySet(state, running.sequence, previous)]


def revoke_key(registry: Registry, command: RevokeKey) -> list[Event]:
    """Forget a key."""
    ring = registry.keys
    state = ring.get(command.key)
    if state is None:
        return [CommandRefused(Refusal.UNKNOWN_KEY)]
    ring.remove(command.key)
    sequence = registry.running.sequence
    previous, ring.changed = ring.changed, sequence
    return [KeyRevoked(state, sequence, previous)]


def note_key_use(registry: Registry, command: NoteKeyUse) -> list[Event]:
    """Note the minute in which a key was used."""
    ring = registry.keys
    state = ring.get(command.key)
    if state is None:
        return [CommandRefused(Refusal.UNKNOWN_KEY)]
    minute = registry.running.time // MINUTE * MINUTE
    if minute > state.last_used:
        state = KeyState(state.key, state.created, minute)
        ring.put(state)
    return [KeySet(state, ring.changed, ring.changed)]


def copy_keys(registry: Registry, command: CopyKeys) -> list[Event]:
    """Make keys those of the matcher that decides about them. Who follows them sees that `changed` is another."""
    ring = registry.keys
    if command.base != ring.changed:
        return [CommandRefused(Refusal.KEY_CONFLICT)]
    for state in command.put:
        refused = _fault(state.key)
        if refused is not None:
            return [refused]
    removed = {key for key in command.removed if ring.get(key) is not None}
    added = {state.key.key for state in command.put if ring.get(state.key.key) is None}
    if len(ring) + len(added) - len(removed) > MAX_KEYS:
        return [CommandRefused(Refusal.TOO_MANY_KEYS, detail=f"takes at most {MAX_KEYS} keys: revoke some")]
    for key in removed:
        ring.remove(key)
    for state in command.put:
        ring.put(state)
    if removed or command.put:
        ring.changed = registry.running.sequence
    return []


def _fault(key: Key) -> CommandRefused | None:
    """What is wrong with the key itself."""
    if not KEY_PATTERN.fullmatch(key.key):
        return CommandRefused(Refusal.INVALID_KEY, "key")
    if not NAME_PATTERN.fullmatch(key.account):
        return CommandRefused(Refusal.INVALID_NAME, "account")
    if (key.key_type is KeyType.HMAC) is bool(key.public_key):
        return CommandRefused(Refusal.INVALID_KEY, "public_key")
    if (key.key_type is KeyType.HMAC) is not bool(key.check):
        return CommandRefused(Refusal.INVALID_KEY, "check")
    return None


def _refuse_new(registry: Registry, key: Key) -> CommandRefused | None:
    """Why a key that is not known cannot be added."""
    if key.generation:
        return CommandRefused(Refusal.UNKNOWN_KEY)
    if len(registry.keys) >= MAX_KEYS:
        return CommandRefused(Refusal.TOO_MANY_KEYS, detail=f"takes at most {MAX_KEYS} keys: revoke some")
    return None


def _refuse_change(known: Key, key: Key) -> CommandRefused | None:
    """Why a known key cannot become this one."""
    same_secret = known.public_key == key.public_key and known.check == key.check
    if (
        key.account != known.account
        or key.key_type is not known.key_type
        or not (key.generation == known.generation + 1 or (same_secret and key.generation == known.generation))
    ):
        return CommandRefused(Refusal.KEY_CONFLICT)
    return None

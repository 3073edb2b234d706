"""API keys in the engine: what sets, replaces and revokes them, and what of it lasts."""

import pytest
from msgspec import structs

from matcher.core.digest import canonical_state, digest
from matcher.core.keys import MAX_KEYS, MINUTE
from matcher.engine import Engine
from matcher.serving.queries import MAX_KEYS_LISTED, list_keys
from protocol.commands import KeysQuery, NoteKeyUse, RevokeKey, SetKey
from protocol.events import CommandRefused, Event, KeyRevoked, KeySet, KeyState
from protocol.keys import Key, KeyType, Permission
from protocol.units import Refusal

KEY = Key("a" * 64, "alice", KeyType.HMAC, check="c" * 16)
OTHER = Key("b" * 64, "bob", KeyType.ED25519, "-----BEGIN PUBLIC KEY-----", "desk", Permission.TRADE, ["192.0.2.0/24"])
HOUR = 60 * MINUTE


class Tape:
    """An engine that is sent one command a second."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.sequence = 0

    def send(self, command: SetKey | RevokeKey | NoteKeyUse, time: int = HOUR) -> list[Event]:
        self.sequence += 1
        return self.engine.apply(self.sequence, time, command)

    def refusal(self, command: SetKey | RevokeKey | NoteKeyUse) -> tuple[Refusal, str]:
        before = list(canonical_state(self.engine.registry)), self.engine.registry.keys.changed
        [event] = self.send(command)
        assert isinstance(event, CommandRefused)
        assert (list(canonical_state(self.engine.registry)), self.engine.registry.keys.changed) == before
        return event.refusal, event.field

    @property
    def keys(self) -> list[Key]:
        return [state.key for state in self.engine.registry.keys.all()]


def test_a_key_is_set_changed_and_revoked() -> None:
    tape = Tape()
    assert tape.send(SetKey(KEY)) == [KeySet(KeyState(KEY, HOUR), 1, 0)]
    assert tape.send(SetKey(OTHER), HOUR + 1) == [KeySet(KeyState(OTHER, HOUR + 1), 2, 1)]
    labeled = structs.replace(KEY, label="bot")
    assert tape.send(SetKey(labeled), HOUR + 2) == [KeySet(KeyState(labeled, HOUR), 3, 2)]
    assert tape.keys == [labeled, OTHER]
    assert tape.send(RevokeKey(KEY.key)) == [KeyRevoked(KeyState(labeled, HOUR), 4, 3)]
    assert tape.keys == [OTHER]
    assert tape.engine.registry.keys.changed == 4


def test_the_same_again_changes_nothing() -> None:
    tape = Tape()
    tape.send(SetKey(KEY))
    before = digest(tape.engine.registry)
    assert tape.send(SetKey(KEY), 2 * HOUR) == [KeySet(KeyState(KEY, HOUR), 1, 1)]
    assert (digest(tape.engine.registry), tape.engine.registry.keys.changed) == (before, 1)


def test_a_new_secret_is_the_next_generation() -> None:
    tape = Tape()
    tape.send(SetKey(KEY))
    newer = structs.replace(KEY, generation=1, check="d" * 16)
    assert tape.send(SetKey(newer), HOUR) == [KeySet(KeyState(newer, HOUR), 2, 1)]
    for generation in (0, 3):
        assert tape.refusal(SetKey(structs.replace(KEY, generation=generation))) == (Refusal.KEY_CONFLICT, "")
    assert tape.refusal(SetKey(structs.replace(newer, check="e" * 16))) == (Refusal.KEY_CONFLICT, "")


@pytest.mark.parametrize(
    "changed", [{"account": "bob"}, {"key_type": KeyType.RSA, "public_key": "x", "check": "", "generation": 1}]
)
def test_account_and_type_stay(changed: dict[str, object]) -> None:
    tape = Tape()
    tape.send(SetKey(KEY))
    assert tape.refusal(SetKey(structs.replace(KEY, **changed))) == (Refusal.KEY_CONFLICT, "")


def test_what_was_revoked_does_not_come_back() -> None:
    """Not by a new secret that was on its way, and not by a use."""
    tape = Tape()
    tape.send(SetKey(KEY))
    tape.send(RevokeKey(KEY.key))
    assert tape.refusal(SetKey(structs.replace(KEY, generation=1))) == (Refusal.UNKNOWN_KEY, "")
    assert tape.refusal(NoteKeyUse(KEY.key)) == (Refusal.UNKNOWN_KEY, "")
    assert tape.refusal(RevokeKey(KEY.key)) == (Refusal.UNKNOWN_KEY, "")
    assert tape.keys == []


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"key": "-" * 64}, (Refusal.INVALID_KEY, "key")),
        ({"account": "two words"}, (Refusal.INVALID_NAME, "account")),
        ({"public_key": "x"}, (Refusal.INVALID_KEY, "public_key")),
        ({"check": ""}, (Refusal.INVALID_KEY, "check")),
        ({"key_type": KeyType.RSA, "check": ""}, (Refusal.INVALID_KEY, "public_key")),
        ({"key_type": KeyType.RSA, "public_key": "x"}, (Refusal.INVALID_KEY, "check")),
    ],
)
def test_a_key_that_cannot_be_is_refused(changed: dict[str, object], refused: tuple[Refusal, str]) -> None:
    assert Tape().refusal(SetKey(structs.replace(KEY, **changed))) == refused


def test_the_number_of_keys_is_bounded() -> None:
    tape = Tape()
    for number in range(MAX_KEYS):
        tape.send(SetKey(structs.replace(KEY, key=f"{number:064d}")))
    assert tape.refusal(SetKey(KEY)) == (Refusal.TOO_MANY_KEYS, "")
    tape.send(RevokeKey(f"{17:064d}"))
    assert isinstance(tape.send(SetKey(KEY))[0], KeySet)


def test_a_use_is_noted_to_the_minute_and_is_no_change() -> None:
    tape = Tape()
    tape.send(SetKey(KEY))
    before = digest(tape.engine.registry)
    assert tape.send(NoteKeyUse(KEY.key), HOUR + MINUTE + 7) == [KeySet(KeyState(KEY, HOUR, HOUR + MINUTE), 1, 1)]
    assert tape.send(NoteKeyUse(KEY.key), HOUR + MINUTE + 8) == [KeySet(KeyState(KEY, HOUR, HOUR + MINUTE), 1, 1)]
    assert digest(tape.engine.registry) == before
    newer = structs.replace(KEY, generation=1)
    assert tape.send(SetKey(newer)) == [KeySet(KeyState(newer, HOUR, HOUR + MINUTE), 4, 1)]


def test_pages_hold_each_key_once() -> None:
    tape = Tape()
    for number in range(MAX_KEYS_LISTED + 7):
        tape.send(SetKey(structs.replace(KEY, key=f"{number:064d}")))
    first = list_keys(tape.engine.registry, KeysQuery(MAX_KEYS_LISTED))
    assert first.next is not None
    rest = list_keys(tape.engine.registry, KeysQuery(10_000, first.next))
    assert [state.key for state in (*first.keys, *rest.keys)] == tape.keys
    assert (rest.next, rest.changed) == (None, MAX_KEYS_LISTED + 7)
    only_changed = list_keys(tape.engine.registry, KeysQuery())
    assert (only_changed.keys, only_changed.changed, only_changed.next) == ([], MAX_KEYS_LISTED + 7, None)


def test_keys_are_in_the_digest_and_leave_no_trace_once_revoked() -> None:
    tape, plain = Tape(), Tape()
    empty = digest(plain.engine.registry)
    tape.send(SetKey(KEY))
    with_key = digest(tape.engine.registry)
    tape.send(SetKey(structs.replace(KEY, label="bot")))
    assert len({empty, with_key, digest(tape.engine.registry)}) == 3
    tape.send(RevokeKey(KEY.key))
    assert digest(tape.engine.registry) == empty

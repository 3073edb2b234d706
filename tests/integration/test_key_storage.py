"""API keys over restarts of the matcher: from its journal, and from a snapshot."""

import hashlib
from pathlib import Path

from matcher.core.digest import digest
from matcher.engine import Engine
from matcher.serving.money_queries import balances
from matcher.state import State
from matcher.storage.snapshot import read_snapshot, write_snapshot
from protocol.commands import (
    BalancesQuery,
    Deposit,
    KeysQuery,
    NoteKeyUse,
    OwnCommand,
    RevokeKey,
    SetInstrument,
    SetKey,
)
from protocol.events import CommandRefused, KeyList, KeyState
from protocol.keys import Key, KeyType
from protocol.units import Refusal
from tests.exchange import Matcher

ALICE = Key("a" * 64, "alice", KeyType.HMAC, label="bot", addresses=["192.0.2.0/24"], check="c" * 16)
BOB = Key("b" * 64, "bob", KeyType.HMAC, check="c" * 16, expires=7)


def test_keys_are_in_the_journal(matcher: Matcher) -> None:
    with matcher.client() as client:
        first = client.command(SetKey(ALICE))
        assert isinstance(client.command(SetKey(BOB)), KeyState)
        used = [client.command(each) for each in (NoteKeyUse(BOB.key), RevokeKey(ALICE.key), RevokeKey(ALICE.key))]
        assert isinstance(used[0], KeyState)
        assert used[0].last_used % 60_000_000_000 == 0 < used[0].last_used
        assert used[1] == first
        assert used[2] == CommandRefused(Refusal.UNKNOWN_KEY)
        before = client.query(KeysQuery(10)).result
    assert isinstance(before, KeyList)
    assert before.keys == [used[0]]
    matcher.kill()
    matcher.restart()
    with matcher.client() as client:
        assert client.query(KeysQuery(10)).result == before


def test_keys_are_in_a_snapshot(tmp_path: Path) -> None:
    state = State(Engine())
    state.apply(0, 0, [SetKey(ALICE), SetKey(BOB), NoteKeyUse(BOB.key), RevokeKey(ALICE.key)], 90_000_000_000)
    path = write_snapshot(tmp_path, state, "j" * 32, 1)
    _, restored = read_snapshot(path)
    assert restored.registry.keys.all() == [KeyState(BOB, 90_000_000_000, 60_000_000_000)]
    assert restored.registry.keys.changed == state.registry.keys.changed == 4
    assert digest(restored.registry) == digest(state.registry)


def test_keys_and_money_are_in_one_snapshot(tmp_path: Path) -> None:
    """Each is in the digest too."""
    state = State(Engine())
    commands: list[OwnCommand] = [
        SetInstrument("COIN-USD", 2, 3, "COIN", "USD", 1, 1, 1, 1_000, 10_000, 0, 10, 20),
        SetKey(ALICE),
        Deposit("alice", "USD", "10000", "key-1:USD"),
        SetKey(BOB),
    ]
    digests = set()
    for sequence, command in enumerate(commands):
        state.apply(0, sequence, [command], 90_000_000_000)
        digests.add(digest(state.registry))
    assert len(digests) == 4
    _, restored = read_snapshot(write_snapshot(tmp_path, state, "j" * 32, 1))
    assert digest(restored.registry) == digest(state.registry)
    assert [each.key for each in restored.registry.keys.all()] == [ALICE, BOB]
    shown = {each.asset: each.free for each in balances(restored.registry, BalancesQuery("alice")).balances}
    assert shown == {"COIN": "0", "USD": "10000"}


def test_without_keys_a_snapshot_is_as_before(tmp_path: Path) -> None:
    """No part, no line: earlier versions would read it."""
    state = State(Engine())
    path = write_snapshot(tmp_path, state, "j" * 32, 1)
    assert b"keys" not in path.read_bytes()
    assert digest(state.registry) == hashlib.sha256(b'{"last_order_id":0}\n').hexdigest()

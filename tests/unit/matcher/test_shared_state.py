"""What several matchers share, the versions of accounts' statuses and copies of keys, is brought back by a snapshot."""

from matcher.core.digest import digest
from matcher.serving.queries import MAX_PAGE, list_versions
from protocol.codec import encode
from protocol.commands import VERSION, AccountVersionsQuery, Commands, CopyKeys, SetAccountStatus, SetKey
from protocol.events import AccountState, CommandRefused, KeysCopied, KeyState
from protocol.key_commands import MAX_COPIED
from protocol.keys import Key, KeyType
from protocol.units import Refusal
from tests.unit.matcher.teller import Teller


def status(teller: Teller, account: str, version: int | None, *, suspended: bool = True) -> AccountState:
    answer = teller.do(SetAccountStatus(account, suspended, version))
    assert isinstance(answer, AccountState), answer
    return answer


def key_state(name: str) -> KeyState:
    return KeyState(Key(name * 64, "ann", KeyType.HMAC, check="c"), 5, 7)


def test_versions_and_copies_survive_a_snapshot() -> None:
    teller = Teller()
    status(teller, "bob", 0)
    status(teller, "ann", 0, suspended=False)
    teller.do(CopyKeys(0, [key_state("a")], []))
    other = teller.from_snapshot()
    for query in (AccountVersionsQuery(10), AccountVersionsQuery()):
        assert list_versions(other.state.registry, query) == list_versions(teller.state.registry, query)
    assert other.state.registry.keys.all() == teller.state.registry.keys.all() == [key_state("a")]
    assert digest(other.state.registry) == digest(teller.state.registry)
    # The account itself is forgotten: nothing but the version is left of it.
    assert "ann" not in other.state.registry.accounts
    version = other.state.registry.account_versions.of("ann")
    assert status(other, "ann", version - 1).suspended is False


def test_a_version_counts_in_the_digest_and_a_matcher_alone_has_none() -> None:
    plain, versioned = Teller(), Teller()
    for suspended in (True, False):
        assert status(plain, "ann", None, suspended=suspended).version == 0
        assert status(versioned, "ann", 0, suspended=suspended).version > 0
    assert digest(plain.state.registry) != digest(versioned.state.registry)
    assert list_versions(plain.state.registry, AccountVersionsQuery(10)).accounts == []


def test_a_new_version_follows_the_last_one_also_where_the_clock_is_behind() -> None:
    teller = Teller()
    ahead = status(teller, "ann", 2**61).version
    assert status(teller, "ann", 0, suspended=False).version == ahead + 1
    # A command without a version, as of a client of one matcher, is the newest too.
    assert status(teller, "ann", None).version == ahead + 2


def test_versions_come_in_pages() -> None:
    teller = Teller()
    for number in range(5):
        status(teller, f"a{number}", 0, suspended=number % 2 == 0)
    first = list_versions(teller.state.registry, AccountVersionsQuery(3))
    assert [(each.account, each.suspended) for each in first.accounts] == [("a0", True), ("a1", False), ("a2", True)]
    second = list_versions(teller.state.registry, AccountVersionsQuery(MAX_PAGE + 1, first.next or ""))
    assert [each.account for each in second.accounts] == ["a3", "a4"]
    assert second.next is None
    assert first.changed == second.changed == teller.state.sequence


def test_keys_are_copied_only_from_where_they_were_compared() -> None:
    teller = Teller()
    teller.do(SetKey(key_state("a").key))
    base = teller.state.registry.keys.changed
    copied = teller.do(CopyKeys(base, [key_state("b")], ["a" * 64, "z" * 64]))
    assert copied == KeysCopied(teller.state.sequence)
    assert teller.state.registry.keys.all() == [key_state("b")]
    late = teller.do(CopyKeys(base, [key_state("c")], []))
    assert isinstance(late, CommandRefused)
    assert late.refusal is Refusal.KEY_CONFLICT
    bad = teller.do(CopyKeys(copied.changed, [key_state("c"), key_state("-")], ["b" * 64]))
    assert isinstance(bad, CommandRefused)
    assert bad.refusal is Refusal.INVALID_KEY
    assert teller.state.registry.keys.all() == [key_state("b")]


def test_one_command_of_keys_fits_in_a_frame() -> None:
    largest = KeyState(Key("k" * 64, "a" * 64, KeyType.RSA, "p" * 2048, "l" * 64, 7, ["f" * 43] * 32), 2**62, 2**62)
    frame = Commands(VERSION, 1, 1, 0, [CopyKeys(1, [largest] * MAX_COPIED, ["k" * 64] * MAX_COPIED)])
    assert len(encode(frame)) < 1024 * 1024

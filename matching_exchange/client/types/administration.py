"""What the calls about the exchange itself answer: health, keys, sessions, saved books, the demo market."""

from decimal import Decimal

from msgspec import Struct

from matching_exchange.client.times import Time
from matching_exchange.client.types.words import KeyType, Permission


class HistoryHealth(Struct, frozen=True):
    """Whether the history can be read, and how far it is behind the matcher.

    status: ok; unavailable, then detail tells why; off.
    sequence: of the last command in the tables.
    lag, lag_seconds: commands and whole seconds that the tables are behind.
    complete_from: the first sequence from which the trades are complete; 1 is the beginning.
    """

    status: str
    detail: str | None = None
    sequence: int | None = None
    lag: int | None = None
    lag_seconds: int | None = None
    complete_from: int | None = None


class NodeHealth(Struct, frozen=True):
    """One node of a replicated log, by what it has told last.

    place: among the matchers of the gateway's setting, from 1.
    node: its number; None if nothing was heard of it.
    role: leader, standby, replaced (another node leads, and it does not know yet) or away.
    epoch, position, sequence: of the last record that it has applied, or committed as the leader.
    lag, lag_ms: records, and milliseconds, that it was behind the leader when it told last; None for the leader.
    snapshot_position: that of its newest snapshot; 0 without one.
    """

    place: int
    node: int | None
    role: str
    epoch: str | None = None
    position: int | None = None
    sequence: int | None = None
    lag: int | None = None
    lag_ms: int | None = None
    snapshot_position: int | None = None


class GroupHealth(Struct, frozen=True):
    """The matchers that share a replicated log.

    log: its kind and name.
    leader: the number of the node that leads; None if none is heard.
    epoch, position: the leader's.
    warnings: what an operator should look at, a sentence each.
    """

    log: str
    leader: int | None
    epoch: str
    position: int | None
    nodes: tuple[NodeHealth, ...]
    warnings: tuple[str, ...]
    shard: str | None = None


class ShardHealth(Struct, frozen=True):
    """One shard of the map: its matcher, as in Health.

    status: ok; unavailable, then all that its matcher would tell is None; starting, where it takes no commands yet.
    warnings: what an operator should look at, a sentence each.
    """

    name: str
    status: str
    warnings: tuple[str, ...]
    sync: str | None = None
    sequence: int | None = None
    open_orders: int | None = None
    uptime: int | None = None
    refused_frames: int | None = None
    epoch: str | None = None
    clock_difference_ms: int | None = None
    core: str | None = None


class Health(Struct, frozen=True, tag_field="status", tag="ok"):
    """The matcher answers. With several shards, one of them does: sequence, open_orders and refused_frames are sums of
    those that answer, the rest is that of the first one.

    sync: when its journal is synced: always, interval:<ms>, off, or replicated (on a majority of servers).
    uptime: whole seconds.
    refused_frames: frames that it could not read.
    epoch: another one after each of its restarts.
    faucet: what an account may ask for each UTC day, by asset; empty if the faucet is off.
    auth: keys if accounts need an API key, else off.
    faults: how many injected faults are kept; None where they are not allowed.
    clock_difference_ms: by how much the matcher's time is ahead of the gateway's clock.
    groups: the matchers of each replicated log; none where the matcher has a journal of its own.
    shards: each shard; none where there is one matcher.
    """

    sync: str
    sequence: int
    open_orders: int
    uptime: int
    refused_frames: int
    epoch: str
    clock_difference_ms: int
    version: str
    core: str
    faucet: dict[str, Decimal]
    auth: str
    history: HistoryHealth
    faults: int | None = None
    groups: tuple[GroupHealth, ...] = ()
    shards: tuple[ShardHealth, ...] = ()

    @property
    def ok(self) -> bool:
        return True


class Unhealthy(Struct, frozen=True, tag_field="status", tag="unavailable"):
    """No matcher answered in time, or it takes no commands yet."""

    detail: str
    auth: str
    groups: tuple[GroupHealth, ...] = ()

    @property
    def ok(self) -> bool:
        return False


class Key(Struct, frozen=True):
    """An API key. `last_used` is the minute of its last use; None if there was none."""

    key: str
    account: str
    label: str
    type: KeyType
    permissions: tuple[Permission, ...]
    addresses: tuple[str, ...]
    created: Time
    expires: Time | None
    last_used: Time | None
    public_key: str | None = None


class KeyList(Struct, frozen=True):
    """In the order of the keys. `next` is the value of `after` for those that follow; None at the end."""

    keys: tuple[Key, ...]
    next: str | None


class OwnKey(Struct, frozen=True):
    """The key that the caller has proved."""

    key: str
    account: str
    label: str
    permissions: tuple[Permission, ...]
    expires: Time | None


class NewKey(Struct, frozen=True):
    """A key that was made, or given a new secret. `secret` is there for an HMAC key, this once. Its repr hides it."""

    key: str
    account: str
    label: str
    type: KeyType
    permissions: tuple[Permission, ...]
    addresses: tuple[str, ...]
    created: Time
    expires: Time | None
    secret: str | None = None

    @property
    def bearer(self) -> str | None:
        """What `Client(key=...)` takes: <key>.<secret>; None without a secret."""
        return None if self.secret is None else f"{self.key}.{self.secret}"

    def __repr__(self) -> str:
        return f"NewKey(key={self.key!r}, account={self.account!r}, label={self.label!r}, type={self.type!r})"


class SavedBook(Struct, frozen=True):
    """`file` is relative to the matcher's data directory. `orders` counts the orders in it."""

    symbol: str
    file: str
    orders: int
    sequence: int
    timestamp: Time


class LoadedBook(Struct, frozen=True):
    """`restored` orders stand in the book again. Those in `skipped` were done after the save."""

    symbol: str
    restored: int
    skipped: tuple[int, ...]
    sequence: int
    timestamp: Time


class Session(Struct, frozen=True):
    """A client of the matcher. `session` is its public number; `commands` of it were taken. `shard`: with
    several shards, the name of that whose session it is."""

    session: str
    commands: int
    kept_answers: int
    shard: str | None = None


class SessionList(Struct, frozen=True):
    """The sessions that the matcher knows; the one that has sent last comes first."""

    sequence: int
    timestamp: Time
    sessions: tuple[Session, ...]


class ShardDigest(Struct, frozen=True):
    """The digest of one shard, by its name."""

    shard: str
    sequence: int
    digest: str


class Digest(Struct, frozen=True):
    """`digest` is a SHA-256, in hexadecimal, over the state as of `sequence`. With several shards, `shards` stands in
    place of both."""

    sequence: int | None = None
    digest: str | None = None
    shards: tuple[ShardDigest, ...] = ()


class Demo(Struct, frozen=True):
    """A demo market that trades beside this exchange. Without one, `running` is false and all else is None or empty.

    speed: a multiple of real time.
    source: agents, or a recording beside which agents trade too.
    time, begin, end: where the recording is, on its own clock.
    """

    running: bool
    paused: bool | None = None
    connected: bool | None = None
    speed: Decimal | None = None
    source: str | None = None
    symbols: tuple[str, ...] = ()
    time: Time | None = None
    begin: Time | None = None
    end: Time | None = None

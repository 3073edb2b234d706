"""What GET /health tells."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.native.json.field_types import AuthWord, Decimal, Sequence


class HistoryHealth(Struct, frozen=True):
    """Whether the history can be read, and how far it is behind the matcher.

    * status: ok; unavailable, then detail tells why; off where no setting names its tables
    * sequence: of the last command in the tables
    * lag, lag_seconds: commands and whole seconds that the tables are behind
    * complete_from: the first sequence from which the trades are complete; 1 is the beginning
    """

    status: Annotated[str, Meta(extra_json_schema={"enum": ["ok", "unavailable", "off"]})]
    detail: str | None = None
    sequence: Sequence | None = None
    lag: int | None = None
    lag_seconds: int | None = None
    complete_from: Sequence | None = None


class NodeHealth(Struct, frozen=True):
    """One node of a replicated log, by what it has told last.

    * place: among the matchers of GATEWAY_MATCHERS, from 1
    * node: its number; null if nothing was heard of it
    * role: leader; standby; replaced (another node leads, and it does not know yet); away (nothing heard for 3 s)
    * epoch, position, sequence: of the last record that it has applied, or committed as the leader
    * lag, lag_ms: records, and milliseconds, that it was behind the leader when it told last; null for the leader
    * snapshot_position: that of its newest snapshot; 0 without one
    """

    place: int
    node: int | None
    role: Annotated[str, Meta(extra_json_schema={"enum": ["leader", "standby", "replaced", "away"]})]
    epoch: str | None = None
    position: int | None = None
    sequence: Sequence | None = None
    lag: int | None = None
    lag_ms: int | None = None
    snapshot_position: int | None = None


class GroupHealth(Struct, frozen=True):
    """The matchers that share a replicated log.

    * shard: the name of the shard that it is; left out where there is one
    * log: its kind and name
    * leader: the number of the node that leads; null if none is heard
    * epoch, position: the leader's
    * warnings: what an operator should look at, a sentence each
    """

    log: str
    leader: int | None
    epoch: str
    position: int | None
    nodes: list[NodeHealth]
    warnings: list[str]
    shard: str | UnsetType = UNSET


class ShardHealth(Struct, frozen=True):
    """One shard of the map: its matcher, as in Health. What a matcher that does not answer would tell is null.

    * name: as the map names it
    * status: ok; unavailable, then its symbols get 503; starting, where its matcher takes no commands yet
    * warnings: what an operator should look at, a sentence each
    """

    name: str
    status: Annotated[str, Meta(extra_json_schema={"enum": ["ok", "unavailable", "starting"]})]
    warnings: list[str]
    sync: str | None = None
    sequence: Sequence | None = None
    open_orders: int | None = None
    uptime: int | None = None
    refused_frames: int | None = None
    epoch: str | None = None
    clock_difference_ms: int | None = None
    core: str | None = None


class Health(Struct, frozen=True, tag_field="status", tag="ok"):
    """The matcher answers. With several shards, one of them does: sequence, open_orders and refused_frames are the
    sums of those that answer, the rest is that of the first one.

    * version: of the exchange
    * sync: when its journal is synced: always, interval:<ms>, off, or replicated (on a majority of servers)
    * uptime: whole seconds
    * refused_frames: frames that it could not read
    * epoch: another one after each of its restarts
    * core: compiled or interpreted; empty if an older matcher does not say
    * faucet: what an account may ask for each UTC day, by asset; empty if the faucet is off
    * auth: keys if accounts need an API key, else off
    * history: whether the history can be read
    * faults: how many injected faults are kept; null where they are not allowed
    * clock_difference_ms: by how much the matcher's time is ahead of the gateway's clock; orders are taken in any case
    * groups: the matchers of each replicated log; left out where the matcher has a journal of its own
    * shards: each shard; left out where there is one matcher
    """

    sync: str
    sequence: Sequence
    open_orders: int
    uptime: int
    refused_frames: int
    epoch: str
    clock_difference_ms: int
    version: str
    core: str
    faucet: dict[str, Decimal]
    auth: AuthWord
    history: HistoryHealth
    faults: int | None = None
    groups: list[GroupHealth] | UnsetType = UNSET
    shards: list[ShardHealth] | UnsetType = UNSET


class Unhealthy(Struct, frozen=True, tag_field="status", tag="unavailable"):
    """No matcher answered in time, or it takes no commands yet. `auth` and `groups` are as in Health."""

    detail: str
    auth: AuthWord
    groups: list[GroupHealth] | UnsetType = UNSET

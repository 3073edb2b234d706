"""The shards of a gateway's exchange: each with its link and the tables of its own history."""

from functools import partial

from gateway.config import GatewayConfig
from gateway.exchange.shards.parts import NO_PARTS, Part, Parts
from gateway.link.matcher_link import MatcherLink
from gateway.link.tables import HistoryTables
from history.reading.database import Tables


def parts_of(config: GatewayConfig, link: MatcherLink) -> Parts:
    """The parts of a link to several shards; none of another one."""
    shard_map = config.shards
    if shard_map is None or len(shard_map.shards) < 2:
        return NO_PARTS
    parts = []
    for shard, broker in zip(shard_map.shards, link.brokers, strict=True):
        database = config.history_of(shard.name)
        tables = HistoryTables(None if database is None else Tables(database), partial(_journal, broker))
        parts.append(Part(shard.number, shard.name, broker, tables))
    return Parts(parts, shard_map.number_of)


def _journal(link: MatcherLink) -> str:
    return link.journal

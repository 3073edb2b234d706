"""The matcher's settings of shards: the map, and which shard is its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.settings import Setting
from matching_exchange.shards_file import read_shards_file
from protocol.shards import NAME, NAME_PATTERN, Shard, ShardMap

SHARDS: Final = Setting(
    "shards",
    "",
    lambda text: Path(text) if text else None,
    "a TOML file",
    "the map of shards, the same for all gateways and matchers; it needs --shard",
)


def _name(text: str) -> str:
    if text and not NAME_PATTERN.fullmatch(text):
        raise ValueError(text)
    return text


SHARD: Final = Setting("shard", "", _name, f"{NAME}, as the map names it", "the shard that this matcher belongs to")

SHARD_SETTINGS: Final = (SHARDS, SHARD)


def read_shard(
    program: str, prefix: str, arguments: Sequence[str], values: Mapping[str, Any]
) -> tuple[ShardMap, Shard] | None:
    """The map, and the matcher's own shard; None where neither setting is there. Ends the process with one line where
    only one is, or where they do not fit."""
    path: Path | None = values[SHARDS.key]
    name: str = values[SHARD.key]
    if path is None and not name:
        return None
    if path is None:
        end_with_line(program, f"{SHARDS.title(prefix)}: takes {SHARDS.takes}: {SHARD.title(prefix)} needs it")
    shard_map = read_shards_file(program, SHARDS.source(prefix, arguments), path)
    takes = f"takes one of {', '.join(shard.name for shard in shard_map.shards)}, the shards of {path}"
    if not name:
        end_with_line(program, f"{SHARD.title(prefix)}: {takes}: {SHARDS.title(prefix)} needs it")
    shard = shard_map.named(name)
    if shard is None:
        end_with_line(program, f"{SHARD.source(prefix, arguments)}: {name!r}: {takes}")
    return shard_map, shard

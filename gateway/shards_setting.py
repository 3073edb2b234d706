"""The setting that names the map of shards."""

from pathlib import Path
from typing import Final

from history.schema.database import SHARD, Database
from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.settings import Setting
from matching_exchange.shards_file import read_shards_file
from protocol.shards import ShardMap

SHARDS_SETTING: Final = Setting(
    "shards",
    "",
    lambda text: Path(text) if text else None,
    "a TOML file",
    "the map of shards, in place of the endpoints of one matcher",
)


def read_map(program: str, source: str, path: Path | None) -> ShardMap | None:
    """The map in the file that the setting names, if it names one. Ends the process where it cannot be used."""
    return None if path is None else read_shards_file(program, source, path)


def check_history(program: str, shard_map: ShardMap | None, database: Database | None) -> None:
    """End the process where several shards would share the tables of one history."""
    if shard_map is None or database is None or len(shard_map.shards) < 2 or database.of_shards:
        return
    end_with_line(
        program,
        f"HISTORY_DATABASE: {database.name} is one database, and there are {len(shard_map.shards)} shards: "
        f"takes {SHARD} in it, which stands for the name of the shard; so does MATCHER_DATA_DIR in its place",
    )

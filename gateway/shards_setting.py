"""The setting that names the map of shards."""

from pathlib import Path
from typing import Final

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

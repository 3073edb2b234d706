"""The setting that names the map of shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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


def read_map(
    program: str, prefix: str, settings: Sequence[Setting], arguments: Sequence[str], values: Mapping[str, Any]
) -> ShardMap | None:
    """The map that the values name, if they name one. Ends the process where it cannot be used, or where an endpoint is
    set beside it."""
    path: Path | None = values[SHARDS_SETTING.key]
    if path is None:
        return None
    source = SHARDS_SETTING.source(prefix, arguments)
    for setting in settings:
        if setting.name in ("commands", "market-data", "reports") and values[setting.key] != setting.default:
            end_with_line(program, f"{source} and {setting.source(prefix, arguments)}: takes one of them")
    return read_shards_file(program, source, path)

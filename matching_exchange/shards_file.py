"""The file of the map of shards, as a setting of a process names it."""

from pathlib import Path

from matching_exchange.process.command_line import end_with_line
from matching_exchange.process.files import read_file
from protocol.shards import MAX_FILE_BYTES, ShardMap, ShardMapError, read_shards


def read_shards_file(program: str, source: str, path: Path) -> ShardMap:
    """The map in the file. Ends the process with one line where it cannot be used. source: the setting that names the
    file."""
    try:
        return read_shards(read_file(path, MAX_FILE_BYTES).decode())
    except OSError as error:
        end_with_line(program, f"{source}: {path}: {error.strerror}")
    except UnicodeDecodeError as error:
        end_with_line(program, f"{source}: {path}: is no text in UTF-8: byte {error.start + 1} belongs to none")
    except ShardMapError as error:
        end_with_line(program, f"{source}: {path}: {error}")

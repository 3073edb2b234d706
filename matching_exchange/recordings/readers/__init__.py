"""The formats that can be replayed: one module each, which names itself in `READER`. A new module here is a new
format."""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from msgspec import Struct

from matching_exchange.recordings.files import RecordingFile
from matching_exchange.recordings.recording import Recording, RecordingError


class Reader(Struct, frozen=True):
    """`recognises` says whether the first line of a file has this format. `read` reads the files of one recording,
    in any order, or raises RecordingError."""

    name: str
    help: str
    recognises: Callable[[str], bool]
    read: Callable[[Sequence[RecordingFile]], Recording]


def all_readers() -> dict[str, Reader]:
    """Every reader, by the name of its format."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    readers: list[Reader] = [module.READER for module in modules]
    return {reader.name: reader for reader in readers}


def detect(file: RecordingFile) -> Reader:
    """The reader for the format of the file's first line. Raises RecordingError if there is none."""
    first_line = file.first_line()
    for reader in all_readers().values():
        if reader.recognises(first_line):
            return reader
    raise RecordingError(file.path, f"none of the known formats: {', '.join(all_readers())}", 1)


def read_recording(paths: Sequence[Path], name: str | None = None) -> Recording:
    """Read the recording in the files. Without the name of a format, the first line decides. Raises RecordingError
    if it cannot be read."""
    files = [RecordingFile(path) for path in paths]
    reader = all_readers()[name] if name else detect(files[0])
    return reader.read(files)

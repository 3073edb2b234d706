"""Whether the files that a start needs can be read: seen before anything is said of the first of them."""

from matcher import journal, snapshot
from matcher.data_directory import DataDirectory
from process.files import open_regular


def check_files(directory: DataDirectory) -> None:
    """OSError for the first that cannot be read; what is in them is another matter."""
    directory.read_crashed_commands()
    for parent, suffix in ((directory.journal, journal.SUFFIX), (directory.snapshots, snapshot.SUFFIX)):
        for path in sorted(parent.iterdir()) if parent.exists() else ():
            if path.suffix == suffix:
                open_regular(path).close()

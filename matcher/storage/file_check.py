"""Whether the files that a start needs can be read: seen before anything is said of the first of them."""

import os

from matcher.storage import journal_format, snapshot_file
from matcher.storage.crash_notes import read_noted
from matcher.storage.data_directory import DataDirectory
from matching_exchange.process.files import list_files, open_private, open_regular


def check_files(directory: DataDirectory) -> None:
    """Raises OSError or DirectoryError for the first file that cannot be read, or written if it has to be. Does not
    check contents."""
    read_noted(directory)
    directory.read_journal_id()
    for parent, suffix in ((directory.journal, journal_format.SUFFIX), (directory.snapshots, snapshot_file.SUFFIX)):
        for path in list_files(parent, suffix):
            open_regular(path).close()
    for path in list_files(directory.journal, journal_format.SUFFIX)[-1:]:
        # The segment that gets new records, or loses a torn one.
        os.close(open_private(path, os.O_WRONLY | os.O_APPEND))
